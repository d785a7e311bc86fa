// What a comparison of new observations with a baseline is told.
import { UsageError } from '../../src/error.ts';
import { expectWhole } from '../../src/options.ts';
import type { LatentColumns } from '../encoder/latent-rows.ts';
import type { InputColumns } from '../encoder/option.ts';

/** Of both kinds of batches: observations for an encoder, and latents by themselves. */
export interface DriftTestOptions {
  /** A file of `saveBaseline`, made of this encoder. */
  readonly baseline: string;
  /** Observations that are drawn of the batch; at most 1,024 are compared. Default: 4,096. */
  readonly observations?: number | undefined;
  /** Of what is drawn, and of the permutations. Default: 1. */
  readonly seed?: number | undefined;
  /** The chance of an alarm if nothing has changed. Default: 0.01. */
  readonly level?: number | undefined;
  /** Default: 1,999. */
  readonly permutations?: number | undefined;
  /** Another mix of classes is told, and no alarm. Default: false. */
  readonly ignoreMix?: boolean | undefined;
  /** Whether the result and its page are written. Default: true. */
  readonly report?: boolean | undefined;
  /** Told in one line how far it is, and which files were written. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Told in one line of what is odd. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two steps of the work. */
  readonly signal?: AbortSignal | undefined;
}

/** Which batch is compared with which baseline. */
export interface DriftOptions extends DriftTestOptions {
  /** A recording of new observations: labels and actions are not needed. */
  readonly data?: string | undefined;
  /** The name of an environment of ours to draw the batch from, instead of `data`. */
  readonly environment?: string | undefined;
  /** The recording's parts and their columns: observation=pixels. */
  readonly map?: string | undefined;
  /** Of an ONNX file of several inputs, which columns each takes. Default: those that it took in the baseline. */
  readonly input?: readonly InputColumns[] | undefined;
  /** Frames of an observation. Default: 1, and of a clip its own; of a run what it was trained with. */
  readonly stack?: number | undefined;
  /** Default: the baseline's. */
  readonly runtime?: string | undefined;
  /** Of the runtime. Default: all cores. */
  readonly threads?: number | undefined;
}

/** Latents of new observations that were computed elsewhere. */
export interface LatentDriftOptions extends DriftTestOptions, LatentColumns {}

export interface ResolvedDriftTest {
  readonly observations: number;
  readonly seed: number;
  readonly level: number;
  readonly permutations: number;
  readonly ignoreMix: boolean;
  readonly report: boolean;
  readonly progress: (line: string) => void;
  readonly onNote: (note: string) => void;
}

/** @throws UsageError where so few permutations could never be an alarm */
export function resolveDriftTest(options: DriftTestOptions): ResolvedDriftTest {
  const {
    observations = 4096,
    seed = 1,
    level = 0.01,
    permutations = 1999,
    ignoreMix = false,
    report = true,
  } = options;
  expectWhole(1, { observations, permutations });
  expectWhole(0, { seed });
  if (1 / (1 + permutations) > level / 3)
    throw new UsageError(
      `permutations: expected at least ${Math.ceil(3 / level)} for a level of ${level}, got ${permutations}`,
      {
        remedy: 'With fewer no result could be below it, after the correction for three questions.',
      },
    );
  return {
    ...{ observations, seed, level, permutations, ignoreMix, report },
    progress(line) {
      options.signal?.throwIfAborted();
      options.onProgress?.(line);
    },
    onNote: (note) => options.onNote?.(note),
  };
}
