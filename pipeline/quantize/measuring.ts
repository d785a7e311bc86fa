// Measures a quantised encoder on a runtime: its file is made, opened, and its latents are compared with the float32 file's.
import { encodeModel, type OnnxModel } from '../../export/index.ts';
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import {
  errorOf,
  type Headroom,
  type HeadroomReference,
  headroom,
  headroomReference,
  type LatentSets,
} from '../../src/measures/bound/headroom.ts';
import { labelLatents, type Metric, underMetric } from '../../src/measures/latents.ts';
import { encodeObservations, type ObservationInput, type Observations } from '../../src/run/encode.ts';
import type { Runtime } from '../../src/runtimes/index.ts';
import type { ObservationSets } from './observation.ts';

/** What an encoder is measured with. */
export interface Bench {
  readonly runtime: Runtime;
  readonly input: ObservationInput;
  /** [H, W, C] of images, [D] of vectors. */
  readonly shape: readonly number[];
  readonly classes: NamedClasses;
  readonly metric: Metric | undefined;
  readonly hasUnitScale: boolean;
}

export interface Encoded {
  readonly sets: LatentSets;
  /** Of one observation, in the second of two passes. */
  readonly milliseconds: number;
}

/** Latents of both sets, by the bytes of a file or its path. */
export async function encodeSets(bench: Bench, model: Uint8Array | string, sets: ObservationSets): Promise<Encoded> {
  const session = await bench.runtime.load(model);
  try {
    const encode = async ({ observations, states }: ObservationSets['judged']) => {
      const latents = underMetric(
        await encodeObservations(session, observations, bench.shape, bench.input),
        bench.metric,
      );
      return labelLatents(
        latents,
        states.map((state) => bench.classes.classOf[state]),
        bench.classes.count,
      );
    };
    const judged = await encode(sets.judged);
    const begin = performance.now();
    const centroids = await encode(sets.centroids);
    const milliseconds = (performance.now() - begin) / centroids.count;
    return {
      sets: { judged, centroids, episodes: sets.judged.episodes, hasUnitScale: bench.hasUnitScale },
      milliseconds,
    };
  } finally {
    await session.dispose();
  }
}

/** The float32 file on a set of observations, which others are compared with. */
export interface Reference extends HeadroomReference {
  readonly observed: ObservationSets;
}

export async function measureReference(
  bench: Bench,
  model: Uint8Array | string,
  observed: ObservationSets,
): Promise<Reference> {
  const { sets } = await encodeSets(bench, model, observed);
  return { observed, ...headroomReference(sets) };
}

export async function measureQuantized(
  bench: Bench,
  reference: Reference,
  model: OnnxModel,
): Promise<Headroom & { readonly bytes: number; readonly milliseconds: number }> {
  const bytes = encodeModel(model);
  const { sets, milliseconds } = await encodeSets(bench, bytes, reference.observed);
  return { ...headroom(reference, sets), bytes: bytes.byteLength, milliseconds };
}

/** The error alone, which is measured of every unit. */
export async function measureError(bench: Bench, reference: Reference, model: OnnxModel) {
  const { sets } = await encodeSets(bench, encodeModel(model), reference.observed);
  return errorOf(reference, sets);
}

/** Observations of one timed pass. */
const TIMED = 64;

/**
 * Milliseconds of one observation, of several files in turns: so that what else the machine does meets them all.
 * @returns [files][rounds]
 */
export async function timeInTurns(
  { runtime, shape, input }: Bench,
  files: readonly (Uint8Array | string)[],
  observations: Observations,
  rounds: number,
): Promise<number[][]> {
  const rowSize = shape.reduce((product, size) => product * size, 1);
  const rows = observations.subarray(0, TIMED * rowSize);
  const sessions = [];
  try {
    for (const file of files) sessions.push(await runtime.load(file));
    const times: number[][] = files.map(() => []);
    for (let round = -1; round < rounds; round++)
      for (const [i, session] of sessions.entries()) {
        const begin = performance.now();
        await encodeObservations(session, rows, shape, input);
        // The first round warms up.
        if (round >= 0) times[i].push(((performance.now() - begin) * rowSize) / rows.length);
      }
    return times;
  } finally {
    for (const session of sessions) await session.dispose();
  }
}
