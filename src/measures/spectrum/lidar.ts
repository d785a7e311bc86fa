// LiDAR (Thilak et al., arXiv 2312.04000): how many directions tell the classes apart beyond what varies within them. Its classes are
// the views of one observation; here they are the observations of one class, which what they show beside it makes views.
import type { LabelledLatents } from '../latents.ts';
import { linearProbes } from '../linear-probe.ts';
import { exponentialEntropy } from './spectrum.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Added to every variance within, as in the paper, in parts of the mean variance: latents have no scale here. */
const WITHIN_RIDGE = 1e-4;

/**
 * exp of the entropy of the eigenvalues of S_w^(-1/2) S_b S_w^(-1/2), over their sum plus 1e-7: 1..min(C - 1, D). S_b is of the classes'
 * means, each counted once; S_w of what is left. 0 where all classes have one mean.
 */
export function lidar(latents: LabelledLatents): number {
  const { size, classCount } = latents;
  const [probe] = linearProbes(latents, [WITHIN_RIDGE]);
  if (probe === undefined) return 0;
  const { weights, centres } = probe;
  const mean = new Float64Array(size);
  for (let index = 0; index < centres.length; index++) mean[index % size] += centres[index] / classCount;
  // S_b = M M' / C has the eigenvalues of M' S_w^-1 M / C, which is [C, C].
  const gram = new Float64Array(classCount * classCount);
  const average = new Float64Array(size);
  for (let index = 0; index < weights.length; index++) average[index % size] += weights[index] / classCount;
  for (let a = 0; a < classCount; a++)
    for (let b = 0; b < classCount; b++)
      for (let k = 0; k < size; k++)
        gram[a * classCount + b] +=
          ((centres[a * size + k] - mean[k]) * (weights[b * size + k] - average[k])) / classCount;
  const { values } = symmetricEigen(gram, classCount);
  return exponentialEntropy(
    values.map((value) => Math.max(0, value)),
    1e-7,
  );
}
