// Whether the two answers of the verdict are the same on every runtime whose latents stay within proven bounds, those that its rules
// are learned from included: what `jepa evaluate` would say there, without running it. Only what is good is proven: that classes are
// told apart (by neighbours, whose distances move by no more than the errors; a linear probe's weights are not bounded), and both answers
// about clusters.
// Letters: N observations, D latent size, C classes.
import type { ClassPair } from '../class-gap.ts';
import { classPairs } from '../class-gap.ts';
import { effectiveCount, type Interval, shareInterval } from '../interval.ts';
import { createLatents, type LabelledLatents, labelLatents, roundingLength } from '../latents.ts';
import {
  drawSpreads,
  INTERVAL_PAIRS,
  measureOrganisation,
  middleOfRatios,
  projectPair,
  ratioOfSpread,
  robustCentres,
  rowsByClass,
  type Side,
  spreadOf,
} from '../organisation.ts';
import { meanPairDistance } from '../pair-distance.ts';
import { measureSeparability } from '../separability.ts';
import { type Answer, answerOf, verdictThresholds } from '../verdict.ts';
import type { BoundedLatents } from './proven-margin.ts';

/** One answer of the verdict in the reference, and whether every runtime within the bounds gives it. */
export interface ProvenAnswer {
  readonly answer: Answer;
  readonly isProven: boolean;
  /** Where the deciding number lies on all of them: the share told apart from below, the ratio from both sides. */
  readonly range: Interval;
  /** The pair of classes that is the least certain. */
  readonly pair: ClassPair;
}

export interface ProvenVerdict {
  readonly separable: ProvenAnswer;
  readonly clustered: ProvenAnswer;
  /** The word of the verdict is `distinct` on all of them. */
  readonly isDistinct: boolean;
}

/** Judged latents with bounds, and those that rules and lines are learned from. */
export interface ProvenVerdictInput {
  readonly judged: BoundedLatents;
  readonly others: BoundedLatents;
  readonly classCount: number;
  /** [N] of the judged, where they are frames of recorded episodes. */
  readonly episodes?: Int32Array | undefined;
}

/** Of numbers that are computed in float64, as a part of what they are sums of. */
const ROUNDING = 2 ** -40;
/** Of a float32 beside its number. */
const FLOAT32 = 2 ** -24;
/** Pairs of classes whose draws are all bounded: the work grows with their number. */
const MOST_PAIRS = 2_016;

/** @throws UsageError where there are fewer than two classes, or a class has fewer than two observations */
export function provenVerdict({ judged, others, classCount, episodes }: ProvenVerdictInput): ProvenVerdict {
  const latents = nearestFloats(judged, classCount);
  const learnedFrom = nearestFloats(others, classCount);
  const errors = rowErrors(judged);
  const otherErrors = rowErrors(others);
  const separable = provenSeparability(latents, learnedFrom, { errors, otherErrors, episodes });
  const clustered = provenOrganisation(latents, learnedFrom, { errors, others, episodes });
  const largest = errors.reduce((most, error) => Math.max(most, error), 0);
  // Above two steps of rounding on every runtime: see verdict.ts. A step grows with the numbers.
  const steps = roundingLength(latents) + largest * Math.sqrt(latents.size) * 4 * FLOAT32;
  const hasRoom = meanPairDistance(latents) - 2 * largest > 2 * verdictThresholds.leastSteps * steps;
  const isYes = separable.answer === 'yes' && hasRoom;
  return {
    separable: { ...separable, isProven: separable.isProven && isYes },
    clustered: { ...clustered, isProven: clustered.isProven && hasRoom },
    isDistinct: hasRoom && separable.range[0] >= verdictThresholds.separation,
  };
}

/** The float32 numbers nearest to the reference's, which is what the measures take. */
function nearestFloats({ values, size, labels }: BoundedLatents, classCount: number): LabelledLatents {
  return labelLatents(createLatents(Float32Array.from(values), size), labels, classCount);
}

/** [N]: how far a runtime's latent can be from those floats. */
function rowErrors({ values, errors, size }: BoundedLatents): Float64Array {
  return Float64Array.from({ length: values.length / size }, (_, n) => {
    let squares = 0;
    for (let k = n * size; k < (n + 1) * size; k++) squares += numberError(values[k], errors[k]) ** 2;
    return Math.sqrt(squares) * (1 + ROUNDING);
  });
}

function numberError(value: number, error: number): number {
  return error + Math.abs(value) * FLOAT32 + Number.MIN_VALUE;
}

interface Errors {
  /** [N] of the judged. */
  readonly errors: Float64Array;
  readonly episodes: Int32Array | undefined;
}

function provenSeparability(
  latents: LabelledLatents,
  learnedFrom: LabelledLatents,
  { errors, otherErrors, episodes }: Errors & { readonly otherErrors: Float64Array },
): ProvenAnswer {
  const threshold = verdictThresholds.separation;
  const { classCount } = latents;
  const { interval, margins, labels, rows, worstPair } = measureSeparability({
    latents,
    learnedFrom,
    episodes,
    threshold,
  });
  const [byNeighbours] = margins;
  const moved = otherErrors.reduce((most, error) => Math.max(most, error), 0);
  const scale = latents.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * Math.sqrt(latents.size);
  // A margin is a quarter of the difference of two distances, each of which moves by the errors of both of its ends.
  /** 1 for an observation that is right on every runtime, -1 for one that is wrong on every, 0 for others. */
  const certainty = (i: number, c: number): number => {
    const margin = byNeighbours[i * classCount + c];
    const needed = ((errors[rows[i]] + moved) / 2 + scale * ROUNDING) * (1 + FLOAT32 * 4);
    return Math.abs(margin) > needed ? Math.sign(margin) : 0;
  };
  const rowsOf: number[][] = Array.from({ length: classCount }, () => []);
  for (const [i, label] of labels.entries()) rowsOf[label].push(i);
  const side = (own: number, other: number) => {
    const certain = rowsOf[own].map((i) => certainty(i, other));
    const isRight = certain.map((each) => each > 0);
    const right = isRight.filter(Boolean).length;
    const share = right / isRight.length;
    if (episodes === undefined) return { share, low: shareInterval(right, isRight.length, classCount)[0] };
    // How many observations the frames of an episode are worth depends on which of them are right: that must be known of all.
    if (certain.includes(0)) return { share, low: 0 };
    const count = effectiveCount(
      isRight,
      rowsOf[own].map((i) => episodes[rows[i]]),
    );
    return { share, low: shareInterval(share * count, count, classCount)[0] };
  };
  let [share, low] = [1, 1];
  let pair: ClassPair = worstPair;
  for (const [a, b] of classPairs(classCount)) {
    const sides = [side(a, b), side(b, a)];
    share = Math.min(share, ...sides.map((each) => each.share));
    const least = Math.min(...sides.map((each) => each.low));
    if (least < low) [low, pair] = [least, [a, b]];
  }
  return {
    answer: answerOf(interval, threshold),
    isProven: low >= threshold,
    range: [share, 1],
    pair,
  };
}

/** Where the ratio and the ends of its interval lie for one pair of classes. */
interface PairRange {
  readonly pair: ClassPair;
  readonly ratio: Interval;
  /** Smallest lower end, largest upper end, whichever of the worst pairs it is. */
  readonly interval: Interval;
}

function provenOrganisation(
  latents: LabelledLatents,
  learnedFrom: LabelledLatents,
  { errors, others, episodes }: Errors & { readonly others: BoundedLatents },
): ProvenAnswer {
  const threshold = verdictThresholds.clusterRatio;
  const found = measureOrganisation({ latents, others: learnedFrom, episodes, threshold });
  const answer = answerOf(found.interval, threshold);
  const unknown: ProvenAnswer = {
    answer,
    isProven: false,
    range: [0, Number.POSITIVE_INFINITY],
    pair: found.worstPair,
  };
  if (found.pairCount > MOST_PAIRS) return unknown;
  const rows = rowsByClass(latents);
  const centres = robustCentres(learnedFrom);
  const centreErrors = errorsOfCentres(others, latents.classCount);
  const ranges = classPairs(latents.classCount).map((classes): PairRange => {
    const { sides } = projectPair(latents, rows, centres, classes);
    const moved = movedAlong({ latents, centres, centreErrors, errors, sides, classes });
    return { pair: classes, ...rangeOf(sides, moved, episodes) };
  });
  const byLow = ranges.reduce((least, each) => (each.interval[0] < least.interval[0] ? each : least));
  const range: Interval = [
    Math.min(...ranges.map(({ ratio }) => ratio[0])),
    Math.min(...ranges.map(({ ratio }) => ratio[1])),
  ];
  // Any pair may be among the worst on some runtime, so that all must be above the threshold; below it, one is enough where all
  // pairs are among the worst whose intervals are found.
  const isYes = byLow.interval[0] >= threshold && range[0] >= threshold;
  const isNo =
    ranges.length <= INTERVAL_PAIRS &&
    range[1] < threshold &&
    ranges.some(({ interval: [, high] }) => high < threshold);
  const isProven = (answer === 'yes' && isYes) || (answer === 'no' && isNo);
  return { answer, isProven, range, pair: byLow.pair };
}

/** [C]: how far a class's median can be: a median of numbers moves by no more than the largest of their errors. */
function errorsOfCentres({ values, errors, size, labels }: BoundedLatents, classCount: number): Float64Array {
  const largest = new Float64Array(classCount * size);
  labels.forEach((label, n) => {
    for (let k = 0; k < size; k++) {
      const error = numberError(values[n * size + k], errors[n * size + k]);
      largest[label * size + k] = Math.max(largest[label * size + k], error);
    }
  });
  return Float64Array.from({ length: classCount }, (_, c) =>
    Math.sqrt(largest.subarray(c * size, (c + 1) * size).reduce((sum, error) => sum + error * error, 0)),
  );
}

interface Moving {
  readonly latents: LabelledLatents;
  /** [C, D] */
  readonly centres: Float64Array;
  /** [C] */
  readonly centreErrors: Float64Array;
  /** [N] */
  readonly errors: Float64Array;
  readonly sides: readonly Side[];
  readonly classes: ClassPair;
}

/**
 * At most how far a member's place along the line can be from where it is, but for what all share: |<z' - m, u'> - <z - m, u>| <=
 * |z' - z| + |z - m| |u' - u|, m the middle of the line, and |u' - u| at most twice the errors of both ends over its length.
 */
function movedAlong({ latents, centres, centreErrors, errors, sides, classes: [a, b] }: Moving): number {
  const { values, size } = latents;
  let length = 0;
  for (let k = 0; k < size; k++) length += (centres[b * size + k] - centres[a * size + k]) ** 2;
  length = Math.sqrt(length);
  const ends = centreErrors[a] + centreErrors[b];
  if (ends >= length) return Number.POSITIVE_INFINITY;
  const turned = (2 * ends) / length;
  let most = 0;
  for (const { rows } of sides)
    for (const row of rows) {
      let squares = 0;
      for (let k = 0; k < size; k++)
        squares += (values[row * size + k] - (centres[a * size + k] + centres[b * size + k]) / 2) ** 2;
      const reach = Math.sqrt(squares);
      most = Math.max(most, errors[row] + reach * turned + (reach + length) * ROUNDING);
    }
  return most;
}

/** A median moves by no more than its numbers, and a mean distance from it by no more than twice that. */
function rangeOf(
  sides: readonly Side[],
  moved: number,
  episodes: Int32Array | undefined,
): Pick<PairRange, 'ratio' | 'interval'> {
  if (!Number.isFinite(moved)) return { ratio: [0, moved], interval: [0, moved] };
  const low = (gap: number, spread: number) => ratioOfSpread(Math.max(0, gap - 2 * moved), spread + 2 * moved);
  const high = (gap: number, spread: number) =>
    ratioOfSpread(Math.max(0, gap + 2 * moved), Math.max(0, spread - 2 * moved));
  const [first, second] = sides.map(({ along }) => spreadOf(along));
  const gap = second.centre - first.centre;
  const spread = Math.max(first.spread, second.spread);
  // The draws of a pair depend on its place among the worst.
  const intervals = Array.from({ length: INTERVAL_PAIRS }, (_, place): Interval => {
    const draws = drawSpreads(sides, episodes, place);
    if (draws === undefined) return [0, Number.POSITIVE_INFINITY];
    return [
      middleOfRatios(draws.map((each) => low(each.gap, each.spread)))[0],
      middleOfRatios(draws.map((each) => high(each.gap, each.spread)))[1],
    ];
  });
  return {
    ratio: [low(gap, spread), high(gap, spread)],
    interval: [Math.min(...intervals.map(([lowest]) => lowest)), Math.max(...intervals.map(([, highest]) => highest))],
  };
}
