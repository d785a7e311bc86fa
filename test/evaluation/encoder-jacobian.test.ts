import { describe, expect, test } from 'vitest';
import { type EncoderRankInput, measureEncoderRank } from '../../src/evaluation/encoder-jacobian.ts';
import { randomFor } from '../../src/random.ts';
import type { RuntimeSession } from '../../src/runtimes/index.ts';

const inputSize = 20;
const latentSize = 5;

/** An encoder of vectors, as a runtime would run it. */
function encoderOf(encode: (observation: Float32Array) => readonly number[]): RuntimeSession {
  return {
    inputs: [{ name: 'observation', type: 'float32', shape: ['N', inputSize] }],
    outputs: [{ name: 'latent', type: 'float32', shape: ['N', latentSize] }],
    async run({ observation: { data, shape } }) {
      const rows = Array.from({ length: shape[0] }, (_, n) =>
        encode(Float32Array.from(data.slice(n * inputSize, (n + 1) * inputSize), Number)),
      );
      return { latent: { type: 'float32', data: Float32Array.from(rows.flat()), shape: [shape[0], latentSize] } };
    },
    dispose: async () => {},
  };
}

/** Of full rank almost surely. */
const kernel = Array.from({ length: latentSize }, (_, d) => {
  const random = randomFor('encoder rank', d);
  return Float64Array.from({ length: inputSize }, () => random.normal());
});
const project = (observation: Float32Array, d: number) =>
  kernel[d].reduce((sum, weight, i) => sum + weight * observation[i], 0);

function input(encode: (observation: Float32Array) => readonly number[]): EncoderRankInput {
  return {
    encoder: encoderOf(encode),
    observations: Float32Array.from({ length: 3 * inputSize }, (_, i) => Math.floor(i / inputSize)),
    observationShape: [inputSize],
    input: { name: 'observation', layout: 'flat', type: 'float32' },
    latentSize,
    seed: 0,
  };
}

describe('rank of the Jacobian of an encoder', () => {
  test('of a linear map is the rank of its kernel', async () => {
    const rank = await measureEncoderRank(input((x) => [0, 1, 2, 3, 4].map((d) => project(x, d))));
    expect(rank).toMatchObject({ minimal: 5, ranks: [5, 5, 5] });
  });

  test('does not count numbers that are sums of others, nor one that moves a thousandth of the others', async () => {
    const rank = await measureEncoderRank(
      input((x) => {
        const [a, b, c] = [0, 1, 2].map((d) => project(x, d));
        return [a, b, a + b, a - 2 * b, c / 1000];
      }),
    );
    expect(rank?.ranks).toEqual([2, 2, 2]);
    // Of two singular values, at most 2; the rest adds its thousandth.
    expect(rank?.minimalEffectiveRank).toBeLessThan(2.02);
    expect(rank?.minimalEffectiveRank).toBeGreaterThan(1);
  });

  test('is the smallest over the observations: where one is encoded as a point, 0', async () => {
    const rank = await measureEncoderRank(
      input((x) => [0, 1, 2, 3, 4].map((d) => (Math.abs(x[0] - 1) < 0.5 ? 7 : project(x, d)))),
    );
    expect(rank).toMatchObject({ minimal: 0, ranks: [5, 0, 5], minimalEffectiveRank: 0 });
  });

  test('of an encoder that takes bytes cannot be measured', async () => {
    const linear = input(() => [0, 0, 0, 0, 0]);
    expect(await measureEncoderRank({ ...linear, input: { ...linear.input, type: 'uint8' } })).toBeUndefined();
  });

  test('of a wide latent is found by 512 directions where it is small, and known from below where it is not', async () => {
    const wide = 600;
    const wideInput = (rank: number): EncoderRankInput => {
      const encoder: RuntimeSession = {
        inputs: [{ name: 'observation', type: 'float32', shape: ['N', wide] }],
        outputs: [{ name: 'latent', type: 'float32', shape: ['N', wide] }],
        async run({ observation: { data, shape } }) {
          const latent = Float32Array.from({ length: data.length }, (_, index) =>
            index % wide < rank ? Number(data[index]) : 0,
          );
          return { latent: { type: 'float32', data: latent, shape: [shape[0], wide] } };
        },
        dispose: async () => {},
      };
      return {
        ...input(() => []),
        encoder,
        observations: new Float32Array(wide),
        observationShape: [wide],
        latentSize: wide,
      };
    };
    expect(await measureEncoderRank(wideInput(40))).toMatchObject({
      minimal: 40,
      directions: 512,
      isLowerBound: false,
    });
    const full = await measureEncoderRank(wideInput(wide));
    expect(full).toMatchObject({ directions: 512, isLowerBound: true });
    expect(full?.minimal).toBeGreaterThan(500);
  }, 60_000);
});
