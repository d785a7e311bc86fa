// The two losses of the objective, measured on held-out transitions: how well the predictor and the head do what the theorem assumes.
// Formulas: Yu et al., arXiv 2509.12249; L = c_dyn |T(E(o), a) - E(f(o, a))|^2 + c_aux aux(P(E(o)), p(o)).
import { UsageError } from '../error.ts';

/** Mean over all numbers of the squared difference, as the dynamics term and the squared auxiliary term have it. */
export function meanSquaredError(predicted: Float32Array, truth: Float32Array): number {
  checkLengths(predicted, truth);
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (predicted[i] - truth[i]) ** 2;
  return sum / truth.length;
}

/** Mean cross-entropy of logits with targets 0 or 1: max(x, 0) - x y + log(1 + exp(-|x|)). */
export function binaryCrossEntropy(logits: Float32Array, targets: Float32Array): number {
  checkLengths(logits, targets);
  let sum = 0;
  for (let i = 0; i < targets.length; i++) {
    const x = logits[i];
    sum += Math.max(x, 0) - x * targets[i] + Math.log1p(Math.exp(-Math.abs(x)));
  }
  return sum / targets.length;
}

/** Mean over rows of `size` of the cross-entropy of the softmax of the logits with targets that sum to 1. */
export function softmaxCrossEntropy(logits: Float32Array, targets: Float32Array, size: number): number {
  checkLengths(logits, targets);
  let sum = 0;
  for (let start = 0; start < targets.length; start += size) {
    const row = logits.subarray(start, start + size);
    const largest = row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const normalizer = largest + Math.log(row.reduce((total, value) => total + Math.exp(value - largest), 0));
    for (let m = 0; m < size; m++) sum -= targets[start + m] * (row[m] - normalizer);
  }
  return (sum * size) / targets.length;
}

/**
 * The dynamics residual without a scale: mean squared error of the predicted next latents over their variance (summed over
 * the dimensions). 0 is perfect, 1 is as good as always predicting the mean latent.
 */
export function relativeDynamicsResidual(predicted: Float32Array, truth: Float32Array, size: number): number {
  checkLengths(predicted, truth);
  const count = truth.length / size;
  const mean = new Float64Array(size);
  for (let i = 0; i < truth.length; i++) mean[i % size] += truth[i] / count;
  let variance = 0;
  for (let i = 0; i < truth.length; i++) variance += (truth[i] - mean[i % size]) ** 2;
  variance /= truth.length;
  const residual = meanSquaredError(predicted, truth);
  if (variance > 0) return residual / variance;
  return residual > 0 ? Number.POSITIVE_INFINITY : 0;
}

function checkLengths(predicted: Float32Array, truth: Float32Array): void {
  if (predicted.length !== truth.length || truth.length === 0)
    throw new UsageError(
      `residual: expected as many predictions as truths, got ${predicted.length} and ${truth.length}`,
    );
}
