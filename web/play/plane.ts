// The picture of latents while they are trained: two directions of most variance that turn as little as they can from one moment to
// the next. Principal axes alone jump: they change sign, order and plane whenever two variances cross.
// Letters: N latents, D latent.
import { type Latents, meanLatent } from '../../src/measures/latents.ts';
import { measureSpectrum } from '../../src/measures/spectrum/spectrum.ts';

/** Share of the way to the new axes that one moment goes. */
const FOLLOWING = 0.4;

export interface Picture {
  /** [N, 2] */
  readonly points: Float32Array;
  /** Distance from the middle within which nine of ten points lie, in units of the latents. */
  readonly radius: number;
}

export class SteadyPlane {
  /** [2, D], orthonormal rows. */
  #axes: Float64Array | undefined;
  #mean: Float64Array = new Float64Array(0);

  /** Turns towards the latents' principal axes, and projects them. */
  follow(latents: Latents): Picture {
    const { size } = latents;
    this.#mean = meanLatent(latents);
    const found = principalAxes(latents);
    if (this.#axes === undefined || this.#axes.length !== found.length) this.#axes = found;
    else {
      const turned = turnedTowards(found, this.#axes, covarianceOf(latents, this.#mean), size);
      this.#axes = orthonormal(
        turned.map((value, i) => FOLLOWING * value + (1 - FOLLOWING) * (this.#axes?.[i] ?? 0)),
        size,
      );
    }
    const points = this.project(latents.values);
    const distances = Float64Array.from({ length: latents.count }, (_, n) =>
      Math.hypot(points[2 * n], points[2 * n + 1]),
    ).sort();
    return { points, radius: distances[Math.floor(0.9 * (latents.count - 1))] ?? 0 };
  }

  /** [N, D] -> [N, 2], by the axes as they are now. */
  project(values: Float32Array): Float32Array {
    const axes = this.#axes;
    if (axes === undefined) return new Float32Array(0);
    const size = axes.length / 2;
    const points = new Float32Array((2 * values.length) / size);
    for (let n = 0; n < values.length / size; n++)
      for (let c = 0; c < 2; c++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += (values[n * size + k] - this.#mean[k]) * axes[c * size + k];
        points[2 * n + c] = sum;
      }
    return points;
  }
}

/** [2, D] of latents with D of at least 2. */
function principalAxes(latents: Latents): Float64Array {
  const { size } = latents;
  const axes = measureSpectrum(latents).axes.subarray(0, 2 * size);
  // Latents that are one point, or on a line, have no second direction: any will do.
  const whole = new Float64Array(2 * size);
  whole.set(axes);
  return orthonormal(whole, size);
}

/** [D, D] */
function covarianceOf({ values, count, size }: Latents, mean: Float64Array): Float64Array {
  const covariance = new Float64Array(size * size);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < size; i++) {
      const difference = values[n * size + i] - mean[i];
      for (let j = 0; j < size; j++) covariance[i * size + j] += difference * (values[n * size + j] - mean[j]);
    }
  return covariance;
}

/**
 * The same plane as `axes`, turned (or mirrored) so that the latents lie in it as nearly as they can where `before` puts them: the
 * orthogonal Procrustes problem in two dimensions (Schönemann 1966), whose solution is a rotation or a reflection in closed form.
 */
function turnedTowards(axes: Float64Array, before: Float64Array, covariance: Float64Array, size: number): Float64Array {
  const cross = (row: number, column: number): number => {
    let sum = 0;
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) sum += axes[row * size + i] * covariance[i * size + j] * before[column * size + j];
    return sum;
  };
  const [a, b, c, d] = [cross(0, 0), cross(0, 1), cross(1, 0), cross(1, 1)];
  const rotation = Math.hypot(a + d, b - c);
  const reflection = Math.hypot(a - d, b + c);
  if (Math.max(rotation, reflection) === 0) return axes;
  const isRotation = rotation >= reflection;
  const [p, q] = isRotation ? [(a + d) / rotation, (b - c) / rotation] : [(a - d) / reflection, (b + c) / reflection];
  const turned = new Float64Array(2 * size);
  for (let k = 0; k < size; k++) {
    const [first, second] = [axes[k], axes[size + k]];
    turned[k] = isRotation ? p * first - q * second : p * first + q * second;
    turned[size + k] = isRotation ? q * first + p * second : q * first - p * second;
  }
  return turned;
}

/** Gram and Schmidt; a row that vanishes becomes the first unit vector that does not. */
function orthonormal(rows: Float64Array, size: number): Float64Array {
  const made = new Float64Array(2 * size);
  for (let row = 0; row < 2; row++)
    for (let attempt = -1; attempt < size; attempt++) {
      const vector = Float64Array.from({ length: size }, (_, k) =>
        attempt < 0 ? rows[row * size + k] : Number(k === attempt),
      );
      if (row === 1) {
        const along = vector.reduce((sum, value, k) => sum + value * made[k], 0);
        for (let k = 0; k < size; k++) vector[k] -= along * made[k];
      }
      const length = Math.hypot(...vector);
      if (length < 1e-6) continue;
      for (let k = 0; k < size; k++) made[row * size + k] = vector[k] / length;
      break;
    }
  return made;
}
