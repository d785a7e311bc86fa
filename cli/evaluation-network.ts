// The networks that an evaluation needs beside the trained ones, as ONNX files: the encoder as it was before training, and
// the frozen networks of pixel auxiliaries. tfjs only builds them; onnxruntime runs them, so native TensorFlow is not needed.
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '../export/index.ts';
import { buildEnvironmentParts, disposeRunParts } from '../models/run-parts.ts';
import type { Auxiliary } from '../src/auxiliary/index.ts';
import { labelledObservations } from '../src/data/environment-source.ts';
import type { Environment } from '../src/environments/index.ts';
import { UsageError } from '../src/error.ts';
import { observationTensor } from '../src/evaluation/encode.ts';
import type { EvaluationInput, ObservationNetwork } from '../src/evaluation/evaluate.ts';
import { environmentEvaluationSource } from '../src/evaluation/held-out.ts';
import { type Latents, meanLatent, standardDeviations } from '../src/evaluation/latents.ts';
import { openRuntime, type Runtime, type RuntimeTensor } from '../src/runtimes/index.ts';
import type { Configuration } from '../src/training/configuration.ts';

/** Observations that the batch-norm statistics of the untrained encoder are taken from. */
const CALIBRATION_OBSERVATIONS = 256;

export type EvaluationNetworks = Pick<
  EvaluationInput,
  'source' | 'auxiliaries' | 'untrainedEncoder' | 'auxiliaryNetworks'
>;

/** @param runtime the name of a runtime that runs ONNX files */
export async function networksOfConfiguration(
  configuration: Configuration,
  runtime: string,
): Promise<EvaluationNetworks & { readonly environment: Environment }> {
  // Silences advice to install tfjs-node.
  tf.enableProdMode();
  const parts = await buildEnvironmentParts(configuration);
  try {
    const auxiliaryNetworks = new Map<Auxiliary, ObservationNetwork>();
    for (const auxiliary of parts.auxiliaries)
      if (auxiliary.of === 'pixels') auxiliaryNetworks.set(auxiliary, exportPixelNetwork(auxiliary.model));
    await calibrateBatchNorm(parts.model.encoder, parts.environment, runtime);
    return {
      source: environmentEvaluationSource(parts.environment),
      environment: parts.environment,
      auxiliaries: parts.auxiliaries,
      untrainedEncoder: exportPixelNetwork(parts.model.encoder),
      auxiliaryNetworks,
    };
  } finally {
    disposeRunParts(parts);
  }
}

function exportPixelNetwork(model: tf.LayersModel): ObservationNetwork {
  return {
    model: exportOnnx(model, { layout: 'nhwc', pixels: 'uint8', inputNames: ['observation'], outputNames: ['output'] }),
  };
}

/**
 * Gives every batch norm the statistics of its own input over observations, first to last. A network that was just built
 * has none (mean 0, variance 1), and its latents would have a scale that it never has in training.
 */
async function calibrateBatchNorm(encoder: tf.LayersModel, environment: Environment, name: string): Promise<void> {
  const norms = encoder.layers.filter((layer) => layer.getClassName() === 'BatchNormalization');
  if (norms.length === 0) return;
  const { observations } = labelledObservations(environment, CALIBRATION_OBSERVATIONS, 0, 'calibration');
  if (!(observations instanceof Uint8Array)) return;
  const tensor = observationTensor(observations, [CALIBRATION_OBSERVATIONS, ...environment.observationShape], {
    layout: 'nhwc',
    type: 'uint8',
  });
  const runtime = await openRuntime(name);
  try {
    for (const norm of norms) {
      const inner = await activationsBefore(encoder, norm, tensor, runtime);
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
  } finally {
    await runtime.dispose();
  }
}

/** What `layer` is given, as rows of channels: [N * H * W, C] or [N, C]. */
async function activationsBefore(
  encoder: tf.LayersModel,
  layer: tf.layers.Layer,
  observations: RuntimeTensor,
  runtime: Runtime,
): Promise<Latents> {
  const { input } = layer;
  if (Array.isArray(input))
    throw new UsageError(`${layer.name}: expected a batch norm of one input, got ${input.length}`);
  const { model } = exportPixelNetwork(tf.model({ inputs: encoder.inputs, outputs: input }));
  const session = await runtime.load(model);
  try {
    const { output } = await session.run({ observation: observations });
    const size = output.shape[output.shape.length - 1];
    const values = Float32Array.from(output.data, Number);
    return { values, size, count: values.length / size };
  } finally {
    await session.dispose();
  }
}
