// Observations for a run of a recording that is not there: random ones, of the size that the recorded statistics say. They
// show whether runtimes agree, and whether an encoder keeps apart what differs as much as recorded observations do; what
// real observations look like, they cannot show.
import { actionSizeOf, observationShapeOf, type RecordingRecord } from '../../data/recording-description.ts';
import { type Random, randomFor } from '../../random.ts';
import type { Observations } from '../../run/encode.ts';
import { elementCount } from '../../shape.ts';
import type { NamedClasses } from '../class/bisimulation.ts';
import type { EvaluationSource } from './held-out.ts';

/** Points that the observations lie at: the classes. */
const POINTS = 8;
/** Noise around a point, in recorded standard deviations. */
const NOISE = 0.05;
/** An image is so many random patches on a side: noise of single pixels would be one grey to an encoder. */
const PATCHES = 4;

type ObservationPart = RecordingRecord['observation'][number];

/**
 * Seeded observations around a few random points, each number normal with its recorded mean and deviation; the classes are
 * the points. Actions are drawn in the same way, discrete ones evenly.
 */
export function randomObservationSource(record: RecordingRecord): {
  readonly source: EvaluationSource;
  readonly classes: NamedClasses;
} {
  const observationShape = observationShapeOf(record);
  const names = Array.from({ length: POINTS }, (_, point) => `point ${point}`);
  return {
    source: {
      name: record.name,
      description: { recording: record.outline.format, episodes: record.outline.episodes },
      observationShape,
      isRandom: true,
      draw(count, seed) {
        const centres = Array.from({ length: POINTS }, (_, point) =>
          record.observation.map((part) => centreOf(part, randomFor('random point', seed, part.kind, point))),
        );
        const draw = (stream: string) => {
          const random = randomFor('random observation', seed, stream);
          const states = Int32Array.from({ length: count }, (_, n) => n % POINTS);
          return { observations: observationsAt(record, centres, states, random), states };
        };
        return {
          judged: draw('judged'),
          centroids: draw('centroids'),
          transitions: {
            observations: draw('transitions').observations,
            nextObservations: draw('next').observations,
            actions: randomActions(record, count, randomFor('random action', seed)),
            states: new Int32Array(0),
          },
        };
      },
    },
    classes: {
      of: 'random points',
      count: POINTS,
      classOf: Int32Array.from({ length: POINTS }, (_, point) => point),
      names,
      claim: 'random observations around a few points, within the recorded statistics: not what was recorded',
    },
  };
}

/** The numbers of one point: [D], or [H, W, C] of an image. */
function centreOf({ kind, shape, mean, deviation }: ObservationPart, random: Random): Float32Array {
  if (kind === 'vector') return Float32Array.from(mean, (each, i) => each + deviation[i] * random.normal());
  const [height, width, channels] = shape;
  const patches = Float32Array.from({ length: PATCHES * PATCHES * channels }, (_, i) => {
    const channel = i % channels;
    return mean[channel] + deviation[channel] * random.normal();
  });
  const patchOf = (place: number, side: number) => Math.floor((place * PATCHES) / side);
  return Float32Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [row, column] = [patchOf(Math.floor(pixel / width), height), patchOf(pixel % width, width)];
    return patches[(row * PATCHES + column) * channels + (i % channels)];
  });
}

/** As a source of the recording would give them: bytes of images alone, else float32, packed. */
function observationsAt(
  { observation }: RecordingRecord,
  centres: readonly (readonly Float32Array[])[],
  states: Int32Array,
  random: Random,
): Observations {
  const size = observation.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const isPixels = observation.length === 1 && observation[0].kind === 'image';
  const rows = isPixels ? new Uint8Array(states.length * size) : new Float32Array(states.length * size);
  states.forEach((state, n) => {
    for (const [index, { kind, offset, deviation }] of observation.entries())
      centres[state][index].forEach((value, i) => {
        const noisy = value + NOISE * deviation[i % deviation.length] * random.normal();
        rows[n * size + offset + i] = kind === 'image' ? Math.min(255, Math.max(0, Math.round(noisy))) : noisy;
      });
  });
  return rows;
}

/** [N, A] */
function randomActions(record: RecordingRecord, count: number, random: Random): Float32Array {
  const size = actionSizeOf(record);
  const actions = new Float32Array(count * size);
  for (let n = 0; n < count; n++) {
    let start = n * size;
    for (const part of record.action) {
      if (part.actionCount !== undefined) actions[start + random.integer(part.actionCount)] = 1;
      else for (let a = 0; a < part.size; a++) actions[start + a] = part.mean[a] + part.deviation[a] * random.normal();
      start += part.size;
    }
  }
  return actions;
}
