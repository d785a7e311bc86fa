// The evaluation of a run on its recording: opens the recording where it is now, and builds what the evaluation needs
// beside the trained networks.
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { Auxiliary } from '../../src/auxiliary/index.ts';
import { readObservations } from '../../src/auxiliary/recording-context.ts';
import { observationShapeOf, type RecordingRecord } from '../../src/data/recording-description.ts';
import { JepaError, option, UsageError } from '../../src/error.ts';
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import type { EvaluationInput, ObservationNetwork } from '../../src/evaluation/evaluate.ts';
import type { EvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { randomObservationSource } from '../../src/evaluation/held-out/random-observation.ts';
import { openRecordingEvaluation } from '../../src/evaluation/held-out/recording.ts';
import { encodeObservations, type ObservationInput, type Observations } from '../../src/run/encode.ts';
import { openRunRecording, recordedRunRecording } from '../../src/run/recording.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { buildRunParts, disposeRunParts } from '../parts.ts';
import { calibrateOnRuntime } from './calibration.ts';
import { exportObservationNetwork } from './observation.ts';

/** Observations that the batch-norm statistics of the untrained encoder are taken from. */
const CALIBRATION_OBSERVATIONS = 256;

export interface RecordingNetworkOptions {
  /** Where the recording is now. Default: where the run found it. */
  readonly path?: string | undefined;
  readonly classes?: RecordingClassSource | undefined;
  readonly observations: number;
  readonly seed: number;
  /** Name of a runtime that runs ONNX files. */
  readonly runtime: string;
  readonly onNote?: ((note: string) => void) | undefined;
}

/** @throws FormatError where the recording is not the one that the run was trained on. */
export async function inputOfRecording(
  subject: EvaluationSubject,
  options: RecordingNetworkOptions,
): Promise<EvaluationInput> {
  // Silences advice to install tfjs-node.
  tf.enableProdMode();
  const { configuration, recording: record } = subject;
  if (configuration.recording === undefined || record === undefined)
    throw new UsageError(`${subject.folder}: expected a run of a recording, got one of an environment`);
  const opened = await openRunRecording({
    configuration: { ...configuration.recording, path: options.path ?? configuration.recording.path },
    seed: configuration.seed,
    auxiliary: configuration.auxiliary,
    known: record,
  });
  try {
    const parts = await buildRunParts(configuration, opened, { folder: subject.folder });
    try {
      const shape = observationShapeOf(record);
      const { encoder: encoderInput, whole } = inputsOf(record);
      const auxiliaryNetworks = new Map<Auxiliary, ObservationNetwork>();
      for (const auxiliary of parts.auxiliaries)
        if (auxiliary.of === 'pixels')
          auxiliaryNetworks.set(auxiliary, exportObservationNetwork(auxiliary.model, whole));
      const training = await opened.source('train', []);
      const { observations } = await readObservations(training, CALIBRATION_OBSERVATIONS);
      await training.dispose();
      const { runtime } = options;
      await calibrateOnRuntime(parts.model.encoder, { observations, shape, input: encoderInput, runtime });
      const valuesOf = async (auxiliary: Auxiliary, held: Observations) => {
        const network = auxiliaryNetworks.get(auxiliary);
        if (network === undefined)
          throw new JepaError(`evaluation: expected a network of the auxiliary ${auxiliary.name}, got none`);
        return valuesOfNetwork(network, held, shape, runtime);
      };
      const { auxiliaries } = parts;
      return {
        subject,
        auxiliaries,
        untrainedEncoder: exportObservationNetwork(parts.model.encoder, encoderInput),
        auxiliaryNetworks,
        ...originated(await openRecordingEvaluation({ ...options, opened, auxiliaries, valuesOf }), subject),
      };
    } finally {
      disposeRunParts(parts);
    }
  } finally {
    await opened.dispose();
  }
}

export interface ObservationInputs {
  readonly source: EvaluationSource;
  readonly classes: NamedClasses;
  readonly untrainedEncoder: ObservationNetwork;
}

/**
 * Held-out observations where the recording is there, else random ones, with a note.
 * @throws UsageError where classes are asked for that only the recording has
 */
export async function inputOfRecordingOrStatistics(
  subject: EvaluationSubject,
  options: RecordingNetworkOptions,
): Promise<ObservationInputs> {
  const path = options.path ?? subject.configuration.recording?.path;
  if (options.path !== undefined || path === undefined || existsSync(path)) return inputOfRecording(subject, options);
  if (options.classes !== undefined)
    throw new UsageError(`${option('classes')}: expected the recording at ${path}, got nothing there`, {
      remedy: `Say where it is: ${option('data', 'PATH')}.`,
    });
  options.onNote?.(
    `${path}: not there; observations are random ones within what the run kept of its statistics (${option('data', 'PATH')} says where the recording is)`,
  );
  return inputOfStatistics(subject, options.runtime);
}

/**
 * Random observations within the recorded statistics, for a machine that does not have the recording. Nothing is read but what
 * the run kept.
 */
async function inputOfStatistics(
  { configuration, recording: record, folder }: EvaluationSubject,
  runtime: string,
): Promise<ObservationInputs> {
  tf.enableProdMode();
  if (record === undefined)
    throw new UsageError(`${folder}: expected what the run kept of its recording, got a run of an environment`);
  const { source, classes } = randomObservationSource(record);
  const parts = await buildRunParts(configuration, recordedRunRecording(record, configuration.seed), { folder });
  try {
    const { encoder: input } = inputsOf(record);
    const { judged } = await source.draw(CALIBRATION_OBSERVATIONS, configuration.seed);
    const shape = source.observationShape;
    await calibrateOnRuntime(parts.model.encoder, { observations: judged.observations, shape, input, runtime });
    return { source, classes, untrainedEncoder: exportObservationNetwork(parts.model.encoder, input) };
  } finally {
    disposeRunParts(parts);
  }
}

/** Says of the source which simulator the recording was made of, where it was one. */
function originated<Opened extends { readonly source: EvaluationSource }>(
  opened: Opened,
  { simulation }: EvaluationSubject,
): Opened {
  if (simulation === undefined) return opened;
  const { source } = opened;
  return { ...opened, source: { ...source, description: { ...source.description, simulation } } };
}

/** How the encoder takes observations, and how networks do that take them whole. */
function inputsOf({ observation }: RecordingRecord): {
  readonly encoder: ObservationInput;
  readonly whole: ObservationInput;
} {
  const flat: ObservationInput = { name: 'observation', layout: 'flat', type: 'float32' };
  if (observation.length > 1)
    return { encoder: { name: 'image', layout: 'nhwc', type: 'uint8', vector: 'vector' }, whole: flat };
  const whole: ObservationInput =
    observation[0].kind === 'vector' ? flat : { name: 'observation', layout: 'nhwc', type: 'uint8' };
  return { encoder: whole, whole };
}

async function valuesOfNetwork(
  { model, input }: ObservationNetwork,
  observations: Observations,
  shape: readonly number[],
  name: string,
): Promise<Float32Array> {
  if (input === undefined) throw new JepaError('evaluation: expected a network that says what it takes');
  const runtime = await openRuntime(name);
  try {
    const session = await runtime.load(model);
    try {
      return (await encodeObservations(session, observations, shape, input)).values;
    } finally {
      await session.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}
