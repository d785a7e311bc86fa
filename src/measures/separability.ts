// Can the classes be told apart at all? Every pair of classes, by rules that are learned from the one half of the observations and
// judged on the other: the nearest neighbours, and a linear probe. Neither asks for clusters, nor depends on the latent size.

import type { ClassPair } from './class-gap.ts';
import { sampleRows, takeRows } from './class-sample.ts';
import { effectiveCount, factorToDecide, type Interval, shareInterval } from './interval.ts';
import type { LabelledLatents } from './latents.ts';
import { type LinearProbe, linearProbes } from './linear-probe.ts';
import { forEachBlock, squaredDistance, squaredDistances } from './pair-distance.ts';

/** Neighbours of each class whose distance is compared: one alone can be mislabelled. */
const NEIGHBOURS = 3;
/** Multiplications that the distances may take: all of 4,096 by 4,096 observations of 128 numbers. */
const DISTANCE_BUDGET = 2 ** 31;
/** Observations that the probe is learned from: the smaller of them and D grows with its third power. */
const PROBE_OBSERVATIONS = 1024;
/**
 * Of the mean variance. The first reads a class code of 1/3,000 of the scale of everything else; the second does not follow
 * noise where there are hardly more observations than dimensions.
 */
const RIDGES: readonly number[] = [1e-7, 0.1];

export type SeparationRule = 'neighbours' | 'probe';

export interface Separability {
  /**
   * Of the worst pair of classes, by the better rule: the share of observations that are taken for their own class and not for
   * the other, in the class where it is smaller. 1: told apart; 0.5: the same.
   */
  readonly share: number;
  readonly worstPair: ClassPair;
  readonly rule: SeparationRule;
  /** The same of the worst pair by each rule alone. */
  readonly byNeighbours: number;
  readonly byProbe: number;
  /** 95%, over all pairs together. */
  readonly interval: Interval;
  /** Judged observations and those that the rules were learned from. */
  readonly observations: number;
  readonly learnedFrom: number;
  /** How many times as many observations would decide; 1 where it is decided. */
  readonly factorToDecide: number;
  /**
   * For each rule: [n, C], the latent error that an observation's side against each other class certainly survives; negative
   * where it is on the wrong side. The rules and what they are learned from stay the same.
   */
  readonly margins: readonly Float32Array[];
  /** [n] classes of the rows of `margins`. */
  readonly labels: Int32Array;
  /** [n] which of the judged observations they are. */
  readonly rows: Int32Array;
}

export interface SeparabilityInput {
  readonly latents: LabelledLatents;
  /** Others, of which the rules are learned. */
  readonly learnedFrom: LabelledLatents;
  /** [N] of the judged observations, where they are frames of recorded episodes. */
  readonly episodes?: Int32Array | undefined;
  readonly threshold: number;
}

export function measureSeparability({ latents, learnedFrom, episodes, threshold }: SeparabilityInput): Separability {
  const { size, classCount } = latents;
  const affordable = Math.max(2 * classCount, Math.floor(Math.sqrt(DISTANCE_BUDGET / size)));
  const rows = sampleRows(latents, affordable);
  const judged = takeRows(latents, rows);
  const references = takeRows(learnedFrom, sampleRows(learnedFrom, affordable));
  const probeRows = Math.min(size, references.count) > PROBE_OBSERVATIONS ? PROBE_OBSERVATIONS : references.count;
  const probes = linearProbes(takeRows(references, sampleRows(references, probeRows)), RIDGES);
  const margins = [neighbourMargins(judged, references), ...probes.map((probe) => probeMargins(judged, probe))];
  const counts = new Float64Array(classCount);
  for (const label of judged.labels) counts[label]++;
  const rights = margins.map((each) => countRight(each, judged));
  const judgedEpisodes = episodes && Int32Array.from(rows, (row) => episodes[row]);
  const worst = worstPairs(rights, counts, classCount);
  const { interval, factor } = intervalOf({ judged, margins, rights, counts, episodes: judgedEpisodes, threshold });
  return {
    share: worst.share,
    worstPair: worst.pair,
    rule: worst.rule === 0 ? 'neighbours' : 'probe',
    byNeighbours: worst.alone[0],
    byProbe: Math.max(0, ...worst.alone.slice(1)),
    interval: [Math.min(interval[0], worst.share), Math.max(interval[1], worst.share)],
    observations: judged.count,
    learnedFrom: references.count,
    factorToDecide: factor,
    margins,
    labels: judged.labels,
    rows,
  };
}

/** [n, C]: a quarter of (k-th distance to the other class - k-th distance to the own): each distance moves by two errors. */
function neighbourMargins(judged: LabelledLatents, references: LabelledLatents): Float32Array {
  const { count, size, labels, classCount } = judged;
  const margins = new Float32Array(count * classCount);
  const known = new Int32Array(classCount);
  for (const label of references.labels) known[label] = Math.min(NEIGHBOURS, known[label] + 1);
  forEachBlock(judged, (own, first) => {
    const rows = own.length / size;
    // [rows, C, NEIGHBOURS] squares, rising.
    const nearest = new Float64Array(rows * classCount * NEIGHBOURS).fill(Number.POSITIVE_INFINITY);
    forEachBlock(references, (others, start) => {
      const squares = new Float64Array(others.length / size);
      for (let i = 0; i < rows; i++) {
        squaredDistances(own, i * size, others, size, squares);
        for (let j = 0; j < squares.length; j++)
          keepNearest(nearest, (i * classCount + references.labels[start + j]) * NEIGHBOURS, squares[j]);
      }
    });
    for (let i = 0; i < rows; i++) {
      const label = labels[first + i];
      for (let c = 0; c < classCount; c++) {
        const k = Math.min(known[label], known[c]) - 1;
        const distanceTo = (of: number) => Math.sqrt(nearest[(i * classCount + of) * NEIGHBOURS + k]);
        margins[(first + i) * classCount + c] = (distanceTo(c) - distanceTo(label)) / 4;
      }
    }
  });
  return margins;
}

/** Three numbers from `start` on, rising: `square` takes its place among them. */
function keepNearest(nearest: Float64Array, start: number, square: number): void {
  if (square >= nearest[start + 2]) return;
  if (square >= nearest[start + 1]) {
    nearest[start + 2] = square;
    return;
  }
  nearest[start + 2] = nearest[start + 1];
  if (square >= nearest[start]) {
    nearest[start + 1] = square;
    return;
  }
  nearest[start + 1] = nearest[start];
  nearest[start] = square;
}

/** [n, C]: the distance to the plane between the own and each other class. */
function probeMargins(judged: LabelledLatents, { weights, offsets }: LinearProbe): Float32Array {
  const { values, count, size, labels, classCount } = judged;
  const norms = new Float64Array(classCount * classCount);
  for (let a = 0; a < classCount; a++)
    for (let b = 0; b < a; b++) {
      const norm = Math.sqrt(squaredDistance(weights, a * size, weights, b * size, size));
      norms[a * classCount + b] = norm;
      norms[b * classCount + a] = norm;
    }
  const margins = new Float32Array(count * classCount);
  const scores = new Float64Array(classCount);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < classCount; c++) {
      let score = -offsets[c];
      for (let k = 0; k < size; k++) score += weights[c * size + k] * values[i * size + k];
      scores[c] = score;
    }
    const own = labels[i];
    for (let c = 0; c < classCount; c++) {
      const norm = norms[own * classCount + c];
      margins[i * classCount + c] = norm > 0 ? (scores[own] - scores[c]) / norm : 0;
    }
  }
  return margins;
}

/** [C, C]: observations of the row's class that are not taken for the column's. */
function countRight(margins: Float32Array, { labels, classCount }: LabelledLatents): Float64Array {
  const right = new Float64Array(classCount * classCount);
  labels.forEach((own, i) => {
    for (let c = 0; c < classCount; c++) if (margins[i * classCount + c] > 0) right[own * classCount + c]++;
  });
  return right;
}

function worstPairs(rights: readonly Float64Array[], counts: Float64Array, classCount: number) {
  let pair: ClassPair = [0, 1];
  let share = Number.POSITIVE_INFINITY;
  let rule = 0;
  const alone = rights.map(() => 1);
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      let best = -1;
      let by = 0;
      rights.forEach((right, index) => {
        const value = Math.min(right[a * classCount + b] / counts[a], right[b * classCount + a] / counts[b]);
        alone[index] = Math.min(alone[index], value);
        if (value > best) [best, by] = [value, index];
      });
      if (best < share) [share, pair, rule] = [best, [a, b], by];
    }
  return { pair, share, rule, alone };
}

interface IntervalInput {
  readonly judged: LabelledLatents;
  readonly margins: readonly Float32Array[];
  readonly rights: readonly Float64Array[];
  readonly counts: Float64Array;
  readonly episodes: Int32Array | undefined;
  readonly threshold: number;
}

/** Of the smallest share over all pairs: the lowest of the pairs' lower ends, and the lowest of their upper ends. */
function intervalOf({ judged, margins, rights, counts, episodes, threshold }: IntervalInput) {
  const { classCount, labels } = judged;
  const rowsOf: number[][] = Array.from({ length: classCount }, () => []);
  if (episodes) for (const [i, label] of labels.entries()) rowsOf[label].push(i);
  const countOf = (rule: number, a: number, b: number): number => {
    if (episodes === undefined) return counts[a];
    const isRight = rowsOf[a].map((i) => margins[rule][i * classCount + b] > 0);
    return effectiveCount(
      isRight,
      rowsOf[a].map((i) => episodes[i]),
    );
  };
  let low = Number.POSITIVE_INFINITY;
  let high = 1;
  let factor = () => 1;
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      const ofRule = rights.map((right, rule) => {
        const sides = [
          [a, b],
          [b, a],
        ].map(([own, other]) => {
          const count = countOf(rule, own, other);
          return { right: (right[own * classCount + other] / counts[own]) * count, count };
        });
        const ends = sides.map((side) => shareInterval(side.right, side.count, classCount));
        return {
          low: Math.min(ends[0][0], ends[1][0]),
          high: Math.min(ends[0][1], ends[1][1]),
          factor: () => Math.max(...sides.map((side) => factorToDecide(side, threshold, classCount))),
        };
      });
      const best = ofRule.reduce((found, each) => (each.low > found.low ? each : found));
      // Where one rule is certain, the pair is told apart, whatever the others say.
      const upper = Math.max(...ofRule.map((each) => each.high));
      high = Math.min(high, upper);
      if (best.low >= low) continue;
      low = best.low;
      factor = best.factor;
    }
  return { interval: [low, high] as Interval, factor: high < threshold ? 1 : factor() };
}
