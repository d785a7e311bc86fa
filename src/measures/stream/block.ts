// What streams: blocks of labelled latents, and what is made of rows that a hash has chosen, whatever the partition.
// Letters: n rows of a block, D latent size, C classes.

/** Rows of a block: partial sums are of one block each, so that no partition can change them. */
export const BLOCK_ROWS = 4096;

/** Judged rows up to which all pairs are compared in one process, in about half a minute; more are streamed. */
export const LARGEST_COMPARED = 16_384;

/** Consecutive rows with what is known of them. */
export interface LatentBlock {
  /** The number of the first row, over all. */
  readonly first: number;
  /** [n, D] */
  readonly values: Float32Array;
  /** [n] classes; -1: left out. */
  readonly labels: Int32Array;
  /** [n] 1: judged; 0: gives centroids and rules. */
  readonly judged: Uint8Array;
}

/** Arrays by name, as they are stored between passes. */
export type StoredArrays = Map<string, StoredArray>;

export interface StoredArray {
  readonly shape: readonly number[];
  readonly values: Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

/** What was stored, read as what it must be. */
export function storedArray<Kind extends Float64Array | Float32Array | Int32Array>(
  arrays: ReadonlyMap<string, { readonly values: unknown }>,
  name: string,
  kind: abstract new (length: number) => Kind,
): Kind {
  const values = arrays.get(name)?.values;
  if (values instanceof kind) return values;
  throw new RangeError(`partial result: expected ${kind.name} ${name}`);
}

function mix(h: number): number {
  let mixed = h;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** What a hash is drawn for: draws of different purposes are independent. */
export const purposes = { role: 1, sample: 2, query: 3, share: 4, quantile: 5 } as const;

/**
 * 52 bits of a row's (or an episode's) number, as a whole number: the finaliser of MurmurHash3 over its halves, twice. Rows below 2^53.
 */
export function rowHash(row: number, seed: number, purpose: number): number {
  const low = row | 0;
  const high = Math.floor(row / 2 ** 32) | 0;
  const salt = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(purpose, 0x7f4a7c15);
  const first = mix(mix(low ^ salt) + Math.imul(high, 0x27d4eb2f));
  const second = mix(mix(first ^ 0x165667b1) + low + Math.imul(salt, 0x85ebca77));
  return (first >>> 0) * 2 ** 20 + (second >>> 12);
}

/** Rows with their classes and latents, by rising row. */
export interface SampledRows {
  /** [m] */
  readonly rows: Float64Array;
  /** [m] */
  readonly labels: Int32Array;
  /** [m, D] */
  readonly values: Float32Array;
}

interface Entry {
  readonly hash: number;
  readonly row: number;
  readonly label: number;
  readonly values: Float32Array;
}

/** Of each group the rows with the smallest hashes, at most so many: a sample that no partition can change. */
export class SmallestHashes {
  private readonly groups = new Map<number, { entries: Entry[]; worst: number }>();
  private readonly size: number;
  private readonly most: number;

  constructor(size: number, most: number) {
    this.size = size;
    this.most = most;
  }

  /** @param values the latents of many rows; that of this one is at `index` */
  offer(group: number, hash: number, row: { row: number; label: number }, values: Float32Array, index: number): void {
    let own = this.groups.get(group);
    if (own === undefined) {
      own = { entries: [], worst: Number.POSITIVE_INFINITY };
      this.groups.set(group, own);
    }
    if (hash > own.worst) return;
    const { size } = this;
    own.entries.push({ hash, ...row, values: values.slice(index * size, (index + 1) * size) });
    if (own.entries.length >= 2 * this.most) this.cut(own);
  }

  /** By group, then hash. */
  stored(name: string, arrays: StoredArrays): void {
    const groups = [...this.groups.keys()].sort((a, b) => a - b);
    const entries = groups.flatMap((group) => {
      const own = this.groups.get(group);
      if (own === undefined) return [];
      this.cut(own);
      return own.entries.map((entry) => ({ group, entry }));
    });
    const values = new Float32Array(entries.length * this.size);
    entries.forEach(({ entry }, n) => {
      values.set(entry.values, n * this.size);
    });
    const shape = [entries.length];
    arrays.set(`${name}.group`, { shape, values: Int32Array.from(entries, ({ group }) => group) });
    arrays.set(`${name}.label`, { shape, values: Int32Array.from(entries, ({ entry }) => entry.label) });
    arrays.set(`${name}.hash`, { shape, values: Float64Array.from(entries, ({ entry }) => entry.hash) });
    arrays.set(`${name}.row`, { shape, values: Float64Array.from(entries, ({ entry }) => entry.row) });
    arrays.set(`${name}.values`, { shape: [entries.length, this.size], values });
  }

  merge(name: string, arrays: ReadonlyMap<string, { readonly values: unknown }>): void {
    const group = storedArray(arrays, `${name}.group`, Int32Array);
    const label = storedArray(arrays, `${name}.label`, Int32Array);
    const hash = storedArray(arrays, `${name}.hash`, Float64Array);
    const row = storedArray(arrays, `${name}.row`, Float64Array);
    const values = storedArray(arrays, `${name}.values`, Float32Array);
    for (let n = 0; n < group.length; n++) this.offer(group[n], hash[n], { row: row[n], label: label[n] }, values, n);
  }

  /** The largest equal share of every group for which all together have no more than `total`, but `least` of each. */
  sample(total: number, least: number): SampledRows {
    const groups = [...this.groups.values()];
    for (const own of groups) this.cut(own);
    let quota = least;
    const taken = (each: number) => groups.reduce((sum, { entries }) => sum + Math.min(entries.length, each), 0);
    for (let high = this.most; quota < high; ) {
      const middle = Math.ceil((quota + high) / 2);
      if (taken(middle) <= total) quota = middle;
      else high = middle - 1;
    }
    const chosen = groups.flatMap(({ entries }) => entries.slice(0, quota)).sort((a, b) => a.row - b.row);
    const values = new Float32Array(chosen.length * this.size);
    chosen.forEach((entry, n) => {
      values.set(entry.values, n * this.size);
    });
    return {
      rows: Float64Array.from(chosen, ({ row }) => row),
      labels: Int32Array.from(chosen, ({ label }) => label),
      values,
    };
  }

  private cut(own: { entries: Entry[]; worst: number }): void {
    own.entries.sort((a, b) => a.hash - b.hash || a.row - b.row);
    if (own.entries.length < this.most) return;
    own.entries.length = this.most;
    own.worst = own.entries[this.most - 1].hash;
  }
}
