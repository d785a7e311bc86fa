// A runtime in a process of its own, for one that reads its settings when a process starts (CUDA: the path of libraries,
// TF32), and for files that may crash it: so several settings fit into one command, and a crash is an error and not the end.
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FormatError, JepaError, UnavailableError, UsageError } from '../error.ts';
import { processTreeByteLength } from '../machine/process-memory.ts';
import { cudaEnvironment } from './cuda/library.ts';
import type { LoadedSession, ProcessCall, ProcessReply, RunResult } from './process-call.ts';
import type { Placement, Runtime, RuntimeDescription, RuntimeOptions } from './runtime.ts';

type Call = ProcessCall extends infer Each ? (Each extends ProcessCall ? Omit<Each, 'id'> : never) : never;

export interface ProcessRuntimeOptions {
  /** For messages. */
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Rows that keep the runtime busy. Default: what suits a CPU. */
  readonly batchSize?: number;
  /** Default: none. */
  readonly limits?: ProcessLimits;
}

/** What a process may take before it is stopped. */
export interface ProcessLimits {
  /** Of one call: opening, loading, or a run. */
  readonly timeMs: number;
  /** Of the process and all that it starts; watched on Linux only. */
  readonly memoryByteLength: number;
}

/** How often the limits are looked at. */
const POLL_MS = 200;

/** @throws what the runtime throws; JepaError where a call takes more than the limits, UnavailableError where the process ends */
export function openIsolatedRuntime(name: string, options: RuntimeOptions, limits: ProcessLimits): Promise<Runtime> {
  return openProcessRuntime(options, {
    name,
    environment: name === 'cuda' ? cudaEnvironment(options) : process.env,
    limits,
  });
}

/** @throws what the runtime throws, and UnavailableError where its process ends */
export async function openProcessRuntime(
  options: RuntimeOptions,
  { name, environment, batchSize, limits }: ProcessRuntimeOptions,
): Promise<Runtime> {
  const conversation = converse(name, environment, limits);
  const { ask } = conversation;
  try {
    const description = (await ask({ kind: 'open', name, options })) as RuntimeDescription;
    return {
      format: 'onnx',
      describe: () => description,
      async load(model) {
        const { session, inputs, outputs } = (await ask({ kind: 'load', model })) as LoadedSession;
        let elapsedMs = 0;
        return {
          inputs,
          outputs,
          ...(batchSize === undefined ? {} : { batchSize }),
          elapsedMs: () => elapsedMs,
          async run(feeds) {
            const result = (await ask({ kind: 'run', session, feeds })) as RunResult;
            elapsedMs = result.runMs;
            return result.outputs;
          },
          async dispose() {
            await ask({ kind: 'release', session });
          },
        };
      },
      placementOf: async (model, feeds) => (await ask({ kind: 'placement', model, feeds })) as Placement,
      dispose: () => conversation.end(),
    };
  } catch (error) {
    await conversation.end();
    throw error;
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** When it was asked, in milliseconds of this process. */
  readonly since: number;
}

interface Conversation {
  ask(call: Call): Promise<unknown>;
  end(): Promise<void>;
}

function converse(name: string, environment: NodeJS.ProcessEnv, limits: ProcessLimits | undefined): Conversation {
  const child = startChild(environment);
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let ended: Error | undefined;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', (message) => {
    // Only runtime-process.ts writes here.
    const { id, result, error } = message as ProcessReply;
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(result);
    else caller?.reject(errorOf(error));
  });
  const fail = (reason: string) => {
    clearInterval(watch);
    ended ??= new UnavailableError(`${name}: expected its process to answer, got its end: ${reason}`, {
      remedy: 'jepa doctor says what this machine has.',
    });
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  const stop = (error: JepaError) => {
    ended = error;
    child.kill('SIGKILL');
  };
  const watch =
    limits &&
    setInterval(() => {
      const oldest = Math.min(...[...waiting.values()].map(({ since }) => since));
      if (ended !== undefined || waiting.size === 0) return;
      if (performance.now() - oldest > limits.timeMs)
        stop(new JepaError(`${name}: expected an end within ${limits.timeMs / 1000} s, got none: it was stopped`));
      else if (child.pid !== undefined && (processTreeByteLength(child.pid) ?? 0) > limits.memoryByteLength)
        stop(
          new JepaError(
            `${name}: expected at most ${Math.round(limits.memoryByteLength / 2 ** 20)} MiB of memory, got more: it was stopped`,
          ),
        );
    }, POLL_MS);
  watch?.unref();
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) => fail(signal ?? `code ${code}`));
  return {
    ask: (call) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        const id = nextId++;
        waiting.set(id, { resolve, reject, since: performance.now() });
        child.send({ id, ...call }, (error) => {
          if (error) fail(error.message);
        });
      }),
    async end() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function startChild(environment: NodeJS.ProcessEnv): ChildProcess {
  const extension = extname(fileURLToPath(import.meta.url));
  const script = new URL(`./runtime-process${extension}`, import.meta.url);
  // In a clone the sources run through tsx, which a new process must load for itself.
  const execArgv = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];
  // Typed arrays as they are, and no native library on our stdout.
  return fork(script, [], { env: environment, execArgv, serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
}

const errorClasses: Readonly<Record<string, typeof JepaError>> = {
  JepaError,
  UsageError,
  FormatError,
  UnavailableError,
};

function errorOf({ name, message, remedy }: NonNullable<ProcessReply['error']>): Error {
  const ErrorClass = Object.hasOwn(errorClasses, name) ? errorClasses[name] : undefined;
  if (ErrorClass === undefined) return new Error(message);
  return new ErrorClass(message, remedy === undefined ? {} : { remedy });
}
