// Trains a configuration into a run's folder: builds the parts, keeps the files, resumes, and saves the trained models.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { WorldModel } from '../../models/world-model.ts';
import { FormatError, UsageError } from '../../src/error.ts';
import { formatJson, parseJsonIfAny } from '../../src/json.ts';
import { rememberCode } from '../../src/machine/code-permission.ts';
import {
  createRunFolder,
  readConfiguration,
  removeRunFolder,
  runPath,
  writeConfiguration,
} from '../../src/run/folder.ts';
import {
  findLogFault,
  readSeal,
  requireSealedBackend,
  requireSealedConfiguration,
  resealed,
  sealedConfigurationOf,
  sealOf,
} from '../../src/run/seal.ts';
import { writeFileAtomic, writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import { type Checkpoint, newestCheckpoint, saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { readTextIfPresent } from '../../src/storage/file-system.ts';
import { writeLayersModel } from '../../src/storage/layers-model.ts';
import { acquireRunLock, type RunLock } from '../../src/storage/run-lock.ts';
import type { LoadOptions } from '../../src/tensorflow/load.ts';
import { requireCollapseMeasure } from '../../src/training/collapse-gate.ts';
import { type Configuration, namedCodeOf } from '../../src/training/configuration.ts';
import { type MetricsRow, type TrainerOptions, type TrainingOutcome, train } from '../../src/training/trainer.ts';
import { openRunOrigin, type RunOriginOptions } from '../origin.ts';
import type { RunParts } from '../parts.ts';
import { openRunRecord, type RunRecordOptions } from './log.ts';
import {
  openTrainingPlace,
  type Provenance,
  type TrainingPlace,
  type TrainingPlaceChoice,
  type TrainingPlaceName,
  trainingPlaces,
} from './place.ts';

/** Where a training runs, what it hears of, tells and is stopped by; nothing has to be said. */
export interface RunOptions
  extends Pick<TrainerOptions, 'onStep' | 'onMetrics' | 'onCheckpoint'>,
    Pick<RunOriginOptions, 'recording' | 'recordingPath'>,
    Pick<LoadOptions, 'onSetup'> {
  /** Where to train. Default: tensorflow for a new run, and for one that goes on where it was trained last. */
  readonly on?: TrainingPlaceChoice | undefined;
  /** Told in one line of what went on beside the training: a lock taken over, a checkpoint passed over. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops after the step that is under way, with a checkpoint to go on from; in a set-up at once, leaving nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains `configuration` into the new folder `runFolder`: checkpoints, logs and, where it is not stopped, the trained models.
 * On TensorFlow, the default, the native library is loaded with the configuration's threads, and set up where this machine has none yet.
 *
 * @returns the steps that were done, and whether `signal` stopped it before the last
 * @throws UsageError where the folder holds something else, or this process has TensorFlow with other threads;
 *   UnavailableError where no native library can be had: then no folder stays behind
 */
export async function trainRun(
  runFolder: string,
  configuration: Configuration,
  options: RunOptions = {},
): Promise<TrainingOutcome> {
  const made = createRunFolder(runFolder);
  let place: TrainingPlace;
  try {
    place = await openPlace(configuration, options, 'tensorflow');
  } catch (error) {
    removeRunFolder(runFolder, made);
    throw error;
  }
  try {
    const lock = await acquireRunLock(runFolder, { onNote: options.onNote });
    try {
      return await trainInto(runFolder, configuration, options, {
        begin() {
          writeConfiguration(runFolder, configuration);
          writeProvenance(runFolder, place.provenance);
        },
        lock,
        place,
      });
    } finally {
      lock.dispose();
    }
  } finally {
    await place.dispose();
  }
}

function openPlace(
  { threads }: Configuration,
  { on, onSetup, signal, onNote }: RunOptions,
  usual: TrainingPlaceName,
): Promise<TrainingPlace> {
  return openTrainingPlace(on ?? usual, { threads, onNote, ...(onSetup && { onSetup }), ...(signal && { signal }) });
}

/** The options of a training, and how many steps it shall have in all. */
export interface ResumeOptions extends RunOptions {
  /**
   * Steps in all, where they shall be others than the run was begun with. The learning rate at each further step is that of a
   * run of so many steps: with the schedule `constant` the weights are those of a run that was begun with them.
   */
  readonly steps?: number | undefined;
}

/**
 * Goes on with the run in `runFolder` from its newest whole checkpoint, or from the start where there is none yet. The weights
 * are bit for bit those of a run that was not stopped, where it goes on in the place it was trained in; another has to be named.
 * @throws FormatError where the run's files are not those that the checkpoint was written with
 */
export async function resumeRun(runFolder: string, options: ResumeOptions = {}): Promise<TrainingOutcome> {
  const configuration = readConfiguration(runFolder);
  const recorded = readProvenance(runFolder);
  const before = placeOf(recorded);
  const place = await openPlace(configuration, options, before);
  let lock: RunLock | undefined;
  try {
    lock = await acquireRunLock(runFolder, { onNote: options.onNote });
    const checkpoint = resumableCheckpoint(runFolder, options);
    if (!checkpoint) options.onNote?.(`${runFolder}: no whole checkpoint yet: starting from step 0`);
    const { steps } = options;
    if (checkpoint) {
      requireSealedConfiguration(runFolder, configuration, checkpoint, steps !== undefined);
      requireSealedBackend(runFolder, checkpoint, { here: place.provenance, recorded });
      if (place.name !== before)
        options.onNote?.(
          `${runFolder}: trained on ${before} up to step ${checkpoint.step}, going on on ${place.name}: other bits from here on`,
        );
    }
    const prolonged = steps === undefined ? configuration : withSteps(runFolder, configuration, steps, checkpoint);
    return await trainInto(runFolder, prolonged, options, {
      async begin() {
        if (steps !== undefined) await prolong(runFolder, prolonged, checkpoint);
        writeProvenance(runFolder, place.provenance);
      },
      checkpoint,
      lock,
      place,
    });
  } finally {
    lock?.dispose();
    await place.dispose();
  }
}

/** Where the run in `runFolder` was trained last. */
export function placeOfRun(runFolder: string): TrainingPlaceName {
  return placeOf(readProvenance(runFolder));
}

function placeOf(recorded: Provenance | undefined): TrainingPlaceName {
  return trainingPlaces.find((name) => name === recorded?.place) ?? 'tensorflow';
}

/** Steps of a run that has nothing left to do; undefined where there is something. */
export function finishedSteps(runFolder: string): number | undefined {
  const { steps } = readConfiguration(runFolder).optimization;
  if (!existsSync(runPath(runFolder, 'models'))) return undefined;
  return newestCheckpoint(runFolder)?.step === steps ? steps : undefined;
}

/** The newest checkpoint whose rows are still in the logs: training again from there writes those that were lost. */
function resumableCheckpoint(runFolder: string, { onNote }: RunOptions): Checkpoint | undefined {
  const faults: string[] = [];
  const checkpoint = newestCheckpoint(runFolder, {
    onWarning: onNote,
    findFault(candidate) {
      const fault = findLogFault(runFolder, candidate);
      if (fault !== undefined) faults.push(fault);
      return fault;
    },
  });
  if (checkpoint === undefined && faults.length > 0)
    throw new FormatError(faults[0], {
      remedy: `No older checkpoint has fewer rows. Put the file back, or remove ${join(runFolder, 'checkpoints')} to train again from the start.`,
    });
  return checkpoint;
}

function withSteps(
  runFolder: string,
  configuration: Configuration,
  steps: number,
  checkpoint: Checkpoint | undefined,
): Configuration {
  const done = checkpoint?.step ?? 0;
  if (steps <= done)
    throw new UsageError(
      `run ${runFolder}: expected optimization.steps above the ${done} that are done, got ${steps}`,
      { remedy: 'A run can be prolonged, not taken back.' },
    );
  return { ...configuration, optimization: { ...configuration.optimization, steps } };
}

/** The checkpoint first: where this is interrupted between the two, the same command does it again. */
async function prolong(
  runFolder: string,
  configuration: Configuration,
  checkpoint: Checkpoint | undefined,
): Promise<void> {
  const seal = checkpoint && readSeal(checkpoint);
  if (checkpoint && seal) {
    const prolonged = sealedConfigurationOf(configuration);
    const { step, weights, optimizer } = checkpoint;
    const state = resealed(checkpoint, { ...seal, configuration: prolonged });
    await saveCheckpoint(runFolder, step, { weights, optimizer, state }, { keptCount: configuration.checkpointsKept });
  }
  writeConfiguration(runFolder, configuration);
}

async function trainInto(
  runFolder: string,
  configuration: Configuration,
  options: RunOptions,
  {
    begin,
    checkpoint,
    lock,
    place,
  }: {
    /** Called when nothing can be wrong with the configuration any more, before anything else is written. */
    readonly begin: () => void | Promise<void>;
    readonly checkpoint?: Checkpoint | undefined;
    readonly lock: RunLock;
    readonly place: TrainingPlace;
  },
): Promise<TrainingOutcome> {
  const origin = await openRunOrigin(runFolder, configuration, options);
  try {
    const baseline = configuration.measureEvery > 0 ? await origin.baseline() : undefined;
    requireCollapseMeasure(configuration, baseline);
    await begin();
    const forgotten = rememberCode(runFolder, namedCodeOf(configuration));
    if (forgotten !== undefined) options.onNote?.(forgotten);
    await origin.keep();
    return await trainRecorded(runFolder, configuration, origin.parts, {
      ...options,
      source: origin.source,
      checkpoint,
      baseline,
      lock,
      place,
    });
  } finally {
    await origin.dispose();
  }
}

/** Trains, and writes down what happens on the way and how it ends. */
async function trainRecorded(
  runFolder: string,
  configuration: Configuration,
  parts: RunParts,
  options: RunOptions &
    Pick<TrainerOptions, 'source' | 'checkpoint'> &
    Pick<RunRecordOptions, 'baseline'> & { readonly lock: RunLock; readonly place: TrainingPlace },
): Promise<TrainingOutcome> {
  const { baseline, checkpoint, lock, place } = options;
  const record = openRunRecord(runFolder, {
    configuration,
    baseline,
    resumeStep: checkpoint?.step,
    resumeRows: checkpoint && readSeal(checkpoint)?.logs,
  });
  try {
    const outcome = await train({
      ...options,
      configuration,
      networks: parts.model,
      auxiliaries: parts.auxiliaries,
      openBackend: place.open,
      runFolder,
      onMetrics(row: MetricsRow) {
        record.metrics(row);
        options.onMetrics?.(row);
      },
      beforeCheckpoint() {
        // Whoever was held up for so long that another took over writes no checkpoint beside theirs.
        lock.requireHeld();
        return sealOf(configuration, place.provenance, record.sync());
      },
      onMeasures: record.measures,
      onWarning: options.onNote,
    });
    if (!outcome.isInterrupted) {
      lock.requireHeld();
      await saveModels(runFolder, parts.model);
      record.ended('success');
    }
    return outcome;
  } catch (error) {
    record.ended('failure');
    throw error;
  } finally {
    record.dispose();
  }
}

/** models/{encoder,predictor,auxiliary}/model.json, in stock tfjs's format. */
async function saveModels(runFolder: string, model: WorldModel): Promise<void> {
  await writeFolderAtomic(
    runPath(runFolder, 'models'),
    async (folder) => {
      for (const [name, network] of Object.entries(model)) {
        await mkdir(join(folder, name));
        await writeLayersModel(join(folder, name), network);
      }
    },
    { replace: true },
  );
}

/** Undefined where there is none, or none that can be read: it is written anew. */
function readProvenance(runFolder: string): Provenance | undefined {
  const text = readTextIfPresent(runPath(runFolder, 'environment'));
  if (text === undefined) return undefined;
  const parsed = provenanceSchema.safeParse(parseJsonIfAny(text));
  return parsed.success ? parsed.data : undefined;
}

const provenanceSchema = z.record(z.string(), z.union([z.string(), z.number()]));

function writeProvenance(runFolder: string, provenance: Provenance): void {
  writeFileAtomic(runPath(runFolder, 'environment'), formatJson(provenance));
}
