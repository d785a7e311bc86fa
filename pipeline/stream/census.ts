// Which classes there are and which side each row is on: one reading of the column of classes, a piece at a time.
// Letters: K classes.
import type { Numbers } from '../../src/data/element.ts';
import { episodeAt } from '../../src/data/flat-layout.ts';
import { type ColumnAtRows, columnAtRows } from '../../src/data/observation-rows.ts';
import { option, UsageError } from '../../src/error.ts';
import { quantileRanges } from '../../src/evaluation/class/recording.ts';
import { purposes, rowHash } from '../../src/measures/stream/block.ts';
import { claimOf } from '../encoder/row-classes.ts';
import type { StreamPlan } from './plan.ts';
import type { OpenedSubject } from './subject.ts';

/** Classes beyond which centroids and samples of all of them are no longer held. */
export const MOST_CLASSES = 100_000;
/** Rows by whose values ranges are found: their borders are then known to about a hundredth of a range. */
const QUANTILE_ROWS = 65_536;
/** A class needs two observations on each side for a distance within it. */
const LEAST_OF_CLASS = 2;
const HASHES = 2 ** 52;

export function isTaken(row: number, { seed, share }: Pick<StreamPlan, 'seed' | 'share'>): boolean {
  return share === 1 || rowHash(row, seed, purposes.share) < share * HASHES;
}

/** 1: judged; 0: gives centroids and rules. @param unit number of the row, or of its episode */
export function sideOf(unit: number, seed: number): 0 | 1 {
  return rowHash(unit, seed, purposes.role) % 2 === 1 ? 1 : 0;
}

/** The text that names a class, of the numbers of a row. */
export function keyOf(values: Numbers, edges: readonly number[] | undefined): string {
  if (edges === undefined) return values.length === 1 ? String(values[0]) : values.join(' ');
  let place = 0;
  while (place < edges.length && values[0] >= edges[place]) place++;
  return String(place);
}

/** @throws UsageError where fewer than two classes have rows enough, or there are too many */
export async function takeCensus(
  { recording, rows, classes }: OpenedSubject,
  { seed, share }: Pick<StreamPlan, 'seed' | 'share'>,
  onNote: (note: string) => void,
): Promise<Pick<StreamPlan, 'classes' | 'unit'>> {
  const { column, quantiles } = classes;
  const values = columnAtRows(recording, column, rows);
  const ranges = quantiles === undefined ? undefined : await rangesOf({ column, quantiles }, values, rows.count, seed);
  const edges = ranges?.edges;
  /** By class: centroids and judged where rows are the units, then where episodes are. */
  const counts = new Map<string, Float64Array>();
  let without = 0;
  for (let row = 0; row < rows.count; row++) {
    if (!isTaken(row, { seed, share })) continue;
    const found = await values.read(row);
    if (found === undefined) {
      without++;
      continue;
    }
    const key = keyOf(found, edges);
    let own = counts.get(key);
    if (own === undefined) {
      own = new Float64Array(4);
      counts.set(key, own);
      if (counts.size > MOST_CLASSES)
        throw new UsageError(
          `${option('classes', `column:${column}`)}: expected at most ${MOST_CLASSES} different values, got more`,
          { remedy: `Take ranges instead: ${option('classes', 'quantiles:4')}.` },
        );
    }
    own[sideOf(row, seed)]++;
    own[2 + sideOf(episodeAt(rows.starts, row), seed)]++;
  }
  const keys = [...counts.keys()].sort(byNumbers);
  const keptBy = (offset: number) =>
    keys.filter((key) => {
      const own = counts.get(key) ?? new Float64Array(4);
      return Math.min(own[offset], own[offset + 1]) >= LEAST_OF_CLASS;
    });
  const [byRow, byEpisode] = [keptBy(0), keptBy(2)];
  const unit = byEpisode.length === byRow.length ? 'episode' : 'row';
  const kept = unit === 'episode' ? byEpisode : byRow;
  if (kept.length < 2)
    throw new UsageError(
      `evaluation: expected at least 2 classes with ${2 * LEAST_OF_CLASS} observations each, got ${kept.length} of ${keys.length}`,
      { remedy: `Take other classes (${option('classes')}), or a longer recording.` },
    );
  if (kept.length < keys.length) onNote(`classes: ${keys.length - kept.length} with too few observations left out`);
  if (without > 0) onNote(`classes: ${without} of ${rows.count} observations have none, and are left out`);
  const offset = unit === 'episode' ? 2 : 0;
  const side = (which: number) => kept.map((key) => counts.get(key)?.[offset + which] ?? 0);
  const labels = recording.columns.get(column)?.labels;
  const of = quantiles === undefined ? 'column' : 'quantiles';
  const names = kept.map((key) => ranges?.names[Number(key)] ?? `${column} ${labels?.[Number(key)] ?? key}`);
  const claim = claimOf({ of, count: kept.length, classOf: new Int32Array(0), names }) ?? '';
  return {
    unit,
    classes: {
      ...{ column, of, claim, keys: kept, names },
      ...(edges === undefined ? {} : { edges: [...edges] }),
      centroids: side(0),
      judged: side(1),
    },
  };
}

/** Borders by the rows of smallest hash. */
async function rangesOf(
  { column, quantiles }: { readonly column: string; readonly quantiles: number },
  values: ColumnAtRows,
  count: number,
  seed: number,
) {
  const sampled: number[] = [];
  const chance = Math.min(1, QUANTILE_ROWS / count) * HASHES;
  for (let row = 0; row < count; row++) {
    if (rowHash(row, seed, purposes.quantile) >= chance) continue;
    const found = await values.read(row);
    if (found !== undefined) sampled.push(found[0]);
  }
  return quantileRanges(column, Float64Array.from(sampled), quantiles);
}

function byNumbers(a: string, b: string): number {
  const [first, second] = [a.split(' ').map(Number), b.split(' ').map(Number)];
  const differing = first.findIndex((value, i) => value !== second[i]);
  return differing < 0 ? 0 : first[differing] - second[differing];
}
