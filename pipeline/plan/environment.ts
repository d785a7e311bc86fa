// An environment of finitely many states as what `jepa plan` acts in: successes are states, starts are all that lead to them.
import { environmentContext } from '../../src/auxiliary/index.ts';
import type { Environment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { rewardClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { Latents } from '../../src/measures/latents.ts';
import type { EpisodeResult } from '../../src/planning/acting.ts';
import { finiteArena, taskSuccess } from '../../src/planning/finite-arena.ts';
import type { PlanRecord } from '../../src/planning/schema.ts';
import { meanOf } from '../../src/planning/summary.ts';
import { createTask, drawStarts, highestReward } from '../../src/planning/task.ts';
import { trueClosenessObjective, trueRewardObjective, trueWorld } from '../../src/planning/true-world.ts';
import { randomFor } from '../../src/random.ts';
import type { WorldSession } from '../../src/run/world-session.ts';
import { elementCount } from '../../src/shape.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { closenessGoal, type GoalContext, openGoal } from './goal.ts';
import { type Goal, type ResolvedPlanOptions, type SuccessRule, successText } from './option.ts';
import type { PlanSetting } from './setting.ts';

const DEFAULT_EPISODES = 100;

export interface EnvironmentSettingContext {
  readonly configuration: Configuration;
  readonly environment: Environment;
  readonly session: WorldSession;
}

/** @throws UsageError where the goal is none, or not one that this run can plan for */
export async function openEnvironmentSetting(
  options: ResolvedPlanOptions,
  { configuration, environment, session }: EnvironmentSettingContext,
): Promise<PlanSetting> {
  const { text, task } = openTask(options, environment);
  const context: GoalContext = {
    configuration,
    session,
    auxiliaryContext: environmentContext(environment, configuration.seed),
    endsWithSuccess: true,
  };
  const goal = await openGoal(options, context, (name) => {
    const state = stateNamed(environment, name, 'goal');
    // Another image for every episode: what is measured is the state, not one picture of it.
    return closenessGoal(options, context, (episode) =>
      encodeState(environment, session, state, options.seed, episode),
    );
  });
  const trueObjective =
    options.goal.kind === 'reward'
      ? trueRewardObjective(environment, goal.fold, options.discount)
      : trueClosenessObjective(task.fewestSteps, options.discount);
  const episodes = options.episodes ?? DEFAULT_EPISODES;
  const starts = drawStarts(task, episodes, options.seed);
  return {
    environment: { name: environment.name, ...environment.options },
    arena: finiteArena(environment, starts, options.seed),
    goal,
    success: { text, isSuccess: taskSuccess(task) },
    episodes,
    maxSteps: options.maxSteps ?? 2 * task.farthest,
    truth: { world: trueWorld(environment), objectiveOf: async () => trueObjective },
    meanFewestSteps: meanOf(Array.from(starts, (start) => task.fewestSteps[start])),
    startsOf: (results) => byClass(results, rewardClasses(environment)),
    dispose: async () => {},
  };
}

function openTask({ goal, success: given }: ResolvedPlanOptions, environment: Environment) {
  const success = given ?? successOf(goal);
  if (success.kind === 'reward' && success.threshold === undefined)
    return { text: 'the highest reward', task: createTask(environment, highestReward(environment)) };
  if (success.kind !== 'state')
    throw new UsageError(
      `${option('success')}: expected reward or state:NAME in the environment ${environment.name}, got "${successText(success)}"`,
    );
  const state = stateNamed(environment, success.name, given === undefined ? 'goal' : 'success');
  const { classOf, names } = rewardClasses(environment);
  const task = createTask(environment, (each) => classOf[each] === classOf[state]);
  return { text: `state ${names[classOf[state]]}`, task };
}

/** What a goal says itself of its success. */
function successOf(goal: Goal): SuccessRule {
  return goal.kind === 'state' ? goal : { kind: 'reward', threshold: undefined };
}

function stateNamed(environment: Environment, name: string, where: 'goal' | 'success'): number {
  for (let state = 0; state < environment.stateCount; state++) if (environment.stateName(state) === name) return state;
  throw new UsageError(
    `${option(where)}: expected the name of a state of ${environment.name}, such as "${environment.stateName(0)}", got "${name}"`,
    { remedy: `jepa bisimulation ${environment.name} --json lists the classes with an example each.` },
  );
}

/** [1, D]: a new image of the state. */
function encodeState(
  { drawAppearance, observationShape, render }: Environment,
  session: WorldSession,
  state: number,
  ...purpose: readonly number[]
): Promise<Latents> {
  const random = randomFor('planning goal', ...purpose);
  const pixels = new Uint8Array(elementCount(observationShape));
  render(state, drawAppearance(random), random, pixels);
  return session.encode(pixels);
}

/** Successes by the class of the first state, in the order of the classes. */
function byClass(
  episodes: readonly EpisodeResult[],
  { classOf, names }: ReturnType<typeof rewardClasses>,
): PlanRecord['starts'] {
  return names.flatMap((state, index) => {
    const own = episodes.filter(({ start }) => start !== undefined && classOf[start] === index);
    const successes = own.filter(({ isSuccess }) => isSuccess).length;
    return own.length > 0 ? [{ state, episodes: own.length, successes }] : [];
  });
}
