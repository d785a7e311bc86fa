// Acts with a run or an export: planned in its latents, planned in the true dynamics, and at random.
import { observationShapeOf } from '../../src/data/recording-description.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { act, type EpisodeResult, type Policy, planningPolicy, randomPolicy } from '../../src/planning/acting.ts';
import { latentWorld } from '../../src/planning/latent-world.ts';
import { PLAN_FORMAT, type PlanRecord } from '../../src/planning/schema.ts';
import { meanOf, summarize } from '../../src/planning/summary.ts';
import { runPath } from '../../src/run/folder.ts';
import { type EvaluationSubject, openSubject } from '../../src/run/subject.ts';
import { openWorldSession, type WorldSession } from '../../src/run/world-session.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { requireEnvironmentConfiguration } from '../../src/training/configuration.ts';
import { goalText, type PlanOptions, type ResolvedPlanOptions, resolvePlanOptions } from './option.ts';
import type { PlanSetting } from './setting.ts';

/** Between two lines of progress. */
const LINE_EVERY_MS = 5000;

/**
 * Acts in an environment or a simulator by planning in the latents of a run or an export, and writes plan.json beside it.
 *
 * @param folder of a run, or of an export by itself
 * @returns the record that plan.json holds: success, return and steps of plans in latents, in the true dynamics, and of
 *   random actions
 * @throws UsageError where the goal, the success or the simulator is not one of this run; UnavailableError where the runtime
 *   cannot run here
 */
export async function planRun(folder: string, given: PlanOptions): Promise<PlanRecord> {
  const options = resolvePlanOptions(given);
  const subject = openSubject(folder);
  const openSetting = settingOpener(subject, options);
  const { report = true, onProgress } = given;
  if (report) requireWritable(folder);
  const runtime = await openRuntime(options.runtime, { threads: options.threads });
  try {
    const session = await openWorldSession(runtime, subject, openSetting.observationShape);
    try {
      const setting = await openSetting.open(session);
      try {
        const record = await planIn(setting, options, { subject, runtime, session });
        if (report) {
          writeFileAtomic(runPath(folder, 'plan'), formatJson(record));
          onProgress?.(`${runPath(folder, 'plan')}: the record`);
        }
        return record;
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
function settingOpener(subject: EvaluationSubject, options: ResolvedPlanOptions): SettingOpener {
  const { configuration, recording } = subject;
  if (recording !== undefined)
    return {
      observationShape: observationShapeOf(recording),
      async open(session) {
        const { openSimulatorSetting } = await import('./simulator.ts');
        return openSimulatorSetting(options, { ...subject, recording }, session);
      },
    };
  const { name, ...environmentOptions } = requireEnvironmentConfiguration(subject.folder, configuration);
  const stray = Object.entries(options.simulator).find(([, value]) => value !== undefined);
  if (stray !== undefined)
    throw new UsageError(
      `${option(nameOfOption[stray[0]] ?? stray[0])}: expected a run of a recording, got one of the environment ${name}, which it acts in`,
    );
  const environment = createEnvironment(name, environmentOptions);
  return {
    observationShape: environment.observationShape,
    async open(session) {
      const { openEnvironmentSetting } = await import('./environment.ts');
      return openEnvironmentSetting(options, { configuration, environment, session });
    },
  };
}

/** Where the command line has another name for a part of the simulator. */
const nameOfOption: Readonly<Record<string, string>> = { name: 'in', options: 'option', timeLimitMs: 'timeLimit' };

interface PlanningContext {
  readonly subject: EvaluationSubject;
  readonly runtime: Runtime;
  readonly session: WorldSession;
}

async function planIn(
  setting: PlanSetting,
  options: ResolvedPlanOptions,
  context: PlanningContext,
): Promise<PlanRecord> {
  const { subject, runtime, session } = context;
  const { planner, seed, actionsTaken } = options;
  const { arena, goal, success, episodes, maxSteps } = setting;
  const actAs = (name: string, policy: Policy, count = episodes, isEnough?: () => boolean) =>
    act(arena, policy, {
      episodes: count,
      isSuccess: success.isSuccess,
      maxSteps,
      seed,
      clock: () => performance.now(),
      onEpisode: progressOf(name, count, options),
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
    goal: goalText(options.goal),
    success: success.text,
    planner: { name: planner.name, options: { ...planner.options } },
    fold: goal.fold,
    discount: options.discount,
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
    const { trueEnvironment: wanted } = options;
    if (wanted === false) return undefined;
    const leaveOut = (reason: string) => {
      options.onNote?.(`${setting.environment.name}: no comparison with the true environment: ${reason}`);
      return undefined;
    };
    if (typeof setting.truth === 'string') return leaveOut(setting.truth);
    const { world, objectiveOf, cost } = setting.truth;
    // As many as planning in latents took.
    const stepsOfEpisode = predictions.reduce((sum, count) => sum + count, 0) / episodes;
    if (wanted === undefined && cost && stepsOfEpisode > cost.stepBudget)
      return leaveOut(
        `an episode would take some ${Math.round(stepsOfEpisode)} true steps; ${option('trueEnvironment', '1')} plays one all the same`,
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

function progressOf(
  name: string,
  episodes: number,
  { onProgress, signal }: Pick<PlanOptions, 'onProgress' | 'signal'>,
): (episode: number) => void {
  let shownAt = performance.now();
  return (episode) => {
    signal?.throwIfAborted();
    const now = performance.now();
    if (now - shownAt < LINE_EVERY_MS) return;
    shownAt = now;
    onProgress?.(`${name}: ${episode + 1} of ${episodes} episodes`);
  };
}
