// Acting in an arena: episodes of a policy, and what came of them.
import { type Random, randomFor } from '../random.ts';
import type { ActionSpace } from './action-space.ts';
import type { Arena, ArenaEpisode, Success } from './arena.ts';
import type { Objective } from './objective.ts';
import type { Planner, PlanningWorld } from './planner.ts';
import { drawWords } from './search/random-shooting.ts';

/** What an agent may go by; a learned policy looks at the observation alone. */
export interface Situation extends Pick<ArenaEpisode, 'locate'> {
  /** [H, W, C] bytes or [D] numbers. */
  readonly observation: Uint8Array | Float32Array;
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
  /** The abstract state that it began in, where the arena knows it. */
  readonly start: number | undefined;
  readonly isSuccess: boolean;
  readonly steps: number;
  /** Sum of the rewards of the observations after the first. */
  readonly return: number;
  /** Time of each decision, encoding included. */
  readonly decisionMs: readonly number[];
}

export interface ActingOptions {
  readonly episodes: number;
  readonly isSuccess: Success;
  readonly maxSteps: number;
  /** Of the decisions. */
  readonly seed: number;
  /** Milliseconds from any beginning. */
  readonly clock: () => number;
  readonly onEpisode?: (episode: number) => void;
  /** Asked after an episode: whether those so far are enough. */
  readonly isEnough?: () => boolean;
}

/** Each episode ends with the first success, or where the arena ends it. */
export async function act(arena: Arena, policy: Policy, options: ActingOptions): Promise<EpisodeResult[]> {
  const results: EpisodeResult[] = [];
  for (let episode = 0; episode < options.episodes; episode++) {
    results.push(await actEpisode(arena, policy, episode, options));
    options.onEpisode?.(episode);
    if (options.isEnough?.()) break;
  }
  return results;
}

async function actEpisode(
  arena: Arena,
  policy: Policy,
  episode: number,
  { isSuccess, maxSteps, seed, clock }: ActingOptions,
): Promise<EpisodeResult> {
  const { size } = arena.actions;
  const decide = await policy.startEpisode(episode);
  const acting = await arena.startEpisode(episode);
  const random = randomFor(seed, 'planning decisions', episode);
  const decisionMs: number[] = [];
  let total = 0;
  let steps = 0;
  let taken = 0;
  const finish = (succeeded: boolean) => ({
    start: acting.start,
    isSuccess: succeeded,
    steps,
    return: total,
    decisionMs,
  });
  for (;;) {
    const observation = acting.observe();
    const began = clock();
    const actions = await decide({ observation, locate: acting.locate, taken, random });
    decisionMs.push(clock() - began);
    taken = 0;
    for (let first = 0; first < actions.length; first += size) {
      const outcome = await acting.take(actions.subarray(first, first + size));
      total += outcome.reward;
      steps++;
      taken++;
      const isOver = outcome.isTerminal || outcome.isTruncated || steps >= maxSteps;
      if (isSuccess({ ...outcome, return: total, isOver })) return finish(true);
      if (isOver) return finish(false);
    }
  }
}

/** Every action drawn evenly. */
export function randomPolicy(actions: ActionSpace): Policy {
  return {
    startEpisode:
      async () =>
      async ({ random }) =>
        drawWords(actions, 1, 1, random).actions,
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
