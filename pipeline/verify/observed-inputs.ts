// Observations as inputs of compared files: of a run, of an environment or of a recording, with classes or without.
import { basename } from 'node:path';
import { classColumnOf } from '../../src/data/class-column.ts';
import { totalRowsOf } from '../../src/data/recording.ts';
import { option, UsageError } from '../../src/error.ts';
import { type Observations, observationFeeds } from '../../src/run/encode.ts';
import { elementCount } from '../../src/shape.ts';
import { batchOf, runsOf } from '../../src/verification/file/feeds.ts';
import type { ComparisonRecord } from '../../src/verification/file/schema.ts';
import { numbersOf } from '../../src/verification/file/tensor-error.ts';
import { observeForEncoder } from '../encoder/observe.ts';
import { type ComparedFile, imageSizeOf, observationInputOf } from './compared-file.ts';
import {
  BATCH,
  type ComparedInputs,
  described,
  type InputOptions,
  type JudgedInputs,
  rangeOf,
} from './input-option.ts';
import { observationsOfRun } from './observation.ts';

const PLAIN_ROWS = 64;
const JUDGED_ROWS = 512;

export async function fromRun(files: readonly ComparedFile[], options: InputOptions): Promise<ComparedInputs> {
  const { subject } = files[0];
  if (subject === undefined) throw new UsageError(`${files[0].name}: expected a run or an export`);
  const { classes, data, observations = JUDGED_ROWS, seed, onNote } = options;
  const found = await observationsOfRun(subject, { classes, data, observations, seed, onNote });
  return fromSource(files, { source: found.source, classes: found.classes }, options);
}

export async function fromRecording(files: readonly ComparedFile[], options: InputOptions): Promise<ComparedInputs> {
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
