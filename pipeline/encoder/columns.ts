// Which columns of a recording the inputs of an encoder take, and in which form: read from the file, and from what a person says.
import { isImageColumn } from '../../src/data/image/recording.ts';
import { type ObservationRows, observationRows, type RowPart } from '../../src/data/observation-rows.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { findColumns } from '../../src/data/role-name.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import {
  describePort,
  type FoundInput,
  type FoundPort,
  findPorts,
  type InputAnswers,
  type InputPort,
  imageSizeOf,
} from '../../src/evaluation/encoder-input.ts';
import type { ObservationInput } from '../../src/run/encode.ts';
import { elementCount } from '../../src/shape.ts';
import type { ResolvedEvaluateOptions } from '../evaluate/option.ts';
import type { EncoderOptions } from './option.ts';

export interface RecordingQuestion {
  readonly where: string;
  readonly inputs: readonly InputPort[];
  /** Of the recording. */
  readonly path: string;
}

export interface OpenedForEncoder {
  readonly recording: Recording;
  readonly roles: Roles;
  readonly input: FoundInput;
  readonly rows: ObservationRows;
  dispose(): Promise<void>;
}

/**
 * A recording's observations in the form that the encoder takes. Whoever calls this disposes it.
 * @throws UsageError where columns do not fit the inputs
 */
export async function openForEncoder(
  { where, inputs, path }: RecordingQuestion,
  options: EncoderOptions & Pick<ResolvedEvaluateOptions, 'onNote'>,
): Promise<OpenedForEncoder> {
  const { openConfiguredRecording } = await import('../../src/data/configured-recording.ts');
  const answers = answersOf(options);
  const { imageSize = imageSizeOf(inputs, answers) } = options;
  const configuration = await configurationOf(path, options, imageSize);
  const { recording, options: opened } = await openConfiguredRecording(configuration);
  try {
    const roles = opened.roles ?? {};
    const assigned = assignColumns(where, inputs, { recording, roles, answers, given: options.input ?? [] });
    const numbers = new Set(assigned.filter(({ columns }) => !isOfImages(recording, columns)).map(({ name }) => name));
    const names = assigned.map(({ name }) => name);
    const found = findPorts(where, inputs, { ...answers, names, numbers });
    const parts: RowPart[] = [];
    const ports: FoundPort[] = [];
    for (const [i, port] of found.entries()) {
      const { part, frames } = framesFor(recording, port, assigned[i].columns, options);
      parts.push({ ...part, isWhole: port.type.startsWith('int') });
      ports.push({ ...port, ...(frames === undefined ? {} : { frames }) });
    }
    const rows = observationRows(recording, parts);
    rows.parts.forEach(({ kind, shape }, i) => {
      const spec = inputs.find(({ name }) => name === ports[i].name);
      requirePort(where, ports[i], kind, shape, spec);
      requireImageSize(where, ports[i].imageSize, shape);
    });
    const [first] = ports;
    return {
      recording,
      roles,
      input: {
        input: inputOf(ports, { rows, parts }, answers),
        ...(first.imageSize ? { imageSize: first.imageSize } : {}),
      },
      rows,
      dispose: () => recording.dispose(),
    };
  } catch (error) {
    await recording.dispose();
    throw error;
  }
}

export async function configurationOf(
  path: string,
  { map, stack }: EncoderOptions,
  imageSize: readonly [number, number] | undefined,
) {
  const { recordingConfiguration } = await import('../../src/data/configured-recording.ts');
  const { parseOptions } = await import('../../src/options.ts');
  return parseOptions(option('data'), recordingConfiguration, {
    path,
    map,
    stack,
    imageSize: imageSize && [...imageSize],
  });
}

export function answersOf({ layout, pixels, fix }: EncoderOptions): InputAnswers {
  return { layout, normalization: pixels, ...(fix === undefined ? {} : { constants: fix }) };
}

interface AssignedColumns {
  /** Of the input. */
  readonly name: string;
  readonly columns: readonly string[];
}

/** Which columns each input takes: as it was said, else those of its own name, else the observation, where one input is left. */
function assignColumns(
  where: string,
  inputs: readonly InputPort[],
  {
    recording,
    roles,
    answers,
    given,
  }: {
    readonly recording: Recording;
    readonly roles: Roles;
    readonly answers: InputAnswers;
    readonly given: NonNullable<EncoderOptions['input']>;
  },
): AssignedColumns[] {
  const columns = [...recording.columns.keys()];
  for (const { name, columns: wanted } of given) {
    if (!inputs.some((each) => each.name === name))
      throw unknownName(
        option('input'),
        `an input of ${where}`,
        name,
        inputs.map((each) => each.name),
      );
    const missing = wanted.find((column) => !columns.includes(column));
    if (missing !== undefined) throw unknownName(option('input'), 'a column', missing, columns);
  }
  const free = inputs.filter(({ name }) => !answers.constants?.some((constant) => constant.name === name));
  const observation =
    expanded('observation', roles.observation, columns) ?? recording.roles.observation ?? onlyImages(recording);
  return free.map((port): AssignedColumns => {
    const said = given.find(({ name }) => name === port.name);
    if (said !== undefined) return said;
    if (free.length === 1) {
      if (observation !== undefined) return { name: port.name, columns: observation };
    } else if (columns.includes(port.name)) return { name: port.name, columns: [port.name] };
    const remedy =
      free.length === 1
        ? `Say which one it is: ${option('map', 'observation=NAME')}.`
        : `Say what it takes: ${option('input', `${port.name}=COLUMN`)}, or ${option('fix', `${port.name}=NUMBER`)}.`;
    const notes = recording.notes.filter((note) => note.endsWith(', left out'));
    const leftOut = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
    throw new UsageError(
      `${where}: expected a column for ${describePort(port)} among ${columns.join(', ')}, found none that is called so${leftOut}`,
      { remedy },
    );
  });
}

/** The columns that a person named as one part of the recording. @throws UsageError for one that is not there */
export function expanded(
  part: 'observation' | 'action',
  names: readonly string[] | undefined,
  columns: readonly string[],
): readonly string[] | undefined {
  return names?.flatMap((name) => {
    const found = findColumns(columns, [name]);
    if (found === undefined) throw unknownName(option('map', `${part}=${name}`), 'a column', name, columns);
    return found;
  });
}

/** The column of images, where there is one. */
function onlyImages({ columns }: Recording): readonly string[] | undefined {
  const images = [...columns.values()].filter(isImageColumn);
  return images.length === 1 ? [images[0].name] : undefined;
}

function isOfImages(recording: Recording, columns: readonly string[]): boolean {
  return columns.some((name) => {
    const column = recording.columns.get(name);
    return column !== undefined && isImageColumn(column);
  });
}

/** How many frames make an observation: a clip's, where the recording has them one by one, else what was asked for. */
function framesFor(
  recording: Recording,
  port: FoundPort,
  columns: readonly string[],
  { stack, onNote }: Pick<EncoderOptions, 'stack'> & Pick<ResolvedEvaluateOptions, 'onNote'>,
): { readonly part: RowPart; readonly frames?: number } {
  const stored = columns.reduce((sum, name) => sum + (recording.columns.get(name)?.shape[2] ?? 0), 0);
  if (!port.isOpenClip && port.frames === undefined)
    return { part: { columns, stack: port.layout === 'flat' && stack === undefined ? 1 : stack } };
  const channels = port.channels ?? 3;
  if (port.isOpenClip) return { part: { columns, stack }, frames: (stored * (stack ?? 1)) / channels };
  const isSingle = stack === undefined && stored === channels && port.frames !== 1;
  if (isSingle) onNote(`clips of ${port.frames} frames that follow each other in an episode, the newest last`);
  return { part: { columns, stack: isSingle ? port.frames : stack } };
}

function inputOf(
  ports: readonly FoundPort[],
  { rows, parts }: { readonly rows: ObservationRows; readonly parts: readonly RowPart[] },
  { constants }: InputAnswers,
): ObservationInput {
  const own = ports.map(({ imageSize: _, channels: _channels, isOpenClip: _open, ...port }) => port);
  return {
    ...own[0],
    ...(own.length > 1
      ? { parts: own.map((port, i) => ({ ...port, shape: rows.parts[i].shape, columns: parts[i].columns })) }
      : {}),
    ...(constants?.length ? { constants } : {}),
  };
}

/** @throws UsageError where observations are not what an input takes */
export function requirePort(
  where: string,
  port: FoundPort,
  kind: 'image' | 'numbers',
  shape: readonly number[],
  spec?: InputPort,
): void {
  if ((kind === 'numbers') !== (port.layout === 'flat'))
    throw new UsageError(
      `${where}: expected observations that are ${kind === 'numbers' ? 'images' : 'numbers'}, got ${kind === 'numbers' ? `${elementCount(shape)} numbers` : `images of ${shape.join(' x ')}`}`,
      { remedy: `Say which column they are: ${option('map', 'observation=NAME')}.` },
    );
  if (kind === 'numbers') {
    const sides = spec?.shape.slice(1) ?? [];
    const isOpen = sides.some((side) => typeof side === 'string');
    const wanted = sides.filter((side) => typeof side === 'number');
    const isSame =
      shape.length < 2 ||
      sides.length !== shape.length ||
      sides.every((side, i) => typeof side === 'string' || side === shape[i]);
    const count = elementCount(shape);
    const size = elementCount(wanted);
    if (spec !== undefined && (!isSame || (isOpen ? count % size !== 0 : count !== size)))
      throw new UsageError(
        `${where}: expected numbers for ${describePort(spec)}, got [${shape.join(', ')}] an observation`,
        {
          remedy: 'Store them in the order of axes of the file, or name other columns.',
        },
      );
    return;
  }
  const frames = port.frames ?? 1;
  const channels = port.channels === undefined ? undefined : port.channels * frames;
  if (!Number.isInteger(frames) || (channels !== undefined && channels !== shape[2])) {
    const perFrame = port.frames === undefined ? '' : `${port.frames} frames of `;
    throw new UsageError(
      `${where}: expected images of ${perFrame}${port.channels ?? '?'} channels for "${port.name}", got ${shape[2]}`,
      {
        remedy:
          shape[2] === 1 || shape[2] === 3
            ? `Frames of a stack are asked for by ${option('stack')}; grey and colour are not exchanged.`
            : `Other columns are named by ${option('map', 'observation=NAME')}.`,
      },
    );
  }
  const numbers = port.normalization?.mean.length ?? 1;
  if (numbers !== 1 && numbers !== shape[2] && numbers !== port.channels)
    throw new UsageError(`${option('pixels')}: expected 1 or ${shape[2]} means, one for each channel, got ${numbers}`);
}

export function requireImageSize(where: string, imageSize: FoundPort['imageSize'], shape: readonly number[]): void {
  if (imageSize?.some((side, axis) => side !== shape[axis]))
    throw new UsageError(
      `${where}: expected images of ${imageSize.join(' x ')} pixels, got ${shape.slice(0, 2).join(' x ')}`,
      { remedy: `Bring them to its size: ${option('imageSize', imageSize.join('x'))}.` },
    );
}
