// What a hash chooses, beside the definition: the rows with the smallest hashes, in whatever order and parts they come.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  purposes,
  rowHash,
  SmallestHashes,
  type StoredArrays,
  storedArray,
} from '../../../src/measures/stream/block.ts';

interface Offered {
  readonly group: number;
  readonly hash: number;
  readonly row: number;
}

/** Latents of two numbers that tell their row; the label of a row is its number's last digit. */
const valuesOf = (row: number) => [row, -row / 2];

function offerAll(sample: SmallestHashes, offered: readonly Offered[]): void {
  const values = Float32Array.from(offered.flatMap(({ row }) => valuesOf(row)));
  for (const [index, { group, hash, row }] of offered.entries())
    sample.offer(group, hash, { row, label: row % 10 }, values, index);
}

const byHash = (a: Offered, b: Offered) => a.hash - b.hash || a.row - b.row;

/** By definition: of each group the `most` first by hash. */
function smallest(offered: readonly Offered[], most: number): Offered[][] {
  const groups = [...new Set(offered.map(({ group }) => group))].sort((a, b) => a - b);
  return groups.map((group) =>
    offered
      .filter((each) => each.group === group)
      .sort(byHash)
      .slice(0, most),
  );
}

/** Rows of up to four groups, with few hashes so that some are equal. */
const someRows = fc
  .uniqueArray(fc.record({ group: fc.nat(3), hash: fc.nat(9), row: fc.nat(99) }), { selector: ({ row }) => row })
  .map((rows) => rows as readonly Offered[]);

describe('the smallest hashes', () => {
  test('are stored by group and hash, each with its row, label and latent, however many were offered', () => {
    fc.assert(
      fc.property(someRows, fc.integer({ min: 1, max: 6 }), (offered, most) => {
        const sample = new SmallestHashes(2, most);
        offerAll(sample, offered);
        const arrays: StoredArrays = new Map();
        sample.stored('s', arrays);
        const kept = smallest(offered, most).flat();
        const column = (name: string) => [...(arrays.get(`s.${name}`)?.values ?? [])];
        expect(column('group')).toEqual(kept.map(({ group }) => group));
        expect(column('hash')).toEqual(kept.map(({ hash }) => hash));
        expect(column('row')).toEqual(kept.map(({ row }) => row));
        expect(column('label')).toEqual(kept.map(({ row }) => row % 10));
        expect(column('values')).toEqual(kept.flatMap(({ row }) => valuesOf(row)));
        expect(arrays.get('s.row')?.shape).toEqual([kept.length]);
        expect(arrays.get('s.values')?.shape).toEqual([kept.length, 2]);
      }),
    );
  });

  test('of parts that are merged are those of all', () => {
    fc.assert(
      fc.property(someRows, fc.nat(60), (offered, cut) => {
        const parts = [offered.slice(0, cut), offered.slice(cut)].map((part) => {
          const sample = new SmallestHashes(2, 3);
          offerAll(sample, part);
          const arrays: StoredArrays = new Map();
          sample.stored('s', arrays);
          return arrays;
        });
        const merged = new SmallestHashes(2, 3);
        for (const part of parts.reverse()) merged.merge('s', part);
        const arrays: StoredArrays = new Map();
        merged.stored('s', arrays);
        expect([...(arrays.get('s.row')?.values ?? [])]).toEqual(
          smallest(offered, 3).flatMap((rows) => rows.map(({ row }) => row)),
        );
      }),
    );
  });

  test('give every group the same share, as large as the whole allows but never less than the least, by rising row', () => {
    fc.assert(
      fc.property(someRows, fc.nat(20), fc.integer({ min: 1, max: 3 }), (offered, total, least) => {
        const most = 5;
        const sample = new SmallestHashes(2, most);
        offerAll(sample, offered);
        const groups = smallest(offered, most);
        const countOf = (quota: number) => groups.reduce((sum, rows) => sum + Math.min(quota, rows.length), 0);
        const quotas = [5, 4, 3, 2, 1].filter(
          (quota) => quota >= least && (quota === least || countOf(quota) <= total),
        );
        const chosen = groups.flatMap((rows) => rows.slice(0, quotas[0])).sort((a, b) => a.row - b.row);
        expect(sample.sample(total, least)).toEqual({
          rows: Float64Array.from(chosen, ({ row }) => row),
          labels: Int32Array.from(chosen, ({ row }) => row % 10),
          values: Float32Array.from(chosen.flatMap(({ row }) => valuesOf(row))),
        });
      }),
    );
  });
});

/** The same by whole numbers of any length: MurmurHash3's finaliser over both halves of a row, and once more. */
function hashByBigInt(row: bigint, seed: bigint, purpose: bigint): bigint {
  const word = (x: bigint) => BigInt.asUintN(32, x);
  const mix = (x: bigint) => {
    let mixed = word(x);
    mixed = word((mixed ^ (mixed >> 16n)) * 0x85ebca6bn);
    mixed = word((mixed ^ (mixed >> 13n)) * 0xc2b2ae35n);
    return mixed ^ (mixed >> 16n);
  };
  const salt = word((seed + 1n) * 0x9e3779b1n) ^ word(purpose * 0x7f4a7c15n);
  const first = mix(mix(word(row) ^ salt) + (row >> 32n) * 0x27d4eb2fn);
  const second = mix(mix(first ^ 0x165667b1n) + word(row) + salt * 0x85ebca77n);
  return (first << 20n) + (second >> 12n);
}

describe('the hash of a row', () => {
  test('is that of its definition, for all rows below 2^53', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(1000), fc.integer({ min: 1, max: 5 }), (row, seed, purpose) => {
        expect(rowHash(row, seed, purpose)).toBe(Number(hashByBigInt(BigInt(row), BigInt(seed), BigInt(purpose))));
      }),
      { numRuns: 500 },
    );
    for (const row of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])
      expect(rowHash(row, 7, 2)).toBe(Number(hashByBigInt(BigInt(row), 7n, 2n)));
  });

  test('falls evenly below 2^52, for each purpose by itself', () => {
    const rows = Array.from({ length: 2000 }, (_, row) => row);
    const shares = Object.values(purposes).map((purpose) => rows.map((row) => rowHash(row, 0, purpose) / 2 ** 52));
    for (const own of shares) {
      expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...own)).toBeLessThan(1);
      // Five standard errors of a mean of evenly drawn numbers.
      expect(Math.abs(own.reduce((sum, x) => sum + x, 0) / 2000 - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 2000));
    }
    const [a, b] = shares;
    const product = a.reduce((sum, x, n) => sum + (x - 0.5) * (b[n] - 0.5), 0) / 2000;
    expect(Math.abs(product)).toBeLessThan(5 * Math.sqrt(1 / 144 / 2000));
  });
});

test('an array that was stored is read as what it must be', () => {
  const arrays = new Map([['counts', { values: Float64Array.of(1, 2) }]]);
  expect(storedArray(arrays, 'counts', Float64Array)).toEqual(Float64Array.of(1, 2));
  expect(() => storedArray(arrays, 'counts', Int32Array)).toThrow('partial result: expected Int32Array counts');
  expect(() => storedArray(arrays, 'rows', Float64Array)).toThrow('partial result: expected Float64Array rows');
});
