// The options that evaluations of runs and of encoders share, with their defaults.
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { ClassSource } from '../../src/evaluation/class/bisimulation.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { type Metric, metrics } from '../../src/measures/latents.ts';
import { expectWhole } from '../../src/options.ts';
import { parseRuntimeVariant } from '../../src/run/runtime-variant.ts';
import type { GateOptions } from './gate.ts';

/** The options that evaluations of runs and of encoders share. */
export interface EvaluateOptions extends GateOptions {
  /** Names: cpu, wasm, cuda, webgpu, tfjs; variants cuda:tf32 and NAME:fp16. Default: cpu. */
  readonly runtimes?: readonly string[] | undefined;
  /** What the runtimes are compared with: one of them, or of an ONNX file another file. Default: tfjs where it can run, else cpu. */
  readonly reference?: string | undefined;
  /** Held-out observations; as many more give the centroids. Default: 4,096. */
  readonly observations?: number | undefined;
  /** Of the observations. Default: 0. */
  readonly seed?: number | undefined;
  /** What must be told apart. Default: reward (bisimulation); of a recording what can be claimed best. */
  readonly classes?: ClassSource | RecordingClassSource | undefined;
  /** How latents are compared. Default: euclidean. */
  readonly metric?: Metric | undefined;
  /** Where the recording is now. Default: where the run found it. */
  readonly data?: string | undefined;
  /** Of each runtime. Default: all cores. */
  readonly threads?: number | undefined;
  /** Whether the result and its page are written. Default: true. */
  readonly report?: boolean | undefined;
  /** Told in one line how far it is, and which files were written. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Told in one line of what is odd or left out. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two steps of the work. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of an evaluation of a run, which alone has probes and a decoder. */
export interface EvaluateRunOptions extends EvaluateOptions {
  /** Probe the latents for the state and for what images show beside it: minutes; needs native TensorFlow. Default: false. */
  readonly probes?: boolean | undefined;
  /** Train a decoder on the latents, and draw what it recovers. Default: false. */
  readonly decoder?: boolean | undefined;
  /** Noise on the latents that the decoder sees, of their scale. Default: 0. */
  readonly decoderNoise?: number | undefined;
}

export type ResolvedEvaluateOptions = Omit<EvaluateRunOptions, 'onNote' | 'onProgress'> & {
  readonly runtimes: readonly string[];
  readonly observations: number;
  readonly seed: number;
  readonly report: boolean;
  readonly probes: boolean;
  readonly decoder: boolean;
  readonly decoderNoise: number;
  readonly onProgress: (line: string) => void;
  readonly onNote: (note: string) => void;
};

/** @throws UsageError for numbers that are none, a metric or runtime that there is not, or one that is named twice */
export function resolveEvaluateOptions(options: EvaluateRunOptions): ResolvedEvaluateOptions {
  const { runtimes = ['cpu'], observations, seed, metric, threads, signal } = options;
  const { onProgress = () => {}, onNote = () => {} } = options;
  // Infinity stands for all.
  expectWhole(1, { observations: observations === Number.POSITIVE_INFINITY ? undefined : observations, threads });
  expectWhole(0, { seed });
  if (metric !== undefined && !metrics.includes(metric)) throw unknownName('metric', 'one of', metric, metrics);
  for (const name of runtimes) parseRuntimeVariant('runtime', name);
  if (new Set(runtimes).size !== runtimes.length)
    throw new UsageError(`runtime: expected each runtime once, got "${runtimes.join(',')}"`);
  return {
    ...options,
    runtimes,
    observations: observations ?? 4096,
    seed: seed ?? 0,
    report: options.report ?? true,
    probes: options.probes ?? false,
    decoder: options.decoder ?? false,
    decoderNoise: options.decoderNoise ?? 0,
    onProgress(line) {
      signal?.throwIfAborted();
      onProgress(line);
    },
    onNote,
  };
}

/** @throws UsageError where there is none: an answer about no runtime would be yes */
export function expectRuntimes(names: readonly string[] | undefined): void {
  if (names?.length === 0) throw new UsageError(`${option('runtimes')}: expected at least one, got none`);
}
