// Acting in an environment: episodes of a policy, and what came of them.
import type { Environment } from '../environments/environment.ts';
import { type Random, randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';
import { actionSpaceOf } from './action-space.ts';
import type { Objective } from './objective.ts';
import type { Planner, PlanningWorld } from './planner.ts';
import { drawWords } from './random-shooting.ts';
import type { Task } from './task.ts';
import { actionOf } from './true-world.ts';

/** What an agent may go by; a learned policy looks at the observation alone. */
export interface Situation {
  /** [H, W, C] bytes, drawn anew at every step. */
  readonly observation: Uint8Array;
  readonly state: number;
  /** Actions taken since this episode's last decision; 0 at the first one. */
  readonly taken: number;
  readonly random: Random;
}

/** [n, A]: the actions to take before the next decision. */
export type Decision = (situation: Situation) => Promise<Float32Array>;

export interface Policy {
  startEpisode(episode: number): Promise<Decision>;
}

export interface EpisodeResult {
  readonly start: number;
  readonly isSuccess: boolean;
  readonly steps: number;
  /** Sum of the rewards of the observations after the first. */
  readonly return: number;
  /** Time of each decision, encoding included. */
  readonly decisionMs: readonly number[];
}

export interface ActingOptions {
  readonly maxSteps: number;
  readonly seed: number;
  /** Milliseconds from any beginning. */
  readonly clock: () => number;
  readonly onEpisode?: (episode: number) => void;
}

/** One episode a start; each ends with the first success. The same seed shows every policy the same appearances. */
export async function act(
  environment: Environment,
  task: Task,
  starts: Int32Array,
  policy: Policy,
  options: ActingOptions,
): Promise<EpisodeResult[]> {
  const results: EpisodeResult[] = [];
  for (const [episode, start] of starts.entries()) {
    results.push(await actEpisode(environment, task, start, await policy.startEpisode(episode), episode, options));
    options.onEpisode?.(episode);
  }
  return results;
}

async function actEpisode(
  environment: Environment,
  task: Task,
  start: number,
  decide: Decision,
  episode: number,
  { maxSteps, seed, clock }: ActingOptions,
): Promise<EpisodeResult> {
  const { actionSize } = environment;
  const drawing = randomFor(seed, 'planning observations', episode);
  const random = randomFor(seed, 'planning decisions', episode);
  const appearance = environment.drawAppearance(drawing);
  const observation = new Uint8Array(elementCount(environment.observationShape));
  const decisionMs: number[] = [];
  let state = start;
  let total = 0;
  let steps = 0;
  let taken = 0;
  while (steps < maxSteps) {
    environment.render(state, appearance, drawing, observation);
    const began = clock();
    const actions = await decide({ observation, state, taken, random });
    decisionMs.push(clock() - began);
    taken = 0;
    for (let first = 0; first < actions.length && steps < maxSteps; first += actionSize) {
      state = environment.next(state, actionOf(environment, actions.subarray(first, first + actionSize)));
      total += environment.reward(state);
      steps++;
      taken++;
      if (task.isSuccess[state]) return { start, isSuccess: true, steps, return: total, decisionMs };
    }
  }
  return { start, isSuccess: false, steps, return: total, decisionMs };
}

/** Every action drawn evenly. */
export function randomPolicy(environment: Environment): Policy {
  const space = actionSpaceOf(environment);
  return {
    startEpisode:
      async () =>
      async ({ random }) =>
        drawWords(space, 1, 1, random).actions,
  };
}

export interface PlanningPolicyOptions {
  readonly planner: Planner;
  readonly world: PlanningWorld;
  /** What an episode's plans are for. */
  readonly objectiveOf: (episode: number) => Promise<Objective>;
  /** [D]: where the agent is. */
  readonly locate: (situation: Situation) => Promise<Float32Array>;
  /** Actions of a plan that are taken before the next one; at most the whole plan. */
  readonly actionsTaken: number;
  readonly onPlan?: (plan: { readonly value: number; readonly predictions: number }) => void;
}

/** Plans, takes the first actions, and plans again. */
export function planningPolicy(options: PlanningPolicyOptions): Policy {
  const { planner, world, objectiveOf, locate, actionsTaken } = options;
  return {
    async startEpisode(episode) {
      const objective = await objectiveOf(episode);
      const decide = planner.startEpisode();
      return async (situation) => {
        const latent = await locate(situation);
        const { taken, random } = situation;
        const plan = await decide({ world, objective, latent, random, taken });
        options.onPlan?.(plan);
        return plan.actions.subarray(0, Math.min(plan.actions.length, actionsTaken * world.actions.size));
      };
    },
  };
}
