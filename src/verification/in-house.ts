// The protocol by the runtimes of src/runtimes, in this process: what `jepa runner cpu ...` does in a child process.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, UsageError } from '../error.ts';
import { formatJson } from '../json.ts';
import { describeMachine } from '../machine/machine.ts';
import { openRuntimeVariant, parseRuntimeVariant } from '../run/runtime-variant.ts';
import { runOne } from '../run/world-session.ts';
import type { RuntimeSession, RuntimeTensor, TensorSpec } from '../runtimes/index.ts';
import { elementCount } from '../shape.ts';
import type { ProtocolArguments, RunnerRuntime } from './protocol.ts';

export interface ProtocolResult {
  readonly latent: Float32Array;
  readonly predicted: readonly [Float32Array, Float32Array];
  readonly runtime: RunnerRuntime;
}

/** @throws UnavailableError where this machine lacks the runtime, UsageError where a file does not fit N rows. */
export async function runInHouse(name: string, given: ProtocolArguments): Promise<ProtocolResult> {
  const { encoder: encoderPath, predictor: predictorPath, count, batch, threads } = given;
  const variant = parseRuntimeVariant('runner', name);
  const runtime = await openRuntimeVariant(variant, threads);
  const sessions: RuntimeSession[] = [];
  try {
    const encoder = await runtime.load(encoderPath);
    sessions.push(encoder);
    const predictor = await runtime.load(predictorPath);
    sessions.push(predictor);
    const rowsOf = observationRows(encoder, given.observations, count);
    await runOne(encoder, rowsOf(0, Math.min(batch, count)));
    const begin = performance.now();
    const latent = await inBatches(count, batch, (from, to) => runOne(encoder, rowsOf(from, to)));
    const encodeMs = performance.now() - begin;
    const predicted = await predictAhead(predictor, latent, given);
    const placement = await runtime.placementOf?.(encoderPath, rowsOf(0, 1));
    const { version, provider, precision, threads: ran } = runtime.describe();
    const providers = Object.keys(placement?.nodesByProvider ?? {});
    return {
      latent,
      predicted,
      runtime: {
        runtime: name,
        version,
        provider: providers.length > 0 ? providers.sort().join(', ') : provider,
        device: deviceOf(variant.runtime),
        precision,
        threads: ran,
        encodeMs,
        ...(placement ? { nodesByProvider: { ...placement.nodesByProvider } } : {}),
      },
    };
  } finally {
    for (const session of sessions) await session.dispose();
    await runtime.dispose();
  }
}

/** latent.bin, predicted_1.bin, predicted_2.bin, runtime.json */
export function writeProtocolResult(out: string, { latent, predicted, runtime }: ProtocolResult): void {
  mkdirSync(out, { recursive: true });
  const bytes = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  writeFileSync(join(out, 'latent.bin'), bytes(latent));
  writeFileSync(join(out, 'predicted_1.bin'), bytes(predicted[0]));
  writeFileSync(join(out, 'predicted_2.bin'), bytes(predicted[1]));
  writeFileSync(join(out, 'runtime.json'), formatJson(runtime));
}

/**
 * Feeds of rows from..to of a raw file: for every input of the encoder, in its order, N rows in its shape and type.
 * @throws UsageError where the file does not hold N rows
 */
export function observationRows(
  { inputs }: Pick<RuntimeSession, 'inputs'>,
  path: string,
  count: number,
): (from: number, to: number) => Record<string, RuntimeTensor> {
  const ports = inputs.map(portOf);
  const bytes = readFileSync(path);
  const expected = ports.reduce((sum, { rowByteLength }) => sum + count * rowByteLength, 0);
  if (bytes.length !== expected) {
    const rows = ports.map(({ rowSize, type }) => `${count} rows of ${rowSize} ${type}`).join(', then ');
    throw new UsageError(`observations: expected ${expected} bytes (${rows}), got ${bytes.length}`);
  }
  let begin = 0;
  const columns = ports.map((port) => {
    const own = bytes.subarray(begin, begin + count * port.rowByteLength);
    begin += own.length;
    return { ...port, data: port.type === 'uint8' ? new Uint8Array(own) : floatsOf(own) };
  });
  return (from, to) =>
    Object.fromEntries(
      columns.map(({ name, type, data, rowSize, sides }) => [
        name,
        { type, data: data.subarray(from * rowSize, to * rowSize), shape: [to - from, ...sides] },
      ]),
    );
}

interface ObservationPort {
  readonly name: string;
  readonly type: 'float32' | 'uint8';
  /** The shape of one row. */
  readonly sides: readonly number[];
  readonly rowSize: number;
  readonly rowByteLength: number;
}

function portOf({ name, type, shape }: TensorSpec): ObservationPort {
  if (type !== 'float32' && type !== 'uint8')
    throw new FormatError(`encoder: expected float32 or uint8 observations, got ${type}`);
  const sides = shape.slice(1).map((side) => {
    if (typeof side === 'number') return side;
    throw new FormatError(`encoder: expected fixed sizes behind the batch, got [${shape.join(', ')}]`);
  });
  const rowSize = elementCount(sides);
  return { name, type, sides, rowSize, rowByteLength: rowSize * (type === 'uint8' ? 1 : 4) };
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function inBatches(
  count: number,
  batch: number,
  run: (from: number, to: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  let all: Float32Array | undefined;
  for (let from = 0; from < count; from += batch) {
    const to = Math.min(count, from + batch);
    const part = await run(from, to);
    const size = part.length / (to - from);
    all ??= new Float32Array(count * size);
    all.set(part, from * size);
  }
  return all ?? new Float32Array(0);
}

async function predictAhead(
  predictor: RuntimeSession,
  latent: Float32Array,
  { actions: path, count, batch }: ProtocolArguments,
): Promise<[Float32Array, Float32Array]> {
  const actions = floatsOf(readFileSync(path));
  const actionSize = actions.length / (2 * count);
  const { latentName, actionName } = predictorInputs(predictor, actionSize);
  const size = latent.length / count;
  const step = (from: Float32Array, which: 0 | 1) =>
    inBatches(count, batch, (start, end) => {
      const first = (which * count + start) * actionSize;
      return runOne(predictor, {
        [latentName]: { type: 'float32', data: from.subarray(start * size, end * size), shape: [end - start, size] },
        [actionName]: {
          type: 'float32',
          data: actions.subarray(first, first + (end - start) * actionSize),
          shape: [end - start, actionSize],
        },
      });
    });
  const one = await step(latent, 0);
  return [one, await step(one, 1)];
}

/** By name, as the exporter names them; else in order: the latent, then the action. */
function predictorInputs(
  { inputs }: RuntimeSession,
  actionSize: number,
): { readonly latentName: string; readonly actionName: string } {
  if (inputs.length !== 2) throw new FormatError(`predictor: expected two inputs, got ${inputs.length}`);
  const action = inputs.find((input) => input.name === 'action') ?? inputs[1];
  const latent = inputs.find((input) => input !== action) ?? inputs[0];
  const [, size] = action.shape;
  if (typeof size === 'number' && size !== actionSize)
    throw new UsageError(`actions: expected ${size} numbers an action, got ${actionSize}`);
  return { latentName: latent.name, actionName: action.name };
}

/** The processor; the GPU's name as its driver tells it, where the driver's own program is there. */
function deviceOf(name: string): string {
  if (name === 'cuda')
    try {
      const names = execFileSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { encoding: 'utf8' });
      return names.split('\n')[0];
    } catch {
      return 'an NVIDIA GPU that nvidia-smi did not name';
    }
  return name === 'webgpu' ? 'the adapter that Dawn chose' : describeMachine().processor;
}
