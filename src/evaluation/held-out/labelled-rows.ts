// Labelled observations of a recording, row by row: what an encoder from anywhere is judged on. Which rows are drawn, and which
// of them are judged, depends on labels, episodes and the seed alone, so that latents which were computed elsewhere from the same
// rows are judged by the same numbers. Letters: N drawn observations, E episodes.
import type { Numbers } from '../../data/element.ts';
import { episodeAt } from '../../data/flat-layout.ts';
import { columnAtRows, type ObservationRows } from '../../data/observation-rows.ts';
import type { Recording } from '../../data/recording.ts';
import { UsageError } from '../../error.ts';
import { permutation, randomFor } from '../../random.ts';
import { elementCount } from '../../shape.ts';
import { classesOfColumn, classesOfQuantiles, type LabelledClasses } from '../class/recording.ts';
import type { StateClasses } from '../class/state.ts';
import { type DividedObservations, divideObservations } from './division.ts';
import type { HeldOut } from './held-out.ts';

/** Bytes of observations that are held at once: 8,192 of 224 x 224 in colour. */
const MAXIMAL_BYTES = 1.5 * 1024 ** 3;

/** The classes of rows: the values of a column, or ranges of its first number. */
export interface RowClasses {
  readonly column: string;
  /** Ranges with about as many observations each; default: every value is a class. */
  readonly quantiles?: number | undefined;
}

export interface LabelledRows {
  /** Rows of the observations, in the order of the draw. */
  readonly judged: Int32Array;
  readonly centroids: Int32Array;
  /** Their classes. */
  readonly judgedLabels: Int32Array;
  readonly centroidLabels: Int32Array;
  /** [N] of the judged: the recorded episode of each; undefined where observations are independent. */
  readonly judgedEpisodes: Int32Array | undefined;
  readonly classes: StateClasses;
}

export interface LabelledRowsOptions {
  /** Judged observations; as many more give the centroids. */
  readonly observations: number;
  readonly seed: number;
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Draws rows and divides them.
 * @param rows of the observations: how many there are, and where episodes begin
 * @throws UsageError where fewer than two classes have observations enough
 */
export async function drawLabelledRows(
  recording: Recording,
  rows: Pick<ObservationRows, 'count' | 'starts'>,
  classes: RowClasses,
  { observations, seed, onNote }: LabelledRowsOptions,
): Promise<LabelledRows> {
  const order = permutation(rows.count, randomFor(seed, 'labelled rows')).subarray(0, 2 * observations);
  const values = columnAtRows(recording, classes.column, rows);
  const found = new Map<number, Numbers>();
  // By the column's own order, so that each piece of it is read once.
  for (const row of Int32Array.from(order).sort()) {
    const value = await values.read(row);
    if (value !== undefined) found.set(row, value.slice());
  }
  const labelled = Array.from(order).filter((row) => found.has(row));
  if (labelled.length === 0)
    throw new UsageError(`${recording.path} ${classes.column}: expected observations with a value, got none`);
  const numbers = values.allocate(labelled.length * values.size);
  labelled.forEach((row, n) => {
    numbers.set(found.get(row) ?? [], n * values.size);
  });
  const named = classesFrom(recording, classes, numbers, values.size);
  const episodes = Int32Array.from(labelled, (row) => episodeAt(rows.starts, row));
  const division = divideObservations(named, { episodes, split: 'all', onNote });
  return rowsOf(division, labelled, episodes);
}

function classesFrom(
  recording: Recording,
  { column, quantiles }: RowClasses,
  values: Numbers,
  size: number,
): LabelledClasses {
  if (quantiles !== undefined)
    return classesOfQuantiles(
      column,
      values.filter((_, i) => i % size === 0),
      quantiles,
    );
  const labels = recording.columns.get(column)?.labels;
  return classesOfColumn(column, values, size, labels);
}

function rowsOf(
  { judged, centroids, labels, classes, areEpisodesApart }: DividedObservations,
  rows: readonly number[],
  episodes: Int32Array,
): LabelledRows {
  const pick = (from: ArrayLike<number>, chosen: readonly number[]) => Int32Array.from(chosen, (n) => from[n]);
  return {
    judged: pick(rows, judged),
    centroids: pick(rows, centroids),
    judgedLabels: pick(labels, judged),
    centroidLabels: pick(labels, centroids),
    judgedEpisodes: areEpisodesApart ? pick(episodes, judged) : undefined,
    classes,
  };
}

/** How many judged observations, with as many for the centroids, are held in memory at once. */
export function observationsThatFit({ shape, parts }: Pick<ObservationRows, 'shape' | 'parts'>): number {
  const isPixels = parts.length === 1 && parts[0].kind === 'image';
  return Math.max(2, Math.floor(MAXIMAL_BYTES / (2 * elementCount(shape) * (isPixels ? 1 : 4))));
}

/** The observations of drawn rows, held in memory. */
export async function readLabelledRows(
  rows: ObservationRows,
  drawn: LabelledRows,
): Promise<Pick<HeldOut, 'judged' | 'centroids'>> {
  return {
    judged: {
      observations: await rows.gather(drawn.judged),
      states: drawn.judgedLabels,
      ...(drawn.judgedEpisodes === undefined ? {} : { episodes: drawn.judgedEpisodes }),
    },
    centroids: { observations: await rows.gather(drawn.centroids), states: drawn.centroidLabels },
  };
}
