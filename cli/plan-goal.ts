// What plans aim at and what counts as a success, made from --goal and --success.
import { readFileSync } from 'node:fs';
import type { Environment } from '../src/environments/index.ts';
import { FormatError, UsageError } from '../src/error.ts';
import type { Latents } from '../src/evaluation/latents.ts';
import type { WorldSession } from '../src/evaluation/world-session.ts';
import { closenessObjective, type Fold, type Objective, parseFold, rewardObjective } from '../src/planning/index.ts';
import { createTask, highestReward, type Task } from '../src/planning/task.ts';
import { trueClosenessObjective, trueRewardObjective } from '../src/planning/true-world.ts';
import { randomFor } from '../src/random.ts';
import { elementCount } from '../src/shape.ts';
import type { Configuration } from '../src/training/configuration.ts';
import { type GoalText, parseGoal } from './plan-option.ts';

export interface GoalFlags {
  readonly goal: string;
  readonly success?: string;
  readonly fold?: string;
  readonly discount: number;
  readonly seed: number;
}

export interface GoalContext {
  readonly configuration: Configuration;
  readonly environment: Environment;
  readonly session: WorldSession;
}

export interface PlanGoal {
  /** As the record says it. */
  readonly goal: string;
  readonly success: string;
  readonly task: Task;
  readonly fold: Fold;
  readonly objectiveOf: (episode: number) => Promise<Objective>;
  /** The same for planning with the true environment. */
  readonly trueObjective: Objective;
}

/** @throws UsageError where the goal is none, or not one that this run can plan for */
export async function openGoal(flags: GoalFlags, context: GoalContext): Promise<PlanGoal> {
  const goal = parseGoal(flags.goal);
  const { success, task } = await openTask(flags, goal, context);
  const { objectiveOf, fold } =
    goal.kind === 'reward' ? await openRewardGoal(flags, context) : await openClosenessGoal(flags, goal, context);
  const { discount } = flags;
  const trueObjective =
    goal.kind === 'reward'
      ? trueRewardObjective(context.environment, fold, discount)
      : trueClosenessObjective(task.fewestSteps, discount);
  return { goal: flags.goal, success, task, fold, objectiveOf, trueObjective };
}

async function openTask(flags: GoalFlags, goal: GoalText, { environment }: GoalContext) {
  const success = flags.success ?? (goal.kind === 'state' ? flags.goal : 'reward');
  const parsed = parseGoal(success);
  if (parsed.kind === 'reward')
    return { success: 'the highest reward', task: createTask(environment, highestReward(environment)) };
  if (parsed.kind !== 'state') throw new UsageError(`--success: expected reward or state:NAME, got "${success}"`);
  const option = flags.success === undefined ? '--goal' : '--success';
  const state = stateNamed(environment, parsed.name, option);
  const { rewardClasses } = await import('../src/evaluation/bisimulation-class.ts');
  const { classOf, names } = rewardClasses(environment);
  const task = createTask(environment, (each) => classOf[each] === classOf[state]);
  return { success: `state ${names[classOf[state]]}`, task };
}

function stateNamed(environment: Environment, name: string, option: string): number {
  for (let state = 0; state < environment.stateCount; state++) if (environment.stateName(state) === name) return state;
  throw new UsageError(
    `${option}: expected the name of a state of ${environment.name}, such as "${environment.stateName(0)}", got "${name}"`,
    { remedy: `jepa bisimulation ${environment.name} --json lists the classes with an example each.` },
  );
}

async function openRewardGoal(flags: GoalFlags, { configuration, environment, session }: GoalContext) {
  const head = session.auxiliary;
  const slice = await rewardSlice(configuration, environment);
  if (head === undefined || slice === undefined)
    throw new UsageError(
      `--goal reward: expected a run with the auxiliary reward, got ${configuration.auxiliary.map(({ kind }) => kind).join(', ') || 'none'}`,
      { remedy: 'Aim at a state or an image: --goal state:NAME, --goal goal.png.' },
    );
  const { start, isLogit } = slice;
  const fold = flags.fold === undefined ? (isLogit ? 'first-success' : 'best') : parseFold('--fold', flags.fold);
  const { createLatents } = await import('../src/evaluation/latents.ts');
  const size = (await encodeState(environment, session, 0, flags.seed)).size;
  const objective = rewardObjective({
    head: (latents) => head(createLatents(latents, size)),
    output: start,
    isLogit,
    fold,
    discount: flags.discount,
  });
  return { objectiveOf: async () => objective, fold };
}

/** Where the reward stands among the head's outputs. */
async function rewardSlice(configuration: Configuration, environment: Environment) {
  if (!configuration.auxiliary.some(({ kind }) => kind === 'reward')) return undefined;
  const { createAuxiliaries, environmentContext, sliceAuxiliaries } = await import('../src/auxiliary/index.ts');
  // Others may be networks, whose size is known once they are built.
  if (configuration.auxiliary.length > 1) (await import('@tensorflow/tfjs')).enableProdMode();
  const auxiliaries = await createAuxiliaries(
    configuration.auxiliary,
    environmentContext(environment, configuration.seed),
  );
  try {
    const slice = sliceAuxiliaries(auxiliaries).find(({ auxiliary }) => auxiliary.name === 'reward');
    return slice && { start: slice.start, isLogit: slice.auxiliary.loss === 'cross-entropy' };
  } finally {
    for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
  }
}

async function openClosenessGoal(
  flags: GoalFlags,
  goal: Exclude<GoalText, { kind: 'reward' }>,
  { environment, session }: GoalContext,
): Promise<Pick<PlanGoal, 'objectiveOf' | 'fold'>> {
  if (flags.fold !== undefined && parseFold('--fold', flags.fold) !== 'best')
    throw new UsageError(`--fold: expected best for a goal that is a latent, got "${flags.fold}"`);
  const objectiveTo = ({ values }: Latents) => closenessObjective(values, flags.discount);
  if (goal.kind === 'state') {
    const state = stateNamed(environment, goal.name, '--goal');
    // Another image for every episode: what is measured is the state, not one picture of it.
    const objectiveOf = async (episode: number) =>
      objectiveTo(await encodeState(environment, session, state, flags.seed, episode));
    return { objectiveOf, fold: 'best' };
  }
  const latent =
    goal.kind === 'image'
      ? await session.encode(await readGoalImage(goal.path, environment))
      : readGoalLatent(goal.path, (await encodeState(environment, session, 0, flags.seed)).size);
  const objective = objectiveTo(latent);
  return { objectiveOf: async () => objective, fold: 'best' };
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

function readGoalFile(path: string, expected: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new UsageError(`--goal: expected ${expected}, got "${path}", which cannot be read`, { cause });
  }
}

/** @throws FormatError where it is no image, UsageError where it is not of the observations' size */
async function readGoalImage(path: string, { observationShape }: Environment): Promise<Uint8Array> {
  const bytes = readGoalFile(path, 'reward, state:NAME, latent:FILE or the file of an image');
  const { decodeImageFile, withChannels } = await import('../src/data/image-file.ts');
  const [height, width, channels] = observationShape;
  const image = withChannels(await decodeImageFile(bytes, path), channels);
  if (image.height !== height || image.width !== width)
    throw new UsageError(
      `--goal ${path}: expected an image of ${height} x ${width} pixels, got ${image.height} x ${image.width}`,
    );
  return image.pixels;
}

/** @throws FormatError where it is no JSON array of D numbers */
function readGoalLatent(path: string, size: number): Latents {
  const text = readGoalFile(path, 'the file of a latent').toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`--goal ${path}: expected a JSON array, got ${text.length} characters that are not JSON`, {
      cause,
    });
  }
  const numbers = Array.isArray(value) && value.every((each) => Number.isFinite(each)) ? value.map(Number) : undefined;
  if (numbers?.length !== size) {
    const found = numbers ? `${numbers.length} numbers` : 'something else';
    throw new FormatError(`--goal ${path}: expected a JSON array of ${size} numbers, got ${found}`);
  }
  return { values: Float32Array.from(numbers), count: 1, size };
}
