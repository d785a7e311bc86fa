// The bisimulation metric of a deterministic system (Ferns, Panangaden & Precup, UAI 2004; deterministic case: Castro,
// AAAI 2020, arXiv 1911.09291), with p in the place of the reward:
//   d(s, t) = weight |p(s) - p(t)| + discount max_a d(f(s, a), f(t, a)),   |.| the maximum norm over the numbers of p.
// With a positive discount d is 0 exactly on the largest bisimulation; with 0 it would be the gap of p alone. It is the largest discounted sum of gaps along any action word.
import { UsageError } from '../error.ts';
import { type Bisimulation, largestBisimulation } from './refinement.ts';
import { auxiliaryGap, type FiniteSystem } from './system.ts';

/** How the bisimulation metric is computed, and when its iteration ends. */
export interface MetricOptions {
  /** In (0, 1). */
  readonly discount: number;
  /** Factor of the gap in p; 1 - discount keeps distances within the largest gap. Default 1. */
  readonly weight?: number;
}

/** Distances between states by what p and the dynamics tell apart, however far ahead. */
export interface BisimulationMetric {
  readonly bisimulation: Bisimulation;
  /** [classes, classes]: the fixed point, exact up to rounding. */
  readonly distances: Float64Array;
  /** Rounds of policy iteration that it took. */
  readonly rounds: number;
}

/** 25 bytes for each of classes^2 pairs: 400 MB. */
export const METRIC_CLASS_LIMIT = 4_000;

/** Another action must gain this part of the largest distance to be taken, so that rounding cannot make rounds go in circles. */
const GAIN = 1e-12;

/**
 * Distances between bisimulation classes. A pair with its maximising action leads to one pair, so that a choice of actions
 * is worth what its chains of pairs sum up to; the best choice is found by policy iteration (Howard 1960), which needs few
 * rounds where iterating the definition needs log(precision) / log(discount) of them.
 */
export function bisimulationMetric(system: FiniteSystem, options: MetricOptions): BisimulationMetric {
  const { discount, weight = 1 } = options;
  if (!(discount > 0 && discount < 1))
    throw new UsageError(`bisimulation metric: expected a discount in (0, 1), got ${discount}`);
  if (!(weight > 0)) throw new UsageError(`bisimulation metric: expected a positive weight, got ${weight}`);
  const bisimulation = largestBisimulation(system);
  const { classCount, representative } = bisimulation;
  if (classCount > METRIC_CLASS_LIMIT)
    throw new UsageError(`bisimulation metric: expected at most ${METRIC_CLASS_LIMIT} classes, got ${classCount}`, {
      remedy: 'Compare pairs of states by their distinguishing words instead.',
    });
  const gaps = new Float64Array(classCount * classCount);
  for (let s = 0; s < classCount; s++)
    for (let t = 0; t < s; t++)
      gaps[s * classCount + t] = weight * auxiliaryGap(system, representative[s], representative[t]);
  const chains = new PairChains(gaps, quotientMoves(system, bisimulation), classCount, discount);
  let rounds = 0;
  while (chains.improve()) {
    chains.evaluate();
    rounds++;
  }
  return { bisimulation, distances: chains.distances, rounds };
}

/** [A, classes]: where each action leads from each class. */
function quotientMoves(system: FiniteSystem, { classCount, classOf, representative }: Bisimulation): Int32Array {
  const next = new Int32Array(system.actionCount * classCount);
  for (let action = 0; action < system.actionCount; action++)
    for (let index = 0; index < classCount; index++)
      next[action * classCount + index] = classOf[system.next[action * system.stateCount + representative[index]]];
  return next;
}

/** Where a pair of equal classes has led to: distance 0 from there on. */
const EQUAL = -1;

/** For every pair of classes one action, as the pair that it leads to. The pair of s > t has the number s * classes + t. */
class PairChains {
  /** [classes, classes] */
  readonly distances: Float64Array;
  readonly #gaps: Float64Array;
  readonly #next: Int32Array;
  readonly #classCount: number;
  readonly #discount: number;
  readonly #chosen: Int32Array;
  readonly #status: Uint8Array;
  readonly #path: Int32Array;

  constructor(gaps: Float64Array, next: Int32Array, classCount: number, discount: number) {
    this.#gaps = gaps;
    this.#next = next;
    this.#classCount = classCount;
    this.#discount = discount;
    this.distances = gaps.slice();
    this.#mirror();
    this.#chosen = new Int32Array(gaps.length).fill(EQUAL);
    this.#status = new Uint8Array(gaps.length);
    this.#path = new Int32Array(gaps.length);
  }

  /** Takes for every pair the action that leads furthest apart; false where none gains anything. */
  improve(): boolean {
    const { distances } = this;
    const next = this.#next;
    const gaps = this.#gaps;
    const chosen = this.#chosen;
    const size = this.#classCount;
    const discount = this.#discount;
    const gain = GAIN * distances.reduce((largest, distance) => Math.max(largest, distance), 0);
    const best = new Float64Array(size);
    let hasChanged = false;
    for (let s = 0; s < size; s++) {
      const own = s * size;
      for (let t = 0; t < s; t++) best[t] = distances[own + t] - gaps[own + t] + gain;
      for (let base = 0; base < next.length; base += size) {
        // One row of distances for all t, which stays in the cache.
        const a = next[base + s];
        const row = a * size;
        for (let t = 0; t < s; t++) {
          const b = next[base + t];
          const value = discount * distances[row + b];
          if (value <= best[t]) continue;
          best[t] = value;
          chosen[own + t] = a > b ? row + b : b * size + a;
          hasChanged = true;
        }
      }
    }
    return hasChanged;
  }

  /** Distances under the chosen actions: each chain of pairs ends in equality or in a cycle. */
  evaluate(): void {
    const { distances } = this;
    const gaps = this.#gaps;
    const chosen = this.#chosen;
    const status = this.#status.fill(UNKNOWN);
    const path = this.#path;
    const size = this.#classCount;
    for (let s = 0; s < size; s++)
      for (let start = s * size; start < s * size + s; start++) {
        let length = 0;
        let pair = start;
        while (pair !== EQUAL && status[pair] === UNKNOWN) {
          status[pair] = OPEN;
          path[length++] = pair;
          pair = chosen[pair];
        }
        if (pair !== EQUAL && status[pair] === OPEN) this.#closeCycle(pair);
        while (length > 0) {
          const member = path[--length];
          if (status[member] === DONE) continue;
          const following = chosen[member];
          distances[member] = gaps[member] + (following === EQUAL ? 0 : this.#discount * distances[following]);
          status[member] = DONE;
        }
      }
    this.#mirror();
  }

  /** The discounted sum of gaps once round a cycle, over 1 - discount^length. */
  #closeCycle(start: number): void {
    let sum = 0;
    let factor = 1;
    let member = start;
    do {
      sum += factor * this.#gaps[member];
      factor *= this.#discount;
      member = this.#chosen[member];
    } while (member !== start);
    this.distances[start] = sum / (1 - factor);
    this.#status[start] = DONE;
  }

  #mirror(): void {
    const size = this.#classCount;
    for (let s = 0; s < size; s++)
      for (let t = 0; t < s; t++) this.distances[t * size + s] = this.distances[s * size + t];
  }
}

/** Of a pair, while chains are evaluated. */
const UNKNOWN = 0;
const OPEN = 1;
const DONE = 2;
