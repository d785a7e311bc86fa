// Action words through a world: how much each is worth. Letters: N words, H actions of a word, D latent, A action.
import type { Random } from '../../random.ts';
import { addScores, startReturns } from '../objective.ts';
import type { PlanningProblem } from '../planner.ts';

/** N words of H actions each. */
export interface ActionWords {
  readonly count: number;
  readonly length: number;
  /** [H, N, A]: all first actions come first, so that a step of the world takes one piece. */
  readonly actions: Float32Array;
}

/** Bounds the memory of one prediction. */
const BATCH = 8192;

export interface Rollout {
  /** [N]: the objective's value of each word. */
  readonly values: Float64Array;
  /** Latents predicted: words that begin alike share them. */
  readonly predictions: number;
}

export async function rollOut(problem: PlanningProblem, words: ActionWords): Promise<Rollout> {
  const values = new Float64Array(words.count);
  let predictions = 0;
  for (let start = 0; start < words.count; start += BATCH) {
    const part = await rollOutPart(problem, words, start, Math.min(BATCH, words.count - start));
    values.set(part.values, start);
    predictions += part.predictions;
  }
  return { values, predictions };
}

async function rollOutPart(
  { world, objective, latent }: PlanningProblem,
  words: ActionWords,
  start: number,
  count: number,
): Promise<Rollout> {
  const { size, kind } = world.actions;
  let predictions = 0;
  // [count]: which row of `latents` each word has come to.
  let rows: Int32Array = new Int32Array(count);
  let latents = latent;
  let returns = startReturns(1, objective.fold);
  for (let step = 0; step < words.length; step++) {
    const first = (step * words.count + start) * size;
    const actions = words.actions.subarray(first, first + count * size);
    const prefixes = kind === 'discrete' ? distinctPrefixes(rows, actions, size) : separatePrefixes(rows, actions);
    latents = await world.predict(gatherRows(latents, prefixes.parents, latent.length), prefixes.actions);
    predictions += prefixes.parents.length;
    returns = {
      values: Float64Array.from(prefixes.parents, (row) => returns.values[row]),
      survival: Float64Array.from(prefixes.parents, (row) => returns.survival[row]),
    };
    addScores(returns, await objective.score(latents, latent), step, objective);
    rows = prefixes.rows;
  }
  return { values: Float64Array.from(rows, (row) => returns.values[row]), predictions };
}

/** The words' beginnings, one action longer than before. Letters: N words, U beginnings. */
interface Prefixes {
  /** [N]: the beginning of each word. */
  readonly rows: Int32Array;
  /** [U]: which beginning each one goes on from. */
  readonly parents: Int32Array;
  /** [U, A]: by which action. */
  readonly actions: Float32Array;
}

function separatePrefixes(rows: Int32Array, actions: Float32Array): Prefixes {
  return { rows: Int32Array.from(rows.keys()), parents: rows, actions };
}

/** Words that have taken the same actions so far have one beginning. */
function distinctPrefixes(rows: Int32Array, actions: Float32Array, size: number): Prefixes {
  const known = new Map<string, number>();
  const members: number[] = [];
  const next = rows.map((row, n) => {
    const key = `${row}:${actions.subarray(n * size, (n + 1) * size)}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, members.length);
    return members.push(n) - 1;
  });
  return {
    rows: next,
    parents: Int32Array.from(members, (n) => rows[n]),
    actions: gatherRows(actions, members, size),
  };
}

/** [N, size] -> the rows named, in their order. */
function gatherRows(values: Float32Array, rows: ArrayLike<number>, size: number): Float32Array {
  const gathered = new Float32Array(rows.length * size);
  for (let n = 0; n < rows.length; n++) gathered.set(values.subarray(rows[n] * size, (rows[n] + 1) * size), n * size);
  return gathered;
}

/** One word out of several: [H, A]. */
export function wordAt({ count, length, actions }: ActionWords, index: number): Float32Array {
  const size = actions.length / (count * length);
  const word = new Float32Array(length * size);
  for (let step = 0; step < length; step++) {
    const start = (step * count + index) * size;
    word.set(actions.subarray(start, start + size), step * size);
  }
  return word;
}

/** The index of the largest value; one of several by lot, so that an agent that sees nothing wanders instead of leaning on a wall. */
export function largestIndex(values: ArrayLike<number>, random: Random): number {
  let best = 0;
  let ties = 1;
  for (let n = 1; n < values.length; n++) {
    if (values[n] > values[best]) {
      best = n;
      ties = 1;
    } else if (values[n] === values[best]) {
      ties++;
      if (random.integer(ties) === 0) best = n;
    }
  }
  return best;
}

/** The `count` indices of the largest values, the largest first. */
export function largestIndices(values: Float64Array, count: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => values[b] - values[a])
    .slice(0, count);
}
