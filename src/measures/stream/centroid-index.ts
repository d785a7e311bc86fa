// Centroids in the order of the dimension in which they differ most, so that the near ones are found without looking at all.
// Letters: C classes, D latent size.
import { squaredDistance } from '../pair-distance.ts';

export class CentroidIndex {
  private readonly centroids: Float64Array;
  private readonly size: number;
  private readonly axis: number;
  /** [C] classes along the axis. */
  private readonly order: Int32Array;
  /** [C + 2] where they are on it, between minus and plus infinity. */
  private readonly along: Float64Array;

  /** @param centroids [C, D] */
  constructor(centroids: Float64Array, size: number) {
    this.centroids = centroids;
    this.size = size;
    this.axis = widestDimension(centroids, size);
    this.order = Int32Array.from({ length: centroids.length / size }, (_, c) => c).sort(
      (a, b) => this.placeOf(a) - this.placeOf(b) || a - b,
    );
    this.along = new Float64Array(this.order.length + 2).fill(Number.POSITIVE_INFINITY);
    this.along[0] = Number.NEGATIVE_INFINITY;
    this.along.set(
      Float64Array.from(this.order, (c) => this.placeOf(c)),
      1,
    );
  }

  distance(a: number, b: number): number {
    return Math.sqrt(squaredDistance(this.centroids, a * this.size, this.centroids, b * this.size, this.size));
  }

  /** Whether another centroid is within `radius` of a row. */
  hasOtherWithin(values: Float64Array, offset: number, own: number, radius: number): boolean {
    const { centroids, size } = this;
    let isFound = false;
    this.outward(values[offset + this.axis], (c, along) => {
      if (along > radius * ROUNDED_UP) return false;
      isFound = c !== own && Math.sqrt(squaredDistance(values, offset, centroids, c * size, size)) <= radius;
      return !isFound;
    });
    return isFound;
  }

  /** The `count` other classes with the nearest centroids, rising; of those as near, the smaller ones. */
  nearestOthers(values: Float64Array, offset: number, own: number, count: number): Int32Array {
    const { centroids, size } = this;
    const found: { readonly square: number; readonly class: number }[] = [];
    this.outward(values[offset + this.axis], (c, along) => {
      const worst = found.length < count ? Number.POSITIVE_INFINITY : found[count - 1].square;
      if (along ** 2 > worst * ROUNDED_UP) return false;
      if (c === own) return true;
      const square = squaredDistance(values, offset, centroids, c * size, size);
      if (square > worst) return true;
      let at = found.length;
      while (at > 0 && (square - found[at - 1].square || c - found[at - 1].class) < 0) at--;
      found.splice(at, 0, { square, class: c });
      if (found.length > count) found.pop();
      return true;
    });
    return Int32Array.from(found, (entry) => entry.class).sort();
  }

  /**
   * For each class the smallest ratio of the distance to another centroid over twice the larger of both radii, and which other.
   * @param radii [C]
   */
  smallestRatios(radii: Float64Array): { readonly ratios: Float64Array; readonly rivals: Int32Array } {
    const widest = widestOf(radii);
    const ratios = new Float64Array(radii.length).fill(Number.POSITIVE_INFINITY);
    // None yet: a number behind all classes.
    const rivals = new Int32Array(radii.length).fill(radii.length);
    for (const a of this.order)
      this.outward(this.placeOf(a), (b, along) => {
        // No class farther along the axis can have a smaller ratio.
        if (along > 2 * widest * ratios[a] * ROUNDED_UP) return false;
        if (b === a) return true;
        const distance = this.distance(a, b);
        const extent = 2 * Math.max(radii[a], radii[b]);
        const ratio = extent > 0 ? distance / extent : distance > 0 ? Number.POSITIVE_INFINITY : 0;
        if ((ratio - ratios[a] || b - rivals[a]) > 0) return true;
        ratios[a] = ratio;
        rivals[a] = b;
        return true;
      });
    return { ratios, rivals };
  }

  /** The smallest distance that balls of these radii around the centroids leave between two of them, at most `most`; 0 where some meet. */
  smallestClearance(radii: Float64Array, most: number): number {
    const widest = widestOf(radii);
    let least = most;
    const { order } = this;
    // Upwards alone: each pair once.
    for (const [n, a] of order.entries())
      for (let m = n + 1; m < order.length; m++) {
        const b = order[m];
        if (this.placeOf(b) - this.placeOf(a) >= least + radii[a] + widest) break;
        least = Math.min(least, this.distance(a, b) - radii[a] - radii[b]);
      }
    return Math.max(0, least);
  }

  private placeOf(c: number): number {
    return this.centroids[c * this.size + this.axis];
  }

  /**
   * Visits classes from a place on the axis to both sides, the nearest along it first, with how far that is. Every judged row does it: what is
   * called allocates nothing, which a generator does at each step.
   * @param visit false: no further ones
   */
  private outward(place: number, visit: (c: number, along: number) => boolean): void {
    const { along, order } = this;
    let up = firstFrom(along, place);
    let down = up - 1;
    for (;;) {
      const below = place - along[down];
      const above = along[up] - place;
      const nearer = Math.min(below, above);
      if (nearer === Number.POSITIVE_INFINITY) return;
      if (!visit(order[(below < above ? down-- : up++) - 1], nearer)) return;
    }
  }
}

/** What rounding may add to a difference along the axis. */
const ROUNDED_UP = 1 + 1e-12;

function widestOf(radii: Float64Array): number {
  return radii.reduce((largest, radius) => Math.max(largest, radius));
}

/** The first index whose number is not below `value`. */
export function firstFrom(rising: Float64Array, value: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** [C, D] -> the dimension along which they reach farthest, the first of several. */
export function widestDimension(centroids: Float64Array, size: number): number {
  const reaches = Array.from({ length: size }, (_, k) => {
    let [low, high] = [centroids[k], centroids[k]];
    for (let at = k; at < centroids.length; at += size) {
      low = Math.min(low, centroids[at]);
      high = Math.max(high, centroids[at]);
    }
    return high - low;
  });
  return reaches.reduce((widest, reach, k) => (reach > reaches[widest] ? k : widest), 0);
}
