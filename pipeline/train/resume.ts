// Goes on with a run that was stopped, or prolongs one that has ended.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, UsageError } from '../../src/error.ts';
import { readConfiguration, runPath, writeConfiguration } from '../../src/run/folder.ts';
import {
  findLogFault,
  readSeal,
  requireSealedBackend,
  requireSealedConfiguration,
  resealed,
  sealedConfigurationOf,
} from '../../src/run/seal.ts';
import { type Checkpoint, newestCheckpoint, saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { acquireRunLock, type RunLock } from '../../src/storage/run-lock.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import type { TrainingOutcome } from '../../src/training/trainer.ts';
import { placeOf, readProvenance, writeProvenance } from './provenance.ts';
import { openPlace, type RunOptions, trainInto } from './run.ts';

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
  options.signal?.throwIfAborted();
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
