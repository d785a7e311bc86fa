// The theorem, attacked: no runtime that keeps the hypotheses leaves the bounds, however it sums and wherever its functions are off.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../export/graph/builder.ts';
import { floats } from '../../../export/graph/constant.ts';
import { encodeModel } from '../../../export/index.ts';
import { openRounding, type RoundingEvaluation } from '../../../export/rounding/index.ts';
import { randomFor } from '../../../src/random.ts';
import { openRuntime, type Runtime } from '../../../src/runtimes/index.ts';
import { emulate, sums } from './emulator.ts';
import { kinds, modelOf, type RandomEncoder, randomEncoder } from './random-graph.ts';

const sides = [() => 1, () => -1, (i: number) => (i % 2 === 0 ? 1 : -1)];

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

function evaluate(
  { model, shape, data, kind }: RandomEncoder,
  additions = Number.POSITIVE_INFINITY,
): RoundingEvaluation {
  return openRounding(model, kind, { hypotheses: { additions } }).evaluate({
    observation: { type: 'float32', shape, data },
  });
}

/** The largest part of its bound that the error of a number, or of a functional, reaches. */
function reached(evaluation: RoundingEvaluation, found: ArrayLike<number>, seed: number): number {
  const size = evaluation.values.length;
  const random = randomFor('functionals', seed);
  const functionals = new Float64Array((size + 8) * size);
  functionals.set(identity(size));
  for (let i = size * size; i < functionals.length; i++) functionals[i] = random.normal();
  const { bounds } = evaluation.bound(functionals, size + 8);
  let most = 0;
  for (let row = 0; row < size + 8; row++) {
    let error = 0;
    for (let k = 0; k < size; k++) error += functionals[row * size + k] * (found[k] - evaluation.values[k]);
    most = Math.max(most, Math.abs(error) / bounds[row]);
    if (row < size) most = Math.max(most, Math.abs(error) / evaluation.radius[row]);
  }
  return most;
}

describe.each(kinds)('a random %s encoder', (kind) => {
  test('stays within its bounds in every order of summation, with and without fused products', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 30 }), (seed) => {
        const encoder = randomEncoder(kind, seed);
        const evaluation = evaluate(encoder);
        for (const [i, [name, sum]] of Object.entries(sums).entries()) {
          const found = emulate(encoder.model, encoder, { sum, side: sides[i % sides.length] });
          const part = reached(evaluation, found, seed);
          expect(part, `${name}, seed ${seed}`).toBeLessThanOrEqual(1);
          expect(part, `${name}, seed ${seed}`).toBeGreaterThan(0);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('stays within the sharper bounds of pairwise sums where it sums in pairs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 30 }), (seed) => {
        const encoder = randomEncoder(kind, seed);
        // Up to 512 terms: nine additions above each.
        const found = emulate(encoder.model, encoder, { sum: sums.pairwise, side: sides[0] });
        expect(reached(evaluate(encoder, 9), found, seed), `seed ${seed}`).toBeLessThanOrEqual(1);
      }),
      { numRuns: 25 },
    );
  });
});

describe.each(['cpu', 'wasm'])('onnxruntime on %s', (name) => {
  test('stays within the bounds of random encoders', async () => {
    const runtime: Runtime = await openRuntime(name, { threads: 1 });
    try {
      for (const kind of kinds)
        for (let seed = 0; seed < 12; seed++) {
          const encoder = randomEncoder(kind, seed);
          const session = await runtime.load(encodeModel(encoder.model));
          try {
            const { shape, data } = encoder;
            const outputs = await session.run({ observation: { type: 'float32', shape, data } });
            const found = Float64Array.from(outputs[session.outputs[0].name].data, Number);
            const evaluation = evaluate(encoder);
            expect(reached(evaluation, found, seed), `${kind}, seed ${seed}`).toBeLessThanOrEqual(1);
            // Far inside the bounds: the reference computes what the runtime computes.
            found.forEach((value, k) => {
              expect(Math.abs(value - evaluation.values[k])).toBeLessThan(1e-4 * (1 + Math.abs(value)));
            });
          } finally {
            await session.dispose();
          }
        }
    } finally {
      await runtime.dispose();
    }
  });
});

test('going backwards with signs is sharper than absolute values alone', () => {
  const encoder = randomEncoder('perceptron', 5);
  const evaluation = openRounding(encoder.model, 'perceptron', { refined: 0 }).evaluate({
    observation: { type: 'float32', shape: encoder.shape, data: encoder.data },
  });
  const size = evaluation.values.length;
  const { bounds, shares } = evaluation.bound(identity(size), size);
  bounds.forEach((bound, k) => {
    expect(bound).toBeLessThan(evaluation.radius[k] / 2);
  });
  // The account of the nodes is the sum of the bounds.
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  expect(sum(shares) / sum(bounds)).toBeCloseTo(1, 6);
  expect(evaluation.nodes).toHaveLength(shares.length);
});

test('a runtime may begin a sum of products with the bias that the graph adds behind it', () => {
  // 64 products that are each rounded away beside a bias of 1, and one that is not.
  const count = 64;
  const tiny = Math.fround(2 ** -24 * (1 - 2 ** -20));
  const builder = new GraphBuilder(17);
  const x = builder.input('x', { type: 'float32', shape: [1, count] });
  const weight = builder.constant('weight', floats([count, 1], new Array<number>(count).fill(tiny)));
  const product = builder.node('MatMul', [x, weight]);
  const sum = builder.node('Add', [product, builder.constant('bias', floats([1], [1]))]);
  const evaluation = openRounding(modelOf(builder, sum), 'net').evaluate({
    x: { type: 'float32', shape: [1, count], data: new Array<number>(count).fill(1) },
  });
  let fused = 1;
  for (let i = 0; i < count; i++) fused = Math.fround(fused + tiny);
  expect(fused).toBe(1);
  const error = evaluation.values[0] - fused;
  expect(error).toBeCloseTo(count * tiny, 12);
  expect(evaluation.radius[0]).toBeGreaterThan(error);
  expect(evaluation.radius[0]).toBeLessThan(1.1 * error);
});
