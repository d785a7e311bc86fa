// Of every query the nearest rows found so far. Of two rows that are as near the one with the smaller number counts, so that neither
// the order of the rows nor their partition changes anything. Letter: Q queries.
import { type StoredArrays, storedArray } from './block.ts';

export class QueryNeighbours {
  /** [Q, 4] squared distances: nearest, second, nearest of another class, farthest of the own. */
  readonly extremes: Float64Array<ArrayBuffer>;
  /** [Q, 2] rows: nearest, nearest of another class; -1: none. */
  private readonly rows: Float64Array<ArrayBuffer>;
  /** [Q, 2] their classes. */
  readonly labels: Int32Array<ArrayBuffer>;

  constructor(count: number) {
    this.extremes = Float64Array.from({ length: 4 * count }, (_, n) => (n % 4 === 3 ? 0 : Number.POSITIVE_INFINITY));
    this.rows = new Float64Array(2 * count).fill(-1);
    this.labels = new Int32Array(2 * count).fill(-1);
  }

  /** @param square of the distance from query `q`, of class `own`, to a row of class `label` */
  offer(q: number, square: number, row: number, label: number, own: number): void {
    const { extremes } = this;
    if (square <= extremes[4 * q + 1]) this.offerNearest(q, square, row, label);
    if (label === own) {
      if (square > extremes[4 * q + 3]) extremes[4 * q + 3] = square;
    } else if (square <= extremes[4 * q + 2]) this.offerOther(q, square, row, label);
  }

  private offerNearest(q: number, square: number, row: number, label: number): void {
    const { extremes, rows } = this;
    const found = extremes[4 * q];
    if (!isNearer(square, row, found, rows[2 * q])) {
      extremes[4 * q + 1] = Math.min(extremes[4 * q + 1], square);
      return;
    }
    extremes[4 * q + 1] = Math.min(extremes[4 * q + 1], found);
    extremes[4 * q] = square;
    rows[2 * q] = row;
    this.labels[2 * q] = label;
  }

  private offerOther(q: number, square: number, row: number, label: number): void {
    const { extremes, rows } = this;
    if (!isNearer(square, row, extremes[4 * q + 2], rows[2 * q + 1])) return;
    extremes[4 * q + 2] = square;
    rows[2 * q + 1] = row;
    this.labels[2 * q + 1] = label;
  }

  store(arrays: StoredArrays): void {
    const count = this.rows.length / 2;
    arrays.set('extremes', { shape: [count, 4], values: this.extremes });
    arrays.set('neighbours', { shape: [count, 2], values: this.rows });
    arrays.set('neighbourLabels', { shape: [count, 2], values: this.labels });
  }

  merge(arrays: ReadonlyMap<string, { readonly values: unknown }>): void {
    const extremes = storedArray(arrays, 'extremes', Float64Array);
    const rows = storedArray(arrays, 'neighbours', Float64Array);
    const labels = storedArray(arrays, 'neighbourLabels', Int32Array);
    for (let q = 0; 2 * q < this.rows.length; q++) {
      if (rows[2 * q] >= 0) this.offerNearest(q, extremes[4 * q], rows[2 * q], labels[2 * q]);
      this.extremes[4 * q + 1] = Math.min(this.extremes[4 * q + 1], extremes[4 * q + 1]);
      this.extremes[4 * q + 3] = Math.max(this.extremes[4 * q + 3], extremes[4 * q + 3]);
      if (rows[2 * q + 1] >= 0) this.offerOther(q, extremes[4 * q + 2], rows[2 * q + 1], labels[2 * q + 1]);
    }
  }
}

function isNearer(square: number, row: number, foundSquare: number, foundRow: number): boolean {
  return square < foundSquare || (square === foundSquare && row < foundRow);
}
