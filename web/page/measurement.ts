// Distinctness measured in the page's worker: held-out observations, encoded in batches that let progress be told, and judged by
// the same functions as in `jepa evaluate`; of an environment on the same observations as `jepa evaluate --observations N`.
import { centroidsOf } from '../../src/measures/centroid.ts';
import { type Distinctness, measureDistinctness } from '../../src/measures/distinctness.ts';
import { createLatents, type LabelledLatents, labelLatents, underMetric } from '../../src/measures/latents.ts';
import type { EncoderPage } from '../encoder-format.ts';
import { type ObservationSet, rowsOf } from '../observation-set.ts';
import type { WorldModel } from '../world-model.ts';
import type { World } from './world.ts';

/** Small enough that progress moves several times a second, on a phone too. */
const BATCH = 32;

export interface Measurement {
  readonly judged: ObservationSet;
  readonly latents: LabelledLatents;
  /** [C, D] */
  readonly centroids: Float64Array;
  readonly distinctness: Distinctness;
  /** Mean over all but the first batch, in which the runtime prepares itself. */
  readonly msPerObservation: number;
  /** Observations that were asked for: fewer than were measured where there are many states, more where there are no more. */
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
  // As many as were asked for, however slow this machine is: the same page gives the same verdict every time.
  const count = Math.max(world.leastObservations, observations);
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

/** The same of latents that were computed before. */
export function judgeLatents({
  description,
  judged,
  latents: values,
  centroidLatents: others,
  centroidStates,
}: EncoderPage): Omit<Measurement, 'msPerObservation'> {
  const { size, metric, episodes, classes } = description;
  const label = (given: Float32Array, states: Int32Array) =>
    labelLatents(underMetric(createLatents(given, size), metric), states, classes.names.length);
  const latents = label(values, judged.states);
  const centroidLatents = label(others, centroidStates);
  return {
    judged,
    latents,
    centroids: centroidsOf(centroidLatents),
    distinctness: measureDistinctness({
      latents,
      centroidLatents,
      episodes: episodes === null ? undefined : Int32Array.from(episodes),
      hasUnitScale: false,
    }),
    asked: judged.states.length,
    available: judged.states.length,
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
  let timed = 0;
  for (let start = 0; start < count; start += BATCH) {
    const end = Math.min(count, start + BATCH);
    const { images, vectors } = rowsOf(observations, start, end);
    const begin = performance.now();
    const encoded = await (images === undefined
      ? model.encode(vectors ?? new Float32Array(0))
      : model.encode(images, vectors));
    const elapsed = performance.now() - begin;
    // In its first batch the runtime prepares itself.
    if (start > 0 || count <= BATCH) {
      elapsedMs += elapsed;
      timed += end - start;
    }
    latents.set(encoded, start * model.latentSize);
    onProgress(end / count);
    await pause();
  }
  return { latents, msPerObservation: elapsedMs / timed };
}

/** Lets what was told be sent, and calls come in. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
