// How far apart two latents must at least be, given how well the losses are met along a distinguishing word. The theorem of
// Yu et al. (arXiv 2509.12249, theorem 1) is the case without residuals; the quantitative form is this project's:
//   |E(o) - E(o')| >= [ (D - eP - eP') / LP - sum_j LT^(k-j) (eT_j + eT'_j) ] / LT^k.
// It follows from |z_j - z'_j| <= eT_j + eT'_j + LT |z_(j-1) - z'_(j-1)| and D <= eP + eP' + LP |z_k - z'_k|.
import { UsageError } from '../../error.ts';

/** All norms are Euclidean. Letters: k actions of the word, the two sides o and o'. */
export interface WordResiduals {
  /** D: |p(o_k) - p(o'_k)|. */
  readonly gap: number;
  /** eP, eP': |P(z_k) - p(o_k)| on each side. */
  readonly auxiliary: readonly [number, number];
  /** [k] of eT_j, eT'_j: |T(z_(j-1), a_j) - z_j| on each side. */
  readonly dynamics: readonly (readonly [number, number])[];
}

export interface LipschitzConstants {
  /** LT of the predictor in the latent; one for all steps, or one for each step of the word. */
  readonly predictor: number | readonly number[];
  /** LP of the auxiliary head, in units of p. */
  readonly auxiliary: number;
}

/**
 * [k+1] lower bounds on |z_j - z'_j|, j = 0..k; the first is the bound on |E(o) - E(o')|. 0 where the residuals are too
 * large to say anything, infinite where they contradict the constants (T or P constant, and yet the sides differ).
 */
export function distanceBounds(residuals: WordResiduals, constants: LipschitzConstants): number[] {
  const { gap, auxiliary, dynamics } = residuals;
  const steps = dynamics.length;
  const { predictor } = constants;
  const predictors = typeof predictor === 'number' ? dynamics.map(() => predictor) : predictor;
  if (predictors.length !== steps)
    throw new UsageError(`distance bound: expected ${steps} constants of the predictor, got ${predictors.length}`);
  const wrong = [...predictors, constants.auxiliary].find((constant) => !(constant >= 0));
  if (wrong !== undefined)
    throw new UsageError(`distance bound: expected Lipschitz constants of 0 or more, got ${wrong}`);
  const bounds = new Array<number>(steps + 1);
  bounds[steps] = through(constants.auxiliary, gap, auxiliary);
  for (let j = steps; j > 0; j--) bounds[j - 1] = through(predictors[j - 1], bounds[j], dynamics[j - 1]);
  return bounds;
}

/** What is left by subtraction is rounding below this part of what was there. */
const ROUNDING = 1e-12;

/** What the residuals of both sides leave of a distance must have come through a map of this constant. */
function through(constant: number, distance: number, [first, second]: readonly [number, number]): number {
  const left = distance - first - second;
  return left > 0 && left >= ROUNDING * distance ? left / constant : 0;
}
