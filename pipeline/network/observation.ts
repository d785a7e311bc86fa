// The batch-norm statistics of an encoder that was never trained, and networks of observations as ONNX files. Knows nothing of Node,
// so that a page can calibrate too.
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '../../export/index.ts';
import { UsageError } from '../../src/error.ts';
import type { ObservationNetwork } from '../../src/evaluation/evaluate.ts';
import { type Latents, meanLatent, standardDeviations } from '../../src/measures/latents.ts';
import { type ObservationInput, type Observations, observationFeeds } from '../../src/run/encode.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';

/** A network of observations, which takes them as `input` says. */
export function exportObservationNetwork(model: tf.LayersModel, input: ObservationInput): ObservationNetwork {
  return {
    input,
    model: exportOnnx(model, {
      layout: 'nhwc',
      pixels: input.layout === 'flat' ? 'float32' : 'uint8',
      inputNames: [input.name, ...(input.vector === undefined ? [] : [input.vector])],
      outputNames: model.outputs.map((_, i) => (i === 0 ? 'output' : `output${i}`)),
    }),
  };
}

export interface Calibration {
  /** [N, ...shape] */
  readonly observations: Observations;
  readonly shape: readonly number[];
  readonly input: ObservationInput;
  /** What runs the encoder's beginnings. */
  readonly runtime: Runtime;
}

/**
 * Gives every batch norm the statistics of its own input over observations, first to last. A network that was just built
 * has none (mean 0, variance 1), and its latents would have a scale that it never has in training. Norms that are not
 * trained keep theirs.
 */
export async function calibrateBatchNorm(encoder: tf.LayersModel, calibration: Calibration): Promise<void> {
  const norms = encoder.layers.filter((layer) => layer.getClassName() === 'BatchNormalization' && layer.trainable);
  if (norms.length === 0) return;
  for (const norm of norms) {
    const inner = await activationsBefore(encoder, norm, calibration);
    const [scale, offset] = norm.getWeights();
    const variance = standardDeviations(inner).map((deviation) => deviation ** 2);
    tf.tidy(() => {
      norm.setWeights([
        scale,
        offset,
        tf.tensor1d(Float32Array.from(meanLatent(inner))),
        tf.tensor1d(Float32Array.from(variance)),
      ]);
    });
  }
}

/** What `layer` is given, as rows of channels: [N * H * W, C] or [N, C]. */
async function activationsBefore(
  encoder: tf.LayersModel,
  layer: tf.layers.Layer,
  { observations, shape, input: observationInput, runtime }: Calibration,
): Promise<Latents> {
  const { input } = layer;
  if (Array.isArray(input))
    throw new UsageError(`${layer.name}: expected a batch norm of one input, got ${input.length}`);
  // The latent beside it, so that no input of the encoder is without use.
  const outputs = encoder.inputs.length === 1 ? [input] : [input, ...encoder.outputs];
  const beginning = tf.model({ inputs: encoder.inputs, outputs });
  const { model } = exportObservationNetwork(beginning, observationInput);
  const session = await runtime.load(model);
  try {
    const { output } = await session.run(observationFeeds(session.inputs, shape, observationInput)(observations));
    const size = output.shape[output.shape.length - 1];
    const values = Float32Array.from(output.data, Number);
    return { values, size, count: values.length / size };
  } finally {
    await session.dispose();
  }
}
