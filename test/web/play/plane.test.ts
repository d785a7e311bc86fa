// The picture of latents does not jump where principal axes do: when they change sign, order, or plane.
import { expect, test } from 'vitest';
import { createLatents } from '../../../src/measures/latents.ts';
import { randomFor } from '../../../src/random.ts';
import { SteadyPlane } from '../../../web/play/plane.ts';

const COUNT = 200;

/** Normal numbers with these deviations along the coordinates, always the same ones. */
function cloud(deviations: readonly number[]): Float32Array {
  const random = randomFor('plane');
  return Float32Array.from(
    { length: COUNT * deviations.length },
    (_, i) => random.normal() * deviations[i % deviations.length],
  );
}

/** The largest way of a point between two pictures, over the radius. */
function largestStep(before: Float32Array, after: Float32Array, radius: number): number {
  let largest = 0;
  for (let i = 0; i < before.length; i++) largest = Math.max(largest, Math.abs(before[i] - after[i]));
  return largest / radius;
}

test('the first picture is that of the two principal axes', () => {
  const plane = new SteadyPlane();
  const { points } = plane.follow(createLatents(cloud([0.1, 3, 0.2, 1]), 4));
  const variance = [0, 1].map(
    (c) => points.reduce((sum, value, i) => (i % 2 === c ? sum + value ** 2 : sum), 0) / COUNT,
  );
  expect(Math.sqrt(variance[0])).toBeCloseTo(3, 0);
  expect(Math.sqrt(variance[1])).toBeCloseTo(1, 0);
});

test.each([
  ['the order of the axes changes', [2, 1.99, 0.1], [1.99, 2, 0.1]],
  ['nothing changes but noise', [2, 1, 0.1], [2.02, 0.99, 0.1]],
])('points stay where they are when %s', (_, first, second) => {
  const plane = new SteadyPlane();
  const before = plane.follow(createLatents(cloud(first), 3));
  const after = plane.follow(createLatents(cloud(second), 3));
  expect(largestStep(before.points, after.points, before.radius)).toBeLessThan(0.05);
});

test('latents that are mirrored stay where they are', () => {
  const plane = new SteadyPlane();
  const values = cloud([2, 1, 0.1]);
  const before = plane.follow(createLatents(values, 3));
  const again = plane.follow(createLatents(values, 3));
  expect(largestStep(before.points, again.points, before.radius)).toBeLessThan(1e-6);
});

test('a new direction comes in over several pictures, and is shown in the end', () => {
  const plane = new SteadyPlane();
  let before = plane.follow(createLatents(cloud([2, 1, 0.1]), 3));
  const grown = createLatents(cloud([2, 0.1, 3]), 3);
  let largest = 0;
  for (let i = 0; i < 30; i++) {
    const after = plane.follow(grown);
    if (i > 0) largest = Math.max(largest, largestStep(before.points, after.points, after.radius));
    before = after;
  }
  expect(largest).toBeLessThan(0.8);
  const variance = [0, 1].map(
    (c) => before.points.reduce((sum, value, i) => (i % 2 === c ? sum + value ** 2 : sum), 0) / COUNT,
  );
  expect(variance[0] + variance[1]).toBeGreaterThan(0.98 * (2 ** 2 + 3 ** 2) * 0.85);
});

test('latents that are one point are shown as one point', () => {
  const { points, radius } = new SteadyPlane().follow(createLatents(new Float32Array(30).fill(7), 3));
  expect([...points].every((value) => value === 0)).toBe(true);
  expect(radius).toBe(0);
});
