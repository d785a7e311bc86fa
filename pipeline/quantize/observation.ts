// Three parts of drawn observations that share none: those that ranges are taken from, those that the search looks at, and
// those that judge its result.
import { UsageError } from '../../src/error.ts';
import type { HeldOut } from '../../src/evaluation/held-out/held-out.ts';
import { joinObservations, type Observations } from '../../src/run/encode.ts';

type Labelled = HeldOut['judged'];

/** Observations to judge, and others that the centroids are of. */
export type ObservationSets = Pick<HeldOut, 'judged' | 'centroids'>;

export interface DividedObservations {
  readonly calibration: Observations;
  readonly search: ObservationSets;
  readonly judging: ObservationSets;
  /** Of search and calibration: left out, since the same pixels are among those that judge. */
  readonly repeated: number;
  /** Of search and calibration: kept though the same judge, since their class has no others. */
  readonly shared: number;
}

/** How many observations each part has; of search and judging the same again for the centroids. */
export interface PartSizes {
  readonly calibration: number;
  readonly search: number;
  readonly judging: number;
}

const parts = ['judging', 'search', 'calibration'] as const;
type Part = (typeof parts)[number];

/** A class needs so many observations in a part: a distance within it is of two. */
const LEAST_OF_CLASS = 2;

/**
 * Deals what was drawn, class by class, so that each part has its share of every class; whole episodes, where every class has
 * enough of them. Where fewer were drawn than asked for, every part is smaller in proportion.
 *
 * @param classOf the class of a state
 * @param names of the classes
 * @throws UsageError where a class has too few observations for one of the parts
 */
export function divideObservations(
  drawn: ObservationSets,
  rowSize: number,
  sizes: PartSizes,
  { classOf, names }: { readonly classOf: Int32Array; readonly names: readonly string[] },
): DividedObservations {
  const classesOf = ({ states }: Labelled) => Array.from(states, (state) => classOf[state]);
  const dealt = [drawn.judged, drawn.centroids].map((side) => {
    const classes = classesOf(side);
    const byEpisode = side.episodes === undefined ? undefined : deal(classes, side.episodes, sizes);
    if (byEpisode && shortOf(byEpisode, classes, names.length) === undefined) return byEpisode;
    return deal(classes, classes.keys(), sizes);
  });
  [drawn.judged, drawn.centroids].forEach((side, i) => {
    const short = shortOf(dealt[i], classesOf(side), names.length);
    if (short !== undefined)
      throw new UsageError(
        `quantize: expected at least ${LEAST_OF_CLASS} observations of each class to ${short.part === 'search' ? 'search by' : 'judge by'}, and as many for its centroid, got ${short.count} of "${names[short.label]}"`,
        { remedy: 'Give more observations of it, or classes that have more.' },
      );
  });
  const rowsOf = (i: number, part: Part) => Array.from(dealt[i].keys()).filter((row) => dealt[i][row] === part);
  const judging = {
    judged: take(drawn.judged, rowsOf(0, 'judging'), rowSize),
    centroids: take(drawn.centroids, rowsOf(1, 'judging'), rowSize),
  };
  const judges = new Set([judging.judged, judging.centroids].flatMap((set) => keysOf(set.observations, rowSize)));
  let [repeated, shared] = [0, 0];
  /** Without what judges too; of a class that has nothing else (an empty image is an empty image), with it. */
  const others = (side: Labelled, rows: readonly number[]): number[] => {
    const keys = keysOf(side.observations, rowSize);
    const classes = classesOf(side);
    const isNew = (row: number): boolean => !judges.has(keys[row]);
    const fresh = names.map((_, label) => rows.filter((row) => classes[row] === label && isNew(row)).length);
    const kept = rows.filter((row) => isNew(row) || fresh[classes[row]] < LEAST_OF_CLASS);
    repeated += rows.length - kept.length;
    shared += kept.filter((row) => !isNew(row)).length;
    return kept;
  };
  const search = {
    judged: take(drawn.judged, others(drawn.judged, rowsOf(0, 'search')), rowSize),
    centroids: take(drawn.centroids, others(drawn.centroids, rowsOf(1, 'search')), rowSize),
  };
  const ranges = [drawn.judged, drawn.centroids].map((side, i) =>
    take(side, others(side, rowsOf(i, 'calibration')), rowSize),
  );
  const calibration = joinObservations(ranges.map(({ observations }) => observations));
  if (calibration.length === 0)
    throw new UsageError('quantize: expected observations to calibrate by, got none beside those that judge', {
      remedy: 'Give a recording with more observations.',
    });
  return { calibration, search, judging, repeated, shared };
}

/** The part of each row: units of rows go, largest first, where their class lacks most of its share. */
function deal(classes: readonly number[], units: Iterable<number>, sizes: PartSizes): Part[] {
  // Calibration takes from both sides.
  const weights = { judging: sizes.judging, search: sizes.search, calibration: sizes.calibration / 2 };
  const total = weights.judging + weights.search + weights.calibration;
  const rowsOf = new Map<number, number[]>();
  Array.from(units).forEach((unit, row) => {
    rowsOf.set(unit, [...(rowsOf.get(unit) ?? []), row]);
  });
  const have = new Map<string, number>();
  const result: Part[] = classes.map(() => 'judging');
  for (const rows of [...rowsOf.values()].sort((a, b) => b.length - a.length)) {
    const label = classes[rows[0]];
    const ratio = (part: Part) => ((have.get(`${part} ${label}`) ?? 0) * total) / weights[part];
    const part = parts.reduce((best, each) => (ratio(each) < ratio(best) ? each : best));
    for (const row of rows) {
      result[row] = part;
      const key = `${part} ${classes[row]}`;
      have.set(key, (have.get(key) ?? 0) + 1);
    }
  }
  return result;
}

/** A class that has too few rows in a part that judges. */
function shortOf(dealt: readonly Part[], classes: readonly number[], count: number) {
  for (const part of ['judging', 'search'] as const)
    for (let label = 0; label < count; label++) {
      const found = classes.filter((each, row) => each === label && dealt[row] === part).length;
      if (found < LEAST_OF_CLASS) return { part, label, count: found };
    }
  return undefined;
}

function take({ observations, states, episodes }: Labelled, rows: readonly number[], rowSize: number): Labelled {
  const picked =
    observations instanceof Uint8Array
      ? new Uint8Array(rows.length * rowSize)
      : new Float32Array(rows.length * rowSize);
  rows.forEach((row, i) => {
    picked.set(observations.subarray(row * rowSize, (row + 1) * rowSize), i * rowSize);
  });
  return {
    observations: picked,
    states: Int32Array.from(rows, (row) => states[row]),
    ...(episodes ? { episodes: Int32Array.from(rows, (row) => episodes[row]) } : {}),
  };
}

/** A text for each row that is another's only where all its numbers are. */
function keysOf(observations: Observations, rowSize: number): string[] {
  const { buffer, byteOffset, byteLength } = observations;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const step = (rowSize * byteLength) / observations.length;
  return Array.from({ length: observations.length / rowSize }, (_, row) =>
    bytes.toString('latin1', row * step, (row + 1) * step),
  );
}
