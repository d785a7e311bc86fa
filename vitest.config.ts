import { defineConfig } from 'vitest/config';

// Two suites: the fast one that `npm test` runs, and the slow one (`*.slow.test.ts`: training claims over several
// seeds, whole networks, real browsers) that `npm run test:slow` (`vitest run --mode slow`) and continuous integration run.
const report = process.env.JEPA_TEST_REPORT;
const isSlowByVariable = process.env.JEPA_SLOW_TESTS === '1';

export default defineConfig(({ mode }) => {
  const isSlow = mode === 'slow' || isSlowByVariable;
  return {
    test: {
      include: isSlow ? ['test/**/*.slow.test.ts'] : ['test/**/*.test.ts'],
      exclude: isSlow ? [] : ['test/**/*.slow.test.ts', 'node_modules/**'],
      globalSetup: ['test/setup/tensorflow.ts', 'test/setup/settings.ts'],
      setupFiles: ['test/setup/property.ts'],
      // Continuous integration counts the tests: a JSON file of this name, beside what is printed.
      ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
      // TensorFlow and onnxruntime are native libraries with threads of their own: one process a file.
      pool: 'forks',
      maxWorkers: 2,
      // Several times what any takes on two quiet cores: a busy machine is no fault.
      testTimeout: isSlow ? 1_800_000 : 60_000,
      hookTimeout: isSlow ? 600_000 : 120_000,
    },
  };
});
