// Action words through a world: how much each is worth. Letters: N words, H actions of a word, D latent, A action.
import type { Random } from '../random.ts';
import { addScores, startReturns } from './objective.ts';
import type { PlanningProblem } from './planner.ts';

/** N words of H actions each. */
export interface ActionWords {
  readonly count: number;
  readonly length: number;
  /** [H, N, A]: all first actions come first, so that a step of the world takes one piece. */
  readonly actions: Float32Array;
}

/** Bounds the memory of one prediction. */
const BATCH = 8192;

/** [N, H] words -> [N]: the objective's value of each. */
export async function rollOut(problem: PlanningProblem, words: ActionWords): Promise<Float64Array> {
  const { world, objective, latent } = problem;
  const { size } = world.actions;
  const values = new Float64Array(words.count);
  for (let start = 0; start < words.count; start += BATCH) {
    const count = Math.min(BATCH, words.count - start);
    const returns = startReturns(count, objective.fold);
    let latents = repeatRow(latent, count);
    for (let step = 0; step < words.length; step++) {
      const first = (step * words.count + start) * size;
      latents = await world.predict(latents, words.actions.subarray(first, first + count * size));
      addScores(returns, await objective.score(latents, latent), step, objective);
    }
    values.set(returns.values, start);
  }
  return values;
}

/** [D] -> [N, D] */
export function repeatRow(row: Float32Array, count: number): Float32Array {
  const rows = new Float32Array(count * row.length);
  for (let n = 0; n < count; n++) rows.set(row, n * row.length);
  return rows;
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
