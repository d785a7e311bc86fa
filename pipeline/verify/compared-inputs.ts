// What compared files are fed with: observations of a recording, an environment or a run, tensors of a file, or seeded random
// numbers.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFileGraph } from '../../export/files.ts';
import { decodeTensor } from '../../export/index.ts';
import { classColumnOf } from '../../src/data/class-column.ts';
import type { ElementArray } from '../../src/data/element.ts';
import { openNpzArrays } from '../../src/data/readers/npz.ts';
import { totalRowsOf } from '../../src/data/recording.ts';
import { FormatError, option, UsageError } from '../../src/error.ts';
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { EvaluationSource, HeldOut } from '../../src/evaluation/held-out/held-out.ts';
import { type Observations, observationFeeds } from '../../src/run/encode.ts';
import type { RuntimeTensor } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { batchOf, castTensor, type FedRun, type FeedSet, runsOf } from '../../src/verification/file/feeds.ts';
import { type FixedAxis, randomInputs, type ShapeChoices } from '../../src/verification/file/random-inputs.ts';
import type { ComparisonRecord } from '../../src/verification/file/schema.ts';
import { numbersOf } from '../../src/verification/file/tensor-error.ts';
import { observeForEncoder } from '../encoder/observe.ts';
import type { EvaluateEncoderOptions } from '../encoder/option.ts';
import { type ComparedFile, imageSizeOf, observationInputOf } from './compared-file.ts';
import { observationsOfRun } from './observation.ts';

/** Rows of one run: bounds its memory. */
const BATCH = 64;
const RANDOM_ROWS = 16;
const PLAIN_ROWS = 64;
const JUDGED_ROWS = 512;

/** Where inputs come from; at most one of `data`, `environment`, `tensors`. */
export interface InputOptions
  extends Pick<
    EvaluateEncoderOptions,
    'classes' | 'data' | 'environment' | 'imageSize' | 'layout' | 'map' | 'onNote' | 'pixels' | 'stack'
  > {
  /** An `.npz` of arrays by the names of the inputs, or a folder of input_0.pb, input_1.pb ... (ONNX test data). */
  readonly tensors?: string | undefined;
  /** Rows. Default: 512 where classes are judged, 64 of a recording without any, 16 random ones. */
  readonly observations?: number | undefined;
  readonly seed: number;
  /** Sizes of open axes by their names, or shapes of inputs by theirs. */
  readonly shapes?: ShapeChoices | undefined;
}

export interface ComparedInputs {
  readonly record: ComparisonRecord['inputs'];
  /** Undefined where tensors are fed whole. */
  readonly rows: number | undefined;
  /**
   * @param largest rows of one run where the file leaves that open
   * @throws UsageError where they do not fit the file
   */
  runs(file: ComparedFile, largest?: number): Generator<FedRun>;
  /** Where the observations have classes. */
  readonly judged?: JudgedInputs | undefined;
}

/** Observations that both verdicts are of. */
export interface JudgedInputs {
  readonly source: EvaluationSource;
  readonly heldOut: Pick<HeldOut, 'judged' | 'centroids'>;
  readonly classes: NamedClasses;
}

/** @throws UsageError where several sources are given, or none of them fits */
export async function comparedInputs(files: readonly ComparedFile[], options: InputOptions): Promise<ComparedInputs> {
  const { data, environment, tensors, shapes } = options;
  const given = Object.entries({ data, environment, tensors }).filter(([, value]) => value !== undefined);
  const isRun = files[0].subject !== undefined;
  if (given.length > 1 && !(isRun && tensors === undefined))
    throw new UsageError(
      `verify: expected inputs from one place, got ${given.map(([name]) => option(name)).join(' and ')}`,
    );
  if (shapes !== undefined && given.length > 0)
    throw new UsageError(`${option('shapes')}: expected random inputs, got ${option(given[0][0])}`);
  if (tensors !== undefined) return fromTensors(files, tensors, options);
  if (isRun && shapes === undefined) return fromRun(files, options);
  if (data !== undefined || environment !== undefined) return fromRecording(files, options);
  const wordless = (['classes', 'map', 'imageSize', 'stack', 'layout', 'pixels'] as const).find(
    (name) => options[name] !== undefined && !(name === 'stack' && options.stack === 1),
  );
  if (wordless !== undefined)
    throw new UsageError(`${option(wordless)}: expected observations that it speaks of, got none`, {
      remedy: `Give them: ${option('data', 'RECORDING')}.`,
    });
  return fromRandom(files, options);
}

function fromRandom(files: readonly ComparedFile[], options: InputOptions): ComparedInputs {
  const { seed, shapes, observations = RANDOM_ROWS } = options;
  const vocabularies = vocabulariesOf(files[0]);
  const { set, fixed, ranges } = randomInputs(files, { rows: observations, seed, shapes, vocabularies });
  return {
    ...ofSet(set),
    record: {
      from: 'random',
      of: [...new Set(ranges.values())].join('; '),
      seed,
      rows: set.rows ?? null,
      tensors: [...set.tensors].map(([name, tensor]) => described(name, tensor, ranges.get(name) ?? '')),
      fixedAxes: fixed.map((each: FixedAxis) => ({ ...each })),
    },
  };
}

/** Rows of the weights that an integer input looks up. */
function vocabulariesOf({ path, inputs, nodes }: ComparedFile): Map<string, number> {
  const found = new Map<string, number>();
  const integers = inputs.filter(({ type }) => /int/.test(type)).map(({ name }) => name);
  if (integers.length === 0) return found;
  const sizes = initializerRows(path);
  for (const { operator, inputs: taken } of nodes) {
    if (operator !== 'Gather' || !integers.includes(taken[1])) continue;
    const rows = sizes.get(taken[0]);
    if (rows !== undefined) found.set(taken[1], Math.min(rows, found.get(taken[1]) ?? rows));
  }
  return found;
}

async function fromTensors(
  files: readonly ComparedFile[],
  path: string,
  { seed, observations }: InputOptions,
): Promise<ComparedInputs> {
  const tensors = statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readTestData(path, files[0])
    : await readNpz(path, files[0]);
  const firsts = new Set([...tensors.values()].filter(({ shape }) => shape.length > 0).map(({ shape }) => shape[0]));
  const isRowWise = firsts.size === 1 && files.every((file) => batchOf(file) !== undefined);
  const rows = isRowWise ? Math.min([...firsts][0], observations ?? Number.POSITIVE_INFINITY) : undefined;
  const set: FeedSet = { tensors, rows };
  return {
    ...ofSet(set),
    record: {
      from: 'tensors',
      of: basename(path),
      seed,
      rows: rows ?? null,
      tensors: [...tensors].map(([name, tensor]) => described(name, tensor, rangeOf(tensor))),
      fixedAxes: [],
    },
  };
}

function ofSet(set: FeedSet): Pick<ComparedInputs, 'rows' | 'runs'> {
  return { rows: set.rows, runs: (file, largest = BATCH) => runsOf(set, file, largest) };
}

function described(name: string, { type, shape }: RuntimeTensor, values: string) {
  return { name, type, shape: [...shape], values };
}

function rangeOf(tensor: RuntimeTensor): string {
  const values = numbersOf(tensor);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return values.length === 0 ? 'none' : `from ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))}`;
}

/** input_0.pb ... of a folder, or of its test_data_set_0. */
function readTestData(path: string, file: ComparedFile): Map<string, RuntimeTensor> {
  const folder = existsSync(join(path, 'input_0.pb')) ? path : join(path, 'test_data_set_0');
  const count = existsSync(folder) ? readdirSync(folder).filter((name) => /^input_\d+\.pb$/.test(name)).length : 0;
  if (count !== file.inputs.length)
    throw new FormatError(
      `${path}: expected input_0.pb to input_${file.inputs.length - 1}.pb, one for each input of ${file.name}, found ${count}`,
    );
  return new Map(
    file.inputs.map(({ name, type }, i) => {
      const where = `input_${i}.pb`;
      return [name, castTensor(decodeTensor(readFileSync(join(folder, where)), where), type, where)];
    }),
  );
}

async function readNpz(path: string, file: ComparedFile): Promise<Map<string, RuntimeTensor>> {
  if (!path.toLowerCase().endsWith('.npz') || !existsSync(path))
    throw new UsageError(`${option('tensors')}: expected an .npz file or a folder of input_0.pb, got ${path}`);
  const { arrays, dispose } = await openNpzArrays({ path, options: {} });
  try {
    const names = arrays.map(({ name }) => name);
    const missing = file.inputs.find(({ name }) => !names.includes(name));
    if (missing !== undefined)
      throw new FormatError(
        `${basename(path)}: expected an array "${missing.name}" for the input of ${file.name}, found ${names.join(', ')}`,
      );
    const tensors = new Map<string, RuntimeTensor>();
    for (const { name, type } of file.inputs) {
      const array = arrays.find((each) => each.name === name);
      if (array === undefined) continue;
      const data: ElementArray = await array.read(0, array.shape[0] ?? 1);
      // Halves are read as the floats that they are.
      const stored = array.type === 'float16' ? 'float32' : array.type;
      tensors.set(
        name,
        castTensor({ type: stored, data, shape: array.shape }, type, `${basename(path)}: array "${name}"`),
      );
    }
    return tensors;
  } finally {
    dispose();
  }
}

async function fromRun(files: readonly ComparedFile[], options: InputOptions): Promise<ComparedInputs> {
  const { subject } = files[0];
  if (subject === undefined) throw new UsageError(`${files[0].name}: expected a run or an export`);
  const { classes, data, observations = JUDGED_ROWS, seed, onNote } = options;
  const found = await observationsOfRun(subject, { classes, data, observations, seed, onNote });
  return fromSource(files, { source: found.source, classes: found.classes }, options);
}

async function fromRecording(files: readonly ComparedFile[], options: InputOptions): Promise<ComparedInputs> {
  const [first] = files;
  const { observations = JUDGED_ROWS, seed } = options;
  if (options.data !== undefined && options.classes === undefined && !(await hasClasses(options.data, options)))
    return fromPlainRecording(files, options.data, options);
  const { observed } = await observeForEncoder(first.path, { ...options, observations, seed });
  return fromSource(files, observed, options);
}

/** Whether a recording says itself what its observations are of: labels, or what training would have. */
async function hasClasses(path: string, { map, imageSize }: InputOptions): Promise<boolean> {
  const { recording, observation } = await openPlain(path, { map, imageSize });
  try {
    const { reward, state, action } = recording.roles;
    return (
      reward !== undefined ||
      (state !== undefined && action !== undefined) ||
      classColumnOf(recording, observation) !== undefined
    );
  } finally {
    await recording.dispose();
  }
}

async function openPlain(path: string, { map, imageSize }: Pick<InputOptions, 'map' | 'imageSize'>) {
  const { openConfiguredRecording, recordingConfiguration } = await import('../../src/data/configured-recording.ts');
  const { parseOptions } = await import('../../src/options.ts');
  const keys = { path, map, imageSize: imageSize && [...imageSize] };
  const { recording, options } = await openConfiguredRecording(
    parseOptions(option('data'), recordingConfiguration, keys),
  );
  return { recording, observation: options.roles?.observation ?? recording.roles.observation };
}

/** Observations without classes, evenly over the recording. */
async function fromPlainRecording(
  files: readonly ComparedFile[],
  path: string,
  options: InputOptions,
): Promise<ComparedInputs> {
  const { observations: asked = PLAIN_ROWS, onNote } = options;
  const imageSize = options.imageSize ?? imageSizeOf(files[0], options.layout);
  const { recording, observation } = await openPlain(path, { ...options, imageSize });
  try {
    const images = [...recording.columns.values()].filter(({ shape }) => shape.length === 3);
    const name = observation?.[0] ?? (images.length === 1 ? images[0].name : undefined);
    const column = name === undefined ? undefined : recording.columns.get(name);
    if (column === undefined || (observation?.length ?? 0) > 1)
      throw new UsageError(
        `${basename(path)}: expected one column of observations, got ${[...recording.columns.keys()].join(', ')}`,
        { remedy: `Say which: ${option('map', 'observation=NAME')}.` },
      );
    onNote?.(
      `${basename(path)}: no classes were named, so verdicts are not compared (${option('classes', 'column:NAME')})`,
    );
    const total = totalRowsOf(column);
    const count = Math.min(asked, total);
    const size = elementCount(column.shape);
    const isImage = column.type === 'uint8' && column.shape.length === 3;
    const rows = isImage ? new Uint8Array(count * size) : new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      const from = Math.floor((i * total) / count);
      rows.set(
        numbersOf({ type: 'float32', data: await recording.read(column.name, from, from + 1), shape: [] }),
        i * size,
      );
    }
    const shape = column.shape.length === 0 ? [1] : column.shape;
    return ofObservations(files, { name: basename(path), shape, rows }, { ...options, from: 'recording' });
  } finally {
    await recording.dispose();
  }
}

async function fromSource(
  files: readonly ComparedFile[],
  { source, classes }: Pick<JudgedInputs, 'source' | 'classes'>,
  options: InputOptions,
): Promise<ComparedInputs> {
  const { observations = JUDGED_ROWS, seed } = options;
  const heldOut = await source.draw(observations, seed);
  const from = options.environment !== undefined ? 'environment' : source.isRandom ? 'random' : 'recording';
  const inputs = ofObservations(
    files,
    { name: source.name, shape: source.observationShape, rows: heldOut.judged.observations },
    { ...options, from },
  );
  return { ...inputs, judged: { source, classes, heldOut } };
}

interface PlainObservations {
  readonly name: string;
  readonly shape: readonly number[];
  readonly rows: Observations;
}

/** Each file gets the observations in its own layout, type and scale. */
function ofObservations(
  files: readonly ComparedFile[],
  { name, shape, rows }: PlainObservations,
  options: InputOptions & { readonly from: ComparisonRecord['inputs']['from'] },
): ComparedInputs {
  const { seed, layout, pixels, from } = options;
  const size = elementCount(shape);
  const count = rows.length / size;
  const feedsOf = (file: ComparedFile) =>
    observationFeeds(file.inputs, shape, observationInputOf(file, { layout, pixels }));
  const [first] = files;
  const example = feedsOf(first)(rows.subarray(0, Math.min(count, BATCH) * size));
  return {
    rows: count,
    *runs(file, largest = BATCH) {
      const own = feedsOf(file);
      const batch = batchOf(file);
      // A whole number of the file's batches at a time, so that only the last one is filled up.
      const step = typeof batch === 'number' ? Math.max(1, Math.floor(largest / batch)) * batch : largest;
      for (let start = 0; start < count; start += step) {
        const tensors = new Map(Object.entries(own(rows.subarray(start * size, Math.min(count, start + step) * size))));
        yield* runsOf({ tensors, rows: Math.min(step, count - start) }, file, largest);
      }
    },
    record: {
      from,
      of: name,
      seed,
      rows: count,
      tensors: Object.entries(example).map(([each, tensor]) =>
        described(
          each,
          { ...tensor, shape: [count, ...tensor.shape.slice(1)] },
          `${rangeOf(tensor)} in the first rows`,
        ),
      ),
      fixedAxes: [],
    },
  };
}

/** Rows of every initializer, by name. */
function initializerRows(path: string): Map<string, number> {
  const graph = readFileGraph(path);
  return new Map([...graph.constants].flatMap(([name, { shape }]) => (shape.length > 0 ? [[name, shape[0]]] : [])));
}
