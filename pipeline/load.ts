// A run as it is at its newest checkpoint: what export and evaluation start from. Needs no native TensorFlow.
import { readRecordingRecord } from '../src/data/recording-description.ts';
import { FormatError, JepaError } from '../src/error.ts';
import { readConfiguration, runPath } from '../src/run/folder.ts';
import { type RunRecording, recordedRunRecording } from '../src/run/recording.ts';
import { requireSealedConfiguration } from '../src/run/seal.ts';
import { newestCheckpoint } from '../src/storage/checkpoint.ts';
import { setNamedWeights, setNetworkWeights } from '../src/tensorflow/weight.ts';
import type { Configuration } from '../src/training/configuration.ts';
import { buildRunParts, type RunParts } from './parts.ts';

/** The networks of a run at its newest checkpoint. Whoever loaded it disposes it by `disposeRunParts`. */
export interface LoadedRun extends RunParts {
  readonly configuration: Configuration;
  /** Training steps done. */
  readonly step: number;
  /** Name of the file that the weights were read from, where they were trained outside of the run. */
  readonly stateFile?: string;
}

/** Reads a run. Whoever calls this disposes the parts. `onWarning` is told of checkpoints that were passed over. */
export async function loadRun(runFolder: string, onWarning?: (warning: string) => void): Promise<LoadedRun> {
  const configuration = readConfiguration(runFolder);
  const checkpoint = newestCheckpoint(runFolder, { onWarning });
  if (!checkpoint)
    throw new JepaError(`${runFolder}: expected a whole checkpoint, got none`, {
      remedy: `Train it further: jepa train --resume ${runFolder}`,
    });
  requireSealedConfiguration(runFolder, configuration, checkpoint);
  const parts = await buildRunParts(configuration, recordingOf(runFolder, configuration), { folder: runFolder });
  setNetworkWeights(parts.model, checkpoint.weights);
  if (parts.recording)
    for (const [index, auxiliary] of parts.auxiliaries.entries())
      if (auxiliary.of === 'pixels') setNamedWeights(auxiliary.model, `frozen/${index}`, checkpoint.weights);
  return { ...parts, configuration, step: checkpoint.step };
}

/** What the run keeps of its recording, if it is of one: the recording itself is not needed. */
function recordingOf(runFolder: string, { recording, seed }: Configuration): RunRecording | undefined {
  if (recording === undefined) return undefined;
  const path = runPath(runFolder, 'recording');
  const record = readRecordingRecord(path);
  if (record === undefined) throw new FormatError(`${path}: expected what the run keeps of its recording, got no file`);
  return recordedRunRecording(record, seed);
}
