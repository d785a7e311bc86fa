// Probes: what can be read from latents, under a stated amount of noise and beside a shuffled baseline.
// Without noise a probe finds what sits in a vanishing part of the variance; the sweep says how deep it sits.
import { UsageError } from '../../error.ts';
import { type Latents, standardDeviations } from '../../measures/latents.ts';
import { permutation, randomFor } from '../../random.ts';

/** What a probe reads: values (scored by R^2) or classes (scored by accuracy). */
export type ProbeTarget =
  | { readonly kind: 'values'; readonly values: Float64Array; readonly size: number }
  | { readonly kind: 'classes'; readonly labels: Int32Array; readonly classCount: number };

/** M numbers of each observation, [N, M]. */
export interface TargetRows {
  readonly values: Float64Array;
  readonly size: number;
}

export interface ProbeInput {
  readonly train: Latents;
  readonly trainTarget: ProbeTarget;
  /** Held out. */
  readonly test: Latents;
  readonly testTarget: ProbeTarget;
  readonly seed: number;
}

export interface ProbeScore {
  /** Standard deviation of the isotropic Gaussian noise that was added, in units of the latents' root mean square deviation. */
  readonly noise: number;
  /** R^2 (mean over the target's numbers) or accuracy, on held-out observations. R^2 can be negative. */
  readonly score: number;
  /**
   * The same with all targets shuffled among the observations: what is found where nothing can be. The test targets too,
   * since a classifier of shuffled labels still follows some direction of the latents, and would agree with it by chance.
   */
  readonly shuffledScore: number;
}

/** Of the latent scale: from none to a tenth, then to its half. */
export const probeNoiseLevels: readonly number[] = [0, 0.01, 0.03, 0.1, 0.3, 0.5];

/** Trains one probe and predicts the target's numbers for the test latents, [N, M]. */
export type ProbeTrainer = (
  train: Latents,
  target: TargetRows,
  test: Latents,
  seed: number,
) => Float64Array | Promise<Float64Array>;

/** A probe at every noise level, beside its shuffled baseline. The noise is the same for both. */
export async function sweepProbe(
  input: ProbeInput,
  train: ProbeTrainer,
  noiseLevels: readonly number[] = probeNoiseLevels,
): Promise<ProbeScore[]> {
  const { trainTarget, testTarget, seed } = input;
  if (trainTarget.kind !== testTarget.kind)
    throw new UsageError(`probe: expected one kind of target, got ${trainTarget.kind} and ${testTarget.kind}`);
  const scale = rootMeanSquareDeviation(input.train);
  const encoded = encodeTarget(trainTarget);
  const shuffled = shuffleRows(encoded, seed, 'probe train targets');
  const shuffledTest = shuffleTarget(testTarget, seed);
  const scores: ProbeScore[] = [];
  for (const noise of noiseLevels) {
    const noisyTrain = addNoise(input.train, noise * scale, seed, 'probe train');
    const noisyTest = addNoise(input.test, noise * scale, seed, 'probe test');
    scores.push({
      noise,
      score: scoreOf(testTarget, await train(noisyTrain, encoded, noisyTest, seed)),
      shuffledScore: scoreOf(shuffledTest, await train(noisyTrain, shuffled, noisyTest, seed)),
    });
  }
  return scores;
}

/** Classes as one-hot rows, whose largest prediction is the class. */
function encodeTarget(target: ProbeTarget): TargetRows {
  if (target.kind === 'values') return target;
  const values = new Float64Array(target.labels.length * target.classCount);
  target.labels.forEach((label, index) => {
    values[index * target.classCount + label] = 1;
  });
  return { values, size: target.classCount };
}

function scoreOf(target: ProbeTarget, predictions: Float64Array): number {
  return target.kind === 'values'
    ? coefficientOfDetermination(target.values, predictions, target.size)
    : predictedAccuracy(target.labels, predictions, target.classCount);
}

/** R^2 = 1 - residual / total sum of squares, the mean over the M numbers; those that do not vary are left out. */
export function coefficientOfDetermination(truth: Float64Array, predictions: Float64Array, size: number): number {
  let sum = 0;
  let varying = 0;
  for (let m = 0; m < size; m++) {
    let mean = 0;
    for (let i = m; i < truth.length; i += size) mean += (truth[i] * size) / truth.length;
    let residual = 0;
    let total = 0;
    for (let i = m; i < truth.length; i += size) {
      residual += (truth[i] - predictions[i]) ** 2;
      total += (truth[i] - mean) ** 2;
    }
    if (total === 0) continue;
    sum += 1 - residual / total;
    varying++;
  }
  return varying > 0 ? sum / varying : Number.NaN;
}

function predictedAccuracy(labels: Int32Array, predictions: Float64Array, classCount: number): number {
  let correct = 0;
  labels.forEach((label, index) => {
    let best = 0;
    for (let c = 1; c < classCount; c++)
      if (predictions[index * classCount + c] > predictions[index * classCount + best]) best = c;
    if (best === label) correct++;
  });
  return correct / labels.length;
}

/** Root of the mean over dimensions of the variance: the latent scale that noise is measured in. */
export function rootMeanSquareDeviation(latents: Latents): number {
  const variances = standardDeviations(latents).map((deviation) => deviation ** 2);
  return Math.sqrt(variances.reduce((sum, variance) => sum + variance, 0) / latents.size);
}

function addNoise(latents: Latents, deviation: number, seed: number, purpose: string): Latents {
  if (deviation === 0) return latents;
  const random = randomFor(seed, purpose);
  return { ...latents, values: latents.values.map((value) => value + deviation * random.normal()) };
}

function shuffleRows({ values, size }: TargetRows, seed: number, purpose: string): TargetRows {
  const shuffled = new Float64Array(values.length);
  permutation(values.length / size, randomFor(seed, purpose)).forEach((from, to) => {
    shuffled.set(values.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: shuffled, size };
}

function shuffleTarget(target: ProbeTarget, seed: number): ProbeTarget {
  const purpose = 'probe test targets';
  if (target.kind === 'values') return { kind: 'values', ...shuffleRows(target, seed, purpose) };
  const order = permutation(target.labels.length, randomFor(seed, purpose));
  return { ...target, labels: Int32Array.from(order, (from) => target.labels[from]) };
}
