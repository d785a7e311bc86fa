// Trains a configuration into a run's folder: builds the parts, keeps the files, resumes, and saves the trained models.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorldModel } from '../models/world-model.ts';
import { rememberCode } from '../src/machine/code-permission.ts';
import { createRunFolder, readConfiguration, runPath, writeConfiguration } from '../src/run/folder.ts';
import { writeFileAtomic, writeFolderAtomic } from '../src/storage/atomic-file.ts';
import { type Checkpoint, newestCheckpoint } from '../src/storage/checkpoint.ts';
import { writeLayersModel } from '../src/storage/layers-model.ts';
import { acquireRunLock } from '../src/storage/run-lock.ts';
import { requireCollapseMeasure } from '../src/training/collapse-gate.ts';
import { type Configuration, namedCodeOf } from '../src/training/configuration.ts';
import { type MetricsRow, type TrainerOptions, type TrainingOutcome, train } from '../src/training/trainer.ts';
import { openRunRecord, type RunRecordOptions } from './log.ts';
import { openRunOrigin, type RunOriginOptions } from './origin.ts';
import type { RunParts } from './parts.ts';

export interface RunOptions
  extends Pick<TrainerOptions, 'signal' | 'onStep' | 'onMetrics' | 'onCheckpoint'>,
    Pick<RunOriginOptions, 'recording' | 'recordingPath'> {
  /** What made the run: versions and hardware, for environment.json. */
  readonly provenance: Readonly<Record<string, string | number>>;
  /** Told in one line of what went on beside the training: a lock taken over, a checkpoint passed over. */
  readonly onNote?: (note: string) => void;
}

/** Trains `configuration` into the new folder `runFolder`. TensorFlow must be loaded. */
export async function trainRun(
  runFolder: string,
  configuration: Configuration,
  options: RunOptions,
): Promise<TrainingOutcome> {
  createRunFolder(runFolder);
  const lock = await acquireRunLock(runFolder, { onNote: options.onNote });
  try {
    return await trainInto(runFolder, configuration, options, {
      begin() {
        writeConfiguration(runFolder, configuration);
        writeProvenance(runFolder, options);
      },
    });
  } finally {
    lock.dispose();
  }
}

/** Goes on with the run in `runFolder` from its newest whole checkpoint, or from the start where there is none yet. */
export async function resumeRun(runFolder: string, options: RunOptions): Promise<TrainingOutcome> {
  const configuration = readConfiguration(runFolder);
  const lock = await acquireRunLock(runFolder, { onNote: options.onNote });
  try {
    const checkpoint = newestCheckpoint(runFolder, { onWarning: options.onNote });
    if (!checkpoint) options.onNote?.(`${runFolder}: no whole checkpoint yet: starting from step 0`);
    return await trainInto(runFolder, configuration, options, {
      begin: () => writeProvenance(runFolder, options),
      checkpoint,
    });
  } finally {
    lock.dispose();
  }
}

async function trainInto(
  runFolder: string,
  configuration: Configuration,
  options: RunOptions,
  {
    begin,
    checkpoint,
  }: {
    /** Called when nothing can be wrong with the configuration any more, before anything else is written. */
    readonly begin: () => void;
    readonly checkpoint?: Checkpoint | undefined;
  },
): Promise<TrainingOutcome> {
  const origin = await openRunOrigin(runFolder, configuration, options);
  try {
    const baseline = configuration.measureEvery > 0 ? await origin.baseline() : undefined;
    requireCollapseMeasure(configuration, baseline);
    begin();
    const forgotten = rememberCode(runFolder, namedCodeOf(configuration));
    if (forgotten !== undefined) options.onNote?.(forgotten);
    await origin.keep();
    return await trainRecorded(runFolder, configuration, origin.parts, {
      ...options,
      source: origin.source,
      checkpoint,
      baseline,
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
  options: RunOptions & Pick<TrainerOptions, 'source' | 'checkpoint'> & Pick<RunRecordOptions, 'baseline'>,
): Promise<TrainingOutcome> {
  const { baseline, checkpoint } = options;
  const record = openRunRecord(runFolder, { configuration, baseline, resumeStep: checkpoint?.step });
  try {
    const outcome = await train({
      ...options,
      configuration,
      networks: parts.model,
      auxiliaries: parts.auxiliaries,
      runFolder,
      onMetrics(row: MetricsRow) {
        record.metrics(row);
        options.onMetrics?.(row);
      },
      onMeasures: record.measures,
      onWarning: options.onNote,
    });
    if (!outcome.isInterrupted) {
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

function writeProvenance(runFolder: string, options: RunOptions): void {
  writeFileAtomic(runPath(runFolder, 'environment'), `${JSON.stringify(options.provenance, undefined, 2)}\n`);
}
