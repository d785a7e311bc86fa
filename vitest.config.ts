import { defineConfig } from 'vitest/config';

// Two suites: the fast one that `npm test` runs, and the slow one (`*.slow.test.ts`: training claims over several
// seeds, whole networks, real browsers) that `npm run test:slow` and continuous integration run.
const slow = process.env.JEPA_SLOW_TESTS === '1';

export default defineConfig({
  test: {
    include: slow ? ['test/**/*.slow.test.ts'] : ['test/**/*.test.ts'],
    exclude: slow ? [] : ['test/**/*.slow.test.ts', 'node_modules/**'],
    // TensorFlow and onnxruntime are native libraries with threads of their own: one process a file.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: slow ? 1_800_000 : 30_000,
    hookTimeout: slow ? 600_000 : 120_000,
  },
});
