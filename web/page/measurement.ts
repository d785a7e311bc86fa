// Distinctness measured in the page: held-out observations drawn, encoded in batches that leave the page responsive, and
// judged by the same functions and on the same observations as `jepa evaluate --observations N` does.
import { labelledObservations } from '../../src/data/environment-source.ts';
import { UsageError } from '../../src/error.ts';
import { centroidsOf } from '../../src/evaluation/centroid.ts';
import { type Distinctness, measureDistinctness } from '../../src/evaluation/distinctness.ts';
import { createLatents, type LabelledLatents, labelLatents } from '../../src/evaluation/latents.ts';
import { elementCount } from '../../src/shape.ts';
import type { WorldModel } from '../world-model.ts';
import type { World } from './world.ts';

/** Small enough that a batch takes well under a tenth of a second where it matters, on a phone. */
const BATCH = 32;
/** What a reader waits for at most, in ms of encoding; beyond it fewer observations are measured. */
const ENCODING_BUDGET_MS = 20_000;
/** Observations of every state at least: distances within a class need two, centroids a few. */
const LEAST_PER_STATE = 8;

export interface ObservationSet {
  /** [N, H, W, C] */
  readonly observations: Uint8Array;
  /** [N] */
  readonly states: Int32Array;
}

export interface Measurement {
  readonly judged: ObservationSet;
  readonly latents: LabelledLatents;
  /** [C, D] */
  readonly centroids: Float64Array;
  readonly distinctness: Distinctness;
  /** Mean over all but the first batch, in which the runtime prepares itself. */
  readonly msPerObservation: number;
  /** Observations that were asked for: more than were measured where time is short, fewer where there are many states. */
  readonly asked: number;
}

export interface MeasurementOptions {
  readonly observations: number;
  /** Done so far, 0..1. */
  readonly onProgress: (fraction: number) => void;
}

export async function measureWorld(
  model: WorldModel,
  { environment, classes }: World,
  { observations, onProgress }: MeasurementOptions,
): Promise<Measurement> {
  const draw = (count: number, stream: string) => bytesOf(labelledObservations(environment, count, 0, stream));
  const probe = draw(2 * BATCH, 'evaluation');
  await encodeInBatches(model, probe.observations.subarray(0, probe.observations.length / 2), () => {});
  const first = await encodeInBatches(model, probe.observations.subarray(probe.observations.length / 2), () => {});
  const affordable = Math.floor(ENCODING_BUDGET_MS / (2 * first.msPerObservation));
  const least = LEAST_PER_STATE * environment.stateCount;
  const count = Math.max(least, Math.min(observations, affordable));
  const judged = draw(count, 'evaluation');
  const others = draw(count, 'evaluation centroids');
  const encodedJudged = await encodeInBatches(model, judged.observations, (done) => onProgress(done / 2));
  const encodedOthers = await encodeInBatches(model, others.observations, (done) => onProgress((1 + done) / 2));
  const label = (values: Float32Array, states: Int32Array) =>
    labelLatents(
      createLatents(values, model.latentSize),
      states.map((state) => classes.classOf[state]),
      classes.count,
    );
  const latents = label(encodedJudged.latents, judged.states);
  const centroidLatents = label(encodedOthers.latents, others.states);
  return {
    judged,
    latents,
    centroids: centroidsOf(centroidLatents),
    distinctness: measureDistinctness({ latents, centroidLatents }),
    msPerObservation: (encodedJudged.msPerObservation + encodedOthers.msPerObservation) / 2,
    asked: observations,
  };
}

function bytesOf({ observations, states }: ReturnType<typeof labelledObservations>): ObservationSet {
  if (observations instanceof Uint8Array) return { observations, states };
  throw new UsageError('observations: expected images as bytes, got numbers');
}

async function encodeInBatches(
  model: WorldModel,
  observations: Uint8Array,
  onProgress: (fraction: number) => void,
): Promise<{ readonly latents: Float32Array; readonly msPerObservation: number }> {
  const pixelCount = elementCount(model.observationShape);
  const count = observations.length / pixelCount;
  const latents = new Float32Array(count * model.latentSize);
  let elapsedMs = 0;
  for (let start = 0; start < count; start += BATCH) {
    const end = Math.min(count, start + BATCH);
    const begin = performance.now();
    const encoded = await model.encode(observations.subarray(start * pixelCount, end * pixelCount));
    elapsedMs += performance.now() - begin;
    latents.set(encoded, start * model.latentSize);
    onProgress(end / count);
    await pause();
  }
  return { latents, msPerObservation: elapsedMs / count };
}

/** Lets the page draw and answer. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
