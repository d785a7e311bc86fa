// Nearest latents and nearest classes, by the distance that the verdict uses.
import type { LabelledLatents } from '../../src/measures/latents.ts';
import { squaredDistance } from '../../src/measures/pair-distance.ts';

/** The `count` observations whose latents are nearest to `latent` [D], nearest first; `except` is left out. */
export function nearestObservations(
  { values, count, size }: LabelledLatents,
  latent: Float32Array,
  wanted: number,
  except = -1,
): number[] {
  const distances = Float64Array.from({ length: count }, (_, i) => squaredDistance(values, i * size, latent, 0, size));
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => i !== except)
    .sort((a, b) => distances[a] - distances[b])
    .slice(0, wanted);
}

/** The class whose centroid [C, D] is nearest to `latent` [D]. */
export function nearestClass(centroids: Float64Array, latent: Float32Array): number {
  const size = latent.length;
  let best = 0;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let c = 0; c < centroids.length / size; c++) {
    const distance = squaredDistance(centroids, c * size, latent, 0, size);
    if (distance < bestDistance) [best, bestDistance] = [c, distance];
  }
  return best;
}

/** Among points [N, 2], the nearest to (x, y). */
export function nearestPoint(points: Float64Array, x: number, y: number): number {
  let best = 0;
  for (let i = 1; i < points.length / 2; i++)
    if (distanceTo(points, i, x, y) < distanceTo(points, best, x, y)) best = i;
  return best;
}

/** The nearest point in a quarter of the plane around a direction from point `from`; `from` itself where there is none. */
export function nextPoint(points: Float64Array, from: number, [dx, dy]: readonly [number, number]): number {
  let best = from;
  for (let i = 0; i < points.length / 2; i++) {
    const [x, y] = [points[2 * i] - points[2 * from], points[2 * i + 1] - points[2 * from + 1]];
    const along = x * dx + y * dy;
    const across = Math.abs(x * dy - y * dx);
    if (along <= 0 || across > along) continue;
    if (best === from || x * x + y * y < distanceTo(points, best, points[2 * from], points[2 * from + 1])) best = i;
  }
  return best;
}

function distanceTo(points: Float64Array, index: number, x: number, y: number): number {
  return (points[2 * index] - x) ** 2 + (points[2 * index + 1] - y) ** 2;
}
