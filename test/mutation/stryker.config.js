// Mutation tests of what verdicts, certificates, guarantees and plans are computed by: `npm run test:mutation`, or
// `npm run test:mutation -- --mutate src/measures/verdict.ts:40-90` for some lines. CONTRIBUTING.md says how to read the result.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: [
    'src/measures/**/*.ts',
    'src/bisimulation/**/*.ts',
    'src/planning/**/*.ts',
    '!src/planning/schema.ts',
    'src/evaluation/witness/{bound,nearest,recorded,search,witness}.ts',
  ],
  testRunner: 'script',
  plugins: ['./test/mutation/plugin.js'],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // Stryker rewrites paths in a tsconfig by TypeScript's JavaScript interface, which TypeScript 7 has not; ours has none to rewrite.
  tsconfigFile: 'test/mutation/none.json',
  ignorePatterns: ['/bench', '/deploy', '/docs', '/examples', '/reproductions', '/runs', '/web', '/test/fixtures'],
  tempDirName: 'runs/.stryker',
  timeoutMS: 20_000,
  dryRunTimeoutMinutes: 30,
  timeoutFactor: 10,
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { logTests: false, allowColor: false, reportTests: false },
  htmlReporter: { fileName: 'runs/mutation.html' },
  jsonReporter: { fileName: process.env.MUTATION_JSON ?? 'runs/mutation.json' },
};
