// The verdict on latents: distinct, coarse or collapsed, with the numbers and thresholds that decide it.
// Each threshold has a meaning of its own; docs/measures.md has the reasons, and says which were settled after seeing runs.
import type { CentroidMeasures } from './centroid.ts';
import { ratioOf } from './class-gap.ts';

/**
 * distinct: every class stands apart from every other.
 * coarse: some classes do not stand apart, but the latents have room: they are organised by something else, or by less.
 * collapsed: the classes do not stand apart, and the latents have no room: they are (nearly) one point.
 */
export type Verdict = 'distinct' | 'coarse' | 'collapsed';

/** From worst to best. */
export const verdicts: readonly Verdict[] = ['collapsed', 'coarse', 'distinct'];

export const verdictThresholds = {
  /**
   * Of *every* class, so that none hides behind the mean of all: halfway between a class that is never taken for another
   * (1) and one that has merged with another (1/2).
   */
  smallestRecall: 0.75,
  /** At 1 the balls of mean radius around two centroids touch. */
  centroidGapRatio: 1,
  /** Of the mean distance that the untrained encoder gives to the same observations: training has taken 19/20 of the room. */
  relativeSpread: 0.05,
  /**
   * Where no untrained encoder is known: a twentieth of the unit scale that initialisers give to latents and in which the
   * heads take them beside one-hot actions. Less certain than relativeSpread, and named as such in the reasons.
   */
  latentStd: 0.05,
  /**
   * Of an encoder from anywhere, of whose scale nothing is known: a twentieth of the latents' own length. It sees latents that
   * have become one vector, and not those that have shrunk towards 0 as a whole.
   */
  ownSpread: 0.05,
  /** 100 float32 steps of the latents' own length: below it the differences are rounding, whatever they seem to say. */
  roundingSpread: 100 * 2 ** -24,
} as const;

/** The numbers that decide. */
export interface VerdictEvidence {
  /** The smallest recall of a class, 0..1. */
  readonly smallestRecall: number;
  readonly centroidGapRatio: number;
  readonly meanDistance: number;
  /** Mean over the dimensions of the standard deviation. */
  readonly latentStd: number;
  readonly rootMeanSquareNorm: number;
  /** The mean distance that the same encoder gave to these observations before training, where it is known. */
  readonly untrainedMeanDistance?: number | undefined;
  /** Whether the latents have the unit scale that initialisers give, where no untrained encoder is known. Default true. */
  readonly hasUnitScale?: boolean | undefined;
}

/** One number against its threshold. */
export interface VerdictReason {
  readonly measure: keyof typeof verdictThresholds;
  readonly value: number;
  readonly threshold: number;
  /** True where the value is at or above the threshold. */
  readonly isMet: boolean;
}

export interface VerdictDecision {
  readonly verdict: Verdict;
  readonly reasons: readonly VerdictReason[];
}

export function verdictEvidence(
  centroids: CentroidMeasures,
  spread: Omit<VerdictEvidence, 'smallestRecall' | 'centroidGapRatio'>,
): VerdictEvidence {
  return {
    ...spread,
    smallestRecall: centroids.recall.reduce((smallest, recall) => Math.min(smallest, recall), 1),
    centroidGapRatio: centroids.centroidGapRatio,
  };
}

export function decideVerdict(evidence: VerdictEvidence): VerdictDecision {
  const order = [
    reason('smallestRecall', evidence.smallestRecall),
    reason('centroidGapRatio', evidence.centroidGapRatio),
  ];
  const rounding = reason('roundingSpread', ratioOf(evidence.meanDistance, evidence.rootMeanSquareNorm));
  const room = roomReason(evidence);
  const isOrganised = order.every((each) => each.isMet);
  const verdict = !rounding.isMet ? 'collapsed' : isOrganised ? 'distinct' : room.isMet ? 'coarse' : 'collapsed';
  return { verdict, reasons: [...order, room, rounding] };
}

/** Against the scale that is known best. */
function roomReason(evidence: VerdictEvidence): VerdictReason {
  const { meanDistance, untrainedMeanDistance, latentStd, rootMeanSquareNorm, hasUnitScale = true } = evidence;
  if (untrainedMeanDistance !== undefined)
    return reason('relativeSpread', ratioOf(meanDistance, untrainedMeanDistance));
  return hasUnitScale ? reason('latentStd', latentStd) : reason('ownSpread', ratioOf(meanDistance, rootMeanSquareNorm));
}

function reason(measure: VerdictReason['measure'], value: number): VerdictReason {
  const threshold = verdictThresholds[measure];
  return { measure, value, threshold, isMet: value >= threshold };
}
