// The networks that an evaluation needs beside the trained ones, as ONNX files: the encoder as it was before training, and
// the frozen networks of pixel auxiliaries. tfjs only builds them; onnxruntime runs them, so native TensorFlow is not needed.
import * as tf from '@tensorflow/tfjs';
import type { Auxiliary } from '../../src/auxiliary/index.ts';
import { labelledObservations } from '../../src/data/environment-source.ts';
import type { Environment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { classesOf } from '../../src/evaluation/class/state.ts';
import type { EvaluationInput, ObservationNetwork } from '../../src/evaluation/evaluate.ts';
import { environmentEvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import type { ObservationInput } from '../../src/run/encode.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { type ClassChoice, environmentClasses } from '../evaluate/class-choice.ts';
import { buildEnvironmentParts, disposeRunParts } from '../parts.ts';
import { calibrateOnRuntime } from './calibration.ts';
import { exportObservationNetwork } from './observation.ts';

/** Observations that the batch-norm statistics of the untrained encoder are taken from. */
const CALIBRATION_OBSERVATIONS = 256;

const pixelInput: ObservationInput = { name: 'observation', layout: 'nhwc', type: 'uint8' };

/**
 * What an evaluation of a run of an environment needs beside its networks.
 * @throws UsageError where a recording or its classes are asked for
 */
export async function inputOfEnvironment(
  subject: EvaluationSubject,
  {
    classes,
    data,
    runtime,
  }: { readonly classes?: ClassChoice | undefined; readonly data?: string | undefined; readonly runtime: string },
): Promise<Omit<EvaluationInput, 'subject'>> {
  if (data !== undefined)
    throw new UsageError(
      `${option('data')}: expected a run of a recording, got ${subject.folder}, a run of an environment`,
    );
  const source = environmentClasses(classes);
  const networks = await networksOfConfiguration(subject.configuration, runtime, subject.folder);
  return { ...networks, classes: await classesOf(networks.environment, source, networks.auxiliaries) };
}

export type EvaluationNetworks = Pick<
  EvaluationInput,
  'source' | 'auxiliaries' | 'untrainedEncoder' | 'auxiliaryNetworks'
>;

/**
 * @param runtime the name of a runtime that runs ONNX files
 * @param folder of the run or its export, where there is one
 */
export async function networksOfConfiguration(
  configuration: Configuration,
  runtime: string,
  folder?: string,
): Promise<EvaluationNetworks & { readonly environment: Environment }> {
  // Silences advice to install tfjs-node.
  tf.enableProdMode();
  const parts = await buildEnvironmentParts(configuration, { folder });
  try {
    const auxiliaryNetworks = new Map<Auxiliary, ObservationNetwork>();
    for (const auxiliary of parts.auxiliaries)
      if (auxiliary.of === 'pixels')
        auxiliaryNetworks.set(auxiliary, exportObservationNetwork(auxiliary.model, pixelInput));
    const { observations } = labelledObservations(parts.environment, CALIBRATION_OBSERVATIONS, 0, 'calibration');
    const shape = parts.environment.observationShape;
    await calibrateOnRuntime(parts.model.encoder, { observations, shape, input: pixelInput, runtime });
    return {
      source: environmentEvaluationSource(parts.environment),
      environment: parts.environment,
      auxiliaries: parts.auxiliaries,
      untrainedEncoder: exportObservationNetwork(parts.model.encoder, pixelInput),
      auxiliaryNetworks,
    };
  } finally {
    disposeRunParts(parts);
  }
}
