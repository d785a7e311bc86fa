// What an encoder from anywhere is fed with, as its file says, and a verdict on latents of whose scale nothing is known.
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/error.ts';
import { chooseLatent } from '../../src/evaluation/encoder-input.ts';
import { findObservationInput, type InputAnswers } from '../../src/evaluation/foreign-encoder.ts';
import { decideVerdict, type VerdictEvidence } from '../../src/measures/verdict.ts';
import { encodeObservations } from '../../src/run/encode.ts';
import type { RuntimeSession, TensorSpec } from '../../src/runtimes/index.ts';

const spec = (type: TensorSpec['type'], ...shape: (number | string)[]): TensorSpec[] => [{ name: 'x', type, shape }];

test('of several vectors the remedy names the one that is called so, not what a head makes of it', () => {
  const outputs = ['logits', 'features'].map((name, n) => ({ name, type: 'float32', shape: ['N', n === 0 ? 6 : 32] }));
  const remedyOf = (): string | undefined => {
    try {
      chooseLatent('two.onnx', outputs, {}, () => {});
      return undefined;
    } catch (error) {
      return error instanceof UsageError ? error.remedy : String(error);
    }
  };
  expect(remedyOf()).toBe('Say which is the latent: `output: features`.');
});

describe('the input of an encoder from anywhere', () => {
  test.each([
    [spec('float32', 'batch', 3, 64, 48), { layout: 'nchw', type: 'float32' }, [64, 48]],
    [spec('uint8', 1, 64, 48, 3), { layout: 'nhwc', type: 'uint8' }, [64, 48]],
    // Four grey frames; sides that are open.
    [spec('float32', 'batch', 4, 'height', 'width'), { layout: 'nchw', type: 'float32' }, undefined],
    [spec('float32', 'batch', 12), { layout: 'flat', type: 'float32' }, undefined],
    [spec('int64', 'batch', 77), { layout: 'flat', type: 'int64' }, undefined],
    [spec('float16', 1, 3, 32, 32), { layout: 'nchw', type: 'float16' }, [32, 32]],
    // Clips: the axis of channels is the one of 3, then of 1, then of 4.
    [spec('float32', 'batch', 16, 3, 64, 64), { layout: 'ntchw', type: 'float32', frames: 16 }, [64, 64]],
    [spec('float32', 'batch', 3, 4, 64, 64), { layout: 'ncthw', type: 'float32', frames: 4 }, [64, 64]],
    [spec('float32', 'batch', 8, 64, 48, 3), { layout: 'nthwc', type: 'float32', frames: 8 }, [64, 48]],
    [spec('float32', 'batch', 3, 3, 64, 64), { layout: 'ntchw', type: 'float32', frames: 3 }, [64, 64]],
  ])('is told by its type and shape: %j', (specs, input, imageSize) => {
    const found = findObservationInput('e.onnx', specs, {});
    expect(found.input).toEqual({ name: 'x', ...input });
    expect(found.imageSize).toEqual(imageSize);
  });

  test('is asked for where the shape leaves it open', () => {
    const specs = spec('float32', 'batch', 3, 3, 3);
    expect(() => findObservationInput('e.onnx', specs, {})).toThrow(
      /e\.onnx: expected an axis of channels, got float32\[batch, 3, 3, 3\]/,
    );
    expect(findObservationInput('e.onnx', specs, { layout: 'nhwc' }).input.layout).toBe('nhwc');
  });

  test.each<[TensorSpec[], InputAnswers, RegExp]>([
    [spec('int64', 'batch', 3, 64, 64), {}, /expected an input of images, .* got int64\[batch, 3, 64, 64\]/],
    [
      spec('float32', 'batch', 5, 6, 64, 64),
      {},
      /expected an axis of 1, 3 or 4 channels .* got float32\[batch, 5, 6, 64, 64\]/,
    ],
    [spec('bool', 'batch', 5), {}, /expected an input of float32, float16, int32 or int64, got bool\[batch, 5\]/],
    [
      spec('uint8', 'batch', 16, 16, 3),
      { numbers: new Set(['x']) },
      /expected images for "x" uint8\[batch, 16, 16, 3\], got a column of numbers/,
    ],
    [[...spec('float32', 1, 5), ...spec('float32', 1, 5)], {}, /expected one input, got x, x/],
    [[], {}, /expected one input, got none/],
    [
      spec('float32', 1, 5),
      { constants: [{ name: 'x', values: [1] }] },
      /expected an input for the observations, got `fix` for all \(x\)/,
    ],
    [spec('float32', 'batch', 5), { layout: 'nchw' }, /expected images for `layout` and `pixels`/],
    [
      spec('uint8', 'batch', 3, 64, 64),
      { normalization: { mean: [0], deviation: [1] } },
      /expected no `pixels` for an input of bytes/,
    ],
  ])('is refused where it is no observation: %j', (specs, answers, message) => {
    expect(() => findObservationInput('e.onnx', specs, answers)).toThrow(message);
  });
});

test('an encoder that takes a fixed number of observations gets whole batches, and gives as many latents as it was asked', async () => {
  const fed: number[][] = [];
  const session: RuntimeSession = {
    inputs: spec('float32', 4, 2),
    outputs: [{ name: 'z', type: 'float32', shape: [4, 1] }],
    async run({ x: { data, shape } }) {
      fed.push([...shape]);
      const sums = Float32Array.from({ length: 4 }, (_, n) => Number(data[2 * n]) + Number(data[2 * n + 1]));
      return { z: { type: 'float32', data: sums, shape: [4, 1] } };
    },
    dispose: async () => {},
  };
  const numbers = Float32Array.from({ length: 12 }, (_, i) => i);
  const latents = await encodeObservations(session, numbers, [2], { name: 'x', layout: 'flat', type: 'float32' });
  expect(fed).toEqual([
    [4, 2],
    [4, 2],
  ]);
  expect(latents).toMatchObject({ count: 6, size: 1 });
  expect(Array.from(latents.values)).toEqual([1, 5, 9, 13, 17, 21]);
});

describe('the verdict on latents of unknown scale', () => {
  const merged: VerdictEvidence = {
    separation: 0.5,
    separationInterval: [0.4, 0.6],
    clusterRatio: 0.1,
    clusterInterval: [0, 0.2],
    smallestRecall: 0.5,
    meanDistance: 1e-3,
    typicalDistance: 1e-3,
    latentStd: 1e-4,
    size: 8,
    rootMeanSquareNorm: 1e-3,
    roundingLength: 1e-10,
    hasUnitScale: false,
  };

  test('is that of their rounding: small latents, and those far from 0, are no collapse', () => {
    expect(decideVerdict(merged).verdict).toBe('coarse');
    expect(decideVerdict({ ...merged, rootMeanSquareNorm: 100, roundingLength: 9e-6 }).verdict).toBe('coarse');
    // With the unit scale of an initialiser they would be one.
    expect(decideVerdict({ ...merged, hasUnitScale: true }).verdict).toBe('collapsed');
  });

  test('is a collapse where they differ by less than 100 steps of it', () => {
    const { verdict, reasons } = decideVerdict({ ...merged, roundingLength: 2e-5 });
    expect(verdict).toBe('collapsed');
    expect(reasons.find(({ measure }) => measure === 'roundingSteps')).toEqual({
      measure: 'roundingSteps',
      value: expect.closeTo(50, 9),
      threshold: 100,
      isMet: false,
    });
  });

  test('is that of the untrained encoder where there is one', () => {
    expect(decideVerdict({ ...merged, untrainedMeanDistance: 2e-3 }).verdict).toBe('coarse');
    expect(decideVerdict({ ...merged, untrainedMeanDistance: 2e-1 }).verdict).toBe('collapsed');
  });
});
