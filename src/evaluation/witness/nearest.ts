// The nearest latents that must be apart, however they are found, and the report of what their traces say.
import type { Auxiliary } from '../../auxiliary/index.ts';
import type { Latents } from '../../measures/latents.ts';
import { squaredDistance } from '../../measures/pair-distance.ts';
import { inUnitsOfAuxiliary } from './bound.ts';
import type { WordPath } from './path.ts';
import { type LatentWorld, traceWords, type WordTrace } from './witness.ts';

/** Two observations that must be apart, followed, and what that says. */
export interface TracedPair<Trace> {
  /** The two classes, as numbered by what looked for them; of recorded words, their episodes. */
  readonly classes: readonly [number, number];
  /** |E(o) - E(o')| over the mean distance of all candidates; infinite where that is 0. */
  readonly relativeDistance: number;
  readonly path: WordPath;
  readonly trace: Trace;
}

/** Of a world model. */
export type Witness = TracedPair<WordTrace>;

export interface TracedReport<Trace> {
  readonly classCount: number;
  /** Mean distance of two candidates. */
  readonly meanDistance: number;
  readonly witnesses: readonly TracedPair<Trace>[];
}

export type WitnessReport = TracedReport<WordTrace>;

/** Two candidates, the one of the smaller class first. */
export interface NearPair<Word> {
  readonly first: number;
  readonly second: number;
  readonly classes: readonly [number, number];
  /** Of the latents. */
  readonly distance: number;
  readonly word: Word;
}

/**
 * The nearest two latents of every pair of classes that a word tells apart, nearest first; and the mean distance of all.
 * @param wordOf of two candidates, that of the smaller class first; undefined where they need not be apart
 */
export function nearestPairs<Word>(
  { values, count, size }: Latents,
  classOf: (candidate: number) => number,
  wordOf: (first: number, second: number) => Word | undefined,
): { readonly pairs: readonly NearPair<Word>[]; readonly meanDistance: number } {
  const nearest = new Map<string, NearPair<Word>>();
  let sum = 0;
  for (let b = 0; b < count; b++)
    for (let a = 0; a < b; a++) {
      const distance = Math.sqrt(squaredDistance(values, a * size, values, b * size, size));
      sum += distance;
      const [first, second] = classOf(a) <= classOf(b) ? [a, b] : [b, a];
      const classes = [classOf(first), classOf(second)] as const;
      const key = classes.join();
      if (distance >= (nearest.get(key)?.distance ?? Number.POSITIVE_INFINITY)) continue;
      const word = wordOf(first, second);
      if (word !== undefined) nearest.set(key, { first, second, classes, distance, word });
    }
  return {
    pairs: [...nearest.values()].sort((a, b) => a.distance - b.distance),
    meanDistance: count > 1 ? sum / ((count * (count - 1)) / 2) : 0,
  };
}

/** Follows the first `count` pairs along their words, through the networks of a world model. */
export function traceNearest<Word>(
  near: NearPairs<Word>,
  options: TraceOptions<Word>,
  world: LatentWorld,
  auxiliaries: readonly Auxiliary[],
): Promise<WitnessReport> {
  return followNearest(near, options, (paths) => traceWords(inUnitsOfAuxiliary(world, auxiliaries), paths));
}

/** Follows the first `count` pairs along their words. @param trace what is concluded of each path, in their order */
export async function followNearest<Word, Trace>(
  { pairs, meanDistance }: NearPairs<Word>,
  { count, classCount, pathOf }: TraceOptions<Word>,
  trace: (paths: readonly WordPath[]) => Promise<readonly Trace[]>,
): Promise<TracedReport<Trace>> {
  const chosen = pairs.slice(0, count);
  const paths: WordPath[] = [];
  for (const pair of chosen) paths.push(await pathOf(pair));
  const traces = await trace(paths);
  return {
    classCount,
    meanDistance,
    witnesses: chosen.map(({ classes, distance }, index) => ({
      classes,
      relativeDistance: meanDistance > 0 ? distance / meanDistance : Number.POSITIVE_INFINITY,
      path: paths[index],
      trace: traces[index],
    })),
  };
}

type NearPairs<Word> = ReturnType<typeof nearestPairs<Word>>;

export interface TraceOptions<Word> {
  readonly count: number;
  readonly classCount: number;
  readonly pathOf: (pair: NearPair<Word>) => WordPath | Promise<WordPath>;
}
