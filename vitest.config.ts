import { defineConfig } from 'vitest/config';

// Two suites: the fast one that `npm test` runs, and the slow one (`*.slow.test.ts`: training claims over several
// seeds, whole networks, real browsers) that `npm run test:slow` (`vitest run --mode slow`) and continuous integration run.
const report = process.env.JEPA_TEST_REPORT;

// Folders whose files leave nothing behind that another could see, and agree on the threads of native libraries: they share a
// process, in which every module is loaded once. It takes a third off their time.
const shared = ['auxiliary', 'bisimulation', 'data', 'environments', 'export', 'measures', 'planning', 'report'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
const isSlowByVariable = process.env.JEPA_SLOW_TESTS === '1';

export default defineConfig(({ mode }) => {
  const isSlow = mode === 'slow' || isSlowByVariable;
  const slow = 'test/**/*.slow.test.ts';
  const all = 'test/**/*.test.ts';
  return {
    test: {
      ...(isSlow
        ? { include: [slow], exclude: [] }
        : {
            projects: [
              { extends: true, test: { name: 'shared', include: shared, exclude: [slow], isolate: false } },
              { extends: true, test: { name: 'alone', include: [all], exclude: [slow, ...shared] } },
            ],
          }),
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
