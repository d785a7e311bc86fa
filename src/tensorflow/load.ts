// Makes TensorFlow native in this process and hands out the one tfjs that everything here uses.
// What it takes to have the native library at all is native/setup.ts; what can be called is binding.ts.
import { availableParallelism } from 'node:os';
import type * as tf from '@tensorflow/tfjs';
import { JepaError, UsageError } from '../error.ts';
import { findPackage, tfjsNodePackage } from '../machine/optional-package.ts';
import type { SetupListener } from '../machine/setup-event.ts';
import { setTensorFlowBackend, type TensorFlowBackend } from './binding.ts';
import type { NativeTensorFlow } from './native/cache.ts';
import { loadBinding, loadTfjsNode } from './native/open.ts';
import { ensureNativeTensorFlow } from './native/setup.ts';

/** The namespace of `@tensorflow/tfjs`. */
export type TensorFlow = typeof tf;

/** Threads of TensorFlow, and what hears of a set-up or stops it. */
export interface LoadOptions {
  /**
   * Threads of one operation, and of operations side by side in graph mode. The bits of a result depend on it. Default:
   * TF_NUM_INTRAOP_THREADS where it is set, else every core. Fixed for the life of the process.
   */
  readonly threads?: number;
  /** Hears of the set-up, where there is one to do. */
  readonly onSetup?: SetupListener;
  /** Stops a set-up that is under way, leaving nothing behind. */
  readonly signal?: AbortSignal;
  /** Whether one that is not there, or does not load, is set up. Default true. */
  readonly mayInstall?: boolean | undefined;
}

/** What was loaded, for reports and `jepa doctor`. */
export interface LoadedTensorFlow {
  readonly native: NativeTensorFlow;
  /** The native library's version: `2.21.0`. */
  readonly tensorflowVersion: string;
  /** The version of tfjs: `4.22.0`. */
  readonly tfjsVersion: string;
  readonly threads: number;
}

let loading: Promise<TensorFlow> | undefined;
let loaded: LoadedTensorFlow | undefined;

/**
 * TensorFlow in this process: the namespace of `@tensorflow/tfjs` (the same instance that an import gives) with the
 * native backend `tensorflow` active. The first call sets the machine up where that was not done (a download of 270 MB,
 * about a minute); later calls of the process return the same namespace.
 *
 * Call it on the main thread: the number of threads reaches TensorFlow through the environment, and a worker thread has
 * only a copy of that.
 *
 * @throws UsageError where `threads` is not a positive integer, or not the number that this process started with.
 * @throws UnavailableError where no native library can be had; the message says what was tried and why each failed.
 */
export async function loadTensorFlow(options: LoadOptions = {}): Promise<TensorFlow> {
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw new UsageError(`loadTensorFlow: expected threads to be a positive integer, got ${threads}`);
  loading ??= load(options).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  const namespace = await loading;
  // Others may have taken another backend since.
  if (namespace.getBackend() !== 'tensorflow') await namespace.setBackend('tensorflow');
  if (threads !== undefined && loaded !== undefined && threads !== loaded.threads)
    throw new UsageError(
      `loadTensorFlow: expected the ${loaded.threads} threads that this process started with, got ${threads}`,
      { remedy: 'Use one number of threads in one process.' },
    );
  return namespace;
}

/** What `loadTensorFlow` loaded, or undefined before it has finished. */
export function loadedTensorFlow(): LoadedTensorFlow | undefined {
  return loaded;
}

async function load({ threads, onSetup, signal, mayInstall }: LoadOptions): Promise<TensorFlow> {
  // Read by the library when it starts, so all of it is set before. 3 is: errors only.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  // TensorFlow turns oneDNN on by itself only on processors with AVX-512 VNNI, AVX-VNNI or AMX. Measured on one with AVX2
  // (AMD EPYC): a training step of the preset `small` takes 17.8 ms with it and 39.9 ms without, two threads.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  const count = threads ?? threadsOfEnvironment() ?? availableParallelism();
  process.env.TF_NUM_INTRAOP_THREADS = String(count);
  if (threads !== undefined) process.env.TF_NUM_INTEROP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS ??= String(count);

  const namespace = await import('@tensorflow/tfjs');
  // Silences advice that is printed to the console (to install tfjs-node, say); no computation depends on it.
  namespace.enableProdMode();

  const native = await ensureNativeTensorFlow({ onSetup, signal, mayInstall, check: loadBinding });
  const folder = findPackage(tfjsNodePackage);
  if (folder === undefined) throw new JepaError('loadTensorFlow: expected tfjs-node after its set-up, got none');
  // What was just set up has been loaded in a child alone: here too without the library's greeting.
  loadBinding(native);
  loadTfjsNode(folder, native.binding);
  if (!(await namespace.setBackend('tensorflow')))
    throw new JepaError(`loadTensorFlow: expected the backend tensorflow, got ${namespace.getBackend()}`);

  // The parser's boundary of tfjs: its registry of backends is typed by the base class.
  const backend = namespace.backend() as TensorFlowBackend;
  setTensorFlowBackend(backend);
  loaded = {
    native,
    tensorflowVersion: backend.binding.TF_Version,
    tfjsVersion: namespace.version.tfjs,
    threads: count,
  };
  return namespace;
}

function threadsOfEnvironment(): number | undefined {
  const value = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
