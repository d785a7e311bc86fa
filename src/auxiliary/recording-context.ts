// The context of auxiliaries for a recording: its columns of numbers, and observations that p is standardised on.

import { isImageColumn } from '../data/image/recording.ts';
import { type Recording, rowCountOf, rowSizeOf } from '../data/recording.ts';
import { type RecordingSource, type RecordingSourceOptions, recordingSource } from '../data/recording-source.ts';
import { type ColumnSurvey, surveyColumn } from '../data/survey.ts';
import type { LabelledObservations } from '../data/transition.ts';
import { JepaError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { AuxiliaryContext, ColumnDescription } from './auxiliary.ts';

/** Observations that are read for standardisation: so many, or so many bytes of them. */
const SAMPLED_OBSERVATIONS = 4096;
const SAMPLED_BYTES = 256 * 1024 ** 2;
/** A row of more numbers is nothing that a head would predict. */
const MAXIMAL_AUXILIARY_SIZE = 1024;

export type AuxiliaryColumns = ReadonlyMap<string, ColumnDescription>;

/**
 * Reads what auxiliaries may ask for. `options` are those of the training source; no auxiliary need be known yet.
 */
export async function recordingContext(
  recording: Recording,
  options: Omit<RecordingSourceOptions, 'auxiliary' | 'split'> & {
    /** Described before; default: described now. */
    readonly columns?: AuxiliaryColumns;
    /** Whether observations are read at all. Default true. */
    readonly isSampled?: boolean;
  },
): Promise<AuxiliaryContext> {
  const source = await recordingSource(recording, { ...options, split: 'train', auxiliary: [] });
  try {
    const size = elementCount(source.observationShape);
    const most = Math.max(1, Math.min(SAMPLED_OBSERVATIONS, Math.floor(SAMPLED_BYTES / size)));
    const { observations } = await readObservations(source, options.isSampled === false ? 0 : most);
    return {
      seed: options.seed,
      observationShape: source.observationShape,
      columns: options.columns ?? (await describeAuxiliaryColumns(recording)),
      sampleObservations(count) {
        if (count * size > observations.length)
          throw new JepaError(
            `${recording.path}: expected at most ${observations.length / size} observations to standardise on, got ${count}`,
          );
        return observations.subarray(0, count * size);
      },
    };
  } finally {
    await source.dispose();
  }
}

/** The first `count` observations in the order of the source's seed and split, with their states where they are recorded. */
export async function readObservations(source: RecordingSource, count: number): Promise<LabelledObservations> {
  if (count === 0) return { observations: new Float32Array(0), states: new Int32Array(0) };
  const { observations, states = new Int32Array(0) } = await source.batch(0, count, 1);
  const size = elementCount(source.observationShape);
  return { observations: observations.slice(0, count * size), states: states.slice(0, count) };
}

/** A constant has no deviation; 1 leaves it where it is. */
export function describeAuxiliaryColumn(
  size: number,
  { isBinary, mean, deviation }: ColumnSurvey,
): Required<ColumnDescription> {
  return { size, isBinary, mean, deviation: deviation.map((value) => (value > 0 ? value : 1)) };
}

/** Columns of numbers, and whether each holds 0 and 1 alone. */
export async function describeAuxiliaryColumns(
  recording: Recording,
): Promise<ReadonlyMap<string, Required<ColumnDescription>>> {
  const columns = new Map<string, Required<ColumnDescription>>();
  for (const column of recording.columns.values()) {
    const size = rowSizeOf(column);
    if (isImageColumn(column) || size > MAXIMAL_AUXILIARY_SIZE) continue;
    const ranges = Array.from({ length: recording.episodeCount }, (_, episode) => ({
      episode,
      from: 0,
      to: rowCountOf(column, episode),
      isAveraged: true,
    }));
    columns.set(column.name, describeAuxiliaryColumn(size, await surveyColumn(recording, column, ranges)));
  }
  return columns;
}
