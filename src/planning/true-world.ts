// The environment itself as a world to plan in: the bound that planning in latents is compared with. Its latent is the number
// of the abstract state.
import type { Environment } from '../environments/environment.ts';
import { actionSpaceOf } from './action-space.ts';
import type { Fold, Objective } from './objective.ts';
import type { PlanningWorld } from './planner.ts';

/** The action that A encoded numbers mean. */
export function actionOf(environment: Environment, encoded: Float32Array): number {
  return environment.continuous?.actionOf(encoded) ?? encoded.indexOf(Math.max(...encoded));
}

/** Latents [N, 1]: states. */
export function trueWorld(environment: Environment): PlanningWorld {
  const { actionSize } = environment;
  return {
    actions: actionSpaceOf(environment),
    placesOf: (states) => states,
    predict: async (states, actions) =>
      states.map((state, n) =>
        environment.next(state, actionOf(environment, actions.subarray(n * actionSize, (n + 1) * actionSize))),
      ),
  };
}

export function trueRewardObjective(environment: Environment, fold: Fold, discount: number): Objective {
  return { fold, discount, score: async (states) => states.map((state) => environment.reward(state)) };
}

/**
 * exp(-s / s_0), where s are the fewest steps to the goal, and s_0 those from where the decision is made; 0 where no word
 * leads there. What closeness in a latent stands for.
 * @param fewestSteps [S], -1 where the goal cannot be reached
 */
export function trueClosenessObjective(fewestSteps: Int32Array, discount: number): Objective {
  return {
    fold: 'best',
    discount,
    score: async (states, [from]) =>
      states.map((state) =>
        fewestSteps[state] < 0 ? 0 : Math.exp(-fewestSteps[state] / Math.max(1, fewestSteps[from])),
      ),
  };
}
