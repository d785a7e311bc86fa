// Two observations followed along one word of actions: what the encoder makes of every observation on the way, and what the predictor
// makes of it a step earlier. What is concluded from it is left to witness.ts and separation.ts.
// Letters: k actions of a word, D latent size, A action size, M auxiliary numbers.
import type { Latents } from '../../measures/latents.ts';
import { joinObservations, type Observations } from '../../run/encode.ts';

/** Two observations, and what the environment does with both along one word of k actions. */
export interface WordPath {
  /** [k] action names. */
  readonly word: readonly string[];
  /** [k, A] encoded actions, the same for both sides. */
  readonly actions: Float32Array;
  /** [2, k+1, ...observationShape]: the observations of the first side, then those of the second. */
  readonly observations: Observations;
  /** [2, k+1] names of the states. */
  readonly states: readonly (readonly string[])[];
  /** [2, k+1, M]: p of each observation. */
  readonly auxiliary: Float32Array;
}

/** Encoder and predictor, each called with many rows. */
export interface FollowingNetworks {
  /** [N, ...observationShape] -> [N, D] */
  encode(observations: Observations): Promise<Latents>;
  /** [N, D], [N, A] -> [N, D]. Absent: nothing is predicted. */
  predict?(latents: Latents, actions: Float32Array): Promise<Float32Array>;
}

/** A path in the latents. Sides are 0 and 1, steps 0..k. */
export interface FollowedPath {
  /** [2 (k+1), D]: z_0 .. z_k of the first side, then of the second. */
  readonly latents: Latents;
  /** z_j: [D] */
  latent(side: number, j: number): Float32Array;
  /** T(z_(j-1), a_j): [D]. Only from j = 1 on, and where there is a predictor. */
  prediction(side: number, j: number): Float32Array;
}

/** All paths at once, so that each network is called once. */
export async function followPaths(
  networks: FollowingNetworks,
  paths: readonly WordPath[],
): Promise<readonly FollowedPath[]> {
  if (paths.length === 0) return [];
  const latents = await networks.encode(joinObservations(paths.map(({ observations }) => observations)));
  const { size } = latents;
  const predicted = await predictAll(networks, paths, latents);
  let row = 0;
  let transition = 0;
  return paths.map(({ word }) => {
    const steps = word.length;
    const own = rowsOf(latents.values, row, 2 * (steps + 1), size);
    const ahead = rowsOf(predicted, transition, 2 * steps, size);
    row += 2 * (steps + 1);
    transition += 2 * steps;
    return {
      latents: { values: own, count: 2 * (steps + 1), size },
      latent: (side, j) => rowsOf(own, side * (steps + 1) + j, 1, size),
      prediction: (side, j) => rowsOf(ahead, side * steps + j - 1, 1, size),
    };
  });
}

/** T of every latent but the last of each side, in the order path, side, step; nothing without a predictor. */
async function predictAll(
  networks: FollowingNetworks,
  paths: readonly WordPath[],
  latents: Latents,
): Promise<Float32Array> {
  const { size } = latents;
  const count = paths.reduce((sum, { word }) => sum + 2 * word.length, 0);
  if (count === 0 || networks.predict === undefined) return new Float32Array(0);
  const actionSize = paths.reduce((known, { actions, word }) => known || actions.length / (word.length || 1), 0);
  const from = new Float32Array(count * size);
  const actions = new Float32Array(count * actionSize);
  let row = 0;
  let transition = 0;
  for (const path of paths) {
    const steps = path.word.length;
    for (let side = 0; side < 2; side++) {
      from.set(rowsOf(latents.values, row, steps, size), transition * size);
      actions.set(path.actions, transition * actionSize);
      row += steps + 1;
      transition += steps;
    }
  }
  return networks.predict({ values: from, count, size }, actions);
}

/** A term of an account along a word. */
export interface Term {
  /** distance: the latents were apart to begin with. dynamics: the residuals of step j. */
  readonly kind: 'distance' | 'dynamics';
  /** j: 0 for the distance, 1..k for the dynamics. */
  readonly step: number;
  readonly value: number;
  /** Which of the two has the larger residual; null for the distance. */
  readonly side: 0 | 1 | null;
}

/** One step of a path, as far as the account needs it. */
export interface AccountedStep {
  /** |z_j - z'_j| */
  readonly distance: number;
  /** eT_j, eT'_j */
  readonly dynamicsResiduals: readonly [number, number];
  /** s_j = |T(z_(j-1), a_j) - T(z'_(j-1), a_j)| / |z_(j-1) - z'_(j-1)|; 0 where that distance is 0. */
  readonly slope: number;
}

/**
 * What the distance at the end is made of, times `factor`, by the triangle inequality, which no networks can fail:
 *   |z_k - z'_k| <= sum_j (s_k ... s_(j+1)) (eT_j + eT'_j) + (s_k ... s_1) |z_0 - z'_0|.
 * @param steps [k+1], the start first
 * @returns distance, dynamics 1..k
 */
export function accountAlong(steps: readonly AccountedStep[], factor = 1): readonly Term[] {
  const terms: Term[] = [];
  // From the end: what step j leaves is carried on by the slopes of all steps after it.
  let carried = factor;
  for (let j = steps.length - 1; j > 0; j--) {
    const [first, second] = steps[j].dynamicsResiduals;
    terms.push({ kind: 'dynamics', step: j, value: carried * (first + second), side: first >= second ? 0 : 1 });
    carried *= steps[j].slope;
  }
  terms.push({ kind: 'distance', step: 0, value: carried * steps[0].distance, side: null });
  return terms.reverse();
}

/** The dynamics residuals and the slope of step j; none at the start. */
export function predictionOf(path: FollowedPath, j: number): Omit<AccountedStep, 'distance'> {
  if (j === 0) return { dynamicsResiduals: [0, 0], slope: 0 };
  const residual = (side: number) => euclidean(path.prediction(side, j), path.latent(side, j));
  const before = euclidean(path.latent(0, j - 1), path.latent(1, j - 1));
  const after = euclidean(path.prediction(0, j), path.prediction(1, j));
  return { dynamicsResiduals: [residual(0), residual(1)], slope: before > 0 ? after / before : 0 };
}

export function euclidean(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

function rowsOf(values: Float32Array, first: number, count: number, size: number): Float32Array {
  return values.subarray(first * size, (first + count) * size);
}
