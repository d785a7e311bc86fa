// What compared files are fed with: observations of a recording, an environment or a run, tensors of a file, or seeded random
// numbers.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFileGraph } from '../../export/files.ts';
import { decodeTensor } from '../../export/index.ts';
import type { ElementArray } from '../../src/data/element.ts';
import { openNpzArrays } from '../../src/data/readers/npz.ts';
import { FormatError, option, UsageError } from '../../src/error.ts';
import type { RuntimeTensor } from '../../src/runtimes/index.ts';
import { batchOf, castTensor, type FeedSet, runsOf } from '../../src/verification/file/feeds.ts';
import { type FixedAxis, randomInputs } from '../../src/verification/file/random-inputs.ts';
import type { ComparedFile } from './compared-file.ts';
import { BATCH, type ComparedInputs, described, type InputOptions, rangeOf } from './input-option.ts';
import { fromRecording, fromRun } from './observed-inputs.ts';

const RANDOM_ROWS = 16;

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

/** Rows of every initializer, by name. */
function initializerRows(path: string): Map<string, number> {
  const graph = readFileGraph(path);
  return new Map([...graph.constants].flatMap(([name, { shape }]) => (shape.length > 0 ? [[name, shape[0]]] : [])));
}
