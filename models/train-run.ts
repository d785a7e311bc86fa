// Trains a configuration into a run's folder: builds the parts, keeps the files, resumes, and saves the trained models.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { joinStateTables } from '../src/auxiliary/index.ts';
import { environmentSource } from '../src/data/environment-source.ts';
import { writeFileAtomic, writeFolderAtomic } from '../src/storage/atomic-file.ts';
import { type Checkpoint, newestCheckpoint } from '../src/storage/checkpoint.ts';
import { openMetricsLog } from '../src/storage/jsonl.ts';
import { writeLayersModel } from '../src/storage/layers-model.ts';
import { acquireRunLock } from '../src/storage/run-lock.ts';
import { openEventWriter } from '../src/storage/tensorboard.ts';
import type { Configuration } from '../src/training/configuration.ts';
import { createRunFolder, readConfiguration, runPath, writeConfiguration } from '../src/training/run-folder.ts';
import { type MetricsRow, type TrainerOptions, type TrainingOutcome, train } from '../src/training/trainer.ts';
import { buildRunParts, disposeRunParts } from './run-parts.ts';
import type { WorldModel } from './world-model.ts';

export interface RunOptions extends Pick<TrainerOptions, 'signal' | 'onStep' | 'onMetrics' | 'onCheckpoint'> {
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
  const lock = acquireRunLock(runFolder, { onNote: options.onNote });
  try {
    writeConfiguration(runFolder, configuration);
    writeProvenance(runFolder, options);
    return await trainInto(runFolder, configuration, options);
  } finally {
    lock.dispose();
  }
}

/** Goes on with the run in `runFolder` from its newest whole checkpoint, or from the start where there is none yet. */
export async function resumeRun(runFolder: string, options: RunOptions): Promise<TrainingOutcome> {
  const configuration = readConfiguration(runFolder);
  const lock = acquireRunLock(runFolder, { onNote: options.onNote });
  try {
    const checkpoint = newestCheckpoint(runFolder, { onWarning: options.onNote });
    if (!checkpoint) options.onNote?.(`${runFolder}: no whole checkpoint yet: starting from step 0`);
    writeProvenance(runFolder, options);
    return await trainInto(runFolder, configuration, options, checkpoint);
  } finally {
    lock.dispose();
  }
}

async function trainInto(
  runFolder: string,
  configuration: Configuration,
  options: RunOptions,
  checkpoint?: Checkpoint,
): Promise<TrainingOutcome> {
  const parts = await buildRunParts(configuration);
  const resumeStep = checkpoint?.step ?? 0;
  const metrics = openMetricsLog(runPath(runFolder, 'metrics'), { resumeStep });
  const events = openEventWriter(runPath(runFolder, 'tensorboard'), checkpoint ? { resumeStep } : {});
  const record = (row: MetricsRow): void => {
    const { step, loss, terms, latentDeviation, learningRate } = row;
    metrics.append({ step, loss, ...terms, latentDeviation, learningRate });
    const scalars = { loss, ...terms, latent_deviation: latentDeviation, learning_rate: learningRate };
    events.scalars(step, Object.fromEntries(Object.entries(scalars).map(([name, value]) => [`train/${name}`, value])));
    options.onMetrics?.(row);
  };
  try {
    const source = environmentSource(parts.environment, {
      seed: configuration.seed,
      stream: 'train',
      auxiliary: joinStateTables(parts.auxiliaries, parts.environment.stateCount),
      actionPersistence: configuration.objective.actionPersistence,
    });
    const outcome = await train({
      ...options,
      configuration,
      networks: parts.model,
      source,
      auxiliaries: parts.auxiliaries,
      runFolder,
      checkpoint,
      onMetrics: record,
      onWarning: options.onNote,
    });
    if (!outcome.isInterrupted) await saveModels(runFolder, parts.model);
    return outcome;
  } finally {
    metrics.dispose();
    events.dispose();
    disposeRunParts(parts);
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
