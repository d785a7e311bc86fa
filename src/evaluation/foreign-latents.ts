// The evaluation of latents that were computed elsewhere: on a phone, an accelerator, by a colleague. Neither the encoder nor its
// runtime is here; what is measured of the latents is what is measured of an encoder's on the same rows.
// Letters: N observations, D numbers.
import { UsageError } from '../error.ts';
import { createLatents, labelLatents, type Metric, underMetric } from '../measures/latents.ts';
import { meanPairDistance } from '../measures/pair-distance.ts';
import type { RuntimeDescription } from '../runtimes/index.ts';
import type { StateClasses } from './class/state.ts';
import type { EvaluationSource } from './held-out/held-out.ts';
import type { LabelledRows } from './held-out/labelled-rows.ts';
import {
  compareWithReference,
  type EncoderEvaluation,
  type MeasuredEncoder,
  measureLatents,
  UNTRAINED_OBSERVATIONS,
} from './runtime-measurement.ts';
import type { UnseenObservations } from './schema/outcome.ts';

/** What the latents that are judged are called where a runtime would be. */
export const ELSEWHERE = 'elsewhere';
const REFERENCE = 'reference';

/** One file of latents. */
export interface GivenLatents {
  /** The file, for messages and the record. */
  readonly file: string;
  /** [rows, D] of any rows, in their order. */
  read(rows: Int32Array): Promise<Float32Array>;
  /** D */
  readonly size: number;
}

export interface LatentsInput {
  readonly source: Pick<EvaluationSource, 'name' | 'description'>;
  readonly rows: LabelledRows;
  readonly latents: GivenLatents;
  /** What a trusted runtime gave for the same rows. */
  readonly reference?: GivenLatents | undefined;
  /** What the same encoder gave before training. */
  readonly untrained?: GivenLatents | undefined;
}

export interface LatentsOptions {
  readonly seed: number;
  readonly metric?: Metric | undefined;
  readonly onProgress?: (message: string) => void;
}

export interface LatentsEvaluation {
  readonly source: LatentsInput['source'];
  readonly seed: number;
  readonly metric: Metric | undefined;
  readonly classes: StateClasses;
  readonly heldOut: {
    readonly judged: UnseenObservations & { readonly states: Int32Array };
    readonly centroids: { readonly states: Int32Array };
  };
  readonly untrainedMeanDistance: number | undefined;
  readonly reference: RuntimeDescription;
  /** One: the latents that are judged. */
  readonly runtimes: readonly EncoderEvaluation[];
}

/** @throws UsageError where the reference has latents of another size */
export async function evaluateGivenLatents(input: LatentsInput, options: LatentsOptions): Promise<LatentsEvaluation> {
  const { latents, reference, untrained, rows, source } = input;
  const { metric, seed, onProgress = () => {} } = options;
  if (reference !== undefined && reference.size !== latents.size)
    throw new UsageError(
      `${reference.file}: expected reference latents of ${latents.size} numbers, as ${latents.file} has, got ${reference.size}`,
    );
  const untrainedMeanDistance =
    untrained === undefined
      ? undefined
      : meanPairDistance(
          underMetric(
            createLatents(await untrained.read(rows.judged.subarray(0, UNTRAINED_OBSERVATIONS)), untrained.size),
            metric,
          ),
        );
  const measure = async (given: GivenLatents, name: string): Promise<MeasuredEncoder> => {
    onProgress(`measuring ${given.file}`);
    const label = async (of: Int32Array, labels: Int32Array) =>
      labelLatents(underMetric(createLatents(await given.read(of), given.size), metric), labels, rows.classes.count);
    return measureLatents(describe(given, name), {
      latents: await label(rows.judged, rows.judgedLabels),
      centroidLatents: await label(rows.centroids, rows.centroidLabels),
      episodes: rows.judgedEpisodes,
      untrainedMeanDistance,
      hasUnitScale: false,
    });
  };
  const measured = new Map([[ELSEWHERE, await measure(latents, ELSEWHERE)]]);
  if (reference !== undefined) measured.set(REFERENCE, await measure(reference, REFERENCE));
  return {
    source,
    seed,
    metric,
    classes: rows.classes,
    heldOut: {
      judged: { rows: rows.judged, states: rows.judgedLabels, episodes: rows.judgedEpisodes },
      centroids: { states: rows.centroidLabels },
    },
    untrainedMeanDistance,
    ...compareWithReference(measured, {
      reference: reference === undefined ? ELSEWHERE : REFERENCE,
      runtimes: [ELSEWHERE],
    }),
  };
}

function describe({ file }: GivenLatents, runtime: string): RuntimeDescription {
  return { runtime, version: file, provider: 'not seen', threads: 0, precision: 'float32' };
}
