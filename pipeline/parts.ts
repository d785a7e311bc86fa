// What a configuration describes: the environment, the auxiliary functions and the networks, freshly built from its seed.
import type * as tf from '@tensorflow/tfjs';
import type { Statistics } from '../models/normalization.ts';
import { buildWorldModel, encoderShapeOf, type WorldModel, type WorldModelShape } from '../models/world-model.ts';
import { type Auxiliary, auxiliarySizeOf, createAuxiliaries, environmentContext } from '../src/auxiliary/index.ts';
import { actionSizeOf, observationShapeOf, type RecordingRecord } from '../src/data/recording-description.ts';
import { createEnvironment, type Environment } from '../src/environments/index.ts';
import { UsageError } from '../src/error.ts';
import { runPath } from '../src/run/folder.ts';
import type { RunRecording } from '../src/run/recording.ts';
import { type Configuration, requireEnvironmentConfiguration } from '../src/training/configuration.ts';

/** What a configuration is built into: networks, auxiliaries, and the environment or the recording. */
export interface RunParts {
  /** Absent where the run is of a recording. */
  readonly environment?: Environment;
  /** What the run knows of its recording; absent where it is of an environment. */
  readonly recording?: RecordingRecord;
  /** [H, W, C] of images, [D] of vectors, [H W C + D] where both are packed. */
  readonly observationShape: readonly number[];
  /** A */
  readonly actionSize: number;
  readonly auxiliaries: readonly Auxiliary[];
  readonly model: WorldModel;
}

/** The parts of a run of an environment. */
export interface EnvironmentRunParts extends RunParts {
  readonly environment: Environment;
}

/** What the parts of a run are built with beside its configuration. */
export interface RunPartsOptions {
  /** Of a run that was begun, or of its export: an encoder out of a module is what is kept there. Default: the module is run. */
  readonly folder?: string | undefined;
}

/** Builds all parts; whoever calls this disposes them with `disposeRunParts`. A run of a recording needs that `recording`. */
export async function buildRunParts(
  configuration: Configuration,
  recording?: RunRecording,
  options: RunPartsOptions = {},
): Promise<RunParts> {
  if (configuration.recording === undefined) return buildEnvironmentParts(configuration, options);
  if (recording === undefined)
    throw new UsageError(
      `run: expected the recording ${configuration.recording.path} or what the run keeps of it, got neither`,
    );
  const { record, context } = recording;
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, context);
  const shape: WorldModelShape = {
    observationShape: observationShapeOf(record),
    observationParts: record.observation,
    actionSize: actionSizeOf(record),
    auxiliarySize: auxiliarySizeOf(auxiliaries),
    auxiliaryStatistics: auxiliaryStatisticsOf(auxiliaries),
    ...(record.action.some(({ actionCount }) => actionCount === undefined)
      ? {
          actionStatistics: {
            mean: record.action.flatMap(({ mean }) => mean),
            deviation: record.action.flatMap(({ deviation }) => deviation.map((value) => (value > 0 ? value : 1))),
          },
        }
      : {}),
  };
  return build(configuration, shape, options, { recording: record, auxiliaries });
}

/** Undefined where no auxiliary is standardised. */
function auxiliaryStatisticsOf(auxiliaries: readonly Auxiliary[]): Statistics | undefined {
  const all = auxiliaries.map((auxiliary): Statistics | number =>
    auxiliary.of === 'column' && auxiliary.statistics ? auxiliary.statistics : auxiliary.size,
  );
  if (all.every((each) => typeof each === 'number')) return undefined;
  const fill = (size: number, value: number) => Array.from({ length: size }, () => value);
  return {
    mean: all.flatMap((each) => (typeof each === 'number' ? fill(each, 0) : each.mean)),
    deviation: all.flatMap((each) => (typeof each === 'number' ? fill(each, 1) : each.deviation)),
  };
}

/** The same for a run that must be of an environment. */
export async function buildEnvironmentParts(
  configuration: Configuration,
  options: RunPartsOptions = {},
): Promise<EnvironmentRunParts> {
  const { name, ...ofEnvironment } = requireEnvironmentConfiguration('run', configuration);
  const environment = createEnvironment(name, ofEnvironment);
  const context = environmentContext(environment, configuration.seed);
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, context);
  const { observationShape, actionSize } = environment;
  const shape = { observationShape, actionSize, auxiliarySize: auxiliarySizeOf(auxiliaries) };
  return build(configuration, shape, options, { environment, auxiliaries });
}

async function build<Rest extends Pick<RunParts, 'environment' | 'recording' | 'auxiliaries'>>(
  { model, seed }: Configuration,
  shape: WorldModelShape,
  { folder }: RunPartsOptions,
  rest: Rest,
) {
  const { observationShape, actionSize } = shape;
  let encoder: tf.LayersModel | undefined;
  if (model.encoder.kind === 'module') {
    const { createModuleEncoder, readKeptEncoder } = await import('../models/encoder/module.ts');
    const encoderShape = encoderShapeOf(model, shape);
    encoder =
      folder === undefined
        ? await createModuleEncoder(model.encoder, encoderShape, seed)
        : await readKeptEncoder(runPath(folder, 'initialEncoder'), encoderShape);
  }
  return { ...rest, observationShape, actionSize, model: buildWorldModel(model, shape, seed, encoder) };
}

/** @throws UsageError where the run is of a recording; `where` names what needs an environment. */
export function requireEnvironment(where: string, { environment, recording }: RunParts): Environment {
  if (environment) return environment;
  throw new UsageError(`${where}: expected a run of an environment, got one of the recording ${recording?.name}`);
}

/** Frees the tensors of networks and auxiliaries. */
export function disposeRunParts({ auxiliaries, model }: RunParts): void {
  for (const network of [model.encoder, model.predictor, model.auxiliary]) network?.dispose();
  for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
}
