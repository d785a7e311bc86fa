// The verdict on latents: two answers, whether the classes can be told apart and whether each is one cluster, and one word over
// all. Each threshold has a meaning of its own; docs/measures.md has the reasons, and the table of what was tried.

import { ratioOf } from './class-gap.ts';
import type { Interval } from './interval.ts';

/**
 * distinct: every two classes can be told apart.
 * coarse: some cannot, but the latents have room: they are organised by something else, or by less.
 * collapsed: some cannot, and the latents have no room: they are (nearly) one point.
 */
export type Verdict = 'distinct' | 'coarse' | 'collapsed';

/** From worst to best. */
export const verdicts: readonly Verdict[] = ['collapsed', 'coarse', 'distinct'];

/** Of a question whose interval lies on both sides of its threshold: undecided. */
export type Answer = 'yes' | 'no' | 'undecided';

/** The numbers at which a verdict changes. What each was chosen by: docs/measures.md. */
export const verdictThresholds = {
  /**
   * Told apart: of the worst pair of classes, 9 of 10 observations are taken for their own class. Gaussians 2.6 standard
   * deviations apart; a class that has merged with another has 1/2.
   */
  separation: 0.9,
  /** Clustered: the spreads of the two classes together take half of the way between their centres. Gaussians 3.2 deviations apart. */
  clusterRatio: 2,
  /** Of the mean distance that the untrained encoder gives to the same observations: training has taken 19/20 of the room. */
  relativeSpread: 0.05,
  /**
   * Where no untrained encoder is known: a twentieth of the unit scale that initialisers give to latents and in which the
   * heads take them beside one-hot actions. Less certain than relativeSpread, and named as such in the reasons.
   */
  latentStd: 0.05,
  /**
   * Of an encoder from anywhere, of whose scale nothing is known: in float32 steps of the latents' own numbers. It sees latents
   * that differ by rounding only, and not those that have shrunk.
   */
  roundingSteps: 100,
  /** In the same steps: below it all differences are rounding, whatever they seem to say. */
  leastSteps: 2,
  /** Of *predictions* and their classes, see src/verification/prediction.ts: halfway between 1 and a merged class's 1/2. */
  smallestRecall: 0.75,
} as const;

/** The numbers that decide. */
export interface VerdictEvidence {
  /** Share of observations told apart in the worst pair of classes, 0..1. */
  readonly separation: number;
  readonly separationInterval: Interval;
  readonly clusterRatio: number;
  readonly clusterInterval: Interval;
  /** The smallest recall of a class by its nearest centroid, 0..1. It decides nothing. */
  readonly smallestRecall: number;
  readonly meanDistance: number;
  /** Mean distance of two observations but for the farthest twentieth of the pairs: a few far away do not raise it. */
  readonly typicalDistance: number;
  /** Mean over the dimensions of the standard deviation. */
  readonly latentStd: number;
  /** D */
  readonly size: number;
  readonly rootMeanSquareNorm: number;
  /** Length of a latent whose every number is one float32 step of the largest in its dimension. */
  readonly roundingLength: number;
  /** The mean distance that the same encoder gave to these observations before training, where it is known. */
  readonly untrainedMeanDistance?: number | undefined;
  /** Whether the latents have the unit scale that initialisers give, where no untrained encoder is known. Default true. */
  readonly hasUnitScale?: boolean | undefined;
}

/** One number against its threshold. */
export interface VerdictReason {
  readonly measure: Exclude<keyof typeof verdictThresholds, 'smallestRecall'>;
  readonly value: number;
  readonly threshold: number;
  /** True where the value is at or above the threshold. */
  readonly isMet: boolean;
  readonly interval?: Interval;
}

export interface VerdictDecision {
  /** By the numbers as they were measured. */
  readonly verdict: Verdict;
  /** Can every two classes be told apart? */
  readonly separable: Answer;
  /** Is each class one cluster, apart from the others? */
  readonly clustered: Answer;
  readonly reasons: readonly VerdictReason[];
}

export function decideVerdict(evidence: VerdictEvidence): VerdictDecision {
  const separation = {
    ...reason('separation', evidence.separation),
    interval: evidence.separationInterval,
  };
  const cluster = { ...reason('clusterRatio', evidence.clusterRatio), interval: evidence.clusterInterval };
  const least = reason('leastSteps', ratioOf(evidence.typicalDistance, evidence.roundingLength));
  const isRounding = !least.isMet && evidence.meanDistance < verdictThresholds.leastSteps * evidence.roundingLength;
  const room = roomReason(evidence);
  const verdict =
    isRounding || (evidence.typicalDistance === 0 && evidence.meanDistance === 0)
      ? 'collapsed'
      : separation.isMet
        ? 'distinct'
        : room.isMet
          ? 'coarse'
          : 'collapsed';
  return {
    verdict,
    separable: isRounding ? 'no' : answerOf(evidence.separationInterval, verdictThresholds.separation),
    clustered: isRounding ? 'no' : answerOf(evidence.clusterInterval, verdictThresholds.clusterRatio),
    reasons: [separation, cluster, room, ...(isRounding ? [least] : [])],
  };
}

/** Yes or no where the whole interval is on one side of the threshold. */
export function answerOf([low, high]: Interval, threshold: number): Answer {
  if (low >= threshold) return 'yes';
  return high < threshold ? 'no' : 'undecided';
}

/** Against the scale that is known best; always of differences, so that an offset is neither room nor the lack of it. */
function roomReason(evidence: VerdictEvidence): VerdictReason {
  const { typicalDistance, untrainedMeanDistance, size, roundingLength, hasUnitScale = true } = evidence;
  if (untrainedMeanDistance !== undefined)
    return reason('relativeSpread', ratioOf(typicalDistance, untrainedMeanDistance));
  // Two independent numbers of deviation s differ by s times the root of 2 in the root mean square.
  return hasUnitScale
    ? reason('latentStd', typicalDistance / Math.sqrt(2 * size))
    : reason('roundingSteps', ratioOf(typicalDistance, roundingLength));
}

function reason(measure: VerdictReason['measure'], value: number): VerdictReason {
  const threshold = verdictThresholds[measure];
  return { measure, value, threshold, isMet: value >= threshold };
}
