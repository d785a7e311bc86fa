// What plans aim at in latents, made from a goal: an output of the auxiliary head, or a latent to come close to.
import { readFileSync } from 'node:fs';
import type { Auxiliary, AuxiliaryContext } from '../../src/auxiliary/index.ts';
import { FormatError, option, UsageError } from '../../src/error.ts';
import { createLatents, type Latents } from '../../src/measures/latents.ts';
import {
  avoidanceObjective,
  closenessObjective,
  type Fold,
  type Objective,
  rewardObjective,
} from '../../src/planning/index.ts';
import type { HeadOutput } from '../../src/planning/objective.ts';
import type { WorldSession } from '../../src/run/world-session.ts';
import { elementCount } from '../../src/shape.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { type Goal, goalText, type ResolvedPlanOptions } from './option.ts';
import type { PlanGoal } from './setting.ts';

type FoldOptions = Pick<ResolvedPlanOptions, 'fold' | 'discount'>;

export interface GoalContext {
  readonly configuration: Configuration;
  readonly session: WorldSession;
  /** What the auxiliaries were built from. */
  readonly auxiliaryContext: AuxiliaryContext;
  /** Whether an episode ends with its success; else it is worth staying where the score is high. */
  readonly endsWithSuccess: boolean;
}

/** Goals that are an output of the auxiliary head. */
type HeadGoal = Extract<Goal, { kind: 'reward' | 'column' | 'avoid' }>;
/** Goals that are one latent. */
type LatentGoal = Extract<Goal, { kind: 'latent' | 'observation' | 'image' }>;

/** @param openState opens the goal that is a state: only where one acts is it known what states are called. */
export async function openGoal(
  options: Pick<ResolvedPlanOptions, 'goal' | 'fold' | 'discount'>,
  context: GoalContext,
  openState: (name: string) => PlanGoal | Promise<PlanGoal>,
): Promise<PlanGoal> {
  const { goal } = options;
  switch (goal.kind) {
    case 'reward':
    case 'column':
    case 'avoid':
      return openHeadGoal(options, goal, context);
    case 'state':
      return openState(goal.name);
    default:
      return openLatentGoal(options, goal, context);
  }
}

/** @throws UsageError where the run has no such output */
async function openHeadGoal(options: FoldOptions, goal: HeadGoal, context: GoalContext): Promise<PlanGoal> {
  const { discount } = options;
  const output = await headOutput(goal, context);
  if (goal.kind === 'avoid') {
    if (options.fold !== undefined && options.fold !== 'survival')
      throw new UsageError(`${option('fold')}: expected survival for an event to avoid, got "${options.fold}"`);
    const objective = avoidanceObjective(output, discount);
    return { fold: 'survival', objectiveOf: async () => objective };
  }
  const fold = options.fold ?? rewardFold(output, context);
  const objective = rewardObjective({ ...output, fold, discount });
  return { fold, objectiveOf: async () => objective };
}

/** Measured in docs/planning.md: by `sum`, rewards that are costs on the way are shunned where a plan ends before they pay. */
function rewardFold({ isLogit }: HeadOutput, { endsWithSuccess }: GoalContext): Fold {
  if (!isLogit) return 'best';
  return endsWithSuccess ? 'first-success' : 'sum';
}

async function headOutput(goal: HeadGoal, context: GoalContext): Promise<HeadOutput> {
  const { configuration, session, auxiliaryContext } = context;
  const head = session.auxiliary;
  const { rewardColumn } = auxiliaryContext;
  const isMeant = (auxiliary: Auxiliary) =>
    goal.kind === 'reward'
      ? auxiliary.name === 'reward' || (auxiliary.of === 'column' && auxiliary.column === rewardColumn)
      : auxiliary.of === 'column' && auxiliary.column === goal.name;
  const slice = head && (await sliceOf(isMeant, configuration, auxiliaryContext));
  if (head === undefined || slice === undefined) {
    const wanted = goal.kind === 'reward' ? 'reward' : `column:${goal.name}`;
    const found = configuration.auxiliary.map((each) => (each.kind === 'column' ? `column:${each.column}` : each.kind));
    throw new UsageError(
      `${option('goal', goalText(goal))}: expected a run with the auxiliary ${wanted}, got ${found.join(', ') || 'none'}`,
      {
        remedy: `Train with ${option('auxiliary', wanted)}, or aim at something seen: ${option('goal', 'state:NAME')}, observation:FILE or goal.png.`,
      },
    );
  }
  if (slice.size !== 1)
    throw new UsageError(
      `${option('goal')}: expected a column of one number, got ${slice.size} in a row of ${slice.name}`,
    );
  const latentSize = configuration.model.latentSize;
  return {
    head: (latents) => head(createLatents(latents, latentSize)),
    output: slice.start,
    isLogit: slice.isLogit,
  };
}

/** Where an auxiliary stands among the head's outputs. */
async function sliceOf(
  isMeant: (auxiliary: Auxiliary) => boolean,
  configuration: Configuration,
  context: AuxiliaryContext,
) {
  const { createAuxiliaries, sliceAuxiliaries } = await import('../../src/auxiliary/index.ts');
  // Others may be networks, whose size is known once they are built.
  if (configuration.auxiliary.length > 1) (await import('@tensorflow/tfjs')).enableProdMode();
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, context);
  try {
    const slice = sliceAuxiliaries(auxiliaries).find(({ auxiliary }) => isMeant(auxiliary));
    if (slice === undefined) return undefined;
    const { name, size, loss } = slice.auxiliary;
    return { name, size, start: slice.start, isLogit: loss === 'cross-entropy' };
  } finally {
    for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
  }
}

/** @param latentOf [1, D] of an episode */
export function closenessGoal(
  options: FoldOptions,
  { endsWithSuccess }: Pick<GoalContext, 'endsWithSuccess'>,
  latentOf: (episode: number) => Promise<Latents>,
): PlanGoal {
  const fold = options.fold ?? (endsWithSuccess ? 'best' : 'sum');
  if (fold !== 'best' && fold !== 'sum')
    throw new UsageError(`${option('fold')}: expected best or sum for a goal that is a latent, got "${fold}"`);
  const objectiveOf = async (episode: number): Promise<Objective> =>
    closenessObjective((await latentOf(episode)).values, options.discount, fold);
  return { fold, objectiveOf };
}

/** @throws UsageError where the file is not there or of another size, FormatError where it is something else */
async function openLatentGoal(options: FoldOptions, goal: LatentGoal, context: GoalContext): Promise<PlanGoal> {
  const { configuration, session } = context;
  const { observationShape } = context.auxiliaryContext;
  const latent = await readLatent();
  return closenessGoal(options, context, async () => latent);

  async function readLatent(): Promise<Latents> {
    if (goal.kind === 'latent') {
      const { latentSize } = configuration.model;
      return createLatents(readNumbers(goal.path, latentSize, 'latent'), latentSize);
    }
    if (goal.kind === 'image') return session.encode(await readGoalImage(goal.path, observationShape));
    if (observationShape.length !== 1)
      throw new UsageError(
        `${option('goal', `observation:${goal.path}`)}: expected a run on numbers, got one on images`,
        {
          remedy: `Name the file of an image: ${option('goal', 'goal.png')}.`,
        },
      );
    return session.encode(readNumbers(goal.path, elementCount(observationShape), 'observation'));
  }
}

function readGoalFile(path: string, expected: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new UsageError(`${option('goal')}: expected ${expected}, got "${path}", which cannot be read`, { cause });
  }
}

/** @throws FormatError where it is no image, UsageError where it is not of the observations' size */
async function readGoalImage(path: string, observationShape: readonly number[]): Promise<Uint8Array> {
  const bytes = readGoalFile(
    path,
    'reward, column:NAME, avoid:NAME, state:NAME, latent:FILE, observation:FILE or the file of an image',
  );
  if (observationShape.length !== 3)
    throw new UsageError(
      `${option('goal', path)}: expected a run on images, got one on ${observationShape.join(' x ')} numbers`,
      {
        remedy: `Name a JSON array of these numbers: ${option('goal', 'observation:FILE')}.`,
      },
    );
  const { decodeImageFile, withChannels } = await import('../../src/data/image/file.ts');
  const [height, width, channels] = observationShape;
  const image = withChannels(await decodeImageFile(bytes, path), channels);
  if (image.height !== height || image.width !== width)
    throw new UsageError(
      `${option('goal', path)}: expected an image of ${height} x ${width} pixels, got ${image.height} x ${image.width}`,
    );
  return image.pixels;
}

/** @throws FormatError where it is no JSON array of `size` numbers */
function readNumbers(path: string, size: number, what: string): Float32Array {
  const text = readGoalFile(path, `the file of ${what === 'latent' ? 'a latent' : 'an observation'}`).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(
      `${option('goal', path)}: expected a JSON array, got ${text.length} characters that are not JSON`,
      {
        cause,
      },
    );
  }
  const numbers = Array.isArray(value) && value.every((each) => Number.isFinite(each)) ? value.map(Number) : undefined;
  if (numbers?.length !== size) {
    const found = numbers ? `${numbers.length} numbers` : 'something else';
    throw new FormatError(`${option('goal', path)}: expected a JSON array of ${size} numbers, got ${found}`);
  }
  return Float32Array.from(numbers);
}
