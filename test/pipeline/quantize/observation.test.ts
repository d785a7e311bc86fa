import { describe, expect, test } from 'vitest';
import { divideObservations, type ObservationSets } from '../../../pipeline/quantize/observation.ts';

const classes = { classOf: Int32Array.of(0, 1, 2), names: ['a', 'b', 'c'] };
const sizes = { judging: 40, search: 20, calibration: 10 };

/** Rows of two bytes, all different unless `value` says otherwise. */
function drawn(
  states: readonly number[],
  value = (row: number) => row,
  episodes?: readonly number[],
): ObservationSets['judged'] {
  return {
    observations: Uint8Array.from(states.flatMap((_, row) => [value(row) >> 8, value(row) & 255])),
    states: Int32Array.from(states),
    ...(episodes ? { episodes: Int32Array.from(episodes) } : {}),
  };
}

const rowsOf = (set: Uint8Array | Float32Array) =>
  Array.from({ length: set.length / 2 }, (_, row) => set[2 * row] * 256 + set[2 * row + 1]);

const evenly = (count: number) => Array.from({ length: count }, (_, row) => row % 3);

describe('three parts of observations', () => {
  const sides = { judged: drawn(evenly(66)), centroids: drawn(evenly(66), (row) => 1000 + row) };

  test('share none, and are all that was drawn', () => {
    const { calibration, search, judging, repeated } = divideObservations(sides, 2, sizes, classes);
    const all = [calibration, search.judged.observations, search.centroids.observations]
      .concat([judging.judged.observations, judging.centroids.observations])
      .flatMap(rowsOf);
    expect(new Set(all).size).toBe(132);
    expect(all).toHaveLength(132);
    expect(repeated).toBe(0);
  });

  test('have their share of each class', () => {
    const { search, judging } = divideObservations(sides, 2, sizes, classes);
    const counts = (states: Int32Array) =>
      classes.names.map((_, label) => states.filter((state) => state === label).length);
    for (const count of counts(judging.judged.states)) expect(count).toBeGreaterThanOrEqual(13);
    for (const count of counts(search.judged.states)) expect(count).toBeGreaterThanOrEqual(6);
  });

  test('what has the numbers of one that judges is neither searched by nor calibrated on', () => {
    const repeating = { judged: drawn(evenly(66)), centroids: drawn(evenly(66), (row) => row) };
    const { calibration, search, judging, repeated } = divideObservations(repeating, 2, sizes, classes);
    const judges = new Set([judging.judged, judging.centroids].flatMap((set) => rowsOf(set.observations)));
    const others = [calibration, search.judged.observations, search.centroids.observations].flatMap(rowsOf);
    expect(others.filter((row) => judges.has(row))).toEqual([]);
    expect(repeated + others.length + judging.judged.states.length + judging.centroids.states.length).toBe(132);
  });

  test('a class that has one look only keeps it, and that is told', () => {
    const alike = (row: number) => (row % 3 === 0 ? 9999 : row);
    const oneLook = {
      judged: drawn(evenly(66), alike),
      centroids: drawn(evenly(66), (row) => alike(row) + 2000 * Math.sign(row % 3)),
    };
    const { shared, search } = divideObservations(oneLook, 2, sizes, classes);
    expect(shared).toBeGreaterThan(0);
    expect(search.judged.states.filter((state) => state === 0).length).toBeGreaterThanOrEqual(2);
  });

  test('episodes stay whole', () => {
    const states = evenly(120);
    const episodes = states.map((_, row) => Math.floor(row / 6));
    const { search, judging } = divideObservations(
      { judged: drawn(states, undefined, episodes), centroids: drawn(states, (row) => 1000 + row, episodes) },
      2,
      sizes,
      classes,
    );
    const of = (set: ObservationSets['judged']) => new Set(set.episodes);
    expect([...of(search.judged)].filter((episode) => of(judging.judged).has(episode))).toEqual([]);
  });

  test('a class with too few is named', () => {
    const states = [...evenly(60), 2].map((state) => (state === 2 ? 0 : state)).concat([2, 2, 2]);
    const few = { judged: drawn(states), centroids: drawn(states, (row) => 1000 + row) };
    expect(() => divideObservations(few, 2, sizes, classes)).toThrow(
      'quantize: expected at least 2 observations of each class to judge by, and as many for its centroid, got 1 of "c"',
    );
  });
});
