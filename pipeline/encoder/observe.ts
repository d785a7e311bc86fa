// Observations with classes for an encoder from anywhere: which columns of a recording its inputs take, in which form, and which
// rows are judged; or those of an environment of ours.
import { basename, resolve } from 'node:path';
import { classColumnOf } from '../../src/data/class-column.ts';
import { isImageColumn } from '../../src/data/image/recording.ts';
import { type ObservationRows, observationRows, type RowPart } from '../../src/data/observation-rows.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { findColumns } from '../../src/data/role-name.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { classesOf, type StateClasses } from '../../src/evaluation/class/state.ts';
import {
  chooseLatent,
  describePort,
  type FoundInput,
  type FoundPort,
  findObservationInput,
  findPorts,
  type InputAnswers,
  type InputPort,
  imageSizeOf,
} from '../../src/evaluation/encoder-input.ts';
import type { ForeignEvaluationInput } from '../../src/evaluation/foreign-encoder.ts';
import { type EvaluationSource, environmentEvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import {
  drawLabelledRows,
  observationsThatFit,
  type RowClasses,
  readLabelledRows,
} from '../../src/evaluation/held-out/labelled-rows.ts';
import type { ObservationInput } from '../../src/run/encode.ts';
import { elementCount } from '../../src/shape.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';
import { type ResolvedEvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { lookAtEncoder } from './file.ts';
import type { EncoderOptions, EvaluateEncoderOptions } from './option.ts';

type ResolvedOptions = EvaluateEncoderOptions & ResolvedEvaluateOptions;
type Observed = Pick<ForeignEvaluationInput, 'source' | 'classes'>;

/** What an encoder takes, and observations with classes for it. */
export interface ObservedEncoder {
  readonly found: FoundInput;
  readonly observed: Observed;
  readonly sha256: string;
  /** What the file computes in. */
  readonly precision: 'float32' | 'float16' | 'int8';
}

/**
 * What an encoder takes, and observations with classes for it.
 * @throws UsageError where they do not fit, or both or neither of `data` and `environment` are given
 */
export async function observeForEncoder(path: string, given: EvaluateEncoderOptions): Promise<ObservedEncoder> {
  const options: ResolvedOptions = { ...given, ...resolveEvaluateOptions(given) };
  const { data, environment, onNote } = options;
  requireOneSource(path, options);
  requireFile(path, 'an ONNX file');
  const { where, inputs, outputs, precision, sha256 } = await lookAtEncoder(path);
  const latent = chooseLatent(where, outputs, options, onNote);
  const { input, observed } =
    environment === undefined
      ? await observedInRecording({ where, inputs, path: data ?? '' }, options)
      : await observedInEnvironment({ where, inputs, name: environment }, options);
  return { found: { ...input, input: { ...input.input, latent } }, observed, sha256, precision };
}

/** @throws UsageError where both or neither of a recording and an environment are given */
export function requireOneSource(path: string, { data, environment }: EncoderOptions): void {
  if ((data === undefined) === (environment === undefined))
    throw new UsageError(
      `${path}: expected observations for it, either ${option('data', 'RECORDING')} or ${option('environment', 'NAME')}, got ${data === undefined ? 'neither' : 'both'}`,
    );
}

interface Found {
  readonly input: FoundInput;
  readonly observed: Observed;
}

async function observedInEnvironment(
  { where, inputs, name }: { readonly where: string; readonly inputs: readonly InputPort[]; readonly name: string },
  options: ResolvedOptions,
): Promise<Found> {
  const { classes = 'reward' } = options;
  if (classes !== 'reward' && classes !== 'state')
    throw new UsageError(
      `${option('classes')}: expected reward or state for an encoder by itself, got ${typeof classes === 'string' ? classes : classes.of}`,
    );
  const { input, source } = environmentInput(where, inputs, name, options);
  const environment = createEnvironment(name);
  return { input, observed: { source, classes: await classesOf(environment, classes, []) } };
}

/** What an encoder takes of an environment's images. @throws UsageError where it takes others, or something else */
export function environmentInput(
  where: string,
  inputs: readonly InputPort[],
  name: string,
  options: EncoderOptions,
): { readonly input: FoundInput; readonly source: EvaluationSource } {
  if (options.input !== undefined && options.input.length > 0)
    throw new UsageError(`${option('input')}: expected columns of a recording, got the environment ${name}`, {
      remedy: 'An environment has images alone: the one input takes them.',
    });
  const input = findObservationInput(where, inputs, answersOf(options));
  const source = environmentEvaluationSource(createEnvironment(name));
  const { imageSize, input: own } = input;
  const shape = source.observationShape;
  requirePort(where, { ...own, imageSize }, 'image', shape);
  requireImageSize(where, imageSize, shape);
  return { input, source };
}

interface RecordingQuestion {
  readonly where: string;
  readonly inputs: readonly InputPort[];
  /** Of the recording. */
  readonly path: string;
}

async function observedInRecording(question: RecordingQuestion, options: ResolvedOptions): Promise<Found> {
  const { seed, onNote } = options;
  const { recording, roles, input, rows, dispose } = await openForEncoder(question, options);
  try {
    const asked = classesFor(recording, roles, recordingClasses(options.classes, 'for a recording'));
    const rowClasses = rowClassesOf(recording, roles, asked);
    if (rowClasses === undefined)
      return { input, observed: await observedTransitions(recording, asked, question.path, options, input) };
    const most = observationsThatFit(rows);
    const observations = Math.min(options.observations, most);
    if (observations < options.observations && rows.count > 2 * most)
      onNote(
        `judged are ${most} observations, as by ${option('observations', String(most))}: more do not fit into memory`,
      );
    const drawn = await drawLabelledRows(recording, rows, rowClasses, { observations, seed, onNote });
    const heldOut = await readLabelledRows(rows, drawn);
    const none = new Float32Array(0);
    const transitions = { observations: none, nextObservations: none, actions: none, states: new Int32Array(0) };
    const source: EvaluationSource = {
      name: basename(resolve(recording.path)),
      description: { recording: recording.format, episodes: recording.episodeCount },
      observationShape: rows.shape,
      draw: () => ({ ...heldOut, transitions }),
    };
    return { input, observed: { source, classes: { ...drawn.classes, claim: claimOf(drawn.classes) } } };
  } finally {
    await dispose();
  }
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
      parts.push(part);
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
      input: { input: inputOf(ports, rows, answers), ...(first.imageSize ? { imageSize: first.imageSize } : {}) },
      rows,
      dispose: () => recording.dispose(),
    };
  } catch (error) {
    await recording.dispose();
    throw error;
  }
}

async function configurationOf(
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

function answersOf({ layout, pixels, fix }: EncoderOptions): InputAnswers {
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
  const observation = expanded(roles.observation, columns) ?? recording.roles.observation;
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
    throw new UsageError(
      `${where}: expected a column for ${describePort(port)} among ${columns.join(', ')}, found none that is called so`,
      { remedy },
    );
  });
}

function expanded(names: readonly string[] | undefined, columns: readonly string[]): readonly string[] | undefined {
  return names?.flatMap((name) => {
    const found = findColumns(columns, [name]);
    if (found === undefined) throw unknownName(option('map', `observation=${name}`), 'a column', name, columns);
    return found;
  });
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

function inputOf(ports: readonly FoundPort[], rows: ObservationRows, { constants }: InputAnswers): ObservationInput {
  const own = ports.map(({ imageSize: _, channels: _channels, isOpenClip: _open, ...port }) => port);
  return {
    ...own[0],
    ...(own.length > 1 ? { parts: own.map((port, i) => ({ ...port, shape: rows.parts[i].shape })) } : {}),
    ...(constants?.length ? { constants } : {}),
  };
}

/** @throws UsageError where observations are not what an input takes */
function requirePort(
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

function requireImageSize(where: string, imageSize: FoundPort['imageSize'], shape: readonly number[]): void {
  if (imageSize?.some((side, axis) => side !== shape[axis]))
    throw new UsageError(
      `${where}: expected images of ${imageSize.join(' x ')} pixels, got ${shape.slice(0, 2).join(' x ')}`,
      { remedy: `Bring them to its size: ${option('imageSize', imageSize.join('x'))}.` },
    );
}

/** The classes that are asked for; else, where there is no reward, those that the recording is labelled with. */
export function classesFor(
  recording: Recording,
  roles: Roles,
  classes: RecordingClassSource | undefined,
): RecordingClassSource | undefined {
  const columns = [...recording.columns.keys()];
  if (classes?.of === 'column' && !columns.includes(classes.column))
    throw unknownName(option('classes', 'column'), 'a column', classes.column, columns);
  if (classes !== undefined) return classes;
  if ((roles.reward ?? recording.roles.reward) !== undefined) return undefined;
  const column = classColumnOf(recording, roles.observation ?? recording.roles.observation ?? []);
  if (column !== undefined) return { of: 'column', column };
  if (hasActions(recording, roles)) return undefined;
  throw new UsageError(`${recording.path}: expected a column of classes or of rewards, got ${columns.join(', ')}`, {
    remedy: `Say which one tells them: ${option('classes', 'column:NAME')}.`,
  });
}

/** Classes of rows by themselves; undefined where they are made of transitions. */
function rowClassesOf(
  recording: Recording,
  roles: Roles,
  asked: RecordingClassSource | undefined,
): RowClasses | undefined {
  if (asked?.of === 'column') return { column: asked.column };
  if (asked?.of === 'observed' || (asked === undefined && hasActions(recording, roles))) return undefined;
  const reward = roles.reward ?? recording.roles.reward;
  if (reward === undefined)
    throw new UsageError(
      `${option('classes', 'quantiles')}: expected a reward, got ${[...recording.columns.keys()].join(', ')}`,
      {
        remedy: `Name it: ${option('map', 'reward=NAME')}, or take the values of a column: ${option('classes', 'column:NAME')}.`,
      },
    );
  return { column: reward, quantiles: asked?.count ?? 4 };
}

function hasActions(recording: Recording, roles: Roles): boolean {
  return (roles.action ?? recording.roles.action) !== undefined;
}

/** Observations that transitions lead to, with what the transitions tell apart as classes. */
async function observedTransitions(
  recording: Recording,
  asked: RecordingClassSource | undefined,
  path: string,
  { map, stack, observations, seed, onNote, imageSize }: ResolvedOptions,
  { input, imageSize: fileSize }: FoundInput,
): Promise<Observed> {
  const { openRecordingEvaluation } = await import('../../src/evaluation/held-out/recording.ts');
  const { openRunRecording } = await import('../../src/run/recording.ts');
  if (input.parts !== undefined)
    throw new UsageError(`${option('classes')}: expected classes of a column for several inputs, got observed`, {
      remedy: `Take ${option('classes', 'column:NAME')} or quantiles:4.`,
    });
  const configuration = await configurationOf(path, { map, stack: input.frames ?? stack }, imageSize ?? fileSize);
  const opened = await openRunRecording({ configuration, seed, auxiliary: [], recording });
  const { source, classes } = await openRecordingEvaluation({
    opened,
    auxiliaries: [],
    split: 'all',
    classes: asked,
    observations,
    seed,
    valuesOf: () => {
      throw new UsageError(`${option('classes')}: expected a column of the recording, got none`);
    },
    onNote,
  });
  return { source, classes: { ...classes, claim: claimOf(classes) } };
}

/** What a training promised is not known of an encoder from anywhere. */
export function claimOf({ of, claim }: StateClasses): string | undefined {
  if (of === 'column')
    return 'the values of a recorded column; whether the encoder was trained to tell them apart is not known here';
  if (of === 'quantiles') return 'ranges of a recorded column: values beside a border may be as near as they like';
  return claim;
}
