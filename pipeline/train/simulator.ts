// A run on a simulator: it is recorded into the folder of the new run, and trained on as any other recording is.
import { existsSync, rmSync } from 'node:fs';
import { option, UsageError } from '../../src/error.ts';
import { permitCode, rememberCode } from '../../src/machine/code-permission.ts';
import { checkRunFolder, createRunFolder, removeRunFolder, runPath } from '../../src/run/folder.ts';
import { namedSimulator, readSimulationRecord, writeSimulationRecord } from '../../src/simulation/provenance.ts';
import { type RecordOptions, recordSimulator, type SimulatorRecording } from '../../src/simulation/record-simulator.ts';
import { discardUnfinished } from '../../src/storage/atomic-file.ts';
import { abandonRunLocks } from '../../src/storage/held-lock.ts';

/** How the simulator is recorded, and who takes the run back where it is interrupted. */
export interface SimulatedRunOptions extends Omit<RecordOptions, 'beforeWriting'> {
  /**
   * Called before anything is written, with what takes it all back as long as no run was begun: for a process that is interrupted.
   * @returns is called when that is no longer wanted
   */
  readonly onFolder?: (takeBack: () => void) => () => void;
}

/** The recording of a new run, in its folder. */
export interface SimulatedRun extends Omit<SimulatorRecording, 'provenance'> {
  readonly path: string;
}

/**
 * Records `simulator` into the folder of a new run, keeps there what it takes to do so again, and lets `train` begin the run. Where that
 * fails before a run was begun, nothing stays behind.
 * @throws UsageError where the folder holds a recording, a run or anything else
 */
export async function trainOnSimulator<Result>(
  simulator: string,
  runFolder: string,
  { onFolder, ...options }: SimulatedRunOptions,
  train: (recorded: SimulatedRun) => Promise<Result>,
): Promise<Result> {
  const path = runPath(runFolder, 'simulated');
  if (existsSync(path))
    throw new UsageError(`${runFolder}: expected a new folder, got one with ${path}`, {
      remedy: `Choose another ${option('out')}, or train on it: jepa train --data ${path} --out FOLDER`,
    });
  checkRunFolder(runFolder);
  let made: string | undefined;
  const takeBack = (): void => {
    if (existsSync(runPath(runFolder, 'configuration'))) return;
    discardUnfinished();
    abandonRunLocks();
    for (const file of ['simulated', 'simulation'] as const) rmSync(runPath(runFolder, file), { force: true });
    removeRunFolder(runFolder, made);
  };
  let release = () => {};
  // Until all is recorded an interruption finds nothing on disk.
  const beforeWriting = () => {
    made = createRunFolder(runFolder);
    release = onFolder?.(takeBack) ?? release;
  };
  try {
    const { provenance, ...recorded } = await recordSimulator(simulator, path, { ...options, beforeWriting });
    const { episodes, steps } = recorded;
    writeSimulationRecord(runPath(runFolder, 'simulation'), { ...provenance, episodes, steps });
    const written = readSimulationRecord(runPath(runFolder, 'simulation'));
    if (written !== undefined) {
      permitCode(namedSimulator(written));
      const note = rememberCode(runFolder, [namedSimulator(written)]);
      if (note !== undefined) options.onNote?.(note);
    }
    return await train({ ...recorded, path });
  } catch (error) {
    takeBack();
    throw error;
  } finally {
    release();
  }
}
