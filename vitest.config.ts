import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Two suites: the fast one that `npm test` runs, and the slow one (`*.slow.test.ts`: training claims over several
// seeds, whole networks, real browsers) that `npm run test:slow` (`vitest run --mode slow`) and continuous integration run.
const report = process.env.JEPA_TEST_REPORT;

// Files that need a process of their own, in which nothing was loaded, mocked or set before.
const alone = [
  'test/evaluation/runtime-disposal.test.ts',
  'test/runtimes/runtime.test.ts',
  'test/tensorflow/load.test.ts',
  'test/tensorflow/native/**/*.test.ts',
  'test/training/probe.test.ts',
  'test/cli/upkeep/**/*.test.ts',
  'test/cli/interruption.test.ts',
  'test/library.test.ts',
];
const isSlowByVariable = process.env.JEPA_SLOW_TESTS === '1';

export default defineConfig(({ mode }) => {
  const isSlow = mode === 'slow' || isSlowByVariable;
  const slow = 'test/**/*.slow.test.ts';
  const all = 'test/**/*.test.ts';
  const setupFiles = ['test/setup/property.ts', 'test/setup/typed-array.ts'];
  return {
    test: {
      ...(isSlow
        ? { include: [slow], exclude: [] }
        : {
            projects: [
              {
                extends: true,
                test: {
                  name: 'shared',
                  include: [all],
                  exclude: [slow, ...alone],
                  isolate: false,
                  setupFiles: ['test/setup/one-thread.ts'],
                },
              },
              { extends: true, test: { name: 'alone', include: alone, exclude: [slow] } },
            ],
          }),
      globalSetup: ['test/setup/tensorflow.ts', 'test/setup/settings.ts'],
      setupFiles,
      // Continuous integration counts the tests: a JSON file of this name, beside what is printed.
      ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
      // TensorFlow and onnxruntime are native libraries with threads of their own: no threads of Node beside them.
      pool: 'forks',
      // Fast ones wait for children too: one more than cores, of up to a gigabyte each. Slow ones use all cores themselves.
      maxWorkers: isSlow ? 2 : Math.min(Math.max(availableParallelism(), 2) + 1, 6),
      // Several times what any takes on two quiet cores: a busy machine is no fault.
      testTimeout: isSlow ? 1_800_000 : 120_000,
      hookTimeout: isSlow ? 600_000 : 120_000,
    },
  };
});
