// One training step, all of it, against stock tfjs: the losses, every gradient (through Adam's first update), Adam over
// several steps, and the moving averages of batch norm.
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildWorldModel, type WorldModel } from '../../models/world-model.ts';
import { createAuxiliaries, environmentContext, joinStateTables } from '../../src/auxiliary/index.ts';
import { environmentSource } from '../../src/data/environment-source.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { namedWeights } from '../../src/tensorflow/weight.ts';
import type { ModelConfiguration, ObjectiveConfiguration } from '../../src/training/configuration.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { expectClose } from '../matcher/close.ts';

const BATCH = 6;
const RATE = 1e-2;
/** float32 in another order, through up to ten batch norms over few rows, each of which amplifies rounding. */
const LOSS_TOLERANCE = { relative: 2e-4 };
/** Of the largest possible update of a weight. */
const UPDATE_TOLERANCE = 2e-3;

const convolutional: ModelConfiguration = {
  latentSize: 5,
  encoder: {
    kind: 'convolutional',
    convolutions: [
      { filters: 4, kernel: 8, stride: 4 },
      { filters: 6, kernel: 4, stride: 2 },
    ],
    hidden: 7,
  },
  predictor: { width: 9, depth: 2 },
  auxiliary: { width: 8, depth: 1 },
};
const layerNormed: ModelConfiguration = {
  ...convolutional,
  encoder: { ...convolutional.encoder, norm: 'layer' } as ModelConfiguration['encoder'],
};
const resnet: ModelConfiguration = {
  ...convolutional,
  encoder: { kind: 'resnet', blocks: 3, channels: 8, blocksPerStage: 1, hidden: 6 },
};
const patchTransformer: ModelConfiguration = {
  ...convolutional,
  encoder: { kind: 'patch-transformer', patch: 16, width: 6, heads: 2, blocks: 2, expansion: 2, hidden: 7 },
};
const perceptron: ModelConfiguration = { ...convolutional, encoder: { kind: 'mlp', width: 7, depth: 2 } };
const paperObjective: ObjectiveConfiguration = {
  dynamics: 2,
  auxiliary: 10,
  horizon: 1,
  dynamicsHorizon: null,
  auxiliaryOn: 'encoded',
  dynamicsTarget: 'both-sides',
  targetDecay: 0.9,
  variance: 0,
  covariance: 0,
  sigreg: 0,
  actionPersistence: 0.85,
};
const optimization = {
  steps: 10,
  batchSize: BATCH,
  learningRate: RATE,
  encoderRateFactor: 0.5,
  warmupSteps: 0,
  schedule: 'constant' as const,
  beta1: 0.9,
  beta2: 0.999,
  // Large against the gradients' rounding: where a gradient is all but zero, Adam's first update is its sign otherwise.
  epsilon: 1e-3,
};

const environment = createEnvironment('counting');
let model: WorldModel | undefined;

beforeAll(async () => {
  // Stock tfjs runs one operation at a time and the training graph fuses them: with oneDNN they take convolution
  // algorithms of different rounding (gradients 1e-2 apart on 3x3 convolutions), so both run without it here.
  process.env.TF_ENABLE_ONEDNN_OPTS = '0';
  await loadTensorFlow({ threads: 1 });
});

afterEach(() => {
  for (const network of [model?.encoder, model?.predictor, model?.auxiliary]) network?.dispose();
  model = undefined;
});

async function setUp(
  configuration: ModelConfiguration,
  objective: ObjectiveConfiguration,
  labels?: number,
  loss?: 'two-hot',
) {
  const auxiliaries = await createAuxiliaries(
    [{ kind: 'reward', coefficient: 1, labels, loss }],
    environmentContext(environment, 0),
  );
  const source = environmentSource(environment, {
    seed: 3,
    stream: 'train',
    auxiliary: joinStateTables(auxiliaries, environment.stateCount),
  });
  const auxiliarySize = loss === 'two-hot' ? 101 : 1;
  const shape = { observationShape: environment.observationShape, actionSize: 2, auxiliarySize };
  const networks = buildWorldModel(configuration, shape, 1);
  model = networks;
  const step = new TrainingStep(networks, source, { objective, optimization, auxiliaries });
  const batch = (index: number) => source.batch(index, BATCH, objective.horizon) as TransitionBatch;
  return { networks, step, batch };
}

/** The paper's objective with stock layers and tfjs's autograd. */
function referenceLoss(networks: WorldModel, batch: TransitionBatch, objective: ObjectiveConfiguration) {
  const training = { training: true };
  const [height, width, channels] = environment.observationShape;
  const encodedRows = ((objective.dynamicsHorizon ?? batch.horizon) + 1) * BATCH;
  const observed = batch.observations.subarray(0, encodedRows * height * width * channels);
  const pixels = tf.tensor(Float32Array.from(observed), [encodedRows, height, width, channels]).div(255);
  const latents = networks.encoder.apply(pixels, training) as tf.Tensor2D;
  const actions = tf.tensor2d(batch.actions, [batch.horizon * BATCH, 2]);
  let latent = latents.slice([0, 0], [BATCH, -1]);
  const predictions: tf.Tensor2D[] = [];
  for (let k = 0; k < batch.horizon; k++) {
    latent = networks.predictor.apply([latent, actions.slice([k * BATCH, 0], [BATCH, -1])], training) as tf.Tensor2D;
    predictions.push(latent);
  }
  const predicted = tf.concat(predictions, 0);
  const dynamics = predicted
    .slice([0, 0], [encodedRows - BATCH, -1])
    .sub(latents.slice([BATCH, 0], [-1, -1]))
    .square()
    .mean();
  const targets = tf.tensor2d(batch.auxiliary, [(batch.horizon + 1) * BATCH, 1]);
  const crossEntropy = (z: tf.Tensor2D, p: tf.Tensor2D) => {
    const logits = networks.auxiliary?.apply(z, training) as tf.Tensor2D;
    return logits.softplus().sub(logits.mul(p)).mean();
  };
  const encoded = crossEntropy(latents, targets.slice([0, 0], [encodedRows, -1]));
  const rolled = crossEntropy(predicted, targets.slice([BATCH, 0], [-1, -1]));
  const auxiliary = { encoded, predicted: rolled, both: encoded.add(rolled).div(2) }[objective.auxiliaryOn];
  const total = dynamics.mul(objective.dynamics).add(auxiliary.mul(objective.auxiliary));
  return { total: total.asScalar(), dynamics, auxiliary };
}

const cases = [
  { name: 'convolutional encoder, paper objective', configuration: convolutional, objective: paperObjective },
  { name: 'convolutional encoder with layer norm', configuration: layerNormed, objective: paperObjective },
  { name: 'residual encoder, paper objective', configuration: resnet, objective: paperObjective },
  { name: 'patch transformer, paper objective', configuration: patchTransformer, objective: paperObjective },
  { name: 'perceptron, paper objective', configuration: perceptron, objective: paperObjective },
  {
    name: 'three latent steps, auxiliary on both',
    configuration: convolutional,
    objective: { ...paperObjective, horizon: 3, auxiliaryOn: 'both' as const },
  },
  {
    name: 'three latent steps of which one is encoded, auxiliary on predicted',
    configuration: convolutional,
    objective: { ...paperObjective, horizon: 3, dynamicsHorizon: 1, auxiliaryOn: 'predicted' as const },
  },
  {
    name: 'three latent steps of which two are encoded, auxiliary on both',
    configuration: convolutional,
    objective: { ...paperObjective, horizon: 3, dynamicsHorizon: 2, auxiliaryOn: 'both' as const },
  },
];

describe('training step', () => {
  test.each(cases)(
    '$name: losses and weights after a step are those of stock tfjs',
    async ({ configuration, objective }) => {
      const { networks, step, batch } = await setUp(configuration, objective);
      const first = batch(0);
      const result = step.run(first, 0, RATE);
      const { weights } = step.read();
      step.dispose();

      const named = new Map([
        ...namedWeights(networks.encoder, 'encoder'),
        ...namedWeights(networks.predictor, 'predictor'),
        ...(networks.auxiliary ? namedWeights(networks.auxiliary, 'auxiliary') : []),
      ]);
      const before = new Map([...named].map(([name, weight]) => [name, Float32Array.from(weight.read().dataSync())]));
      const terms = { dynamics: 0, auxiliary: 0 };
      const { value, grads } = tf.variableGrads(() => {
        const losses = referenceLoss(networks, first, objective);
        terms.dynamics = losses.dynamics.dataSync()[0];
        terms.auxiliary = losses.auxiliary.dataSync()[0];
        return losses.total;
      });
      const found = [result.loss, result.terms.dynamics, result.terms.auxiliary];
      const expected = [value.dataSync()[0], terms.dynamics, terms.auxiliary];
      expectClose(found, expected, LOSS_TOLERANCE, 'loss, dynamics, auxiliary');

      const gradientOf = new Map(Object.entries(grads));
      for (const [name, weight] of named) {
        const found = weights.get(name)?.values as Float32Array;
        const old = before.get(name) as Float32Array;
        const variable = Reflect.get(weight, 'val') as tf.Variable;
        const gradient = gradientOf.get(variable.name)?.dataSync();
        if (!gradient) {
          expect(name).toMatch(/moving_(mean|variance)$/);
          continue;
        }
        const rate = name.startsWith('encoder/') ? RATE * optimization.encoderRateFactor : RATE;
        // Adam's first step: m = 0.1 g, v = 0.001 g^2, bias corrections 0.1 and 0.001; TensorFlow adds epsilon before correcting v.
        const expected = Float32Array.from(gradient, (g, i) => {
          const corrected = (rate * Math.sqrt(1 - optimization.beta2)) / (1 - optimization.beta1);
          return (
            old[i] -
            (corrected * (1 - optimization.beta1) * g) /
              (Math.sqrt((1 - optimization.beta2) * g * g) + optimization.epsilon)
          );
        });
        expectClose(found, expected, { absolute: UPDATE_TOLERANCE * rate, relative: 1e-5 }, name);
      }
    },
  );

  test('with few labels the auxiliary term is the mean over what has one, and 0 where nothing has', async () => {
    const { networks, step, batch } = await setUp(perceptron, paperObjective, 0.5);
    const first = batch(0);
    const known = Array.from(first.auxiliary).flatMap((value, row) => (Number.isNaN(value) ? [] : [row]));
    expect(known.length).toBeGreaterThan(0);
    expect(known.length).toBeLessThan(2 * BATCH);
    const { terms } = step.run(first, 0, RATE);
    const { auxiliary: head } = networks;
    if (head === undefined) throw new Error('expected an auxiliary head');
    const expected = tf.tidy(() => {
      const pixels = tf.tensor(Float32Array.from(first.observations), [2 * BATCH, ...environment.observationShape]);
      const latents = networks.encoder.apply(pixels.div(255), { training: true }) as tf.Tensor2D;
      const logits = (head.apply(latents, { training: true }) as tf.Tensor2D).dataSync();
      const losses = Array.from(known, (row) => Math.log1p(Math.exp(logits[row])) - logits[row] * first.auxiliary[row]);
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    });
    expectClose([terms.auxiliary], [expected], LOSS_TOLERANCE, 'auxiliary');
    const without = step.run({ ...first, auxiliary: new Float32Array(2 * BATCH).fill(Number.NaN) }, 1, RATE);
    expect(without.terms.auxiliary).toBe(0);
    const { weights } = step.read();
    step.dispose();
    for (const [name, { values }] of weights) expect(values.every(Number.isFinite), name).toBe(true);
  });

  test.each([undefined, 0.5])(
    'two-hot: the auxiliary term is the cross-entropy of a softmax over the bins, labels %s',
    async (labels) => {
      const { networks, step, batch } = await setUp(perceptron, paperObjective, labels, 'two-hot');
      const first = batch(0);
      const { terms } = step.run(first, 0, RATE);
      const { weights } = step.read();
      step.dispose();
      const { auxiliary: head } = networks;
      if (head === undefined) throw new Error('expected an auxiliary head');
      const [expected, before] = tf.tidy(() => {
        const pixels = tf.tensor(Float32Array.from(first.observations), [2 * BATCH, ...environment.observationShape]);
        const latents = networks.encoder.apply(pixels.div(255), { training: true }) as tf.Tensor2D;
        const logits = head.apply(latents, { training: true }) as tf.Tensor2D;
        const targets = tf.tensor2d(first.auxiliary, [2 * BATCH, 101]);
        const losses = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), targets), 1)).dataSync();
        const known = Array.from(losses).filter((loss) => !Number.isNaN(loss));
        return [known.reduce((sum, loss) => sum + loss, 0) / known.length, losses.length - known.length];
      });
      expect(before > 0).toBe(labels !== undefined);
      expectClose([terms.auxiliary], [expected], LOSS_TOLERANCE, 'auxiliary');
      for (const [name, { values }] of weights) expect(values.every(Number.isFinite), name).toBe(true);
    },
  );

  test('moving averages of batch norm are those of stock tfjs', async () => {
    const { networks, step, batch } = await setUp(convolutional, paperObjective);
    const first = batch(0);
    step.run(first, 0, 0);
    const { weights } = step.read();
    step.dispose();
    tf.tidy(() => {
      referenceLoss(networks, first, paperObjective);
    });
    const moving = [...namedWeights(networks.encoder, 'encoder')].filter(([name]) => name.includes('moving_'));
    expect(moving).toHaveLength(6);
    for (const [name, weight] of moving)
      expectClose(
        weights.get(name)?.values as Float32Array,
        weight.read().dataSync(),
        { absolute: 1e-6, relative: 1e-5 },
        name,
      );
  });

  test('with a rate of 0 no trained weight changes', async () => {
    const { networks, step, batch } = await setUp(convolutional, paperObjective);
    step.run(batch(0), 0, 0);
    const { weights } = step.read();
    step.dispose();
    for (const [name, weight] of namedWeights(networks.predictor, 'predictor'))
      expect(weights.get(name)?.values).toEqual(weight.read().dataSync());
  });

  test('restoring a state gives the same bits as never having stopped', async () => {
    const { networks, step, batch } = await setUp(convolutional, paperObjective);
    for (let index = 0; index < 3; index++) step.run(batch(index), index, RATE);
    const middle = step.read();
    for (let index = 3; index < 6; index++) step.run(batch(index), index, RATE);
    const undisturbed = step.read();
    step.dispose();

    const auxiliaries = await createAuxiliaries(
      [{ kind: 'reward', coefficient: 1 }],
      environmentContext(environment, 0),
    );
    const shape = {
      observationShape: environment.observationShape,
      observationType: 'uint8' as const,
      actionSize: 2,
      auxiliarySize: 1,
    };
    const resumed = new TrainingStep(networks, shape, { objective: paperObjective, optimization, auxiliaries });
    resumed.restore(middle);
    for (let index = 3; index < 6; index++) resumed.run(batch(index), index, RATE);
    const { weights, optimizer } = resumed.read();
    resumed.dispose();
    expect(weights).toEqual(undisturbed.weights);
    expect(optimizer).toEqual(undisturbed.optimizer);
  });

  test('a moving-average target follows the updated encoder by its decay', async () => {
    const objective = { ...paperObjective, dynamicsTarget: 'moving-average' as const };
    const { networks, step, batch } = await setUp(convolutional, objective);
    const before = namedWeights(networks.encoder, 'encoder').get('encoder/conv1/kernel')?.read().dataSync();
    step.run(batch(0), 0, RATE);
    const { weights } = step.read();
    step.dispose();
    const encoder = weights.get('encoder/conv1/kernel')?.values as Float32Array;
    const target = weights.get('target/conv1/kernel')?.values as Float32Array;
    const expected = Float32Array.from(encoder, (updated, i) => 0.9 * (before?.[i] ?? Number.NaN) + 0.1 * updated);
    expectClose(target, expected, { absolute: 1e-6 }, 'target/conv1/kernel');
  });

  test('disposing gives every native tensor back', async () => {
    const { step, batch } = await setUp(convolutional, paperObjective);
    const { tensorflowBinding } = await import('../../src/tensorflow/binding.ts');
    step.run(batch(0), 0, RATE);
    const before = tensorflowBinding().getNumOfTensors();
    step.run(batch(1), 1, RATE);
    step.read();
    expect(tensorflowBinding().getNumOfTensors()).toBe(before);
    step.dispose();
  });
});
