// p of single observations, for tools that look at them outside of training.
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import { type Auxiliary, auxiliarySizeOf, sliceAuxiliaries } from './auxiliary.ts';

/** Images of one forward pass. */
const BATCH = 32;

export interface ObservationsWithStates {
  /** [N, H, W, C] bytes. */
  readonly observations: Uint8Array;
  readonly observationShape: readonly number[];
  /** [N] */
  readonly states: Int32Array;
}

/** [N, sum of all M]: all auxiliaries of each observation side by side. Recorded columns are refused. */
export async function auxiliaryOfObservations(
  auxiliaries: readonly Auxiliary[],
  { observations, observationShape, states }: ObservationsWithStates,
): Promise<Float32Array> {
  const size = auxiliarySizeOf(auxiliaries);
  const all = new Float32Array(states.length * size);
  for (const { auxiliary, start } of sliceAuxiliaries(auxiliaries)) {
    const rowOf = await rowsOf(auxiliary);
    for (let n = 0; n < states.length; n++) all.set(rowOf(n), n * size + start);
  }
  return all;

  async function rowsOf(auxiliary: Auxiliary): Promise<(n: number) => Float32Array> {
    const row = (values: Float32Array, index: number) =>
      values.subarray(index * auxiliary.size, (index + 1) * auxiliary.size);
    switch (auxiliary.of) {
      case 'state':
        return (n) => row(auxiliary.table, states[n]);
      case 'pixels': {
        const values = await predict(auxiliary.model, observations, observationShape, auxiliary.size);
        return (n) => row(values, n);
      }
      case 'column':
        throw new UsageError(
          `auxiliary ${auxiliary.name}: expected a function of state or pixels, got a recorded column`,
        );
    }
  }
}

async function predict(
  model: tf.LayersModel,
  observations: Uint8Array,
  observationShape: readonly number[],
  size: number,
): Promise<Float32Array> {
  const tensorflow = await import('@tensorflow/tfjs');
  const pixelCount = elementCount(observationShape);
  const count = observations.length / pixelCount;
  const values = new Float32Array(count * size);
  for (let first = 0; first < count; first += BATCH) {
    const bytes = observations.subarray(first * pixelCount, Math.min(count, first + BATCH) * pixelCount);
    const output = tensorflow.tidy(() => {
      const pixels = Float32Array.from(bytes, (byte) => byte / 255);
      const images = tensorflow.tensor(pixels, [bytes.length / pixelCount, ...observationShape]);
      return model.predict(images) as tf.Tensor;
    });
    values.set(await output.data<'float32'>(), first * size);
    output.dispose();
  }
  return values;
}
