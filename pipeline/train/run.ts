// Trains a configuration into a run's folder: builds the parts, keeps the files, and saves the trained models.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorldModel } from '../../models/world-model.ts';
import { rememberCode } from '../../src/machine/code-permission.ts';
import { createRunFolder, removeRunFolder, runPath, writeConfiguration } from '../../src/run/folder.ts';
import { readSeal, sealOf } from '../../src/run/seal.ts';
import { writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import type { Checkpoint } from '../../src/storage/checkpoint.ts';
import { writeLayersModel } from '../../src/storage/layers-model.ts';
import { acquireRunLock, type RunLock } from '../../src/storage/run-lock.ts';
import type { LoadOptions } from '../../src/tensorflow/load.ts';
import { requireCollapseMeasure } from '../../src/training/collapse-gate.ts';
import { type Configuration, namedCodeOf, parseConfiguration } from '../../src/training/configuration.ts';
import { type MetricsRow, type TrainerOptions, type TrainingOutcome, train } from '../../src/training/trainer.ts';
import { openRunOrigin, type RunOriginOptions } from '../origin.ts';
import type { RunParts } from '../parts.ts';
import { openRunRecord, type RunRecordOptions } from './log.ts';
import { openTrainingPlace, type TrainingPlace, type TrainingPlaceChoice, type TrainingPlaceName } from './place.ts';
import { writeProvenance } from './provenance.ts';

/** Where a training runs, what it hears of, tells and is stopped by; nothing has to be said. */
export interface RunOptions
  extends Pick<TrainerOptions, 'onStep' | 'onMetrics' | 'onCheckpoint'>,
    Pick<RunOriginOptions, 'recording' | 'recordingPath'>,
    Pick<LoadOptions, 'onSetup'> {
  /** Where to train. Default: tensorflow for a new run, and for one that goes on where it was trained last. */
  readonly on?: TrainingPlaceChoice | undefined;
  /** Told in one line of what went on beside the training: a lock taken over, a checkpoint passed over. */
  readonly onNote?: ((note: string) => void) | undefined;
  /**
   * Stops after the step that is under way, with a checkpoint to go on from; in a set-up at once, leaving nothing behind. Aborted
   * before, nothing begins: its reason is thrown.
   */
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
  options.signal?.throwIfAborted();
  // Not everybody has the types: a part that is missing is named before there is a folder.
  parseConfiguration('configuration', configuration);
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

/** The place that was asked for, else the usual one. */
export function openPlace(
  { threads }: Configuration,
  { on, onSetup, signal, onNote }: RunOptions,
  usual: TrainingPlaceName,
): Promise<TrainingPlace> {
  return openTrainingPlace(on ?? usual, { threads, onNote, ...(onSetup && { onSetup }), ...(signal && { signal }) });
}

/** Trains into a folder whose lock is held. */
export async function trainInto(
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
