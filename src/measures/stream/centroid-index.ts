// Centroids in the order of the dimension in which they differ most, so that the near ones are found without looking at all.
// Letters: C classes, D latent size.
import { squaredDistance } from '../pair-distance.ts';

export class CentroidIndex {
  private readonly centroids: Float64Array;
  private readonly size: number;
  private readonly axis: number;
  /** [C] classes along the axis, and where they are on it. */
  private readonly order: Int32Array;
  private readonly along: Float64Array;

  /** @param centroids [C, D] */
  constructor(centroids: Float64Array, size: number) {
    this.centroids = centroids;
    this.size = size;
    this.axis = widestDimension(centroids, size);
    const at = (c: number) => centroids[c * size + this.axis];
    this.order = Int32Array.from({ length: centroids.length / size }, (_, c) => c).sort(
      (a, b) => at(a) - at(b) || a - b,
    );
    this.along = Float64Array.from(this.order, at);
  }

  distance(a: number, b: number): number {
    return Math.sqrt(squaredDistance(this.centroids, a * this.size, this.centroids, b * this.size, this.size));
  }

  /** Whether another centroid is within `radius` of a row. */
  hasOtherWithin(values: Float64Array, offset: number, own: number, radius: number): boolean {
    const { along, order, centroids, size } = this;
    const place = values[offset + this.axis];
    // What rounding may add to a difference along the axis.
    const reach = radius * (1 + 1e-12);
    for (let n = this.firstFrom(place - reach); n < order.length && along[n] <= place + reach; n++)
      if (order[n] !== own && Math.sqrt(squaredDistance(values, offset, centroids, order[n] * size, size)) <= radius)
        return true;
    return false;
  }

  /** The `count` other classes with the nearest centroids, rising; of those as near, the smaller ones. */
  nearestOthers(values: Float64Array, offset: number, own: number, count: number): Int32Array {
    const { along, order, centroids, size } = this;
    const place = values[offset + this.axis];
    const found: { readonly square: number; readonly class: number }[] = [];
    const isBefore = (a: (typeof found)[number], b: (typeof found)[number]) => a.square - b.square || a.class - b.class;
    let [down, up] = [this.firstFrom(place) - 1, this.firstFrom(place)];
    while (down >= 0 || up < order.length) {
      const below = down >= 0 ? place - along[down] : Number.POSITIVE_INFINITY;
      const above = up < order.length ? along[up] - place : Number.POSITIVE_INFINITY;
      const worst = found.length < count ? Number.POSITIVE_INFINITY : found[count - 1].square;
      if (Math.min(below, above) ** 2 > worst * (1 + 1e-12)) break;
      const next = order[below < above ? down-- : up++];
      if (next === own) continue;
      const entry = { square: squaredDistance(values, offset, centroids, next * size, size), class: next };
      if (entry.square > worst) continue;
      let at = found.length;
      while (at > 0 && isBefore(entry, found[at - 1]) < 0) at--;
      found.splice(at, 0, entry);
      if (found.length > count) found.pop();
    }
    return Int32Array.from(found, (entry) => entry.class).sort();
  }

  /**
   * For each class the smallest ratio of the distance to another centroid over twice the larger of both radii, and which other.
   * @param radii [C]
   */
  smallestRatios(radii: Float64Array): { readonly ratios: Float64Array; readonly rivals: Int32Array } {
    const { along, order } = this;
    const count = order.length;
    const widest = radii.reduce((largest, radius) => Math.max(largest, radius), 0);
    const ratios = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    const rivals = new Int32Array(count).fill(-1);
    const offer = (a: number, b: number, ratio: number) => {
      if (rivals[a] >= 0 && (ratio > ratios[a] || (ratio === ratios[a] && b > rivals[a]))) return;
      ratios[a] = ratio;
      rivals[a] = b;
    };
    for (let n = 0; n < count; n++) {
      const a = order[n];
      // To both sides, nearest on the axis first: no class farther along it can have a smaller ratio.
      let [down, up] = [n - 1, n + 1];
      while (down >= 0 || up < count) {
        const below = down >= 0 ? along[n] - along[down] : Number.POSITIVE_INFINITY;
        const above = up < count ? along[up] - along[n] : Number.POSITIVE_INFINITY;
        if (rivals[a] >= 0 && Math.min(below, above) > 2 * widest * ratios[a] * (1 + 1e-12)) break;
        const b = order[below < above ? down-- : up++];
        const distance = this.distance(a, b);
        const extent = 2 * Math.max(radii[a], radii[b]);
        offer(a, b, extent > 0 ? distance / extent : distance > 0 ? Number.POSITIVE_INFINITY : 0);
      }
    }
    return { ratios, rivals };
  }

  /** The smallest distance that balls of these radii around the centroids leave between two of them, at most `most`; 0 where some meet. */
  smallestClearance(radii: Float64Array, most: number): number {
    const { along, order } = this;
    const widest = radii.reduce((largest, radius) => Math.max(largest, radius), 0);
    let least = most;
    for (let n = 0; n < order.length; n++)
      for (let m = n + 1; m < order.length && along[m] - along[n] < least + radii[order[n]] + widest; m++)
        least = Math.min(least, this.distance(order[n], order[m]) - radii[order[n]] - radii[order[m]]);
    return Math.max(0, least);
  }

  /** The first place in the order that is not below `value`. */
  private firstFrom(value: number): number {
    let [low, high] = [0, this.along.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.along[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function widestDimension(centroids: Float64Array, size: number): number {
  let widest = 0;
  let largest = -1;
  for (let k = 0; k < size; k++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = k; at < centroids.length; at += size) {
      low = Math.min(low, centroids[at]);
      high = Math.max(high, centroids[at]);
    }
    if (high - low > largest) [widest, largest] = [k, high - low];
  }
  return widest;
}
