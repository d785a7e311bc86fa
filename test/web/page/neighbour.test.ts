// Which observation, class or point is nearest, and where an arrow key leads.
import { describe, expect, test } from 'vitest';
import { nearestClass, nearestObservations, nearestPoint, nextPoint } from '../../../web/page/neighbour.ts';

const latents = {
  values: Float32Array.of(0, 0, 1, 0, 0, 3, 10, 0),
  size: 2,
  count: 4,
  labels: Int32Array.of(0, 0, 1, 1),
  classCount: 2,
};

test('the nearest observations come nearest first, without the one that asks', () => {
  expect(nearestObservations(latents, Float32Array.of(0, 0), 3, 0)).toEqual([1, 2, 3]);
  expect(nearestObservations(latents, Float32Array.of(0, 2), 2)).toEqual([2, 0]);
});

test('a latent belongs to the class of the nearest centroid; a tie goes to the first', () => {
  const centroids = Float64Array.of(0, 0, 4, 0, 0, 4);
  expect(nearestClass(centroids, Float32Array.of(3, 1))).toBe(1);
  expect(nearestClass(centroids, Float32Array.of(1, 3))).toBe(2);
  expect(nearestClass(centroids, Float32Array.of(2, 2))).toBe(0);
});

describe('points in the picture', () => {
  // A cross around the first, in pixels: y grows downwards.
  const points = Float64Array.of(50, 50, 60, 52, 90, 50, 50, 20, 30, 45);

  test('the one under the pointer is the nearest', () => {
    expect(nearestPoint(points, 57, 52)).toBe(1);
    expect(nearestPoint(points, 500, 50)).toBe(2);
  });

  test('an arrow leads to the nearest in its quarter, and back', () => {
    expect(nextPoint(points, 0, [1, 0])).toBe(1);
    expect(nextPoint(points, 1, [1, 0])).toBe(2);
    expect(nextPoint(points, 0, [0, -1])).toBe(3);
    expect(nextPoint(points, 0, [-1, 0])).toBe(4);
    expect(nextPoint(points, 1, [-1, 0])).toBe(0);
  });

  test('an arrow into nothing stays', () => {
    expect(nextPoint(points, 2, [1, 0])).toBe(2);
    expect(nextPoint(points, 0, [0, 1])).toBe(0);
  });
});
