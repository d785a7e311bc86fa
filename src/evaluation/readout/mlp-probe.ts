// A probe with one hidden layer, for what a linear one cannot read. Trained by native TensorFlow, which must be loaded.
import * as tf from '@tensorflow/tfjs';
import { type Latents, meanLatent, standardDeviations } from '../../measures/latents.ts';
import { hashSeed, permutation, randomFor } from '../../random.ts';
import { RegressionStep } from '../../training/regression-step.ts';
import type { ProbeTrainer, TargetRows } from './probe.ts';

const HIDDEN = 128;
/** Thirty passes over 2,048 rows; of fewer rows more passes, since a probe that is not trained finds nothing. */
const STEPS = 480;
const BATCH = 128;
const LEARNING_RATE = 2e-3;

export interface MlpProbe {
  /** Squared error on standardised latents and targets, Adam, a fixed budget: the same seed gives the same probe. */
  readonly train: ProbeTrainer;
  dispose(): void;
}

interface Network {
  readonly model: tf.LayersModel;
  readonly step: RegressionStep;
}

/**
 * Probes that share one graph for all targets of one size and one seed, since building it takes longer than training a probe.
 * Whoever calls this disposes it.
 */
export function createMlpProbe(): MlpProbe {
  const networks = new Map<string, Network>();
  return {
    train(train, target, test, seed) {
      const batchSize = Math.min(BATCH, train.count);
      const key = [train.size, target.size, batchSize, seed].join(' ');
      const network = networks.get(key) ?? buildNetwork(train.size, target.size, batchSize, seed);
      networks.set(key, network);
      return trainAndPredict(network, { train, target, test, seed, batchSize });
    },
    dispose() {
      for (const { model, step } of networks.values()) {
        step.dispose();
        model.dispose();
      }
      networks.clear();
    },
  };
}

function buildNetwork(latentSize: number, targetSize: number, batchSize: number, seed: number): Network {
  const initializer = (name: string) => tf.initializers.glorotNormal({ seed: hashSeed(seed, 'mlp probe', name) >>> 0 });
  const latent = tf.input({ shape: [latentSize], name: 'latent' });
  const hidden = tf.layers
    .dense({ name: 'hidden', units: HIDDEN, activation: 'relu', kernelInitializer: initializer('hidden') })
    .apply(latent);
  const output = tf.layers
    .dense({ name: 'output', units: targetSize, kernelInitializer: initializer('output') })
    .apply(hidden);
  if (!(output instanceof tf.SymbolicTensor)) throw new Error('mlp probe: expected one symbolic output');
  const model = tf.model({ inputs: latent, outputs: output, name: 'probe' });
  const optimization = {
    steps: 1,
    batchSize,
    learningRate: LEARNING_RATE,
    encoderRateFactor: 1,
    warmupSteps: 0,
    schedule: 'constant' as const,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
  };
  return { model, step: new RegressionStep(model, optimization, 'float32') };
}

interface MlpTraining {
  readonly train: Latents;
  readonly target: TargetRows;
  readonly test: Latents;
  readonly seed: number;
  readonly batchSize: number;
}

function trainAndPredict(
  { model, step }: Network,
  { train, target, test, seed, batchSize }: MlpTraining,
): Float64Array {
  const ofTarget = statisticsOf({ values: Float32Array.from(target.values), size: target.size, count: train.count });
  const ofLatents = statisticsOf(train);
  const x = standardise(train.values, ofLatents);
  const y = standardise(target.values, ofTarget);
  const inputs = new Float32Array(batchSize * train.size);
  const targets = new Float32Array(batchSize * target.size);
  step.restart();
  let index = 0;
  for (let epoch = 0; index < STEPS; epoch++) {
    const order = permutation(train.count, randomFor(seed, 'mlp probe order', epoch));
    // The rows that are left over are others in every epoch.
    for (let start = 0; start + batchSize <= train.count && index < STEPS; start += batchSize) {
      for (let b = 0; b < batchSize; b++) {
        const row = order[start + b];
        inputs.set(x.subarray(row * train.size, (row + 1) * train.size), b * train.size);
        targets.set(y.subarray(row * target.size, (row + 1) * target.size), b * target.size);
      }
      step.run(inputs, targets, index++, LEARNING_RATE);
    }
  }
  step.copyToModel(model);
  const predicted = tf.tidy(() => {
    const latents = tf.tensor2d(standardise(test.values, ofLatents), [test.count, test.size]);
    // A copy: what native TensorFlow hands out is its own memory, which ends with the tensor.
    return Float32Array.from((model.predictOnBatch(latents) as tf.Tensor).dataSync());
  });
  const { mean, deviation } = ofTarget;
  return Float64Array.from(predicted, (value, i) => mean[i % target.size] + value * deviation[i % target.size]);
}

interface Statistics {
  readonly mean: Float64Array;
  /** 1 where there is none. */
  readonly deviation: Float64Array;
}

function statisticsOf(latents: Latents): Statistics {
  return { mean: meanLatent(latents), deviation: standardDeviations(latents).map((value) => (value > 0 ? value : 1)) };
}

function standardise(values: Float32Array | Float64Array, { mean, deviation }: Statistics): Float32Array {
  return Float32Array.from(values, (value, i) => (value - mean[i % mean.length]) / deviation[i % mean.length]);
}
