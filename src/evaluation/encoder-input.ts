// What an encoder from anywhere takes and gives, by the types and shapes that its file says, and by what a person says where it
// does not: images, clips, numbers, tokens, several inputs, constants; and which output is the latent.
// Letters: N observations, T frames, H W C image, D numbers.
import { FormatError, option, UsageError } from '../error.ts';
import type { ObservationInput, PixelNormalization } from '../run/encode.ts';
import type { ConstantPort, EncoderPort, InputLayout } from '../run/input.ts';
import type { LatentChoice, Pool } from '../run/latent.ts';

/** What a person says of an encoder's inputs where its file does not. */
export interface InputAnswers {
  /** Of several inputs, the one that takes observations, where it is one. */
  readonly name?: string | undefined;
  /** Of several inputs, those that take parts of an observation, in their order. */
  readonly names?: readonly string[] | undefined;
  readonly layout?: 'nhwc' | 'nchw' | undefined;
  readonly normalization?: PixelNormalization | undefined;
  /** Inputs whose observations are numbers as they are, whatever axes they have. */
  readonly numbers?: ReadonlySet<string> | undefined;
  /** Inputs that take the same numbers whatever is observed. */
  readonly constants?: readonly ConstantPort[] | undefined;
}

/** An input or output as a file or a session describes it. */
export interface Port {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of an open axis. */
  readonly shape: readonly (number | string)[];
}

/** An input as a file or a session describes it. */
export type InputPort = Port;

/** One input that takes observations, and the image that it takes as far as the file says. */
export interface FoundPort extends EncoderPort {
  /** Sides in pixels; undefined of numbers, and where the file leaves them open. */
  readonly imageSize?: readonly [height: number, width: number] | undefined;
  /** Channels of one frame, where the file says so. */
  readonly channels?: number | undefined;
  /** Of a clip, whether the file leaves open how many frames it has. */
  readonly isOpenClip?: boolean | undefined;
}

/** An encoder's input, and the image that it takes as far as the file says. */
export interface FoundInput {
  readonly input: ObservationInput;
  /** Sides in pixels; undefined for vectors, and where the file leaves them open. */
  readonly imageSize?: readonly [height: number, width: number] | undefined;
}

/** Channels that an image may have, alone or as frames of a stack. */
const MAXIMAL_CHANNELS = 64;
/** Channels of one frame of a clip, the likeliest first: four frames in colour are no three frames of four channels. */
const FRAME_CHANNELS: readonly number[] = [3, 1, 4];

/** What an output is called that is rather a latent than what a head makes of it. */
const LATENT_NAME = /embed|feature|latent|pool|represent/i;

const INTEGERS: readonly string[] = ['int32', 'int64'];
const FLOATS: readonly string[] = ['float32', 'float16'];

/**
 * What an encoder of one input takes, by the type and shape of it: [N, H, W, C] or [N, C, H, W] images, clips of them with five
 * axes, [N, D] numbers.
 * @param where the file, for messages
 * @throws UsageError where that cannot be told or is none of them
 */
export function findObservationInput(where: string, specs: readonly InputPort[], answers: InputAnswers): FoundInput {
  const [port] = findPorts(where, specs, {
    ...answers,
    ...(answers.name === undefined ? {} : { names: [answers.name] }),
  });
  const { imageSize, channels: _, isOpenClip: _open, ...own } = port;
  return {
    input: { ...own, ...(answers.constants?.length ? { constants: answers.constants } : {}) },
    ...(imageSize === undefined ? {} : { imageSize }),
  };
}

/**
 * The inputs that take observations, as far as the file and the answers say.
 * @throws UsageError where an input is left that is neither fed nor fixed
 */
export function findPorts(where: string, specs: readonly InputPort[], answers: InputAnswers): FoundPort[] {
  const { constants = [] } = answers;
  const known = specs.map(({ name }) => name);
  const list = known.join(', ') || 'none';
  const unknown = [...(answers.names ?? []), ...constants.map(({ name }) => name)].find(
    (name) => !known.includes(name),
  );
  if (unknown !== undefined)
    throw new UsageError(`${where}: expected the name of an input (${list}), got "${unknown}"`, {
      remedy: 'jepa inspect shows them.',
    });
  const free = specs.filter(({ name }) => !constants.some((constant) => constant.name === name));
  const names = answers.names ?? free.map(({ name }) => name);
  if (names.length === 0 && known.length > 0)
    throw new UsageError(`${where}: expected an input for the observations, got ${option('fix')} for all (${list})`, {
      remedy: `Leave out one of ${option('fix')}.`,
    });
  if (names.length === 0 || (answers.names === undefined && free.length > 1))
    throw new UsageError(`${where}: expected one input, got ${list}`, {
      remedy: `Say what each takes: ${option('input', 'NAME=COLUMN')} for each, or ${option('fix', 'NAME=NUMBER')} for those that stay the same.`,
    });
  const left = free.find(({ name }) => !names.includes(name));
  if (left !== undefined)
    throw new UsageError(`${where}: expected every input to be fed, got nothing for ${describePort(left)}`, {
      remedy: `Say what it takes: ${option('input', `${left.name}=COLUMN`)}, or ${option('fix', `${left.name}=NUMBER`)}.`,
    });
  const ports = names.map((name) => portOf(where, specs.find((spec) => spec.name === name) ?? specs[0], answers));
  if ((answers.layout ?? answers.normalization) !== undefined && ports.every(({ layout }) => layout === 'flat')) {
    const image = free.find(({ shape }) => shape.length > 3);
    if (image !== undefined)
      throw new UsageError(`${where}: expected images for ${describePort(image)}, got numbers`, {
        remedy: `Say which column they are: ${option('map', 'observation=NAME')}.`,
      });
    throw new UsageError(
      `${where}: expected images for ${option('layout')} and ${option('pixels')}, got an input of ${describePort(free[0])}`,
    );
  }
  return ports;
}

/** Sides of the images that an input takes, where file and answers say them. */
export function imageSizeOf(
  specs: readonly InputPort[],
  { layout }: Pick<InputAnswers, 'layout'>,
): readonly [height: number, width: number] | undefined {
  for (const { shape } of specs) {
    const order =
      shape.length === 5 ? clipLayoutOf(shape, layout) : shape.length === 4 ? (layout ?? layoutOf(shape)) : undefined;
    const { height, width } = order === undefined ? { height: '', width: '' } : axesOf(order, shape);
    if (typeof height === 'number' && typeof width === 'number') return [height, width];
  }
  return undefined;
}

function portOf(where: string, { name, type, shape }: InputPort, answers: InputAnswers): FoundPort {
  const described = `${type}[${shape.join(', ')}]`;
  const isFloat = FLOATS.includes(type);
  const elementType = type as EncoderPort['type'];
  if (shape.length === 2 || answers.numbers?.has(name)) {
    if (type === 'uint8' && shape.length !== 2)
      throw new FormatError(`${where}: expected images for "${name}" ${described}, got a column of numbers`, {
        remedy: 'Store images as bytes (uint8): other numbers have no range that says what black and white are.',
      });
    if (!isFloat && !INTEGERS.includes(type))
      throw new FormatError(`${where}: expected an input of float32, float16, int32 or int64, got ${described}`);
    return { name, layout: 'flat', type: elementType };
  }
  if ((shape.length !== 4 && shape.length !== 5) || (type !== 'uint8' && !isFloat))
    throw new FormatError(
      `${where}: expected an input of images, [N, H, W, C] or [N, C, H, W] as uint8, float32 or float16, of clips with five axes, or of numbers, [N, D], got ${described}`,
    );
  if (type === 'uint8' && answers.normalization !== undefined)
    throw new UsageError(`${where}: expected no ${option('pixels')} for an input of bytes, got ${described}`);
  const layout =
    shape.length === 5
      ? clipLayout(where, shape, answers.layout, described)
      : (answers.layout ?? guessLayout(where, shape, described));
  const axes = axesOf(layout, shape);
  const { height, width, channels, frames } = axes;
  return {
    name,
    layout,
    type: elementType,
    ...(typeof frames === 'number' ? { frames } : {}),
    ...(frames !== undefined && typeof frames !== 'number' ? { isOpenClip: true } : {}),
    ...(answers.normalization && type !== 'uint8' ? { normalization: answers.normalization } : {}),
    ...(typeof channels === 'number' ? { channels } : {}),
    ...(typeof height === 'number' && typeof width === 'number' ? { imageSize: [height, width] } : {}),
  };
}

interface NamedAxes {
  readonly height: number | string;
  readonly width: number | string;
  readonly channels: number | string;
  readonly frames?: number | string;
}

function axesOf(layout: InputLayout, [, a, b, c, d]: InputPort['shape']): NamedAxes {
  switch (layout) {
    case 'nchw':
      return { channels: a, height: b, width: c };
    case 'ntchw':
      return { frames: a, channels: b, height: c, width: d };
    case 'ncthw':
      return { channels: a, frames: b, height: c, width: d };
    case 'nthwc':
      return { frames: a, height: b, width: c, channels: d };
    default:
      return { height: a, width: b, channels: c };
  }
}

function guessLayout(where: string, shape: InputPort['shape'], described: string): 'nhwc' | 'nchw' {
  const layout = layoutOf(shape);
  if (layout !== undefined) return layout;
  throw new UsageError(`${where}: expected an axis of channels, got ${described}`, {
    remedy: `Say where it is: ${option('layout', 'nchw')} or ${option('layout', 'nhwc')}.`,
  });
}

/** The axis of channels is the one that is short. */
function layoutOf([, first, , last]: InputPort['shape']): 'nhwc' | 'nchw' | undefined {
  const isFirst =
    typeof first === 'number' && first <= MAXIMAL_CHANNELS && !(typeof last === 'number' && last <= first);
  const isLast = typeof last === 'number' && last <= MAXIMAL_CHANNELS && !(typeof first === 'number' && first <= last);
  return isFirst === isLast ? undefined : isFirst ? 'nchw' : 'nhwc';
}

function clipLayout(
  where: string,
  shape: InputPort['shape'],
  asked: InputAnswers['layout'],
  described: string,
): InputLayout {
  const layout = clipLayoutOf(shape, asked);
  if (layout !== undefined) return layout;
  throw new UsageError(`${where}: expected an axis of 1, 3 or 4 channels beside one of frames, got ${described}`, {
    remedy: `Export it with those axes fixed, or with channels last and ${option('layout', 'nhwc')}.`,
  });
}

/** Of a clip the axis of channels is the one of 1, 3 or 4. Three frames in colour are [N, T, C, H, W], as video models have them. */
function clipLayoutOf(
  [, first, second, , last]: InputPort['shape'],
  asked: InputAnswers['layout'],
): InputLayout | undefined {
  const order = (side: number | string) => {
    const place = typeof side === 'number' ? FRAME_CHANNELS.indexOf(side) : -1;
    return place < 0 ? FRAME_CHANNELS.length : place;
  };
  const [inFirst, inSecond, inLast] = [order(first), order(second), order(last)];
  if (asked === 'nhwc' || (asked === undefined && inLast < Math.min(inFirst, inSecond))) return 'nthwc';
  if (Math.min(inFirst, inSecond) === FRAME_CHANNELS.length) return undefined;
  return inSecond <= inFirst ? 'ntchw' : 'ncthw';
}

/** What a person says of an encoder's outputs. */
export interface OutputAnswers {
  /** The name of the output that is taken. */
  readonly output?: string | undefined;
  readonly pool?: Pool | undefined;
  readonly normalize?: 'l2' | undefined;
}

/**
 * Which output is the latent: the one that is named; the only one; of several, the only one with a vector an observation. A
 * choice that nobody made is told in one line.
 * @throws UsageError where none is called so, or several would do
 */
export function chooseLatent(
  where: string,
  outputs: readonly Port[],
  { output, pool, normalize }: OutputAnswers,
  onNote: (note: string) => void,
): LatentChoice {
  const list = outputs.map(describePort).join(', ');
  const taken = takenOutput(where, outputs, output, list);
  if (outputs.length > 1 && output === undefined)
    onNote(`${where}: of its outputs ${list}, latents are taken from "${taken.name}", the only vector an observation`);
  const axes = taken.shape.slice(1).filter((side) => side !== 1);
  if (pool === undefined && axes.length > 1)
    onNote(
      `${where}: latents are all numbers of ${describePort(taken)}, one after the other: ${option('pool', axes.length === 2 && taken.shape.length === 3 ? 'cls' : 'max')} or ${option('pool', 'mean')} makes a vector of them`,
    );
  return {
    name: taken.name,
    ...(pool === undefined ? {} : { pool }),
    ...(normalize === undefined ? {} : { normalize }),
  };
}

function takenOutput(where: string, outputs: readonly Port[], name: string | undefined, list: string): Port {
  if (name !== undefined) {
    const named = outputs.find((each) => each.name === name);
    if (named !== undefined) return named;
    throw new UsageError(`${where}: expected the name of an output, got "${name}"`, { remedy: `It has ${list}.` });
  }
  if (outputs.length === 1) return outputs[0];
  if (outputs.length === 0) throw new FormatError(`${where}: expected an output, got none`);
  // Of [batch, batch], which compares observations with each other, the second axis is none of a vector.
  const vectors = outputs.filter(
    ({ type, shape: [rows, ...axes] }) =>
      FLOATS.includes(type) && axes.filter((side) => side !== 1).length === 1 && !axes.includes(rows),
  );
  if (vectors.length === 1) return vectors[0];
  const likely = vectors.find(({ name }) => LATENT_NAME.test(name)) ?? vectors[0] ?? outputs[0];
  throw new UsageError(`${where}: expected one output, or one with a vector an observation, got ${list}`, {
    remedy: `Say which is the latent: ${option('output', likely.name)}.`,
  });
}

/** `"last_hidden_state" float32[batch, 257, 384]` */
export function describePort({ name, type, shape }: Port): string {
  return `"${name}" ${type}[${shape.join(', ')}]`;
}
