// What there is to be read from a latent: the state, whole and by its factors, and what an image shows beside it.
import type { Environment, Nuisance } from '../../environments/environment.ts';
import { type Latents, meanLatent } from '../../measures/latents.ts';
import { elementCount } from '../../shape.ts';
import type { StateClasses } from '../class/state.ts';
import type { ProbeTarget } from './probe.ts';
import type { ReadoutPart, ReadoutSample } from './readout.ts';

/** The truth of one part of a sample. Observations that do not show it (no object, no colour) are left out. */
export interface ShownTarget {
  /** Which observations show it. */
  readonly rows: Int32Array;
  /** Of these. */
  readonly target: ProbeTarget;
}

export interface ReadoutTarget {
  readonly name: string;
  /** `state`: what actions change; `nuisance`: what an image shows beside it. */
  readonly of: 'state' | 'nuisance';
  readonly train: ShownTarget;
  readonly test: ShownTarget;
}

/** All that is known of a sample: its classes first, then the factors of the state, then the nuisances. */
export function readoutTargets(
  sample: ReadoutSample,
  classes: StateClasses,
  environment: Environment | undefined,
): ReadoutTarget[] {
  const ofState = (name: string, size: number, of: (state: number) => number): ReadoutTarget[] => {
    if (sample.train.states.length === 0 || sample.test.states.length === 0) return [];
    const shown = ({ states }: ReadoutPart): ShownTarget => ({
      rows: Int32Array.from(states, (_, row) => row),
      target: { kind: 'classes', labels: states.map(of), classCount: size },
    });
    return [{ name, of: 'state', train: shown(sample.train), test: shown(sample.test) }];
  };
  return [
    ...ofState('class', classes.count, (state) => classes.classOf[state]),
    ...(environment?.factors ?? []).flatMap(({ name, size, of }) => ofState(name, size, of)),
    ...(environment?.nuisances ?? []).flatMap((nuisance) => {
      const train = shownNuisance(nuisance, sample.train, sample.observationShape);
      const test = shownNuisance(nuisance, sample.test, sample.observationShape);
      const { name } = nuisance;
      return train.rows.length > 0 && test.rows.length > 0 ? [{ name, of: 'nuisance' as const, train, test }] : [];
    }),
  ];
}

/** What every image of a part shows. */
function shownNuisance(
  nuisance: Nuisance,
  { observations }: ReadoutPart,
  observationShape: readonly number[],
): ShownTarget {
  const readings = observations instanceof Uint8Array ? readImages(nuisance, observations, observationShape) : [];
  const rows: number[] = [];
  const values: number[] = [];
  readings.forEach((reading, row) => {
    if (reading === undefined) return;
    rows.push(row);
    values.push(...reading);
  });
  const target: ProbeTarget =
    nuisance.kind === 'class'
      ? { kind: 'classes', labels: Int32Array.from(values), classCount: nuisance.names.length }
      : { kind: 'values', values: Float64Array.from(values), size: nuisance.names.length };
  return { rows: Int32Array.from(rows), target };
}

/** A nuisance of [N, H, W, C] bytes, image by image. */
export function readImages(
  nuisance: Nuisance,
  images: Uint8Array,
  observationShape: readonly number[],
): (readonly number[] | undefined)[] {
  const size = elementCount(observationShape);
  return Array.from({ length: images.length / size }, (_, n) =>
    nuisance.read(images.subarray(n * size, (n + 1) * size)),
  );
}

/** The latents of some observations, in their order. */
export function selectLatents({ values, size }: Latents, rows: Int32Array): Latents {
  const selected = new Float32Array(rows.length * size);
  rows.forEach((row, index) => {
    selected.set(values.subarray(row * size, (row + 1) * size), index * size);
  });
  return { values: selected, size, count: rows.length };
}

/** What is got without looking: the share of the most frequent class, or an R^2 of 0. */
export function chanceOf({ target }: ShownTarget): number {
  if (target.kind === 'values') return 0;
  const counts = new Int32Array(target.classCount);
  for (const label of target.labels) counts[label]++;
  return Math.max(...counts) / target.labels.length;
}

/** Mean of each pixel's number over the images, [H * W * C], in 0..255. */
export function meanImage(images: Uint8Array, size: number): Float64Array {
  return meanLatent({ values: Float32Array.from(images), size, count: images.length / size });
}
