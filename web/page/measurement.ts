// Distinctness measured in the page: held-out observations, encoded in batches that leave the page responsive, and judged by
// the same functions as in `jepa evaluate`; of an environment on the same observations as `jepa evaluate --observations N`.
import { centroidsOf } from '../../src/measures/centroid.ts';
import { type Distinctness, measureDistinctness } from '../../src/measures/distinctness.ts';
import { createLatents, type LabelledLatents, labelLatents } from '../../src/measures/latents.ts';
import { type ObservationSet, rowsOf } from '../observation-set.ts';
import type { WorldModel } from '../world-model.ts';
import type { World } from './world.ts';

/** Small enough that a batch takes well under a tenth of a second where it matters, on a phone. */
const BATCH = 32;
/** What a reader waits for at most, in ms of encoding; beyond it fewer observations are measured. */
const ENCODING_BUDGET_MS = 20_000;

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
  /** Observations that there are; undefined where as many can be drawn as are wanted. */
  readonly available: number | undefined;
}

export interface MeasurementOptions {
  readonly observations: number;
  /** Done so far, 0..1. */
  readonly onProgress: (fraction: number) => void;
}

export async function measureWorld(
  model: WorldModel,
  world: World,
  { observations, onProgress }: MeasurementOptions,
): Promise<Measurement> {
  const { classes } = world;
  const probe = world.draw(2 * BATCH, 'evaluation');
  const half = Math.floor(probe.states.length / 2);
  await encodeInBatches(model, rowsOf(probe, 0, half), () => {});
  const first = await encodeInBatches(model, rowsOf(probe, half, probe.states.length), () => {});
  const affordable = Math.floor(ENCODING_BUDGET_MS / (2 * first.msPerObservation));
  const count = Math.max(world.leastObservations, Math.min(observations, affordable));
  const judged = world.draw(count, 'evaluation');
  const others = world.draw(count, 'evaluation centroids');
  const encodedJudged = await encodeInBatches(model, judged, (done) => onProgress(done / 2));
  const encodedOthers = await encodeInBatches(model, others, (done) => onProgress((1 + done) / 2));
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
    available: world.available,
  };
}

async function encodeInBatches(
  model: WorldModel,
  observations: ObservationSet,
  onProgress: (fraction: number) => void,
): Promise<{ readonly latents: Float32Array; readonly msPerObservation: number }> {
  const count = observations.states.length;
  const latents = new Float32Array(count * model.latentSize);
  let elapsedMs = 0;
  for (let start = 0; start < count; start += BATCH) {
    const end = Math.min(count, start + BATCH);
    const { images, vectors } = rowsOf(observations, start, end);
    const begin = performance.now();
    const encoded = await (images === undefined
      ? model.encode(vectors ?? new Float32Array(0))
      : model.encode(images, vectors));
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
