// Every kind of encoder: what it exports computes what tfjs computes, in both layouts, and what it refuses is said.
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildEncoder } from '../../../models/encoder/index.ts';
import { type EncoderConfiguration, parseConfiguration } from '../../../src/training/configuration.ts';
import { resolveConfiguration } from '../../../src/training/presets.ts';
import { expectParity, openSession, predict, randomizeWeights, runSession, useCpu } from '../../export/harness.ts';
import { expectClose } from '../../matcher/close.ts';

const IMAGE = [16, 16, 3] as const;
const LATENT = 5;
/** float32 through four attention and perceptron layers, in another order. */
const TOLERANCE: [number, number] = [1e-4, 2e-5];

/** The configuration of an encoder, its defaults filled in. */
function encoderOf(encoder: Record<string, unknown>): EncoderConfiguration {
  const whole = resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1 });
  return parseConfiguration('test', { ...whole, model: { ...whole.model, encoder } }).model.encoder;
}

const patchTransformer = encoderOf({ kind: 'patch-transformer', patch: 4, width: 8, heads: 2, hidden: 6 });
const convolutional = encoderOf({
  kind: 'convolutional',
  convolutions: [{ filters: 4, kernel: 4, stride: 2 }],
  hidden: 6,
});
const cases: readonly (readonly [string, EncoderConfiguration, readonly number[]])[] = [
  ['convolutional', convolutional, IMAGE],
  ['resnet', encoderOf({ kind: 'resnet', blocks: 2, channels: 4, blocksPerStage: 1, hidden: 6 }), IMAGE],
  ['patch-transformer', patchTransformer, IMAGE],
  ['mlp with layer norm', encoderOf({ kind: 'mlp', width: 9, norm: 'layer' }), IMAGE],
  ['convolutional with layer norm', encoderOf({ ...convolutional, norm: 'layer' }), IMAGE],
  ['mlp of images', encoderOf({ kind: 'mlp', width: 9 }), IMAGE],
  ['mlp of vectors', encoderOf({ kind: 'mlp', width: 9 }), [7]],
];

let model: tf.LayersModel | undefined;

function build(configuration: EncoderConfiguration, shape: readonly number[], seed = 0): tf.LayersModel {
  model = buildEncoder(configuration, { observationShape: shape, latentSize: LATENT }, seed);
  return model;
}

beforeAll(useCpu);
afterEach(() => {
  model?.dispose();
  model = undefined;
});

describe('encoders', () => {
  test.each(['convolutional', 'resnet', 'mlp'])('%s: a norm of layers leaves no batch norm', (kind) => {
    const names = (norm?: string) =>
      build(encoderOf({ kind, ...(norm && { norm }) }), [32, 32, 3]).layers.map((layer) => layer.getClassName());
    expect(names()).toContain('BatchNormalization');
    expect(names('layer').filter((name) => name === 'BatchNormalization')).toEqual([]);
    expect(names('layer').filter((name) => name === 'LayerNormalization')).toHaveLength(
      names().filter((name) => name === 'BatchNormalization').length,
    );
  });

  test.each(cases)('%s: the exported file computes what tfjs computes', async (name, configuration, shape) => {
    const encoder = build(configuration, shape);
    randomizeWeights(encoder);
    expect(encoder.outputs[0].shape).toEqual([null, LATENT]);
    await expectParity(encoder, name, { tolerance: TOLERANCE });
  });

  test.each(cases.slice(0, 5))(
    '%s: an export that takes NCHW sees the same image',
    async (name, configuration, shape) => {
      const encoder = build(configuration, shape);
      randomizeWeights(encoder);
      const [height, width, channels] = shape;
      const pixels = Float32Array.from({ length: height * width * channels }, (_, i) => Math.sin(i * i));
      const transposed = Float32Array.from(pixels, (_, i) => {
        const [pixel, channel] = [i % (height * width), Math.floor(i / (height * width))];
        return pixels[pixel * channels + channel];
      });
      const [expected] = predict(encoder, [{ type: 'float32', shape: [1, ...shape], data: pixels }]);
      const { exportOnnx } = await import('../../../export/index.ts');
      const session = await openSession(exportOnnx(encoder, { layout: 'nchw' }));
      const [actual] = await runSession(session, [
        { type: 'float32', shape: [1, channels, height, width], data: transposed },
      ]);
      await session.release();
      expectClose(actual.data, expected.data, { relative: TOLERANCE[0], absolute: TOLERANCE[1] }, name);
    },
  );

  test('the same seed gives the same weights, another seed others', () => {
    const valuesOf = (seed: number) => {
      const encoder = build(patchTransformer, IMAGE, seed);
      const values = encoder.weights.flatMap((weight) => [...weight.read().dataSync()]);
      encoder.dispose();
      model = undefined;
      return values;
    };
    expect(valuesOf(3)).toEqual(valuesOf(3));
    expect(valuesOf(3)).not.toEqual(valuesOf(4));
  });

  test('a patch transformer knows where a patch is, by its positions alone', () => {
    const encoder = build(patchTransformer, IMAGE);
    // The same 4 x 4 patch at two places of an image of equal patches else.
    const withPatchAt = (index: number) => {
      const [row, column] = [Math.floor(index / 4), index % 4];
      return Float32Array.from({ length: 16 * 16 * 3 }, (_, i) => {
        const [y, x] = [Math.floor(i / 48), Math.floor(i / 3) % 16];
        return Math.floor(y / 4) === row && Math.floor(x / 4) === column ? 1 : 0;
      });
    };
    const distance = () => {
      const [a, b] = [2, 9].map(
        (index) => predict(encoder, [{ type: 'float32', shape: [1, ...IMAGE], data: withPatchAt(index) }])[0].data,
      );
      return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
    };
    expect(distance()).toBeGreaterThan(1e-4);
    const positions = encoder.getLayer('positions');
    const [gains] = positions.getWeights();
    const zeros = tf.zerosLike(gains);
    positions.setWeights([gains, zeros]);
    zeros.dispose();
    // A mean over tokens of the same multiset: rounding only.
    expect(distance()).toBeLessThan(1e-6);
  });

  test.each([
    [
      patchTransformer,
      [18, 16, 3],
      'encoder patch-transformer: expected images whose sides are multiples of 4, got [18,16,3]',
    ],
    [
      { ...patchTransformer, heads: 3 } as EncoderConfiguration,
      IMAGE,
      'encoder patch-transformer: expected a width that 3 heads share evenly, got 8',
    ],
    [convolutional, [7], 'encoder convolutional: expected images [height, width, channels], got observations [7]'],
  ])('refuses %j for observations of %j', (configuration, shape, message) => {
    expect(() => build(configuration, shape)).toThrow(message);
  });
});
