// A simulator as what `jepa plan` acts in: that of the run's recording, or the one that the options name.
import { existsSync } from 'node:fs';
import type { RecordingRecord } from '../../src/data/recording-description.ts';
import { resolveStructure } from '../../src/data/role-name.ts';
import { option, UsageError } from '../../src/error.ts';
import { requireCodePermission } from '../../src/machine/code-permission.ts';
import type { Latents } from '../../src/measures/latents.ts';
import { act, randomPolicy } from '../../src/planning/acting.ts';
import { drawWords } from '../../src/planning/search/random-shooting.ts';
import { randomFor } from '../../src/random.ts';
import { runPath } from '../../src/run/folder.ts';
import { recordedRunRecording } from '../../src/run/recording.ts';
import type { EvaluationSubject } from '../../src/run/subject.ts';
import type { WorldSession } from '../../src/run/world-session.ts';
import { findBranchingFault } from '../../src/simulation/branching-fault.ts';
import { isGymnasiumName, isSimulatorName, openSimulator } from '../../src/simulation/index.ts';
import type { SimulatorPool, Transition } from '../../src/simulation/pool.ts';
import { namedSimulator, readSimulationRecord, type SimulationRecord } from '../../src/simulation/provenance.ts';
import { asRecorded } from '../../src/simulation/recorded-space.ts';
import { resizedPool } from '../../src/simulation/resized-pool.ts';
import { type SimulatorArena, simulatorArena } from '../../src/simulation/simulator-arena.ts';
import { closenessGoal, type GoalContext, openGoal } from './goal.ts';
import { type Goal, goalText, type ResolvedPlanOptions } from './option.ts';
import type { PlanGoal, PlanSetting, PlanTruth } from './setting.ts';
import { openSuccess, stateNumber } from './success.ts';

const DEFAULT_EPISODES = 20;
/** As of `jepa train`, where the run does not say how long its episodes were. */
const DEFAULT_MAX_STEPS = 100;
/** True steps that are planned with unasked: with Gymnasium some 0.2 to 1 ms each. */
const TRUE_STEP_BUDGET = 50_000;
/** Random episodes in which the state of a goal is looked for, and how many looks at it are kept. */
const SEARCH_EPISODES = 200;
const KEPT_LOOKS = 16;

/** Whoever calls this disposes the setting. @throws UsageError where the run knows no simulator and none is named */
export async function openSimulatorSetting(
  options: ResolvedPlanOptions,
  subject: EvaluationSubject & { readonly recording: RecordingRecord },
  session: WorldSession,
): Promise<PlanSetting> {
  const known = readSimulationRecord(runPath(subject.folder, 'simulation'));
  const opened = await openNamed(options, subject, known);
  try {
    return await settingOf(options, subject, { session, known, opened });
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

async function openNamed(
  options: ResolvedPlanOptions,
  { folder, recording }: EvaluationSubject & { readonly recording: RecordingRecord },
  known: SimulationRecord | undefined,
): Promise<SimulatorPool> {
  const { simulator } = options;
  const name = simulator.name ?? known?.simulator;
  if (name === undefined)
    throw new UsageError(
      `${folder}: expected a run that knows its simulator, got one of the recording ${recording.name}`,
      {
        remedy: `Name the simulator to act in: ${option('in', './my-env.ts')}, ${option('in', 'gym:ID')} or ${option('in', 'counting')}.`,
      },
    );
  if (simulator.name === undefined && !isGymnasiumName(name) && isSimulatorName(name) && !existsSync(name))
    throw new UsageError(`${folder}: expected its simulator at ${name}, got nothing there`, {
      remedy: `Say where it is now: ${option('in', 'PATH')}.`,
    });
  if (simulator.name === undefined && known !== undefined) requireCodePermission(namedSimulator(known));
  return openSimulator(name, {
    simulatorOptions: optionsOf(options, known),
    render: simulator.render ?? known?.render,
    python: simulator.python,
    ...(isGymnasiumName(name) ? { lanes: 1 } : {}),
    ...(simulator.timeLimitMs === undefined ? {} : { limitMs: simulator.timeLimitMs }),
  });
}

/** Those that it was recorded with, unless others are given. */
function optionsOf({ simulator }: ResolvedPlanOptions, known: SimulationRecord | undefined) {
  return { ...known?.options, ...simulator.options };
}

interface Opened {
  readonly session: WorldSession;
  readonly known: SimulationRecord | undefined;
  readonly opened: SimulatorPool;
}

async function settingOf(
  options: ResolvedPlanOptions,
  { configuration, recording }: EvaluationSubject & { readonly recording: RecordingRecord },
  { session, known, opened }: Opened,
): Promise<PlanSetting> {
  const { goal: wanted, seed, onNote } = options;
  const stack = configuration.recording?.stack ?? 1;
  const pool = asRecorded(known?.imageSize ? resizedPool(opened, known.imageSize) : opened, recording, {
    stack,
    onNote,
  });
  const arena = simulatorArena(pool, { seed, stack });
  const episodes = options.episodes ?? DEFAULT_EPISODES;
  const maxSteps = options.maxSteps ?? known?.maximalSteps ?? DEFAULT_MAX_STEPS;
  const success = await openSuccess(options.success, wanted, {
    pool,
    record: recording,
    async bestRandomReturn() {
      const clock = () => 0;
      const acted = { episodes, maxSteps, seed, clock, isSuccess: () => false };
      return Math.max(...(await act(arena, randomPolicy(arena.actions), acted)).map((each) => each.return));
    },
  });
  const { context: auxiliaryContext } = recordedRunRecording(recording, configuration.seed);
  const context: GoalContext = { configuration, session, auxiliaryContext, endsWithSuccess: success.endsEpisode };
  const goal = await openGoal(options, context, async (name) => {
    const looks = await findState(stateNumber('goal', name, pool), seed, { arena, session, maxSteps });
    return closenessGoal(options, context, async (episode) => looks[episode % looks.length]);
  });
  return {
    environment: { ...optionsOf(options, known), name: pool.name },
    arena,
    goal,
    success,
    episodes,
    maxSteps,
    truth: options.trueEnvironment === false ? 'it was not asked for' : await truthOf(),
    meanFewestSteps: null,
    startsOf: () => [],
    dispose: () => opened.dispose(),
  };

  async function truthOf(): Promise<PlanTruth | string> {
    const fault = await findBranchingFault(pool, seed);
    if (fault !== undefined) return fault;
    const scores = trueScores(wanted, recording.reward);
    if (scores === undefined) return `it does not say what ${goalText(wanted)} is`;
    return trueGoal(arena, { goal, scores, session });
  }
}

/** Latents of a state that random actions come to; episodes of negative numbers, which nobody acts in. */
async function findState(
  wanted: number,
  seed: number,
  {
    arena,
    session,
    maxSteps,
  }: { readonly arena: SimulatorArena; readonly session: WorldSession; readonly maxSteps: number },
): Promise<Latents[]> {
  const looks: Latents[] = [];
  for (let search = 1; search <= SEARCH_EPISODES && looks.length < KEPT_LOOKS; search++) {
    const random = randomFor(seed, 'goal state', search);
    const episode = await arena.startEpisode(-search);
    let state = episode.start;
    for (let step = 0; state !== wanted && step < maxSteps; step++) {
      const outcome = await episode.take(drawWords(arena.actions, 1, 1, random).actions);
      state = outcome.state;
      if (outcome.isTerminal || outcome.isTruncated) break;
    }
    if (state === wanted) looks.push(await session.encode(episode.observe()));
  }
  if (looks.length > 0) return looks;
  throw new UsageError(
    `${option('goal')}: expected a state that random actions reach in ${SEARCH_EPISODES} episodes, got state:${wanted}`,
  );
}

type TrueScore = 'closeness' | ((transition: Transition | undefined) => number);

/** What the simulator itself says of a goal; undefined where it does not. */
function trueScores(goal: Goal, rewardColumn: string | null): TrueScore | undefined {
  if (goal.kind === 'reward') return (transition) => transition?.reward ?? 0;
  if (goal.kind !== 'column' && goal.kind !== 'avoid') return 'closeness';
  const { name } = goal;
  if (goal.kind === 'column' && name === rewardColumn) return (transition) => transition?.reward ?? 0;
  // As a recording calls the end of an episode.
  if (resolveStructure('', [name]).terminal === undefined) return undefined;
  return (transition) => (Number(transition?.isTerminal) === Number(goal.kind === 'column') ? 1 : 0);
}

/** The same goal in the true dynamics: with the true reward, or as near in latents, with what is really seen there. */
function trueGoal(
  { world }: SimulatorArena,
  { goal, scores, session }: { goal: PlanGoal; scores: TrueScore; session: WorldSession },
): PlanTruth | string {
  if (world === undefined) return 'it has no save and restore';
  return {
    world,
    cost: { stepBudget: TRUE_STEP_BUDGET, stepsTaken: world.stepsTaken },
    async objectiveOf(episode) {
      const objective = await goal.objectiveOf(episode);
      return {
        ...objective,
        async score(latents, from) {
          if (scores !== 'closeness') return Float32Array.from(world.transitionsOf(latents), scores);
          const seen = await session.encode(world.observationsOf(latents));
          const here = await session.encode(world.observationsOf(from));
          return objective.score(seen.values, here.values);
        },
      };
    },
  };
}
