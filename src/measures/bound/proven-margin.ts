// Which observations keep their nearest class whatever a runtime rounds, given a bound on the error of every number of every latent:
// of the judged observations and of those that the centroids are means of.
// Letters: N observations, D latent size, C classes.
import { UsageError } from '../../error.ts';

/** Latents of the reference, and at most how far a runtime's may be from them. */
export interface BoundedLatents {
  /** [N, D] each */
  readonly values: Float64Array;
  readonly errors: Float64Array;
  readonly size: number;
  /** [N] */
  readonly labels: Int32Array;
}

/** Means of bounded latents, [C, D] each: a mean moves by at most the mean of the bounds. */
export interface BoundedCentroids {
  readonly values: Float64Array;
  readonly errors: Float64Array;
  readonly size: number;
  readonly count: number;
}

/** Rounding of distances in float64, as a part of what they are sums of. */
const ROUNDING = 2 ** -40;

/** @throws UsageError where a class has no observation, and so no centroid */
export function boundedCentroids({ values, errors, size, labels }: BoundedLatents, count: number): BoundedCentroids {
  const counts = new Float64Array(count);
  const means = new Float64Array(count * size);
  const bounds = new Float64Array(count * size);
  labels.forEach((label, i) => {
    counts[label]++;
    for (let k = 0; k < size; k++) {
      means[label * size + k] += values[i * size + k];
      bounds[label * size + k] += errors[i * size + k];
    }
  });
  const empty = counts.indexOf(0);
  if (empty >= 0)
    throw new UsageError(`centroids: expected an observation of every class, got none of class ${empty}`, {
      remedy: 'Take more observations.',
    });
  for (let c = 0; c < count; c++)
    for (let k = c * size; k < (c + 1) * size; k++) {
      means[k] /= counts[c];
      bounds[k] = (bounds[k] / counts[c]) * (1 + ROUNDING) + ROUNDING * Math.abs(means[k]);
    }
  return { values: means, errors: bounds, size, count };
}

export interface ProvenMargin {
  /** The class whose centroid is nearest in the reference. */
  readonly nearest: number;
  /** Classes that could be nearest on some runtime instead. */
  readonly rivals: readonly number[];
  /** The smallest of (how much nearer it is, squared) / (what rounding can take from that): above 1, nothing can change it. */
  readonly safety: number;
}

/**
 * At most how far the functionals [rows, D] of a runtime's latent of this observation are from the reference's: sharper than the sum
 * of the bounds of its numbers.
 */
export type BoundFunctionals = (functionals: Float64Array, rows: number) => Float64Array;

/**
 * With latent z + e and centroids c + h, |e| and |h| bounded number by number, the squared distances to b and a differ by
 *     |z - c_b|^2 - |z - c_a|^2 + 2 (c_a - c_b) e + 2 (z - c_a) h_a - 2 (z - c_b) h_b + 2 e (h_a - h_b) + h_b^2 - h_a^2.
 * @param latent [D], `errors` [D] of one observation
 */
export function provenMargin(
  latent: Float64Array,
  errors: Float64Array,
  centroids: BoundedCentroids,
  boundFunctionals: BoundFunctionals,
): ProvenMargin {
  const { values, errors: moved, size, count } = centroids;
  const nearest = nearestCentroid(latent, centroids);
  const others = Array.from({ length: count }, (_, c) => c).filter((c) => c !== nearest);
  const a = nearest * size;
  const accounts = others.map((c) => {
    const b = c * size;
    let gap = 0;
    let scale = 0;
    let ofLatent = 0;
    let ofCentroids = 0;
    for (let k = 0; k < size; k++) {
      const between = values[a + k] - values[b + k];
      const term = between * (2 * latent[k] - values[a + k] - values[b + k]);
      gap += term;
      scale += Math.abs(term);
      ofLatent += 2 * Math.abs(between) * errors[k];
      const both = moved[a + k] + moved[b + k];
      ofCentroids += 2 * Math.abs(latent[k] - values[a + k]) * moved[a + k];
      ofCentroids += 2 * Math.abs(latent[k] - values[b + k]) * moved[b + k];
      ofCentroids += both * (2 * errors[k] + both);
    }
    return { class: c, gap: gap - ROUNDING * scale, ofLatent, ofCentroids };
  });
  const doubtful = accounts.filter(
    ({ gap, ofLatent, ofCentroids }) => gap <= ofLatent + ofCentroids && gap > ofCentroids,
  );
  if (doubtful.length > 0) {
    const functionals = new Float64Array(doubtful.length * size);
    doubtful.forEach((account, row) => {
      for (let k = 0; k < size; k++) functionals[row * size + k] = values[a + k] - values[account.class * size + k];
    });
    const bounds = boundFunctionals(functionals, doubtful.length);
    doubtful.forEach((account, row) => {
      account.ofLatent = Math.min(account.ofLatent, 2 * bounds[row] * (1 + ROUNDING));
    });
  }
  const rivals = accounts
    .filter(({ gap, ofLatent, ofCentroids }) => gap <= ofLatent + ofCentroids)
    .map((each) => each.class);
  const safety = accounts.reduce(
    (least, { gap, ofLatent, ofCentroids }) =>
      Math.min(least, gap / Math.max(ofLatent + ofCentroids, Number.MIN_VALUE)),
    Number.POSITIVE_INFINITY,
  );
  return { nearest, rivals, safety };
}

function nearestCentroid(latent: Float64Array, { values, size, count }: BoundedCentroids): number {
  let nearest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < count; c++) {
    let squared = 0;
    for (let k = 0; k < size; k++) squared += (latent[k] - values[c * size + k]) ** 2;
    if (squared < least) {
      least = squared;
      nearest = c;
    }
  }
  return nearest;
}

export interface ProvenAccuracy {
  /** Of the reference. */
  readonly accuracy: number;
  /** Share of the observations whose nearest class cannot change. */
  readonly certified: number;
  /** Of those that are right in the reference, the share that stays right. */
  readonly certifiedOfRight: number;
  /** On every runtime the accuracy lies between these. */
  readonly lowestAccuracy: number;
  readonly highestAccuracy: number;
  /** And the smallest recall of a class. */
  readonly lowestRecall: number;
  readonly highestRecall: number;
}

/** @param margins of the judged observations, whose classes are `labels` */
export function provenAccuracy(margins: readonly ProvenMargin[], labels: Int32Array, count: number): ProvenAccuracy {
  const [own, low, high] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let [right, kept, keptRight] = [0, 0, 0];
  margins.forEach(({ nearest, rivals }, i) => {
    const label = labels[i];
    const isKept = rivals.length === 0;
    own[label]++;
    if (isKept) kept++;
    if (nearest === label) right++;
    if (nearest === label && isKept) {
      keptRight++;
      low[label]++;
    }
    if (nearest === label || rivals.includes(label)) high[label]++;
  });
  const recall = (counts: Float64Array): number =>
    counts.reduce((least, hits, c) => (own[c] > 0 ? Math.min(least, hits / own[c]) : least), 1);
  const share = (hits: number): number => hits / margins.length;
  return {
    accuracy: share(right),
    certified: share(kept),
    certifiedOfRight: right === 0 ? 0 : keptRight / right,
    lowestAccuracy: share(keptRight),
    highestAccuracy: share(high.reduce((sum, hits) => sum + hits, 0)),
    lowestRecall: recall(low),
    highestRecall: recall(high),
  };
}
