// The one protocol by which every runtime is verified: a program that encodes N observations and predicts one and two
// actions ahead, in a process of its own with limits. What it writes is untrusted: sizes and text are checked.
//
//   <program> <encoder> <predictor> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]
//
// docs/verify.md describes it for whoever writes a runner in another language.
import { readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { JepaError, option, UnavailableError } from '../error.ts';
import { type CommandResult, outputLine, runCommand } from '../machine/command.ts';
import { withoutTelemetry } from '../machine/telemetry.ts';

/** How a runner says that the machine lacks what it needs; its last line on stderr is the reason, and after a tab a remedy. */
export const EXIT_UNAVAILABLE = 3;

/** Threads of one operation, for every runner. */
export const THREADS_VARIABLE = 'JEPA_THREADS';

export interface RunnerProgram {
  readonly program: string;
  /** Before those of the protocol. */
  readonly arguments: readonly string[];
}

export interface RunnerLimits {
  readonly timeMs: number;
  /** Of the process and all that it starts. */
  readonly memoryByteLength: number;
}

/** The arguments of the protocol: files and sizes of one run. */
export interface ProtocolArguments {
  readonly encoder: string;
  readonly predictor: string;
  readonly observations: string;
  readonly actions: string;
  /** N */
  readonly count: number;
  readonly batch: number;
  readonly threads: number;
}

export interface RunnerInput extends ProtocolArguments {
  /** D, by which the written latents are checked. */
  readonly latentSize: number;
}

export const runnerRuntimeSchema = z.looseObject({
  runtime: z.string().min(1),
  version: z.string().min(1).describe('package and version, read back from the library'),
  provider: z.string().min(1).describe('who computed, as the runtime names it'),
  device: z.string().describe('the processor or GPU, where the runtime knows it'),
  precision: z.string().min(1).describe('in which the runtime computes: float32, tf32, ...'),
  threads: z.int().min(1),
  encodeMs: z.number().min(0).describe('wall time of encoding all N in batches, after one batch to warm up'),
  nodesByProvider: z
    .record(z.string(), z.int().min(0))
    .optional()
    .describe("nodes of the encoder by the provider that ran them, from the runtime's own profile"),
});
export type RunnerRuntime = z.output<typeof runnerRuntimeSchema>;

export interface RunnerResult {
  readonly runtime: RunnerRuntime;
  /** [N, D] */
  readonly latent: Float32Array;
  /** One and two actions ahead, [N, D] each. */
  readonly predicted: readonly [Float32Array, Float32Array];
}

/**
 * Runs a program by the protocol. `out` is created.
 * @throws UnavailableError where the program is not there or says that the machine lacks something; JepaError where it
 * crashes, hangs, takes too much memory, or writes something else than it should
 */
export async function runProgram(
  { program, arguments: first }: RunnerProgram,
  input: RunnerInput,
  out: string,
  limits: RunnerLimits,
): Promise<RunnerResult> {
  await mkdir(out, { recursive: true });
  const { encoder, predictor, observations, actions, count, batch, threads } = input;
  const result = await runCommand(
    program,
    [...first, encoder, predictor, observations, actions, String(count), String(batch), out],
    {
      limitMs: limits.timeMs,
      memoryLimitByteLength: limits.memoryByteLength,
      environment: { ...process.env, ...withoutTelemetry(), [THREADS_VARIABLE]: String(threads) },
    },
  );
  expectSuccess(program, result, limits);
  return {
    runtime: readRuntime(join(out, 'runtime.json')),
    latent: readFloats(join(out, 'latent.bin'), count, input.latentSize),
    predicted: [
      readFloats(join(out, 'predicted_1.bin'), count, input.latentSize),
      readFloats(join(out, 'predicted_2.bin'), count, input.latentSize),
    ],
  };
}

/** @throws UnavailableError or JepaError, whatever the end was if it is not success */
export function expectSuccess(program: string, result: CommandResult, limits: RunnerLimits): void {
  const { outcome, exitCode, endedBy } = result;
  if (outcome === 'missing')
    throw new UnavailableError(`expected a program at ${program}, found none`, {
      remedy: `Build it again: ${option('builds')}.`,
    });
  if (outcome === 'late')
    throw new JepaError(`expected an end within ${limits.timeMs / 1000} s, got none: it was stopped`);
  if (outcome === 'large')
    throw new JepaError(
      `expected at most ${Math.round(limits.memoryByteLength / 2 ** 20)} MiB of memory, got more: it was stopped`,
    );
  if (outcome !== 'exited')
    throw new JepaError(`expected the program to end by itself, got the signal ${endedBy ?? 'of an unknown name'}`);
  if (exitCode === 0) return;
  const said = result.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const last = said.at(-1);
  if (exitCode === EXIT_UNAVAILABLE) {
    const [reason, remedy] = (last ?? 'the machine lacks something that the program did not name').split('\t');
    throw new UnavailableError(reason, remedy === undefined ? {} : { remedy });
  }
  // One line is the protocol, and native libraries may warn before it; a virtual machine that crashes says more.
  const line = said.length === 1 || last?.startsWith('jepa: ') ? last : outputLine(result);
  throw new JepaError(`exit code ${exitCode}: ${line}`);
}

function readRuntime(path: string): RunnerRuntime {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new JepaError('runtime.json: expected JSON that says what ran, got none', { cause });
  }
  const parsed = runnerRuntimeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new JepaError(`runtime.json: expected what ran, got ${issue.path.join('.') || 'a value'}: ${issue.message}`);
}

/** Little-endian float32 [rows, columns]. */
function readFloats(path: string, rows: number, columns: number): Float32Array {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const expected = rows * columns * 4;
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size !== expected)
    throw new JepaError(
      `${name}: expected ${expected} bytes (float32 [${rows}, ${columns}]), got ${size === undefined ? 'no file' : size}`,
    );
  const bytes = readFileSync(path);
  // A copy of its own, so that the floats are aligned.
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + expected));
}
