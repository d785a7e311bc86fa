// docs/library.md: every example runs as it is printed; those that train are in library.slow.test.ts.
import { beforeAll, describe, expect, test } from 'vitest';
import { evaluateAll, exampleUnder, sourceOf } from './library-example.ts';

const examples = [
  ['Which states must be told apart, and are they?', /^\S.*\ndistinct 1\n5$/],
  ['A network, and its form', /64 64 3$/],
  ['An encoder from anywhere', /^wasm: 4 classes, distinct$/],
] as const;

const nativeLibraries = `await import('${sourceOf('jepa-onnx')}'); await import('${sourceOf('jepa-onnx/pipeline')}');
  console.log(process.report.getReport().sharedObjects.filter((path) => /tensorflow|onnxruntime|tfjs/.test(path)).length);`;

describe('the library', { timeout: 120_000 }, () => {
  let printed: readonly string[];
  beforeAll(async () => {
    // One process: what takes the time is to load the library.
    printed = await evaluateAll([nativeLibraries, ...examples.map(([heading]) => exampleUnder(heading))]);
  });

  test('loads no native library when it is imported', () => {
    expect(printed[0]).toBe('0');
  });

  test.each(examples)('runs the documented example: %s', (heading, output) => {
    expect(printed[1 + examples.findIndex(([each]) => each === heading)]).toMatch(output);
  });
});
