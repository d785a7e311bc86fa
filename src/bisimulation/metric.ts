// The bisimulation metric of a deterministic system (Ferns, Panangaden & Precup, UAI 2004; deterministic case: Castro,
// AAAI 2020, arXiv 1911.09291), with p in the place of the reward:
//   d(s, t) = weight |p(s) - p(t)| + discount max_a d(f(s, a), f(t, a)),   |.| the maximum norm over the numbers of p.
// d is 0 exactly on the largest bisimulation. It is the largest discounted sum of gaps along any action word.
import { UsageError } from '../error.ts';
import { type Bisimulation, largestBisimulation } from './refinement.ts';
import { auxiliaryGap, type FiniteSystem } from './system.ts';

export interface MetricOptions {
  /** In [0, 1). */
  readonly discount: number;
  /** Factor of the gap in p; 1 - discount keeps distances within the largest gap. Default 1. */
  readonly weight?: number;
  /** The distances returned are below the fixed point by at most this. Default 1e-6 of the largest gap times weight. */
  readonly precision?: number;
}

export interface BisimulationMetric {
  readonly bisimulation: Bisimulation;
  /** [classes, classes] */
  readonly distances: Float64Array;
  readonly sweeps: number;
}

/** One table of all pairs, and a sweep over pairs times actions, should stay within seconds. */
export const METRIC_CLASS_LIMIT = 5_000;

/** Distances between bisimulation classes, by iteration from below until the contraction bounds the error. */
export function bisimulationMetric(system: FiniteSystem, options: MetricOptions): BisimulationMetric {
  const { discount, weight = 1 } = options;
  if (!(discount >= 0 && discount < 1))
    throw new UsageError(`bisimulation metric: expected a discount in [0, 1), got ${discount}`);
  if (!(weight > 0)) throw new UsageError(`bisimulation metric: expected a positive weight, got ${weight}`);
  const bisimulation = largestBisimulation(system);
  const { classCount, classOf, representative } = bisimulation;
  if (classCount > METRIC_CLASS_LIMIT)
    throw new UsageError(`bisimulation metric: expected at most ${METRIC_CLASS_LIMIT} classes, got ${classCount}`, {
      remedy: 'Compare pairs of states by their distinguishing words instead.',
    });
  const { stateCount, actionCount } = system;
  const next = new Int32Array(actionCount * classCount);
  for (let action = 0; action < actionCount; action++)
    for (let index = 0; index < classCount; index++)
      next[action * classCount + index] = classOf[system.next[action * stateCount + representative[index]]];

  const gaps = new Float64Array(classCount * classCount);
  let largestGap = 0;
  for (let s = 0; s < classCount; s++)
    for (let t = 0; t < s; t++) {
      const gap = weight * auxiliaryGap(system, representative[s], representative[t]);
      gaps[s * classCount + t] = gap;
      largestGap = Math.max(largestGap, gap);
    }
  // Values of earlier pairs are used within the same sweep: still a contraction by the discount, and faster.
  const precision = options.precision ?? 1e-6 * largestGap;
  const stopAt = discount === 0 ? 0 : (precision * (1 - discount)) / discount;
  const distances = new Float64Array(classCount * classCount);
  let sweeps = 0;
  for (let change = Number.POSITIVE_INFINITY; change > stopAt; sweeps++) {
    change = 0;
    for (let s = 0; s < classCount; s++)
      for (let t = 0; t < s; t++) {
        let farthest = 0;
        for (let base = 0; base < next.length; base += classCount) {
          const distance = distances[next[base + s] * classCount + next[base + t]];
          if (distance > farthest) farthest = distance;
        }
        const index = s * classCount + t;
        const distance = gaps[index] + discount * farthest;
        change = Math.max(change, distance - distances[index]);
        distances[index] = distance;
        distances[t * classCount + s] = distance;
      }
  }
  return { bisimulation, distances, sweeps };
}
