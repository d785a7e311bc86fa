// Mutation tests of what verdicts, certificates, guarantees and plans are computed by: `npm run test:mutation`, or
// `npm run test:mutation -- --mutate src/measures/verdict.ts:40-90` for some lines. CONTRIBUTING.md says how to read the result.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: [
    'src/measures/**/*.ts',
    'src/bisimulation/**/*.ts',
    'src/planning/**/*.ts',
    'src/evaluation/witness/{bound,search,witness}.ts',
  ],
  testRunner: 'vitest',
  // Named, since a plugin that is looked for by its folder is not found beside linked modules.
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: true },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // Constants of a module are read once for all tests: each of their mutants would need every test again.
  ignoreStatic: true,
  // Stryker rewrites paths in a tsconfig by TypeScript's JavaScript interface, which TypeScript 7 has not; ours has none to rewrite.
  tsconfigFile: 'test/mutation/none.json',
  ignorePatterns: ['/bench', '/deploy', '/docs', '/examples', '/reproductions', '/runs', '/web', '/test/fixtures'],
  tempDirName: 'runs/.stryker',
  timeoutMS: 15_000,
  reporters: ['clear-text', 'html'],
  clearTextReporter: { logTests: false, allowColor: false, reportTests: false },
  htmlReporter: { fileName: 'runs/mutation.html' },
};
