// Where a run's transitions come from: an environment that is drawn from, or a recording that is read.
import { existsSync } from 'node:fs';
import { joinStateTables } from '../src/auxiliary/index.ts';
import { environmentSource } from '../src/data/environment-source.ts';
import { imageDoubt } from '../src/data/image/layout.ts';
import type { Recording } from '../src/data/recording.ts';
import { readRecordingRecord, writeRecordingRecord } from '../src/data/recording-description.ts';
import type { TransitionSource } from '../src/data/transition.ts';
import { runPath } from '../src/run/folder.ts';
import { openRunRecording, type RunRecordingOptions } from '../src/run/recording.ts';
import type { Configuration } from '../src/training/configuration.ts';
import { dynamicsHorizonOf } from '../src/training/objective.ts';
import { environmentBaseline, type LabelledBaseline, recordingBaseline } from './evaluate/baseline.ts';
import { buildEnvironmentParts, buildRunParts, disposeRunParts, type RunParts, type RunPartsOptions } from './parts.ts';

export interface RunOriginOptions {
  /** The recording, already open as the configuration says; it stays the caller's. */
  readonly recording?: Recording | undefined;
  /** Where the recording is now, if it was moved since the run was started. */
  readonly recordingPath?: string | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
}

export interface RunOrigin {
  readonly parts: RunParts;
  readonly source: TransitionSource;
  /** Observations to measure the encoder on while it trains; undefined where nothing is held out. */
  baseline(): Promise<LabelledBaseline | undefined>;
  /** Writes what was found in a recording, and what a module built, into the run's folder, where that is not there yet. */
  keep(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Builds the parts and opens the source of their training. What was found in a recording when the run began is compared with
 * what is there now: a resumed run has the same numbers, or a FormatError.
 */
export async function openRunOrigin(
  runFolder: string,
  configuration: Configuration,
  options: RunOriginOptions,
): Promise<RunOrigin> {
  return configuration.recording === undefined
    ? openEnvironmentOrigin(runFolder, configuration)
    : openRecordingOrigin(runFolder, configuration, configuration.recording, options);
}

async function openEnvironmentOrigin(runFolder: string, configuration: Configuration): Promise<RunOrigin> {
  const parts = await buildEnvironmentParts(configuration, keptIn(runFolder));
  const source = environmentSource(parts.environment, {
    seed: configuration.seed,
    stream: 'train',
    auxiliary: joinStateTables(parts.auxiliaries, parts.environment.stateCount),
    actionPersistence: configuration.objective.actionPersistence,
    observedHorizon: dynamicsHorizonOf(configuration.objective),
  });
  const { environment } = parts;
  return {
    parts,
    source,
    baseline: () => environmentBaseline(environment, configuration.seed),
    keep: () => keepModuleEncoder(runFolder, configuration, parts),
    dispose: async () => disposeRunParts(parts),
  };
}

async function openRecordingOrigin(
  runFolder: string,
  configuration: Configuration,
  recording: RunRecordingOptions['configuration'],
  { recording: open, recordingPath, onNote }: RunOriginOptions,
): Promise<RunOrigin> {
  const recordPath = runPath(runFolder, 'recording');
  const known = readRecordingRecord(recordPath);
  const opened = await openRunRecording({
    configuration: { ...recording, path: recordingPath ?? recording.path },
    seed: configuration.seed,
    auxiliary: configuration.auxiliary,
    known,
    recording: open,
  });
  try {
    const parts = await buildRunParts(configuration, opened, keptIn(runFolder));
    const source = await opened.source('train', parts.auxiliaries);
    // Throws where no episode is long enough, before anything is written.
    source.sequenceCount(configuration.objective.horizon);
    if (opened.record.outline.episodes === 1 && recording.heldOutShare > 0)
      onNote?.(`${opened.recording.path}: one episode: its last part is held out`);
    for (const name of opened.record.observation.flatMap(({ columns }) => columns)) {
      const { type, shape } = opened.record.outline.columns[name];
      const doubt = imageDoubt(name, shape, type);
      if (doubt !== undefined) onNote?.(`${opened.recording.path}: ${doubt}`);
    }
    const started = performance.now();
    return {
      parts,
      source,
      async keep() {
        if (known === undefined) writeRecordingRecord(recordPath, opened.record);
        await keepModuleEncoder(runFolder, configuration, parts);
      },
      async baseline() {
        if (recording.heldOutShare === 0) return undefined;
        const heldOut = await opened.source('held-out', []);
        try {
          return await recordingBaseline(heldOut);
        } finally {
          await heldOut.dispose();
        }
      },
      async dispose() {
        const share = source.waitedMs() / (performance.now() - started);
        if (share > NOTED_WAITING)
          onNote?.(
            `${opened.recording.path}: training waited for the recording ${Math.round(100 * share)}% of the time`,
          );
        disposeRunParts(parts);
        await source.dispose();
        await opened.dispose();
      },
    };
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

/** A run that kept its encoder goes on with that. */
function keptIn(runFolder: string): RunPartsOptions {
  return existsSync(runPath(runFolder, 'initialEncoder')) ? { folder: runFolder } : {};
}

async function keepModuleEncoder(runFolder: string, { model }: Configuration, parts: RunParts): Promise<void> {
  const folder = runPath(runFolder, 'initialEncoder');
  if (model.encoder.kind !== 'module' || existsSync(folder)) return;
  const { keepEncoder } = await import('../models/encoder/module.ts');
  await keepEncoder(folder, parts.model.encoder);
}

/** Below this waiting is not worth a line. */
const NOTED_WAITING = 0.1;
