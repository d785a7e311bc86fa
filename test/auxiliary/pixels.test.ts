// The auxiliaries that are frozen networks on pixels.
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type AuxiliaryContext,
  createAuxiliaries,
  environmentContext,
  type PixelAuxiliary,
  parseAuxiliary,
} from '../../src/auxiliary/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { randomFor } from '../../src/random.ts';
import { Graph } from '../../src/tensorflow/graph.ts';
import { applyModel, ModelVariables } from '../../src/tensorflow/layers.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { GraphSession } from '../../src/tensorflow/session.ts';
import { expectClose } from '../matcher/close.ts';

const SAMPLES = 16;
// Sums of 12,288 float32 products of size one.
const TOLERANCE = { absolute: 1e-3, relative: 1e-3 };

const created: PixelAuxiliary[] = [];
beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});
afterEach(() => {
  for (const { model } of created.splice(0)) model.dispose();
});

async function create(written: object, context: AuxiliaryContext): Promise<PixelAuxiliary> {
  const [auxiliary] = await createAuxiliaries(
    [parseAuxiliary('auxiliary', { size: 12, samples: SAMPLES, ...written })],
    context,
  );
  if (auxiliary.of !== 'pixels') throw new Error('expected an auxiliary of the pixels');
  created.push(auxiliary);
  return auxiliary;
}

const rooms = (seed: number) => environmentContext(createEnvironment('rooms'), seed);
const pixelsOf = (context: AuxiliaryContext, count: number) =>
  Float32Array.from(context.sampleObservations(count), (byte) => byte / 255);

function apply(auxiliary: PixelAuxiliary, pixels: Float32Array, shape = [64, 64, 3]): Float32Array {
  return tf.tidy(() =>
    Float32Array.from((auxiliary.model.predict(tf.tensor(pixels, [SAMPLES, ...shape])) as tf.Tensor).dataSync()),
  );
}

describe.each([['random-projection'], ['random-transformer']])('%s', (kind) => {
  test('has mean 0 and variance 1 over the observations that it was standardised on', async () => {
    const context = rooms(0);
    const values = apply(await create({ kind }, context), pixelsOf(context, SAMPLES));
    for (let m = 0; m < 12; m++) {
      const column = Array.from({ length: SAMPLES }, (_, n) => values[n * 12 + m]);
      const mean = column.reduce((sum, value) => sum + value, 0) / SAMPLES;
      expect(mean).toBeCloseTo(0, 3);
      expect(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / SAMPLES).toBeCloseTo(1, 2);
    }
  });

  test('is the same for the same seed, and another for another', async () => {
    const context = rooms(0);
    const pixels = pixelsOf(context, SAMPLES);
    const [first, again, other] = [
      await create({ kind }, context),
      await create({ kind }, context),
      await create({ kind }, { ...context, seed: 1 }),
    ].map((auxiliary) => apply(auxiliary, pixels));
    expect(again).toEqual(first);
    expect(first.some((value, index) => Math.abs(value - other[index]) > 0.5)).toBe(true);
  });

  test('tells apart two images that differ only in the cloud', async () => {
    const environment = createEnvironment('rooms');
    const auxiliary = await create({ kind }, rooms(0));
    const appearance = environment.drawAppearance(randomFor('test'));
    const pixels = new Uint8Array(SAMPLES * 12288);
    for (let n = 0; n < SAMPLES; n++)
      environment.render(0, appearance, randomFor('cloud', n), pixels.subarray(n * 12288, (n + 1) * 12288));
    const values = apply(
      auxiliary,
      Float32Array.from(pixels, (byte) => byte / 255),
    );
    const rows = new Set(Array.from({ length: SAMPLES }, (_, n) => values.subarray(n * 12, (n + 1) * 12).join()));
    expect(rows.size).toBe(SAMPLES);
  });

  test('is never trained, and has the same value inside the training graph', async () => {
    const context = rooms(0);
    const auxiliary = await create({ kind }, context);
    const pixels = pixelsOf(context, SAMPLES);
    const graph = new Graph();
    const variables = new ModelVariables();
    const images = graph.placeholder('images', 'float32', [SAMPLES, 64, 64, 3]);
    const [output] = applyModel(graph, auxiliary.model, [images], 'target', variables);
    expect(variables.trainable.size).toBe(0);
    const session = new GraphSession(graph);
    session.setVariables(
      new Map(
        [...variables.all].map(
          ([
            name,
            {
              graph: { shape },
              layer,
            },
          ]) => [name, { shape, values: Float32Array.from(layer.read().dataSync()) }],
        ),
      ),
    );
    const [values] = session.run({ images: pixels }, [output]);
    session.dispose();
    expectClose(values, apply(auxiliary, pixels), TOLERANCE);
  });
});

describe('random-projection', () => {
  test('is linear in the pixels', async () => {
    const context = rooms(0);
    const auxiliary = await create({ kind: 'random-projection' }, context);
    const pixels = pixelsOf(context, SAMPLES);
    const zero = apply(auxiliary, new Float32Array(pixels.length));
    const whole = apply(auxiliary, pixels);
    const half = apply(
      auxiliary,
      pixels.map((value) => value / 2),
    );
    expectClose(
      half,
      whole.map((value, index) => (value + zero[index]) / 2),
      TOLERANCE,
    );
  });

  test('takes vectors as they are', async () => {
    const context: AuxiliaryContext = {
      seed: 0,
      observationShape: [3],
      sampleObservations: (count) => Float32Array.from({ length: 3 * count }, (_, index) => Math.sin(index)),
    };
    const auxiliary = await create({ kind: 'random-projection' }, context);
    const values = apply(auxiliary, Float32Array.from(context.sampleObservations(SAMPLES)), [3]);
    const squares = values.reduce((sum, value) => sum + value * value, 0);
    expect(squares / values.length).toBeCloseTo(1, 3);
  });
});

describe('random-transformer', () => {
  test('knows where a patch is', async () => {
    const context = rooms(0);
    const auxiliary = await create({ kind: 'random-transformer' }, context);
    const pixels = new Float32Array(SAMPLES * 12288);
    // One white patch on black, in another place of each image.
    for (let n = 0; n < SAMPLES; n++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 24; x++) pixels[n * 12288 + (Math.floor(n / 8) * 8 + y) * 192 + (n % 8) * 24 + x] = 1;
    const values = apply(auxiliary, pixels);
    const distance = (a: number, b: number) =>
      Math.hypot(...Array.from({ length: 12 }, (_, m) => values[a * 12 + m] - values[b * 12 + m]));
    const distances = Array.from({ length: SAMPLES - 1 }, (_, n) => distance(0, n + 1));
    expect(Math.min(...distances)).toBeGreaterThan(0.1);
  });

  test.each([
    [{ patch: 7 }, 'expected images whose sides are multiples of 7, got [64,64,3]'],
    [{ width: 10, heads: 3 }, 'expected a width that 3 heads share, got 10'],
  ])('refuses %j', async (options, message) => {
    await expect(create({ kind: 'random-transformer', ...options }, rooms(0))).rejects.toThrow(message);
  });
});
