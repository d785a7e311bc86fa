// The recording of a run: opened as the configuration says, surveyed once, and asked for batches and auxiliaries.
import { basename, resolve } from 'node:path';
import type { Auxiliary, AuxiliaryConfiguration, AuxiliaryContext, ColumnDescription } from '../auxiliary/index.ts';
import { describeAuxiliaryColumn, describeAuxiliaryColumns, recordingContext } from '../auxiliary/recording-context.ts';
import {
  openConfiguredRecording,
  outlineOf,
  type RecordingConfiguration,
  requireSameOutline,
} from '../data/configured-recording.ts';
import { planEpisodes } from '../data/episode-plan.ts';
import { actionParts, observationParts } from '../data/part.ts';
import type { Recording } from '../data/recording.ts';
import { observationShapeOf, RECORDING_RECORD_FORMAT, type RecordingRecord } from '../data/recording-description.ts';
import { type RecordingSource, type RecordingSourceOptions, recordingSource } from '../data/recording-source.ts';
import { type RecordingSurvey, surveyRecording } from '../data/recording-survey.ts';
import { type ResolvedRoles, resolveRoles } from '../data/role-name.ts';
import type { Split } from '../data/split.ts';
import { elementCount } from '../shape.ts';

/** What a run needs to know of its recording. */
export interface RunRecording {
  readonly record: RecordingRecord;
  readonly context: AuxiliaryContext;
}

/** An open recording. */
export interface OpenRunRecording extends RunRecording {
  readonly recording: Recording;
  readonly roles: ResolvedRoles;
  /** A source of the split; its auxiliary numbers are those of the column auxiliaries. Whoever calls this disposes it. */
  source(split: Split, auxiliaries: readonly Auxiliary[]): Promise<RecordingSource>;
  /** Closes the recording, unless it was given open. */
  dispose(): Promise<void>;
}

export interface RunRecordingOptions {
  readonly configuration: RecordingConfiguration;
  /** Decides the split, the order, and what auxiliaries draw. */
  readonly seed: number;
  readonly auxiliary: readonly AuxiliaryConfiguration[];
  /** What the run found when it was started: the recording must still be that one. */
  readonly known?: RecordingRecord | undefined;
  /** Already open as the configuration says, and the caller's. */
  readonly recording?: Recording | undefined;
}

/** Kinds that are standardised on observations. */
const SAMPLED_KINDS: readonly string[] = ['random-projection', 'random-transformer', 'module'];

/** @throws FormatError where the recording is not the one that is known, or has numbers that cannot be trained on. */
export async function openRunRecording(options: RunRecordingOptions): Promise<OpenRunRecording> {
  const { configuration, seed, known } = options;
  const opened = await openConfiguredRecording(configuration, options.recording);
  const { recording } = opened;
  const dispose = async () => {
    if (options.recording === undefined) await recording.dispose();
  };
  try {
    if (known) requireSameOutline(recording, known.outline);
    const roles = resolveRoles(recording.path, [...recording.columns.keys()], recording.roles, opened.options.roles);
    const auxiliary = auxiliaryColumnsOf(options.auxiliary, roles, recording);
    const plan = planEpisodes(recording, { roles, auxiliary, valueAt: configuration.valueAt });
    const survey =
      known?.survey ?? (await surveyRecording(recording, plan, { seed, heldOutShare: configuration.heldOutShare }));
    const sourceOptions = { ...opened.options, seed, survey } satisfies Partial<RecordingSourceOptions>;
    const isSampled = options.auxiliary.some(({ kind }) => SAMPLED_KINDS.includes(kind));
    const columns = known ? new Map(Object.entries(known.columns)) : await describeColumns(recording, survey);
    const record = known ?? recordOf(recording, { survey, columns, roles, stack: configuration.stack });
    const context = await recordingContext(recording, { ...sourceOptions, columns, isSampled });
    return {
      recording,
      roles,
      record,
      context: { ...context, ...namesOf(record) },
      source: (split, auxiliaries) =>
        recordingSource(recording, {
          ...sourceOptions,
          split,
          auxiliary: auxiliaries.flatMap((each) => (each.of === 'column' ? [each.column] : [])),
        }),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * What a run knows of its recording without the recording. Auxiliaries that are standardised on observations are built with
 * arbitrary numbers, which the weights of a checkpoint replace.
 */
export function recordedRunRecording(record: RecordingRecord, seed: number): RunRecording {
  const observationShape = observationShapeOf(record);
  const size = elementCount(observationShape);
  const isPixels = record.observation.length === 1 && record.observation[0].kind === 'image';
  return {
    record,
    context: {
      seed,
      observationShape,
      columns: new Map(Object.entries(record.columns)),
      ...namesOf(record),
      sampleObservations: (count) => (isPixels ? new Uint8Array(count * size) : new Float32Array(count * size)),
    },
  };
}

function namesOf(record: RecordingRecord): Pick<AuxiliaryContext, 'rewardColumn' | 'deviation'> {
  const isPixels = record.observation.length === 1 && record.observation[0].kind === 'image';
  return {
    ...(record.reward === null ? {} : { rewardColumn: record.reward }),
    ...(isPixels ? {} : { deviation: packedDeviation(record) }),
  };
}

/** Of every number of a packed observation. */
function packedDeviation({ observation }: RecordingRecord): number[] {
  return observation.flatMap(({ kind, shape, deviation }) =>
    kind === 'vector' ? deviation : Array.from({ length: shape[0] * shape[1] }, () => deviation).flat(),
  );
}

/** Statistics are of the training split where they are known of it, and of the whole column elsewhere. */
async function describeColumns(
  recording: Recording,
  survey: RecordingSurvey,
): Promise<ReadonlyMap<string, Required<ColumnDescription>>> {
  const described = await describeAuxiliaryColumns(recording);
  return new Map(
    [...described].map(([name, column]) => {
      const surveyed = Object.hasOwn(survey.columns, name) ? survey.columns[name] : undefined;
      return [name, surveyed ? describeAuxiliaryColumn(column.size, surveyed) : column] as const;
    }),
  );
}

/** The columns that the configured auxiliaries read, as far as their names say; a module may name others. */
function auxiliaryColumnsOf(
  auxiliary: readonly AuxiliaryConfiguration[],
  { reward }: ResolvedRoles,
  recording: Recording,
): string[] {
  const names = auxiliary.flatMap((each) => {
    if (each.kind === 'reward') return reward === undefined ? [] : [reward];
    return each.kind === 'column' && recording.columns.has(each.column) ? [each.column] : [];
  });
  return [...new Set(names)];
}

function recordOf(
  recording: Recording,
  found: {
    readonly survey: RecordingSurvey;
    readonly columns: ReadonlyMap<string, Required<ColumnDescription>>;
    readonly roles: ResolvedRoles;
    readonly stack: number;
  },
): RecordingRecord {
  const { survey, roles, stack } = found;
  const surveys = new Map(Object.entries(survey.columns));
  return {
    format: RECORDING_RECORD_FORMAT,
    name: basename(resolve(recording.path)),
    outline: outlineOf(recording),
    reward: roles.reward ?? null,
    state: roles.state ?? null,
    observation: observationParts(recording, roles.observation, surveys, stack),
    action: actionParts(recording, roles.action, surveys),
    columns: Object.fromEntries(found.columns),
    survey,
  };
}
