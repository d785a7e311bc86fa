// The tests that mutants are run against (test/mutation/stryker.config.js): pure ones, since Stryker runs them in threads of one
// process, where native libraries would meet.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/measures/**/*.test.ts',
      'test/bisimulation/**/*.test.ts',
      'test/planning/**/*.test.ts',
      'test/evaluation/witness/*.test.ts',
      'test/data/{flat-layout,recording-source}.test.ts',
      'test/storage/safetensors.test.ts',
    ],
    exclude: ['test/**/*.slow.test.ts'],
    setupFiles: ['test/setup/property.ts'],
    testTimeout: 60_000,
  },
});
