// Acts with a run or an export: planned in its latents, planned in the true environment, and at random.
import { createEnvironment } from '../src/environments/index.ts';
import { rewardClasses } from '../src/evaluation/bisimulation-class.ts';
import { openSubject } from '../src/evaluation/subject.ts';
import { openWorldSession } from '../src/evaluation/world-session.ts';
import { act, type EpisodeResult, type Policy, planningPolicy, randomPolicy } from '../src/planning/acting.ts';
import type { Planner } from '../src/planning/index.ts';
import { latentWorld } from '../src/planning/latent-world.ts';
import { PLAN_FORMAT, type PlanRecord } from '../src/planning/record.ts';
import { meanOf, summarize } from '../src/planning/summary.ts';
import { drawStarts } from '../src/planning/task.ts';
import { trueWorld } from '../src/planning/true-world.ts';
import { openRuntime } from '../src/runtimes/index.ts';
import { requireEnvironmentConfiguration } from '../src/training/configuration.ts';
import type { PlanFlags } from './plan.ts';
import { openGoal } from './plan-goal.ts';

/** Between two lines of progress. */
const LINE_EVERY_MS = 5000;

export async function planFolder(folder: string, planner: Planner, flags: PlanFlags): Promise<PlanRecord> {
  const subject = openSubject(folder);
  const { configuration } = subject;
  const { name, ...environmentOptions } = requireEnvironmentConfiguration(folder, configuration);
  const environment = createEnvironment(name, environmentOptions);
  const runtime = await openRuntime(flags.runtime, { threads: flags.threads });
  try {
    const session = await openWorldSession(runtime, subject, environment.observationShape);
    try {
      const goal = await openGoal(flags, { configuration, environment, session });
      const { task } = goal;
      const { seed, episodes } = flags;
      const starts = drawStarts(task, episodes, seed);
      const maxSteps = flags.maxSteps ?? 2 * task.farthest;
      const actionsTaken = flags.openLoop ? Number.POSITIVE_INFINITY : (flags.replan ?? 1);
      const predictions: number[] = [];
      const latent = planningPolicy({
        planner,
        world: latentWorld(session, environment),
        objectiveOf: goal.objectiveOf,
        locate: async ({ observation }) => (await session.encode(observation)).values,
        actionsTaken,
        onPlan: (plan) => predictions.push(plan.predictions),
      });
      const truth = planningPolicy({
        planner,
        world: trueWorld(environment),
        objectiveOf: async () => goal.trueObjective,
        locate: async ({ state }) => Float32Array.of(state),
        actionsTaken,
      });
      const actAs = (name: string, policy: Policy) =>
        act(environment, task, starts, policy, {
          maxSteps,
          seed,
          clock: () => performance.now(),
          onEpisode: progressOf(name, episodes),
        });
      const planned = await actAs('planning in latents', latent);
      const summary = summarize(planned);
      const baselines = {
        random: summarize(await actAs('random actions', randomPolicy(environment))),
        trueEnvironment: summarize(await actAs('planning in the true environment', truth)),
      };
      return {
        format: PLAN_FORMAT,
        run: subject.name,
        step: subject.step ?? null,
        environment: { name: environment.name, ...environment.options },
        auxiliaries: configuration.auxiliary.map(({ kind }) => kind).filter((kind) => kind !== 'none'),
        runtime: { ...runtime.describe() },
        goal: goal.goal,
        success: goal.success,
        planner: { name: planner.name, options: { ...planner.options } },
        fold: goal.fold,
        discount: flags.discount,
        actionsTaken: Number.isFinite(actionsTaken) ? actionsTaken : null,
        seed,
        episodes,
        maxSteps,
        meanFewestSteps: meanOf(Array.from(starts, (start) => task.fewestSteps[start])),
        ...summary,
        predictionsPerDecision: meanOf(predictions),
        baselines,
        gap: {
          successRate: baselines.trueEnvironment.successRate - summary.successRate,
          meanReturn: baselines.trueEnvironment.meanReturn - summary.meanReturn,
        },
        starts: byStart(planned, rewardClasses(environment)),
      };
    } finally {
      await session.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}

/** Successes by the class of the first state, in the order of the classes. */
function byStart(
  episodes: readonly EpisodeResult[],
  { classOf, names }: ReturnType<typeof rewardClasses>,
): PlanRecord['starts'] {
  return names.flatMap((state, index) => {
    const own = episodes.filter(({ start }) => classOf[start] === index);
    const successes = own.filter(({ isSuccess }) => isSuccess).length;
    return own.length > 0 ? [{ state, episodes: own.length, successes }] : [];
  });
}

function progressOf(name: string, episodes: number): (episode: number) => void {
  let shownAt = performance.now();
  return (episode) => {
    const now = performance.now();
    if (now - shownAt < LINE_EVERY_MS) return;
    shownAt = now;
    process.stderr.write(`${name}: ${episode + 1} of ${episodes} episodes\n`);
  };
}
