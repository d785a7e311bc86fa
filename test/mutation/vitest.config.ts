// The tests that mutants are run against (test/mutation/stryker.config.js): pure ones, since Stryker runs them in threads of one
// process, where native libraries would meet.
import { defineConfig } from 'vitest/config';

// MUTATION_TESTS=test/measures/bound,... takes those of some folders or files alone, which is faster where they are known to suffice.
const only = process.env.MUTATION_TESTS?.split(',').map((path) =>
  path.endsWith('.ts') ? path : `${path}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    include: only ?? [
      'test/measures/**/*.test.ts',
      'test/bisimulation/**/*.test.ts',
      'test/planning/**/*.test.ts',
      'test/evaluation/witness/*.test.ts',
      'test/data/{episode-plan,flat-layout}.test.ts',
      'test/storage/safetensors.test.ts',
    ],
    exclude: ['test/**/*.slow.test.ts'],
    setupFiles: ['test/setup/property.ts'],
    testTimeout: 60_000,
  },
});
