// One file on one runtime, in a process of its own: its outputs on all inputs, and what the classes are there.
import { JepaError, option, UnavailableError, UsageError } from '../../src/error.ts';
import { type MeasuredEncoder, measureEncoder } from '../../src/evaluation/runtime-measurement.ts';
import { optionsOfVariant, parseRuntimeVariant } from '../../src/run/runtime-variant.ts';
import { openEncoderSession } from '../../src/run/world-session.ts';
import type { Runtime, RuntimeDescription, RuntimeSession, RuntimeTensor } from '../../src/runtimes/index.ts';
import { openIsolatedRuntime, type ProcessLimits } from '../../src/runtimes/process-runtime.ts';
import { elementCount } from '../../src/shape.ts';
import { parseChromium } from '../../src/verification/chromium.ts';
import { openChromiumRuntime } from '../../src/verification/chromium-runtime.ts';
import { allocate } from '../../src/verification/file/feeds.ts';
import { type ComparedFile, observationInputOf } from './compared-file.ts';
import type { ComparedInputs, InputOptions } from './input-option.ts';

export interface RunSettings {
  readonly threads: number;
  readonly limits: ProcessLimits;
}

/** What one file gave on one runtime. */
export interface FileResult {
  readonly description: RuntimeDescription;
  readonly milliseconds: number;
  /** In the file's order. */
  readonly outputs: ReadonlyMap<string, FileOutput>;
  readonly measured?: MeasuredEncoder | undefined;
}

export interface FileOutput {
  readonly tensor: RuntimeTensor;
  /** Its first axis is that of the observations. */
  readonly isBatched: boolean;
}

/** @throws UsageError for a runtime that does not run ONNX files as they are */
export function checkFileRuntime(name: string): void {
  if (parseChromium(name) !== undefined) return;
  const variant = parseRuntimeVariant(option('runtimes'), name);
  if (variant.runtime === 'tfjs' || variant.precision === 'float16')
    throw new UsageError(`${option('runtimes')}: expected runtimes that run ONNX files as they are, got ${name}`, {
      remedy:
        'Choose among cpu, wasm, cuda, webgpu, chromium:wasm, chromium:webgpu; convert the file for another precision.',
    });
}

/** Runtimes by name, each in a process of its own, with limits. Whoever opened the pool disposes it. */
export class RuntimePool {
  readonly #settings: RunSettings;
  readonly #opened = new Map<string, Promise<Runtime>>();

  constructor(settings: RunSettings) {
    this.#settings = settings;
  }

  /** @throws UnavailableError where this machine lacks it */
  open(name: string): Promise<Runtime> {
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const opening = openFileRuntime(name, this.#settings);
    this.#opened.set(name, opening);
    return opening;
  }

  /** Lets go of one after a failure: what it left behind, or whether it lives, is not known. */
  async drop(name: string): Promise<void> {
    const opening = this.#opened.get(name);
    this.#opened.delete(name);
    const runtime = await opening?.catch(() => undefined);
    await runtime?.dispose().catch(() => {});
  }

  async dispose(): Promise<void> {
    for (const name of [...this.#opened.keys()]) await this.drop(name);
  }
}

async function openFileRuntime(name: string, { threads, limits }: RunSettings): Promise<Runtime> {
  if (parseChromium(name) !== undefined) return openChromiumRuntime(name, limits);
  const variant = parseRuntimeVariant(option('runtimes'), name);
  const runtime = await openIsolatedRuntime(variant.runtime, optionsOfVariant(variant, threads), limits);
  return variant.name === variant.runtime
    ? runtime
    : { ...runtime, describe: () => ({ ...runtime.describe(), runtime: variant.name, precision: variant.precision }) };
}

/**
 * Runs a file on all inputs.
 * @throws UnavailableError where this machine lacks the runtime, JepaError where it fails or takes more than its limits
 */
export async function runFile(
  file: ComparedFile,
  runtimeName: string,
  inputs: ComparedInputs,
  { pool, ...options }: RunFileOptions,
): Promise<FileResult> {
  try {
    const runtime = await pool.open(runtimeName);
    const session = await runtime.load(file.path);
    let result: Pick<FileResult, 'outputs' | 'milliseconds'>;
    try {
      result = await runAll(file, session, inputs);
    } finally {
      await session.dispose().catch(() => {});
    }
    return {
      ...result,
      description: runtime.describe(),
      measured: await measureClasses(file, runtime, inputs, options),
    };
  } catch (error) {
    await pool.drop(runtimeName);
    throw error;
  }
}

export interface RunFileOptions extends Pick<InputOptions, 'layout' | 'pixels'> {
  readonly pool: RuntimePool;
  readonly onProgress: (line: string) => void;
}

async function runAll(
  file: ComparedFile,
  session: RuntimeSession,
  inputs: ComparedInputs,
): Promise<Pick<FileResult, 'outputs' | 'milliseconds'>> {
  const parts = new Map<string, { tensor: RuntimeTensor; rows: number | undefined }[]>();
  let milliseconds = 0;
  let isWarm = false;
  for (const { feeds, rows } of inputs.runs(file)) {
    if (!isWarm) await session.run(feeds);
    isWarm = true;
    const begin = performance.now();
    const outputs = await session.run(feeds);
    milliseconds += performance.now() - begin;
    const [fed] = Object.values(feeds).filter(({ shape }) => shape.length > 0);
    for (const { name } of session.outputs) {
      const tensor = outputs[name];
      const isBatched = rows !== undefined && fed !== undefined && tensor.shape[0] === fed.shape[0];
      const list = parts.get(name) ?? [];
      list.push({ tensor, rows: isBatched ? rows : undefined });
      parts.set(name, list);
    }
  }
  const outputs = new Map([...parts].map(([name, list]) => [name, joined(`${file.name}: output "${name}"`, list)]));
  return { outputs, milliseconds };
}

/** Rows of all runs after each other; where an output has no row an observation, one run after the other. */
function joined(
  where: string,
  parts: readonly { readonly tensor: RuntimeTensor; readonly rows: number | undefined }[],
): FileOutput {
  const [{ tensor: first }] = parts;
  const isBatched = parts.every(({ rows }) => rows !== undefined);
  if (parts.length === 1 && !isBatched) return { tensor: first, isBatched };
  const kept = parts.map(({ tensor, rows }) => {
    const size = elementCount(tensor.shape.slice(1));
    return isBatched && rows !== undefined ? tensor.data.subarray(0, rows * size) : tensor.data;
  });
  const sides = isBatched ? first.shape.slice(1) : first.shape;
  const count = isBatched ? parts.reduce((sum, { rows = 0 }) => sum + rows, 0) : parts.length;
  const shape = [count, ...sides];
  const length = kept.reduce((sum, each) => sum + each.length, 0);
  if (length !== elementCount(shape))
    throw new JepaError(`${where}: expected one shape in all runs, got others than [${first.shape.join(', ')}]`, {
      remedy: 'Its size depends on the numbers that it is fed: compare single observations (--observations 1).',
    });
  const data = allocate(first.type, length);
  const bytes = new Uint8Array(data.buffer);
  let at = 0;
  for (const part of kept) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return { tensor: { type: first.type, data, shape }, isBatched };
}

async function measureClasses(
  file: ComparedFile,
  runtime: Runtime,
  { judged }: ComparedInputs,
  options: Pick<InputOptions, 'layout' | 'pixels'> & { readonly onProgress: (line: string) => void },
): Promise<MeasuredEncoder | undefined> {
  if (judged === undefined) return undefined;
  const { source, heldOut, classes } = judged;
  const input = observationInputOf(file, options);
  const subject = { name: file.name, folder: file.path, onnx: { encoder: { path: file.path, input } } };
  const session = await openEncoderSession(runtime, subject, source.observationShape);
  try {
    return await measureEncoder({
      source,
      classes,
      heldOut,
      untrainedMeanDistance: undefined,
      hasUnitScale: false,
      runtime,
      session,
      progress: options.onProgress,
    });
  } finally {
    await session.dispose();
  }
}

/** Why a file did not run, for its row. */
export function failureOf(error: unknown): { status: 'failed' | 'absent'; reason: string; remedy: string | null } {
  if (!(error instanceof JepaError) || error instanceof UsageError) throw error;
  return {
    status: error instanceof UnavailableError ? 'absent' : 'failed',
    reason: error.message,
    remedy: error.remedy ?? null,
  };
}
