// The linear probe: a ridge regression in closed form.
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { type Latents, meanLatent, standardDeviations } from '../../measures/latents.ts';
import type { ProbeTrainer } from './probe.ts';

/** Penalty of the weights of standardised latents, per observation: enough to be stable where dimensions are dependent. */
const RIDGE = 1e-3;

/** Ridge regression on standardised latents with an intercept: (X'X + N lambda I) w = X'(y - mean y). */
export const ridgePredictions: ProbeTrainer = (train, target, test) => {
  const mean = meanLatent(train);
  const deviation = standardDeviations(train).map((value) => (value > 0 ? value : 1));
  const targetMean = new Float64Array(target.size);
  target.values.forEach((value, index) => {
    targetMean[index % target.size] += value / train.count;
  });
  const x = standardise(train, mean, deviation);
  const { size } = train;
  const gram = new Float64Array(size * size);
  const moments = new Float64Array(size * target.size);
  for (let i = 0; i < train.count; i++)
    for (let a = 0; a < size; a++) {
      const left = x[i * size + a];
      for (let b = 0; b < size; b++) gram[a * size + b] += left * x[i * size + b];
      for (let m = 0; m < target.size; m++)
        moments[a * target.size + m] += left * (target.values[i * target.size + m] - targetMean[m]);
    }
  for (let a = 0; a < size; a++) gram[a * size + a] += train.count * RIDGE;
  const weights = new CholeskyDecomposition(Matrix.from1DArray(size, size, gram)).solve(
    Matrix.from1DArray(size, target.size, moments),
  );
  const xTest = standardise(test, mean, deviation);
  const predictions = new Float64Array(test.count * target.size);
  for (let i = 0; i < test.count; i++)
    for (let m = 0; m < target.size; m++) {
      let sum = targetMean[m];
      for (let a = 0; a < test.size; a++) sum += xTest[i * test.size + a] * weights.get(a, m);
      predictions[i * target.size + m] = sum;
    }
  return predictions;
};

function standardise({ values, size }: Latents, mean: Float64Array, deviation: Float64Array): Float64Array {
  return Float64Array.from(values, (value, index) => (value - mean[index % size]) / deviation[index % size]);
}
