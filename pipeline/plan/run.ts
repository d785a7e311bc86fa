// Acts with a run or an export: planned in its latents, planned in the true dynamics, and at random.

import type { PlanFlags } from '../../cli/plan.ts';
import { observationShapeOf } from '../../src/data/recording-description.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { UsageError } from '../../src/error.ts';
import { act, type EpisodeResult, type Policy, planningPolicy, randomPolicy } from '../../src/planning/acting.ts';
import type { Planner } from '../../src/planning/index.ts';
import { latentWorld } from '../../src/planning/latent-world.ts';
import { PLAN_FORMAT, type PlanRecord } from '../../src/planning/schema.ts';
import { meanOf, summarize } from '../../src/planning/summary.ts';
import { type EvaluationSubject, openSubject } from '../../src/run/subject.ts';
import { openWorldSession, type WorldSession } from '../../src/run/world-session.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { requireEnvironmentConfiguration } from '../../src/training/configuration.ts';
import type { PlanSetting } from './setting.ts';

/** Between two lines of progress. */
const LINE_EVERY_MS = 5000;

export async function planFolder(folder: string, planner: Planner, flags: PlanFlags): Promise<PlanRecord> {
  const subject = openSubject(folder);
  const openSetting = settingOpener(subject, flags);
  const runtime = await openRuntime(flags.runtime, { threads: flags.threads });
  try {
    const session = await openWorldSession(runtime, subject, openSetting.observationShape);
    try {
      const setting = await openSetting.open(session);
      try {
        return await planIn(setting, planner, { flags, subject, runtime, session });
      } finally {
        await setting.dispose();
      }
    } finally {
      await session.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}

interface SettingOpener {
  readonly observationShape: readonly number[];
  open(session: WorldSession): Promise<PlanSetting>;
}

/** What the run is of decides where it acts. */
function settingOpener(subject: EvaluationSubject, flags: PlanFlags): SettingOpener {
  const { configuration, recording } = subject;
  if (recording !== undefined)
    return {
      observationShape: observationShapeOf(recording),
      async open(session) {
        const { openSimulatorSetting } = await import('./simulator.ts');
        return openSimulatorSetting(flags, { ...subject, recording }, session);
      },
    };
  const { name, ...options } = requireEnvironmentConfiguration(subject.folder, configuration);
  const { in: simulator, option = [], render, python, timeLimit } = flags;
  const ofSimulators = { '--in': simulator, '--option': option[0], '--render': render, '--python': python };
  for (const [flag, value] of Object.entries({ ...ofSimulators, '--time-limit': timeLimit }))
    if (value !== undefined)
      throw new UsageError(
        `${flag}: expected a run of a recording, got one of the environment ${name}, which it acts in`,
      );
  const environment = createEnvironment(name, options);
  return {
    observationShape: environment.observationShape,
    async open(session) {
      const { openEnvironmentSetting } = await import('./environment.ts');
      return openEnvironmentSetting(flags, { configuration, environment, session });
    },
  };
}

interface PlanningContext {
  readonly flags: PlanFlags;
  readonly subject: EvaluationSubject;
  readonly runtime: Runtime;
  readonly session: WorldSession;
}

async function planIn(setting: PlanSetting, planner: Planner, context: PlanningContext): Promise<PlanRecord> {
  const { flags, subject, runtime, session } = context;
  const { seed } = flags;
  const { arena, goal, success, episodes, maxSteps } = setting;
  const actionsTaken = flags.openLoop ? Number.POSITIVE_INFINITY : (flags.replan ?? 1);
  const actAs = (name: string, policy: Policy, count = episodes, isEnough?: () => boolean) =>
    act(arena, policy, {
      episodes: count,
      isSuccess: success.isSuccess,
      maxSteps,
      seed,
      clock: () => performance.now(),
      onEpisode: progressOf(name, count),
      ...(isEnough && { isEnough }),
    });

  const predictions: number[] = [];
  const latent = planningPolicy({
    planner,
    world: latentWorld(session, arena.actions),
    objectiveOf: goal.objectiveOf,
    locate: async ({ observation }) => (await session.encode(observation)).values,
    actionsTaken,
    onPlan: (plan) => predictions.push(plan.predictions),
  });
  const planned = await actAs('planning in latents', latent);
  const summary = summarize(planned);
  const random = summarize(await actAs('random actions', randomPolicy(arena.actions)));
  const truth = await actInTruth();
  // Of the same episodes: the true environment may have played fewer.
  const compared = truth && summarize(planned.slice(0, truth.episodes));
  return {
    format: PLAN_FORMAT,
    run: subject.name,
    step: subject.step ?? null,
    environment: setting.environment,
    auxiliaries: subject.configuration.auxiliary.map(({ kind }) => kind).filter((kind) => kind !== 'none'),
    runtime: { ...runtime.describe() },
    goal: flags.goal,
    success: success.text,
    planner: { name: planner.name, options: { ...planner.options } },
    fold: goal.fold,
    discount: flags.discount,
    actionsTaken: Number.isFinite(actionsTaken) ? actionsTaken : null,
    seed,
    episodes,
    maxSteps,
    meanFewestSteps: setting.meanFewestSteps,
    ...summary,
    predictionsPerDecision: meanOf(predictions),
    baselines: { random, trueEnvironment: truth ?? null },
    gap:
      truth && compared
        ? {
            successRate: truth.successRate - compared.successRate,
            meanReturn: truth.meanReturn - compared.meanReturn,
          }
        : null,
    starts: setting.startsOf(planned),
  };

  async function actInTruth(): Promise<PlanRecord['baselines']['trueEnvironment'] | undefined> {
    const { trueEnvironment: wanted } = flags;
    if (wanted === false) return undefined;
    const leaveOut = (reason: string) => {
      process.stderr.write(`jepa: ${setting.environment.name}: no comparison with the true environment: ${reason}\n`);
      return undefined;
    };
    if (typeof setting.truth === 'string') return leaveOut(setting.truth);
    const { world, objectiveOf, cost } = setting.truth;
    // As many as planning in latents took.
    const stepsOfEpisode = predictions.reduce((sum, count) => sum + count, 0) / episodes;
    if (wanted === undefined && cost && stepsOfEpisode > cost.stepBudget)
      return leaveOut(
        `an episode would take some ${Math.round(stepsOfEpisode)} true steps; --true-environment 1 plays one all the same`,
      );
    const policy = planningPolicy({
      planner,
      world,
      objectiveOf,
      locate: ({ locate }) => locate(),
      actionsTaken,
    });
    const count = typeof wanted === 'number' ? Math.min(wanted, episodes) : episodes;
    const isEnough = () => wanted === undefined && cost !== undefined && cost.stepsTaken() >= cost.stepBudget;
    const results: EpisodeResult[] = await actAs('planning in the true environment', policy, count, isEnough);
    return { ...summarize(results), episodes: results.length };
  }
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
