// p = a random linear projection of the observation, standardised: all of the pixels are kept, whether they matter or not.
import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { coefficientOption } from './option.ts';

export const randomProjectionConfiguration = z.strictObject({
  kind: z.literal('random-projection'),
  size: z.int().min(1).default(256).describe('M, numbers of the projection (256 in the paper)'),
  samples: z.int().min(2).default(128).describe('observations that mean and variance are taken over'),
  coefficient: coefficientOption,
});

type RandomProjectionOptions = z.output<typeof randomProjectionConfiguration>;

/** The projection as a frozen model: flatten, then one dense layer into which the standardisation is folded. */
export async function createRandomProjection(
  options: RandomProjectionOptions,
  context: AuxiliaryContext,
): Promise<Auxiliary> {
  const tensorflow = await import('@tensorflow/tfjs');
  const { kernel, bias } = standardizedProjection(options, context);
  const observation = tensorflow.input({ shape: [...context.observationShape], name: 'observation' });
  const dense = tensorflow.layers.dense({ name: 'projection', units: options.size, trainable: false });
  const flat =
    context.observationShape.length > 1
      ? tensorflow.layers.flatten({ name: 'flatten' }).apply(observation)
      : observation;
  const projection = dense.apply(flat) as tf.SymbolicTensor;
  const tensors = [
    tensorflow.tensor2d(kernel, [kernel.length / options.size, options.size]),
    tensorflow.tensor1d(bias),
  ];
  dense.setWeights(tensors);
  for (const tensor of tensors) tensor.dispose();
  return {
    name: 'random-projection',
    of: 'pixels',
    size: options.size,
    loss: 'squared',
    coefficient: options.coefficient,
    model: tensorflow.model({ inputs: observation, outputs: projection, name: 'random_projection' }),
  };
}

/**
 * kernel [inputs, M] of standard normal numbers, divided by the projection's standard deviation over the sample, and the
 * bias [M] that makes its mean 0: p(o) = o kernel + bias for o in 0..1. Numbers of other units are taken over their deviation.
 */
export function standardizedProjection(
  options: Pick<RandomProjectionOptions, 'size' | 'samples'>,
  context: AuxiliaryContext,
): { readonly kernel: Float32Array; readonly bias: Float32Array } {
  const { size, samples } = options;
  const { deviation } = context;
  const inputSize = elementCount(context.observationShape);
  const random = randomFor(context.seed, 'random-projection');
  const observations = unitRange(context.sampleObservations(samples));
  const kernel = new Float32Array(inputSize * size);
  const bias = new Float32Array(size);
  for (let m = 0; m < size; m++) {
    const direction = Float32Array.from({ length: inputSize }, (_, i) => random.normal() / (deviation?.[i] ?? 1));
    const values = dotProducts(observations, direction);
    const mean = values.reduce((sum, value) => sum + value, 0) / samples;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples;
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 1;
    for (let i = 0; i < inputSize; i++) kernel[i * size + m] = direction[i] * scale;
    bias[m] = -mean * scale;
  }
  return { kernel, bias };
}

function unitRange(observations: Uint8Array | Float32Array): Float32Array {
  return observations instanceof Uint8Array ? Float32Array.from(observations, (byte) => byte / 255) : observations;
}

/** [N, inputs] x [inputs] -> [N]; four rows at a time, which is several times faster than one. */
function dotProducts(rows: Float32Array, direction: Float32Array): Float64Array {
  const inputSize = direction.length;
  const values = new Float64Array(rows.length / inputSize);
  for (let n = 0; n < values.length; n += 4) {
    // Beyond the last row, the last one again.
    const [first, second, third, fourth] = [0, 1, 2, 3].map((row) => Math.min(n + row, values.length - 1) * inputSize);
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < inputSize; i++) {
      const weight = direction[i];
      a += rows[first + i] * weight;
      b += rows[second + i] * weight;
      c += rows[third + i] * weight;
      d += rows[fourth + i] * weight;
    }
    values.set([a, b, c, d].slice(0, values.length - n), n);
  }
  return values;
}
