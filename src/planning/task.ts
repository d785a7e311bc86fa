// What an agent has to do, and where its episodes start. Letters: S states, E episodes.
import type { Environment } from '../environments/environment.ts';
import { stepsToGoal } from '../environments/grid-world.ts';
import { UsageError } from '../error.ts';
import { permutation, randomFor } from '../random.ts';

export interface Task {
  /** [S]: whether an episode that comes here has succeeded. */
  readonly isSuccess: readonly boolean[];
  /** [S]: fewest actions to a success; -1 where there is none. */
  readonly fewestSteps: Int32Array;
  /** Fewest actions from the farthest state. */
  readonly farthest: number;
}

/** @throws UsageError where no state is a success, or none other leads to one */
export function createTask(environment: Environment, isSuccess: (state: number) => boolean): Task {
  const fewestSteps = stepsToGoal(
    environment.stateCount,
    environment.actionNames.length,
    (state, action) => environment.next(state, action),
    isSuccess,
  );
  const farthest = Math.max(...fewestSteps);
  if (farthest < 1) throw new UsageError(`goal: expected a state of ${environment.name} that others lead to, got none`);
  return { isSuccess: Array.from(fewestSteps, (steps) => steps === 0), fewestSteps, farthest };
}

/** A success is a state with the highest reward. */
export function highestReward(environment: Environment): (state: number) => boolean {
  let highest = Number.NEGATIVE_INFINITY;
  for (let state = 0; state < environment.stateCount; state++) highest = Math.max(highest, environment.reward(state));
  return (state) => environment.reward(state) === highest;
}

/**
 * [E]: states from which a success can be reached and which are none, all of them equally often, in an order of the seed.
 */
export function drawStarts({ fewestSteps }: Task, count: number, seed: number): Int32Array {
  const eligible = Array.from(fewestSteps.keys()).filter((state) => fewestSteps[state] > 0);
  const starts: number[] = [];
  while (starts.length < count) {
    const order = permutation(eligible.length, randomFor(seed, 'planning starts', starts.length));
    for (const index of order) starts.push(eligible[index]);
  }
  return Int32Array.from(starts.slice(0, count));
}
