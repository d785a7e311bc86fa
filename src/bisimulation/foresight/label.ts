// How many labels of a task force apart what the task needs: labels are known of some states only, and a pair is forced apart
// by a word after which both have a label and these differ, or after which the auxiliary differs, which is known of all.
// Hypothesis: a label that was seen of a state counts for all its observations.
import { permutation, randomFor } from '../../random.ts';
import { levelSets } from '../level-set.ts';
import { type FiniteSystem, UNOBSERVED } from '../system.ts';

/** What the latents are wanted for: a reward, say. */
export interface ForeseenTask {
  readonly name: string;
  /** [S, M]: its value in every state. */
  readonly values: Float32Array | Float64Array;
}

/** How many labels of a task are enough. */
export interface LabelForesight {
  /** States whose labels are enough together; found greedily: there may be fewer. */
  readonly enough: readonly number[];
  /** Labels of states drawn at random, again and again the same ones too, until they are enough: the median of the draws, and 19 of 20. */
  readonly random: { readonly median: number; readonly most: number; readonly draws: number };
}

const DRAWS = 100;
/** Steps of all draws together; beyond it there are fewer draws. */
const WORK = 4e8;

/** Undefined where not even all labels would be enough by words alone (a recording whose pairs differ only by chains). */
export function countLabels(
  system: FiniteSystem,
  task: ForeseenTask,
  options: { readonly needed: Int16Array; readonly tolerance?: number | undefined; readonly seed: number },
): LabelForesight | undefined {
  const { stateCount, actionCount } = system;
  const { needed, seed, tolerance } = options;
  const spread = new Labelling(system, task, needed, tolerance);
  const all = spread.start();
  for (let state = 0; state < stateCount; state++) all.add(state);
  if (all.missing > 0) return undefined;
  const draws = Math.max(5, Math.min(DRAWS, Math.floor(WORK / (stateCount * stateCount * actionCount))));
  const counts: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const random = randomFor(seed, 'foresee', 'labels', draw);
    const labels = spread.start();
    const known = new Uint8Array(stateCount);
    let count = 0;
    while (labels.missing > 0) {
      const state = random.integer(stateCount);
      count++;
      if (known[state]) continue;
      known[state] = 1;
      labels.add(state);
    }
    counts.push(count);
  }
  counts.sort((a, b) => a - b);
  return {
    enough: fewest(spread, stateCount, seed),
    random: { median: counts[Math.floor((draws - 1) / 2)], most: counts[Math.ceil(0.95 * draws) - 1], draws },
  };
}

/** Labels are taken away, in some orders, as long as the rest is enough; the smallest rest that was found. */
function fewest(spread: Labelling, stateCount: number, seed: number): number[] {
  const isEnough = (states: readonly number[]) => {
    const labels = spread.start();
    for (const state of states) labels.add(state);
    return labels.missing === 0;
  };
  let best: number[] | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const order = Array.from(permutation(stateCount, randomFor(seed, 'foresee', 'fewest', attempt)));
    // As many of the first as it takes, by bisection: then each of these is tried by itself.
    let [low, high] = [0, stateCount];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (isEnough(order.slice(0, middle))) high = middle;
      else low = middle + 1;
    }
    let kept = order.slice(0, low);
    for (const state of order.slice(0, low)) {
      const rest = kept.filter((each) => each !== state);
      if (isEnough(rest)) kept = rest;
    }
    if (best === undefined || kept.length < best.length) best = kept;
  }
  return (best ?? []).sort((a, b) => a - b);
}

const ATTEMPTS = 5;

interface Labels {
  /** Needed pairs that nothing forces apart yet. */
  readonly missing: number;
  /** The label of one more state is known. */
  add(state: number): void;
}

/** Pairs that are forced apart spread backwards along the actions that lead into them. */
class Labelling {
  readonly #stateCount: number;
  readonly #actionCount: number;
  readonly #predecessors: readonly (readonly number[])[];
  readonly #auxiliaryLevel: Int32Array;
  readonly #taskLevel: Int32Array;
  readonly #needed: Int16Array;
  readonly #baseApart: Uint8Array;
  readonly #baseMissing: number;

  constructor(system: FiniteSystem, task: ForeseenTask, needed: Int16Array, tolerance: number | undefined) {
    const { stateCount, actionCount, next } = system;
    this.#stateCount = stateCount;
    this.#actionCount = actionCount;
    const predecessors: number[][] = Array.from({ length: next.length }, () => []);
    next.forEach((to, entry) => {
      const state = entry % stateCount;
      if (to !== UNOBSERVED) predecessors[entry - state + to].push(state);
    });
    this.#predecessors = predecessors;
    this.#auxiliaryLevel = levelSets(system, tolerance).of;
    const ofTask = { ...system, auxiliarySize: task.values.length / stateCount, auxiliary: task.values };
    this.#taskLevel = levelSets(ofTask, tolerance).of;
    this.#needed = needed;
    let count = 0;
    for (let a = 0; a < stateCount; a++)
      for (let b = a + 1; b < stateCount; b++) if (needed[a * stateCount + b] !== -1) count++;
    this.#baseApart = new Uint8Array(stateCount * stateCount);
    const queue: number[] = [];
    for (let a = 0; a < stateCount; a++)
      for (let b = a + 1; b < stateCount; b++)
        if (this.#auxiliaryLevel[a] !== this.#auxiliaryLevel[b]) queue.push(a * stateCount + b);
    this.#baseMissing = this.#spread(this.#baseApart, queue, count);
  }

  /** Without any label. */
  start(): Labels {
    const apart = this.#baseApart.slice();
    const known: number[] = [];
    let missing = this.#baseMissing;
    return {
      get missing() {
        return missing;
      },
      add: (state) => {
        const queue: number[] = [];
        for (const other of known)
          if (this.#taskLevel[other] !== this.#taskLevel[state])
            queue.push(Math.min(state, other) * this.#stateCount + Math.max(state, other));
        known.push(state);
        missing = this.#spread(apart, queue, missing);
      },
    };
  }

  /** @returns needed pairs that are missing still */
  #spread(apart: Uint8Array, seeds: readonly number[], missingBefore: number): number {
    const stateCount = this.#stateCount;
    const queue = seeds.filter((pair) => apart[pair] === 0);
    let missing = missingBefore;
    const mark = (pair: number) => {
      apart[pair] = 1;
      if (this.#needed[pair] !== -1) missing--;
    };
    for (const pair of queue) mark(pair);
    for (let turn = 0; turn < queue.length; turn++) {
      const a = Math.floor(queue[turn] / stateCount);
      const b = queue[turn] - a * stateCount;
      for (let action = 0; action < this.#actionCount; action++)
        for (const x of this.#predecessors[action * stateCount + a])
          for (const y of this.#predecessors[action * stateCount + b]) {
            const pair = Math.min(x, y) * stateCount + Math.max(x, y);
            if (apart[pair] !== 0) continue;
            mark(pair);
            queue.push(pair);
          }
    }
    return missing;
  }
}
