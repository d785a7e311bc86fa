// Which nodes of a file introduce an error, against another file or runtime; and the smallest file that fails by itself, with its
// inputs and what is expected, as ONNX test data.
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFileGraph } from '../../export/files.ts';
import { encodeTensor, testDataFiles } from '../../export/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { significant } from '../../src/number-text.ts';
import type { Runtime, TensorSpec } from '../../src/runtimes/index.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import { bisect } from '../../src/verification/bisect/bisect.ts';
import { type Reduced, reduce } from '../../src/verification/bisect/reduce.ts';
import type { Side } from '../../src/verification/bisect/walk.ts';
import { type Feeds, matchInputs } from '../../src/verification/file/feeds.ts';
import type { ComparisonRecord } from '../../src/verification/file/schema.ts';
import type { ComparedFile } from './compared-file.ts';
import type { RuntimePool } from './compared-run.ts';
import type { ComparedInputs } from './input-option.ts';

/** Observations that the values of nodes are compared on. */
export const BISECTED_ROWS = 8;
/** Of the limit of a process: values are held several times over, here, in the process, and on their way. */
const SLICE_SHARE = 1 / 24;
const LARGEST_SLICE = 128 * 2 ** 20;

export interface BisectedFile {
  readonly file: Pick<ComparedFile, 'name' | 'path' | 'inputs'>;
  readonly runtime: string;
}

export interface BisectFilesOptions {
  readonly pool: RuntimePool;
  /** Of one process. */
  readonly memoryByteLength: number;
  readonly tolerance: number;
  readonly reduce?: string | undefined;
  readonly onProgress: (line: string) => void;
}

/** @throws UsageError where the two do not take the same rows at once, or something is in the way of the reduced file */
export function bisectFiles(
  reference: { readonly file: ComparedFile; readonly runtime: string },
  subject: { readonly file: ComparedFile; readonly runtime: string },
  inputs: ComparedInputs,
  options: BisectFilesOptions,
): Promise<Pick<ComparisonRecord, 'bisection' | 'reduced'>> {
  const [first] = inputs.runs(reference.file, BISECTED_ROWS);
  const [other] = inputs.runs(subject.file, BISECTED_ROWS);
  if (first.rows !== other.rows)
    throw new UsageError(
      `${option('bisection')}: expected files that take the same number of rows at once, got ${first.rows} and ${other.rows}`,
      { remedy: 'Export one of them with an open first axis.' },
    );
  return bisectOnFeeds(reference, subject, { reference: first.feeds, subject: other.feeds, rows: first.rows }, options);
}

export interface BisectedFeeds {
  readonly reference: Feeds;
  readonly subject: Feeds;
  readonly rows: number | undefined;
}

export async function bisectOnFeeds(
  reference: BisectedFile,
  subject: BisectedFile,
  feeds: BisectedFeeds,
  options: BisectFilesOptions,
): Promise<Pick<ComparisonRecord, 'bisection' | 'reduced'>> {
  const { tolerance, reduce: folder, pool, memoryByteLength, onProgress } = options;
  if (folder !== undefined) requireFree(folder);
  const scratch = makeScratch('cut');
  const runtimes: Runtime[] = [];
  try {
    const open = async ({ file, runtime }: BisectedFile): Promise<Side> => {
      const opened = await pool.open(runtime);
      runtimes.push(opened);
      return sideOf(`${file.name} on ${runtime}`, file.path, opened, scratch);
    };
    const sides = { reference: await open(reference), subject: await open(subject) };
    const names = reference.file.inputs.map(({ name }) => name);
    const matched = matchInputs(names, subject.file);
    const inputs = new Map([...matched].map(([name, spec]: [string, TensorSpec]) => [spec.name, name]));
    const sliceByteLength = Math.min(LARGEST_SLICE, Math.floor(memoryByteLength * SLICE_SHARE));
    const bisected = await bisect(
      { ...sides, feeds, inputs, rows: feeds.rows },
      { tolerance, sliceByteLength, onProgress },
    );
    try {
      if (folder === undefined) return { bisection: bisected.bisection };
      onProgress(`${sides.subject.name}: looking for the smallest piece that fails`);
      const reduced = await reduce(sides.subject, bisected, tolerance);
      if (reduced === undefined) {
        onProgress(`${sides.subject.name}: no piece of it fails by itself, so nothing is written to ${folder}`);
        return { bisection: bisected.bisection };
      }
      const versions = runtimes.map((each) => each.describe().version);
      writeReduced(folder, reduced, { names: [sides.reference.name, sides.subject.name], versions, tolerance });
      onProgress(`${join(folder, 'model.onnx')}: the smallest piece that fails, with test data`);
      return {
        bisection: bisected.bisection,
        reduced: {
          folder: basename(folder),
          nodes: reduced.nodes.length,
          operators: reduced.nodes.map(({ operator }) => operator),
        },
      };
    } finally {
      bisected.dispose();
    }
  } finally {
    removeScratch(scratch);
  }
}

/** Models are left in a file: it is the process that loads them, and not held here. */
function sideOf(name: string, path: string, runtime: Runtime, scratch: string): Side {
  return {
    name,
    graph: readFileGraph(path),
    async run(model, feeds) {
      const file = join(scratch, 'model.onnx');
      writeFileSync(file, model);
      const session = await runtime.load(file);
      try {
        return await session.run(feeds);
      } finally {
        await session.dispose();
      }
    },
  };
}

function requireFree(folder: string): void {
  if (existsSync(join(folder, 'model.onnx')) || existsSync(join(folder, 'test_data_set_0')))
    throw new UsageError(
      `${option('reduce')}: expected a folder without model.onnx and test_data_set_0, got ${folder}`,
      {
        remedy: 'Name another folder.',
      },
    );
}

interface Told {
  readonly names: readonly string[];
  readonly versions: readonly string[];
  readonly tolerance: number;
}

function writeReduced(folder: string, reduced: Reduced, told: Told): void {
  const set = join(folder, 'test_data_set_0');
  makeFolder(set);
  for (const { path, bytes } of testDataFiles(reduced.inputs, reduced.expected))
    writeFileAtomic(join(folder, path), bytes);
  for (const [i, tensor] of reduced.got.entries()) writeFileAtomic(join(set, `got_${i}.pb`), encodeTensor(tensor));
  writeFileAtomic(join(folder, 'README.md'), reportOf(reduced, told));
  // Last, so that a model is never without its data.
  writeFileAtomic(join(folder, 'model.onnx'), reduced.model);
}

/** For whoever looks after the runtime: what fails, and how to see it. */
function reportOf({ nodes, inputs, difference }: Reduced, { names, versions, tolerance }: Told): string {
  const { error, scale, part, reason } = difference;
  const numbers =
    part === null ? 'an infinite error' : `an error of ${significant(error)} at a scale of ${significant(scale)}`;
  const list = nodes.map(({ name, operator }) => `- ${operator} (${name})`).join('\n');
  const feeds = inputs.map(({ name, type, shape }) => `- \`${name}\`: ${type} [${shape.join(', ')}]`).join('\n');
  return `# The smallest piece that fails

${names[1]} (${versions[1]}) gives ${numbers}${reason === undefined ? '' : `: ${reason}`}; the tolerance was ${significant(tolerance)} of the scale.
Expected is what ${names[0]} (${versions[0]}) has for the same value.

Nodes:

${list}

Inputs:

${feeds}

\`test_data_set_0\` is ONNX test data: \`input_*.pb\`, \`output_*.pb\` as expected; \`got_*.pb\` is what came out here.

\`\`\`python
import glob
import numpy, onnx, onnxruntime
read = lambda kind: [onnx.numpy_helper.to_array(onnx.load_tensor(path)) for path in sorted(glob.glob(f"test_data_set_0/{kind}_*.pb"))]
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
got = session.run(None, dict(zip([each.name for each in session.get_inputs()], read("input"))))
for expected, here in zip(read("output"), got):
    print(numpy.abs(expected.astype(float) - here.astype(float)).max(), "of", numpy.abs(expected.astype(float)).max())
\`\`\`
`;
}
