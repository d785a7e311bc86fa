// A problem that is worked out by hand: one number on a line, draws that are given, and a record of what was predicted.
import type { ActionSpace } from '../../../src/planning/action-space.ts';
import type { Objective } from '../../../src/planning/objective.ts';
import type { PlanningProblem } from '../../../src/planning/planner.ts';
import { type Random, randomFor } from '../../../src/random.ts';
import { worldOf } from './planner.cases.ts';

/** Draws that are given, one after the other and again from the start. */
export function given(...values: readonly number[]): Random {
  let drawn = 0;
  const next = () => values[drawn++ % values.length];
  return { ...randomFor('given'), uniform: next, normal: next, integer: (limit) => Math.floor(next() * limit) };
}

/** One number goes up by the first of an action; its score is by `score`. Every prediction's actions are put into `batches`. */
export function lineProblem(actions: ActionSpace, score: (z: number) => number, more: Partial<PlanningProblem> = {}) {
  const batches: number[][] = [];
  const world = worldOf(actions, ([z], action) => [z + action[0]], 1);
  const objective: Objective = { fold: 'best', discount: 1, score: async (latents) => latents.map(score) };
  const problem: PlanningProblem = {
    world: {
      actions,
      predict(latents, encoded) {
        batches.push([...encoded]);
        return world.predict(latents, encoded);
      },
    },
    ...{ objective, latent: Float32Array.of(0), random: randomFor('test'), taken: 0 },
    ...more,
  };
  return { problem, batches };
}
