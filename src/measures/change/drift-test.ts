// Whether new latents, of observations without labels, come from where the latents of a reference came from: three questions with
// a test each. Letters: N latents of the reference, M new ones, C classes.
import { permutation, type Random, randomFor } from '../../random.ts';
import type { Latents } from '../latents.ts';
import { squaredDistance } from '../pair-distance.ts';
import { hypergeometricTail } from './share-test.ts';

/** Classes as regions of the latent space, found by other observations than those that are compared. */
export interface ClassRegions {
  /** [C] */
  readonly centroids: Latents;
  /** [C]: an observation that is farther than this from every centroid is outside. */
  readonly radii: readonly number[];
}

export interface DriftTestOptions {
  readonly permutations: number;
  readonly seed: number;
}

export interface DriftTests {
  /**
   * Are the latents of each class where they were? The energy distance (Szekely and Rizzo, J. Statistical Planning and Inference
   * 143, 2013) between those that are nearest to the same centroid, over all classes, so that another mix of classes alone is no
   * shift. The permutations stay within the classes.
   */
  readonly shift: {
    /** Of the largest that the distances allow: 0 the same, 1 two points that are apart. */
    readonly energy: number;
    /** The mean of the permutations: what chance gives. */
    readonly byChance: number;
    /** (1 + permutations with at least this energy) / (1 + permutations). */
    readonly p: number;
  };
  /** Are there more outside of every class? Fisher's exact test. */
  readonly outside: { readonly before: number; readonly now: number; readonly p: number };
  /** Is the mix of the nearest classes another? A chi-squared distance with permutations. */
  readonly mix: {
    /** Half of the sum of differences: the part of the batch that would have to change its class. */
    readonly difference: number;
    readonly p: number;
  };
  /** [C]: observations by their nearest centroid, and those of them outside. */
  readonly classes: readonly {
    readonly before: number;
    readonly now: number;
    readonly outsideBefore: number;
    readonly outsideNow: number;
  }[];
  /** [N], [M]: distance to the nearest region over its radius: above 1 outside. */
  readonly remoteness: { readonly before: readonly number[]; readonly now: readonly number[] };
}

/** Permutation tests are exact whatever the latents are distributed like, as long as they are independent. */
export function testDrift(
  reference: Latents,
  batch: Latents,
  regions: ClassRegions,
  { permutations, seed }: DriftTestOptions,
): DriftTests {
  const pooled = join(reference, batch);
  const isNew = Uint8Array.from({ length: pooled.count }, (_, n) => (n < reference.count ? 0 : 1));
  const places = Array.from({ length: pooled.count }, (_, n) => placeOf(pooled, n, regions));
  const classCount = regions.radii.length;
  const nearest = Int32Array.from(places, ({ nearest: own }) => own);
  const classes = Array.from({ length: classCount }, () => ({ before: 0, now: 0, outsideBefore: 0, outsideNow: 0 }));
  places.forEach(({ nearest: own, remoteness }, n) => {
    const isOutside = remoteness > 1 ? 1 : 0;
    if (isNew[n]) {
      classes[own].now++;
      classes[own].outsideNow += isOutside;
    } else {
      classes[own].before++;
      classes[own].outsideBefore += isOutside;
    }
  });
  const remoteness = places.map((place) => place.remoteness);
  return {
    shift: testShift(pooled, isNew, nearest, classCount, { permutations, seed }),
    outside: testOutside(classes, reference.count, batch.count),
    mix: testMix(isNew, nearest, classCount, { permutations, seed }),
    classes,
    remoteness: { before: remoteness.slice(0, reference.count), now: remoteness.slice(reference.count) },
  };
}

function join(a: Latents, b: Latents): Latents {
  const values = new Float32Array(a.values.length + b.values.length);
  values.set(a.values);
  values.set(b.values, a.values.length);
  return { values, count: a.count + b.count, size: a.size };
}

/** The nearest centroid, and how far the nearest region is. */
function placeOf({ values, size }: Latents, n: number, { centroids, radii }: ClassRegions) {
  let nearest = 0;
  let [least, remoteness] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  radii.forEach((radius, c) => {
    const distance = Math.sqrt(squaredDistance(values, n * size, centroids.values, c * size, size));
    if (distance < least) [least, nearest] = [distance, c];
    remoteness = Math.min(remoteness, distance === 0 ? 0 : distance / radius);
  });
  return { nearest, remoteness };
}

/** Members of one class, with what their energy distance takes. */
interface Stratum {
  /** [n, n] */
  readonly distances: Float32Array;
  /** [n]: sums of the rows, and half of the sum of all. */
  readonly sums: Float64Array;
  readonly total: number;
  /** [n] */
  readonly isNew: Uint8Array;
  readonly newCount: number;
}

function testShift(
  latents: Latents,
  isNew: Uint8Array,
  nearest: Int32Array,
  classCount: number,
  { permutations, seed }: DriftTestOptions,
): DriftTests['shift'] {
  const strata: Stratum[] = [];
  for (let c = 0; c < classCount; c++) {
    const rows = Array.from(nearest.keys()).filter((n) => nearest[n] === c);
    const flags = Uint8Array.from(rows, (n) => isNew[n]);
    const newCount = flags.reduce((sum, each) => sum + each, 0);
    // A class without any of the one or the other says nothing of where they are: the mix says it.
    if (newCount > 0 && newCount < rows.length) strata.push(stratumOf(latents, rows, flags, newCount));
  }
  const observed = energyOf(strata.map((stratum) => [stratum, stratum.isNew] as const));
  const random = randomFor(seed, 'drift shift');
  let [reached, sum] = [0, 0];
  for (let k = 0; k < permutations; k++) {
    const permuted = energyOf(strata.map((stratum) => [stratum, shuffled(stratum.isNew, random)] as const));
    sum += permuted.part;
    // Equal up to the rounding of sums in another order.
    if (permuted.energy >= observed.energy * (1 - 1e-9)) reached++;
  }
  return { energy: observed.part, byChance: sum / permutations, p: (1 + reached) / (1 + permutations) };
}

function stratumOf({ values, size }: Latents, rows: readonly number[], isNew: Uint8Array, newCount: number): Stratum {
  const count = rows.length;
  const distances = new Float32Array(count * count);
  const sums = new Float64Array(count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      const distance = Math.sqrt(squaredDistance(values, rows[i] * size, values, rows[j] * size, size));
      distances[i * count + j] = distance;
      distances[j * count + i] = distance;
    }
  for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) sums[i] += distances[i * count + j];
  return { distances, sums, total: sums.reduce((sum, each) => sum + each, 0) / 2, isNew, newCount };
}

/** Weighted by the sizes, so that the sum over the classes has the scale of one test statistic. */
function energyOf(parts: readonly (readonly [Stratum, Uint8Array])[]) {
  let [energy, largest] = [0, 0];
  for (const [{ distances, sums, total, newCount }, isNew] of parts) {
    const count = isNew.length;
    const oldCount = count - newCount;
    const rows: number[] = [];
    for (let n = 0; n < count; n++) if (isNew[n]) rows.push(n);
    let [within, ofRows] = [0, 0];
    for (let a = 0; a < rows.length; a++) {
      const start = rows[a] * count;
      ofRows += sums[rows[a]];
      for (let b = 0; b < a; b++) within += distances[start + rows[b]];
    }
    const between = ofRows - 2 * within;
    const others = total - within - between;
    const mean = (2 * between) / (newCount * oldCount);
    const weight = (newCount * oldCount) / count;
    energy += weight * (mean - (2 * within) / (newCount * newCount) - (2 * others) / (oldCount * oldCount));
    largest += weight * mean;
  }
  return { energy, part: largest > 0 ? Math.max(0, energy / largest) : 0 };
}

function shuffled(flags: Uint8Array, random: Random): Uint8Array {
  const result = flags.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const swapped = result[i];
    result[i] = result[j];
    result[j] = swapped;
  }
  return result;
}

function testOutside(classes: DriftTests['classes'], before: number, now: number): DriftTests['outside'] {
  const outsideBefore = classes.reduce((sum, each) => sum + each.outsideBefore, 0);
  const outsideNow = classes.reduce((sum, each) => sum + each.outsideNow, 0);
  const inside = before + now - outsideBefore - outsideNow;
  const p = hypergeometricTail(now - outsideNow, { drawn: now, right: inside, all: before + now });
  return { before: outsideBefore / before, now: outsideNow / now, p };
}

function testMix(
  isNew: Uint8Array,
  nearest: Int32Array,
  classCount: number,
  { permutations, seed }: DriftTestOptions,
): DriftTests['mix'] {
  const totals = new Float64Array(classCount);
  for (const own of nearest) totals[own]++;
  const all = isNew.length;
  const now = isNew.reduce((sum, each) => sum + each, 0);
  const before = all - now;
  const counts = new Float64Array(classCount);
  const differences = (): number[] => Array.from(totals, (total, c) => counts[c] / now - (total - counts[c]) / before);
  const chiSquared = () =>
    differences().reduce((sum, each, c) => sum + (totals[c] > 0 ? each ** 2 / (totals[c] / all) : 0), 0);
  nearest.forEach((own, n) => {
    counts[own] += isNew[n];
  });
  const observed = chiSquared();
  const difference = differences().reduce((sum, each) => sum + Math.abs(each), 0) / 2;
  const random = randomFor(seed, 'drift mix');
  let reached = 0;
  for (let k = 0; k < permutations; k++) {
    counts.fill(0);
    const order = permutation(all, random);
    for (let n = 0; n < now; n++) counts[nearest[order[n]]]++;
    if (chiSquared() >= observed * (1 - 1e-9)) reached++;
  }
  return { difference, p: (1 + reached) / (1 + permutations) };
}
