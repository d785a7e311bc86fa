// What one runtime makes of the held-out observations: its latents, measured, and compared with those of the reference.
import { JepaError } from '../error.ts';
import { type Certificate, certify, type LatentError, latentError } from '../measures/bound/certificate.ts';
import { type Distinctness, type DistinctnessInput, measureDistinctness } from '../measures/distinctness.ts';
import { type LabelledLatents, type Latents, labelLatents, type Metric, underMetric } from '../measures/latents.ts';
import { fixedBatchSize, type Observations, observationFeeds, paddedRows } from '../run/encode.ts';
import type { EncoderSession } from '../run/world-session.ts';
import type { Runtime, RuntimeDescription } from '../runtimes/index.ts';
import { elementCount } from '../shape.ts';
import type { StateClasses } from './class/state.ts';
import type { EvaluationSource, HeldOut } from './held-out/held-out.ts';

export interface MeasuringOptions {
  /** Names of runtimes and their variants, in the order of the report. */
  readonly runtimes: readonly string[];
  /** The runtime that the others are compared with. */
  readonly reference: string;
  /** Judged observations; as many more give the centroids. */
  readonly observations: number;
  readonly seed: number;
  readonly threads?: number | undefined;
  /** How latents are compared. Default `euclidean`. */
  readonly metric?: Metric | undefined;
  /** Told in a few words what is being done. */
  readonly onProgress?: (message: string) => void;
  /** Told in one line of what is odd. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** Observations of the untrained encoder's mean distance: enough for three digits. */
export const UNTRAINED_OBSERVATIONS = 1024;

/** The judged observations that the untrained encoder's mean distance is of. */
export function untrainedSample(
  { judged }: Pick<HeldOut, 'judged'>,
  observationShape: readonly number[],
): Observations {
  return judged.observations.subarray(0, UNTRAINED_OBSERVATIONS * elementCount(observationShape));
}

/** What is measured of an encoder on one runtime. */
export interface EncoderEvaluation {
  readonly description: RuntimeDescription;
  readonly latents: LabelledLatents;
  /** Of the observations that gave the centroids. */
  readonly centroidLatents: LabelledLatents;
  readonly distinctness: Distinctness;
  /** Milliseconds of one observation in a batch, after the first batches; undefined where latents were computed elsewhere. */
  readonly encodeMs: number | undefined;
  readonly nodesByProvider: Readonly<Record<string, number>> | undefined;
  readonly error: LatentError;
  readonly certificate: Certificate;
}

/** Not compared yet. */
export type MeasuredEncoder = Omit<EncoderEvaluation, 'error' | 'certificate'>;

export interface EncoderMeasurement {
  readonly source: EvaluationSource;
  readonly classes: Pick<StateClasses, 'classOf' | 'count'>;
  readonly heldOut: Pick<HeldOut, 'judged' | 'centroids'>;
  /** Mean distance of the judged observations before training, where it is known. */
  readonly untrainedMeanDistance: number | undefined;
  readonly metric?: Metric | undefined;
  /** False of an encoder of whose scale nothing is known. Default true. */
  readonly hasUnitScale?: boolean;
  readonly runtime: Runtime;
  readonly session: EncoderSession;
  /** Told in a few words what is being done. */
  readonly progress: (message: string) => void;
}

export async function measureEncoder(measurement: EncoderMeasurement): Promise<MeasuredEncoder> {
  const { classes, heldOut, runtime, session, untrainedMeanDistance, hasUnitScale, metric, progress } = measurement;
  const label = (latents: Latents, states: Int32Array) =>
    labelLatents(
      underMetric(latents, metric),
      states.map((state) => classes.classOf[state]),
      classes.count,
    );
  const latents = label(await session.encode(heldOut.judged.observations), heldOut.judged.states);
  // The second pass is timed: the first one has warmed the runtime up.
  const begin = performance.now();
  const elapsedBefore = session.encoder.elapsedMs?.();
  const centroids = await session.encode(heldOut.centroids.observations);
  const elapsedMs = session.encoder.elapsedMs?.() ?? performance.now() - begin;
  const encodeMs = (elapsedMs - (elapsedBefore ?? 0)) / centroids.count;
  const centroidLatents = label(centroids, heldOut.centroids.states);
  const nodesByProvider = await placementOf(measurement);
  const description = runtime.describe();
  progress(`measuring what ${description.runtime} gave`);
  const { episodes } = heldOut.judged;
  const given = { latents, centroidLatents, episodes, untrainedMeanDistance, hasUnitScale };
  return { ...measureLatents(description, given), encodeMs, nodesByProvider };
}

/** What is measured of latents, whoever computed them. */
export function measureLatents(description: RuntimeDescription, given: DistinctnessInput): MeasuredEncoder {
  const { latents, centroidLatents } = given;
  return {
    description,
    latents,
    centroidLatents,
    distinctness: measureDistinctness(given),
    encodeMs: undefined,
    nodesByProvider: undefined,
  };
}

/** One observation under the runtime's profiler: what ran is read back, not assumed. */
async function placementOf({ source, heldOut, runtime, session }: EncoderMeasurement) {
  if (runtime.placementOf === undefined) return undefined;
  const { input, path } = session.files.encoder;
  const { observationShape } = source;
  const rowSize = elementCount(observationShape);
  const one = heldOut.judged.observations.subarray(0, rowSize);
  const rows = paddedRows(one, (fixedBatchSize(session.encoder, input) ?? 1) * rowSize);
  const feeds = observationFeeds(session.encoder.inputs, observationShape, input)(rows);
  const placement = await runtime.placementOf(path, feeds);
  return placement.nodesByProvider;
}

/** The reference's description, and every runtime asked for beside it, in the order of the report. */
export function compareWithReference<Measured extends MeasuredEncoder>(
  measured: ReadonlyMap<string, Measured>,
  { reference: name, runtimes }: Pick<MeasuringOptions, 'reference' | 'runtimes'>,
) {
  const reference = measured.get(name);
  if (reference === undefined) throw new JepaError(`evaluate: expected the reference ${name} among the runtimes`);
  return {
    reference: reference.description,
    runtimes: runtimes.flatMap((each) => {
      const runtime = measured.get(each);
      return runtime ? [compareOne(runtime, reference)] : [];
    }),
  };
}

/** The largest error of a latent, and whether errors of its size could change the verdict. */
function compareOne<Measured extends MeasuredEncoder>(
  measured: Measured,
  reference: MeasuredEncoder,
): Measured & Pick<EncoderEvaluation, 'error' | 'certificate'> {
  const errors = [
    latentError(reference.latents, measured.latents),
    latentError(reference.centroidLatents, measured.centroidLatents),
  ];
  const error = errors[0].maxDistance >= errors[1].maxDistance ? errors[0] : errors[1];
  const certificate = certify(
    { latents: reference.latents, ...reference.distinctness },
    error.maxDistance,
    measured.distinctness.decision.verdict,
  );
  return {
    ...measured,
    error: { ...error, maxAbsolute: Math.max(errors[0].maxAbsolute, errors[1].maxAbsolute) },
    certificate,
  };
}
