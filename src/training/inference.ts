// The encoder as it would be exported now, beside the training step in the same graph: batch norms by their moving averages,
// the same variables, nothing that is updated. It runs only when asked, so that measuring changes nothing of the training.
// Letters: R rows of a run, D latent, P numbers of an observation.
import type * as tf from '@tensorflow/tfjs';
import { elementCount } from '../shape.ts';
import type { Graph, GraphTensor } from '../tensorflow/graph.ts';
import { applyModel, type ModelVariables } from '../tensorflow/layers.ts';
import { multiply } from '../tensorflow/operations/elementwise.ts';
import { matmul } from '../tensorflow/operations/matrix.ts';
import { castToFloat, reshape, sum } from '../tensorflow/operations/shape.ts';
import type { GraphSession } from '../tensorflow/session.ts';
import { encoderInputs, PIXEL_SCALE } from './objective.ts';

/** R at least: fewer rows leave the processor idle. */
const MINIMAL_ROWS = 64;

const OBSERVATIONS_NAME = 'inference/observations';

export interface InferenceBranch {
  /** R */
  readonly rows: number;
  /** [R, ...observation] */
  readonly observations: GraphTensor;
  /** [R, D] */
  readonly latents: GraphTensor;
  /** [R, R]: J J' of the encoder's Jacobian J [D, P], where all rows are the same observation; zeros beyond D. */
  readonly gram: GraphTensor;
}

export interface ObservationShape {
  readonly observationShape: readonly number[];
  readonly observationType: 'uint8' | 'float32';
}

/**
 * Adds the branch to a graph that holds the training step already.
 * @param asked R; fewer than D leave a part of the Jacobian out. Default: as many as measuring needs
 */
export function addInference(
  graph: Graph,
  encoder: tf.LayersModel,
  { observationShape, observationType }: ObservationShape,
  variables: ModelVariables,
  asked?: number,
): InferenceBranch {
  const size = Number(encoder.outputs[0].shape[1]);
  const rows = asked ?? Math.max(MINIMAL_ROWS, size);
  const observations = graph.placeholder(OBSERVATIONS_NAME, observationType, [rows, ...observationShape]);
  const values = castToFloat(graph, observations, observationType === 'uint8' ? PIXEL_SCALE : 1);
  const inputs = encoderInputs(graph, encoder, values);
  const [latents] = graph.scoped('inference', () =>
    applyModel(graph, encoder, inputs, 'encoder', variables, 'inference'),
  );
  // Row d picks number d of its latent: the gradient of their sum in row d of the observations is row d of the Jacobian.
  const identity = Float32Array.from({ length: rows * size }, (_, i) => (Math.floor(i / size) === i % size ? 1 : 0));
  const picked = sum(graph, multiply(graph, latents, graph.constantTensor([rows, size], identity)));
  const [gradient] = graph.gradients(picked, [values]);
  if (!gradient) throw new Error('inference: expected latents that depend on the observations');
  const jacobian = reshape(graph, gradient, [rows, elementCount(observationShape)]);
  return { rows, observations, latents, gram: matmul(graph, jacobian, jacobian, true) };
}

/** [N, ...observation] -> [N, D]; the last run is filled up with zeros. */
export function encodeRows(
  session: GraphSession,
  { rows, observations, latents }: InferenceBranch,
  values: Uint8Array | Float32Array,
): Float32Array {
  const rowSize = elementCount(observations.shape) / rows;
  const [, size] = latents.shape;
  const count = values.length / rowSize;
  const encoded = new Float32Array(count * size);
  for (let start = 0; start < count; start += rows) {
    const end = Math.min(count, start + rows);
    const part = values.subarray(start * rowSize, end * rowSize);
    const [output] = session.run({ [OBSERVATIONS_NAME]: end - start === rows ? part : filled(part, rows * rowSize) }, [
      latents,
    ]);
    encoded.set(output.subarray(0, (end - start) * size), start * size);
  }
  return encoded;
}

/** J J' [D, D] of the encoder's Jacobian at one observation. */
export function jacobianGram(
  session: GraphSession,
  { rows, latents, gram }: InferenceBranch,
  observation: Uint8Array | Float32Array,
): Float32Array {
  const repeated = filled(observation, rows * observation.length);
  for (let row = 1; row < rows; row++) repeated.set(observation, row * observation.length);
  const [products] = session.run({ [OBSERVATIONS_NAME]: repeated }, [gram]);
  const [, size] = latents.shape;
  const corner = new Float32Array(size * size);
  for (let row = 0; row < size; row++) corner.set(products.subarray(row * rows, row * rows + size), row * size);
  return corner;
}

/** A copy of `length` values, zeros at its end. */
function filled(values: Uint8Array | Float32Array, length: number): Uint8Array | Float32Array {
  const copy = values instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  copy.set(values);
  return copy;
}
