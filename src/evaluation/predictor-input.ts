// What a predictor from anywhere takes and gives, by the types and shapes that its file says: which input is the latent, which the action,
// and in which form the recorded actions fit it. Letters: N rows, D latent size, A width of the action input.
import { option, UsageError } from '../error.ts';
import type { ConstantPort } from '../run/input.ts';
import type { ActionPart, PredictorPorts } from '../run/predictor.ts';
import { describePort, type Port } from './encoder-input.ts';
import type { RecordedAction } from './held-out/row-words.ts';

/** What a person says of a predictor where its file does not. */
export interface PredictorAnswers {
  /** Names of its inputs. Default: by their widths, else by their names, else the latent first. */
  readonly latent?: string | undefined;
  readonly action?: string | undefined;
  /** Further inputs, which take the same numbers always. */
  readonly constants?: readonly ConstantPort[] | undefined;
  /** next: the output is the next latent. difference: what is added to the latent. Default: next. */
  readonly gives?: 'next' | 'difference' | undefined;
}

export interface PredictorQuestion {
  /** The predictor's file, for messages. */
  readonly where: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The encoder's file, for messages. */
  readonly encoder: string;
  /** D */
  readonly latentSize: number;
  /** Of the recording. */
  readonly actions: readonly RecordedAction[];
}

const FLOATS: readonly string[] = ['float32', 'float16'];
const ACTION_TYPES: readonly string[] = [...FLOATS, 'int32', 'int64'];
/** What an input is called that takes an action. */
const ACTION_NAME = /(^|[^a-z])(actions?|act|acts|controls?|a|u)([^a-z]|$)/i;

/**
 * How the file is fed with the encoder's latents and the recording's actions.
 * @throws UsageError naming the input or output that does not fit, with both shapes
 */
export function findPredictorPorts(question: PredictorQuestion, answers: PredictorAnswers): PredictorPorts {
  const { where, inputs } = question;
  const constants = answers.constants ?? [];
  const list = inputs.map(describePort).join(', ') || 'none';
  for (const name of [answers.latent, answers.action, ...constants.map((each) => each.name)])
    if (name !== undefined && !inputs.some((each) => each.name === name))
      throw new UsageError(`${option('predictorInput')}: expected the name of an input of ${where}, got "${name}"`, {
        remedy: `It has ${list}.`,
      });
  const free = inputs.filter(({ name }) => !constants.some((constant) => constant.name === name));
  if (free.length !== 2) {
    const further = free.find(({ name }) => name !== answers.latent && name !== answers.action);
    throw new UsageError(`${where}: expected two inputs, a latent and an action, got ${list}`, {
      remedy:
        free.length > 2 && further !== undefined
          ? `Say what each takes: ${option('predictorInput', 'NAME=latent')}, NAME=action, and of others a number: ${option('predictorInput', `${free[2].name}=0`)}.`
          : 'A predictor takes [N, D] latents and [N, A] actions, and gives [N, D] latents.',
    });
  }
  const [latent, action] = ordered(free, question, answers);
  requireLatent(latent, question);
  const parts = requireAction(action, question);
  return {
    latent: { name: latent.name, type: latent.type as PredictorPorts['latent']['type'] },
    action: {
      name: action.name,
      type: action.type as PredictorPorts['action']['type'],
      axes: action.shape.length === 1 ? 0 : 1,
      parts,
    },
    constants,
    output: outputOf(question),
    gives: answers.gives ?? 'next',
    batchSize: batchSizeOf(where, [latent, action]),
  };
}

/** Which input is which: as was said, else as they fit, else as they are called, else the latent first. */
function ordered(
  [first, second]: readonly Port[],
  question: PredictorQuestion,
  answers: PredictorAnswers,
): readonly [latent: Port, action: Port] {
  const [asWritten, swapped] = [[first, second] as const, [second, first] as const];
  const { latent, action } = answers;
  if (latent !== undefined || action !== undefined) {
    if (latent === action)
      throw new UsageError(`${option('predictorInput')}: expected two inputs, got "${latent}" for latent and action`);
    return first.name === latent || second.name === action ? asWritten : swapped;
  }
  const fits = ([z, a]: readonly [Port, Port]) =>
    latentMisfit(z, question.latentSize) === undefined && actionPartsOf(a, question.actions) !== undefined;
  if (fits(asWritten) !== fits(swapped)) return fits(asWritten) ? asWritten : swapped;
  const isSwapped = ACTION_NAME.test(first.name) && !ACTION_NAME.test(second.name);
  return isSwapped ? swapped : asWritten;
}

/** What is wrong with an input for latents: the shape and types that were expected. */
function latentMisfit({ type, shape }: Port, size: number): string | undefined {
  const isVector = shape.length === 2 && (typeof shape[1] === 'string' || shape[1] === size);
  return isVector && FLOATS.includes(type) ? undefined : `float32 or float16 [N, ${size}]`;
}

function requireLatent(port: Port, { where, encoder, latentSize }: PredictorQuestion): void {
  const expected = latentMisfit(port, latentSize);
  if (expected === undefined) return;
  throw new UsageError(`${where}: expected latents as ${encoder} gives them, ${expected}, got ${describePort(port)}`, {
    remedy: `Take the predictor of this encoder, or name its inputs: ${option('predictorInput', 'NAME=latent')}.`,
  });
}

function requireAction(port: Port, { where, actions }: PredictorQuestion): readonly ActionPart[] {
  const parts = actionPartsOf(port, actions);
  if (parts !== undefined) return parts;
  const names = actions.map(({ column }) => column).join('+');
  const forms = [
    ...(sum(actions) === 1 ? ['[N]'] : []),
    `[N, ${sum(actions)}]`,
    ...(actions.some(({ choices }) => choices !== undefined) ? [`one-hot [N, ${sum(actions, 'choices')}]`] : []),
  ];
  throw new UsageError(
    `${where}: expected actions as ${names} was recorded, ${ACTION_TYPES.join(', ')} ${forms.join(' or ')}, got ${describePort(port)}`,
    {
      remedy: `Name the columns that it takes: ${option('map', 'action=NAME')}, or its inputs: ${option('predictorInput', 'NAME=action')}.`,
    },
  );
}

/** Numbers of all actions together. */
function sum(actions: readonly RecordedAction[], how?: 'choices'): number {
  return actions.reduce((all, { size, choices }) => all + (how === undefined ? size : (choices ?? size)), 0);
}

/**
 * How recorded actions fill an input: as their numbers where its width is theirs, else choices as one-hot, of as many as the input has.
 * Undefined where neither fits.
 */
function actionPartsOf({ type, shape }: Port, actions: readonly RecordedAction[]): readonly ActionPart[] | undefined {
  if (!ACTION_TYPES.includes(type) || shape.length < 1 || shape.length > 2) return undefined;
  const width = shape.length === 1 ? 1 : shape[1];
  const plain = actions.map(({ column, size }) => ({ column, size }));
  const choosing = actions.filter(({ choices }) => choices !== undefined);
  const isInteger = !FLOATS.includes(type);
  if (width === sum(actions) && !(isInteger && choosing.length < actions.length)) return plain;
  if (choosing.length === 0) return typeof width === 'string' && !isInteger ? plain : undefined;
  if (typeof width === 'string') return isInteger ? plain : [...actions];
  // Of one column of choices the input says how many there are: a recording may lack the last of them.
  const missing = width - sum(actions, 'choices');
  if (missing === 0) return [...actions];
  if (choosing.length > 1 || missing < 0) return undefined;
  return actions.map((each) => (each.choices === undefined ? each : { ...each, choices: each.choices + missing }));
}

/** The only output that can be the next latent. */
function outputOf({ where, outputs, latentSize, encoder }: PredictorQuestion): string {
  const fitting = outputs.filter((port) => latentMisfit(port, latentSize) === undefined);
  if (fitting.length === 1) return fitting[0].name;
  throw new UsageError(
    `${where}: expected one output of next latents, float32 or float16 [N, ${latentSize}] as ${encoder} gives them, got ${outputs.map(describePort).join(', ') || 'none'}`,
    { remedy: 'Export the predictor with the next latent, or what is added to the latent, as its output.' },
  );
}

function batchSizeOf(where: string, ports: readonly Port[]): number | undefined {
  const sizes = ports
    .map(({ shape }) => shape[0])
    .filter((side): side is number => typeof side === 'number' && side > 0);
  if (new Set(sizes).size > 1)
    throw new UsageError(`${where}: expected latents and actions of as many rows, got ${sizes.join(' and ')}`, {
      remedy: 'Export it with an open first axis.',
    });
  return sizes[0];
}
