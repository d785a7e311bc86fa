// docs/library.md: every example runs as it is printed; those that train are in library.slow.test.ts.
import { describe, expect, test } from 'vitest';
import { evaluate, exampleUnder, sourceOf } from './library-example.ts';

describe('the library', { timeout: 120_000 }, () => {
  test.each([
    ['Which states must be told apart, and are they?', /^\S.*\ndistinct 1\n5$/],
    ['A network, and its form', /64 64 3$/],
    ['An encoder from anywhere', /^wasm: 4 classes, distinct$/],
  ])('runs the documented example: %s', async (heading, output) => {
    expect(await evaluate(exampleUnder(heading))).toMatch(output);
  });

  test('loads no native library when it is imported', async () => {
    const script = `import 'node:module'; await import('${sourceOf('jepa-onnx')}'); await import('${sourceOf('jepa-onnx/pipeline')}');
      console.log(process.report.getReport().sharedObjects.filter((path) => /tensorflow|onnxruntime|tfjs/.test(path)).length);`;
    expect(await evaluate(script)).toBe('0');
  });
});
