// Random observations within recorded statistics: where they lie, and that a seed gives them again.
import { expect, test } from 'vitest';
import type { RecordingRecord } from '../../../src/data/recording-description.ts';
import { randomObservationSource } from '../../../src/evaluation/held-out/random-observation.ts';

const shared = { columns: [] };
const record: RecordingRecord = {
  format: 1,
  name: 'a.npz',
  outline: { format: 'NPZ', episodes: 2, columns: {} },
  reward: null,
  state: null,
  observation: [
    { ...shared, kind: 'image', shape: [8, 8, 2], offset: 0, mean: [100, 20], deviation: [30, 0] },
    { ...shared, kind: 'vector', shape: [2], offset: 128, mean: [1000, -1], deviation: [10, 0.5] },
  ],
  action: [
    { column: 'move', actionCount: 3, size: 3, mean: [0, 0, 0], deviation: [1, 1, 1] },
    { column: 'push', size: 1, mean: [7], deviation: [2] },
  ],
  columns: {},
  survey: { format: 1, columns: {}, oddEpisodes: [] },
};

test('numbers have the recorded mean and deviation, image bytes are whole and within 0..255, a constant channel stays', async () => {
  const { source } = randomObservationSource(record);
  // Points are few, so that many seeds are needed for a mean.
  const rows: Float32Array[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const { judged } = await source.draw(8, seed);
    for (let n = 0; n < 8; n++) rows.push(Float32Array.from(judged.observations.subarray(n * 130, (n + 1) * 130)));
  }
  const column = (i: number) => rows.map((row) => row[i]);
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((each) => (each - mean(values)) ** 2)));
  // 480 points: the standard error of a mean is 1/22 of the deviation; four of them.
  expect(Math.abs(mean(column(128)) - 1000)).toBeLessThan(10 / 5);
  expect(Math.abs(deviation(column(129)) / 0.5 - 1)).toBeLessThan(0.15);
  expect(Math.abs(mean(column(0)) - 100)).toBeLessThan(30 / 5);
  for (const row of rows) {
    for (const pixel of row.subarray(0, 128)) expect(pixel).toBe(Math.min(255, Math.max(0, Math.round(pixel))));
    expect(row[1]).toBe(20);
  }
});

test('observations of one point are nearer to each other than to any other point, in judged and centroid rows alike', async () => {
  const { source, classes } = randomObservationSource(record);
  const { judged, centroids } = await source.draw(32, 5);
  const distance = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < 130; i++) sum += (judged.observations[a * 130 + i] - centroids.observations[b * 130 + i]) ** 2;
    return sum;
  };
  for (let n = 0; n < 32; n++) {
    const nearest = Array.from({ length: 32 }, (_, k) => k).sort((a, b) => distance(n, a) - distance(n, b))[0];
    expect(centroids.states[nearest]).toBe(judged.states[n]);
  }
  expect(classes.names).toHaveLength(8);
});

test('the same seed gives the same bytes, another seed others; actions are one-hot or as they were recorded', async () => {
  const { source } = randomObservationSource(record);
  const [first, again, other] = [await source.draw(6, 1), await source.draw(6, 1), await source.draw(6, 2)];
  expect(again).toEqual(first);
  expect(other.judged.observations).not.toEqual(first.judged.observations);
  for (let n = 0; n < 6; n++) {
    const action = Array.from(first.transitions.actions.subarray(n * 4, (n + 1) * 4));
    expect(action.slice(0, 3).sort()).toEqual([0, 0, 1]);
    expect(Math.abs(action[3] - 7)).toBeLessThan(2 * 5);
  }
});

test('images alone are bytes, as a recording of images gives them', async () => {
  const { source } = randomObservationSource({ ...record, observation: record.observation.slice(0, 1) });
  expect((await source.draw(2, 0)).judged.observations).toBeInstanceOf(Uint8Array);
  expect(source.observationShape).toEqual([8, 8, 2]);
});
