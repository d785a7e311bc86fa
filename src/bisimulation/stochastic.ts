// Worlds in which one action leads to several observations: bisimulation by the distributions of what follows (Larsen and Skou 1991),
// within epsilon, from counts. A deterministic latent cannot follow such a world with zero loss, so that this says nothing of what
// an encoder must do: it says which observations can be told apart by what was seen, and how many repeats would decide the rest.
import { option, UsageError } from '../error.ts';
import type { RecordedTransitions } from './recording.ts';

/** When two distributions over next states count as one. */
export interface StochasticOptions {
  /** Total variation up to which two distributions of next classes count as one, 0..1. Default 0.1. */
  readonly epsilon?: number;
  /** The chance that any of the distances lies outside of its interval. Default 0.05. */
  readonly missChance?: number;
}

/**
 * apart: p differs, or some action leads to classes whose distributions certainly differ by more than epsilon.
 * within: for every action that was taken in either, the distributions certainly differ by no more than epsilon.
 * undecided: neither; more repeats are needed.
 */
export type StochasticVerdict = 'apart' | 'within' | 'undecided';

/** What is known of two observations under stochastic dynamics. */
export interface StochasticPair {
  readonly verdict: StochasticVerdict;
  /** The action that tells apart, or that is the least certain; undefined where p differs at once. */
  readonly action?: number;
  /** Total variation of the two distributions of next classes by that action, as counted, and where it certainly lies. */
  readonly distance?: number;
  readonly interval?: readonly [low: number, high: number];
  /** Times that the action must be taken in each of the two, in all, if the distance stays; infinite where it is epsilon itself. */
  readonly repeats?: number;
}

/** A system whose actions lead to distributions over next observations, estimated from counts. */
export interface StochasticSystem {
  readonly classCount: number;
  /** [observations] */
  readonly classOf: Int32Array;
  /** What is known of two states: the same within epsilon, apart, or undecided, and how many repeats would decide. */
  compare(first: number, second: number): StochasticPair;
}

/** Rounds of refinement are at most as many as observations; this many are usual. */
const OBSERVATION_LIMIT = 2_000;

/**
 * The coarsest classes that the counts call for: observations are parted where they are certainly apart from the first member of a class.
 * What is undecided stays together, so that more data can only part further (up to the chance of a miss).
 * @throws UsageError for more than 2,000 observations, or an epsilon outside of 0..1
 */
export function stochasticSystem(transitions: RecordedTransitions, options: StochasticOptions = {}): StochasticSystem {
  const { epsilon = 0.1, missChance = 0.05 } = options;
  const { observationCount, actionCount, from, action, to, auxiliarySize, auxiliary } = transitions;
  if (!(epsilon >= 0 && epsilon < 1))
    throw new UsageError(`stochastic bisimulation: expected an epsilon in [0, 1), got ${epsilon}`);
  if (observationCount > OBSERVATION_LIMIT)
    throw new UsageError(
      `stochastic bisimulation: expected at most ${OBSERVATION_LIMIT} observations, got ${observationCount}`,
      {
        remedy: `Name the state by a column (${option('map', 'state=NAME')}), so that observations of one state are one.`,
      },
    );
  /** Of an observation and an action, how often each observation followed. */
  const followed = new Map<number, Map<number, number>>();
  const taken = new Float64Array(observationCount * actionCount);
  for (let n = 0; n < from.length; n++) {
    const key = from[n] * actionCount + action[n];
    const counts = followed.get(key) ?? new Map<number, number>();
    counts.set(to[n], (counts.get(to[n]) ?? 0) + 1);
    followed.set(key, counts);
    taken[key]++;
  }
  const keyOf = (observation: number) =>
    auxiliary.subarray(observation * auxiliarySize, (observation + 1) * auxiliarySize).join(' ');
  let classOf = numbered(Array.from({ length: observationCount }, (_, observation) => keyOf(observation)));
  // One interval for each observation and action that was taken.
  const comparisons = Math.max(1, followed.size);

  const distributionOf = (key: number): Map<number, number> => {
    const classes = new Map<number, number>();
    for (const [next, count] of followed.get(key) ?? [])
      classes.set(classOf[next], (classes.get(classOf[next]) ?? 0) + count / taken[key]);
    return classes;
  };
  /**
   * Half the L1 distance that n draws of one of K outcomes exceed with less than the chance (Weissman et al. 2003): P(L1 >= t) <=
   * (2^K - 2) exp(-n t^2 / 2).
   */
  const radiusOf = (count: number, outcomes: number): number => {
    if (count === 0) return 1;
    const bits = Math.max(1, outcomes) * Math.LN2 + Math.log(comparisons / missChance);
    return Math.min(1, Math.sqrt((2 * bits) / count) / 2);
  };
  const compare = (first: number, second: number): StochasticPair => {
    if (first === second) return { verdict: 'within' };
    if (keyOf(first) !== keyOf(second)) return { verdict: 'apart' };
    let least: StochasticPair | undefined;
    for (let a = 0; a < actionCount; a++) {
      const keys = [first * actionCount + a, second * actionCount + a];
      if (taken[keys[0]] === 0 && taken[keys[1]] === 0) continue;
      const [p, q] = keys.map(distributionOf);
      const outcomes = new Set([...p.keys(), ...q.keys()]);
      let distance = 0;
      for (const outcome of outcomes) distance += Math.abs((p.get(outcome) ?? 0) - (q.get(outcome) ?? 0)) / 2;
      if (taken[keys[0]] === 0 || taken[keys[1]] === 0) distance = 0;
      // All classes could follow, those that were not seen too.
      const classes = Math.max(...classOf) + 1;
      const radius = radiusOf(taken[keys[0]], classes) + radiusOf(taken[keys[1]], classes);
      const interval = [Math.max(0, distance - radius), Math.min(1, distance + radius)] as const;
      const needed = Math.abs(distance - epsilon) / 2;
      const bits = classes * Math.LN2 + Math.log(comparisons / missChance);
      const repeats = needed > 0 ? Math.ceil(bits / (2 * needed ** 2)) : Number.POSITIVE_INFINITY;
      const found = { action: a, distance, interval, repeats };
      if (interval[0] > epsilon) return { verdict: 'apart', ...found };
      if (interval[1] > epsilon && (least?.interval === undefined || interval[1] > least.interval[1]))
        least = { verdict: 'undecided', ...found };
    }
    return least ?? { verdict: 'within' };
  };

  for (;;) {
    const leaders: number[][] = [];
    const refined = new Int32Array(observationCount);
    let count = 0;
    const numbers = new Map<number, number>();
    for (let observation = 0; observation < observationCount; observation++) {
      const old = classOf[observation];
      leaders[old] ??= [];
      const leader = leaders[old].find((each) => compare(each, observation).verdict !== 'apart');
      if (leader === undefined) {
        leaders[old].push(observation);
        numbers.set(observation, count++);
      }
      refined[observation] = numbers.get(leader ?? observation) ?? 0;
    }
    const before = Math.max(...classOf) + 1;
    classOf = refined;
    if (count === before) return { classCount: count, classOf, compare };
  }
}

function numbered(keys: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(keys, (key) => {
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
}
