// The variants of a training that the step file must know: every encoder, auxiliary and objective, small enough for a test.
import * as tf from '@tensorflow/tfjs';
import { buildWorldModel, type WorldModel } from '../../../models/world-model.ts';
import {
  type Auxiliary,
  type AuxiliaryConfiguration,
  auxiliarySizeOf,
  createAuxiliaries,
  environmentContext,
  joinStateTables,
  parseAuxiliary,
} from '../../../src/auxiliary/index.ts';
import { environmentSource } from '../../../src/data/environment-source.ts';
import type { TransitionBatch } from '../../../src/data/transition.ts';
import { createEnvironment } from '../../../src/environments/index.ts';
import type {
  ModelConfiguration,
  ObjectiveConfiguration,
  OptimizationConfiguration,
} from '../../../src/training/configuration.ts';
import type { TrainingStepShape } from '../../../src/training/training-graph.ts';

export const BATCH = 6;

const model: ModelConfiguration = {
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

const objective: ObjectiveConfiguration = {
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

export const optimization: OptimizationConfiguration = {
  steps: 10,
  batchSize: BATCH,
  learningRate: 1e-2,
  encoderRateFactor: 1,
  warmupSteps: 0,
  schedule: 'constant',
  beta1: 0.9,
  beta2: 0.999,
  // Large against the gradients' rounding: where a gradient is all but zero, Adam's first update is its sign otherwise.
  epsilon: 1e-3,
};

export interface Variant {
  readonly name: string;
  readonly model?: Partial<ModelConfiguration>;
  readonly objective?: Partial<ObjectiveConfiguration>;
  readonly optimization?: Partial<OptimizationConfiguration>;
  readonly auxiliaries?: readonly (string | object)[];
  /** In the place of the model's own. */
  readonly createEncoder?: (observationShape: readonly number[]) => tf.LayersModel;
}

export const variants: readonly Variant[] = [
  { name: 'convolutional encoder, reward' },
  {
    name: 'residual encoder',
    model: { encoder: { kind: 'resnet', blocks: 3, channels: 8, blocksPerStage: 1, hidden: 6 } },
  },
  {
    name: 'patch transformer',
    model: {
      encoder: { kind: 'patch-transformer', patch: 16, width: 6, heads: 2, blocks: 2, expansion: 2, hidden: 7 },
    },
  },
  { name: 'perceptron', model: { encoder: { kind: 'mlp', width: 7, depth: 2 } } },
  {
    name: 'layer norms in the encoder',
    model: {
      encoder: {
        kind: 'convolutional',
        norm: 'layer',
        convolutions: [{ filters: 4, kernel: 8, stride: 8 }],
        hidden: 7,
      },
    },
  },
  {
    name: 'heads without hidden layers',
    model: { predictor: { width: 9, depth: 0 }, auxiliary: { width: 8, depth: 0 } },
  },
  { name: 'a rate of its own for the encoder', optimization: { encoderRateFactor: 0.3 } },
  { name: 'no auxiliary', auxiliaries: ['none'] },
  { name: 'value', auxiliaries: ['value'] },
  { name: 'state', auxiliaries: ['state'] },
  { name: 'random projection', auxiliaries: ['random-projection'] },
  { name: 'random transformer', auxiliaries: ['random-transformer'] },
  { name: 'three auxiliaries side by side', auxiliaries: ['reward', 'random-projection', 'state'] },
  { name: 'stop-gradient', objective: { dynamicsTarget: 'stop-gradient' } },
  { name: 'moving-average target', objective: { dynamicsTarget: 'moving-average' } },
  { name: "VICReg's terms", objective: { variance: 1, covariance: 0.5 } },
  { name: 'SIGReg', objective: { sigreg: 0.1 } },
  { name: 'rollouts, auxiliary on both', objective: { horizon: 3, auxiliaryOn: 'both' } },
  {
    name: 'rollouts of which one step is encoded, auxiliary on predicted',
    objective: { horizon: 3, dynamicsHorizon: 1, auxiliaryOn: 'predicted' },
  },
  { name: 'no dynamics', objective: { dynamics: 0 } },
  { name: "a module's encoder with poolings and a strided 1 x 1 convolution", createEncoder: poolingEncoder },
];

/** Layers that no encoder of a configuration has, but one of a module may. */
function poolingEncoder(observationShape: readonly number[]): tf.LayersModel {
  const input = tf.input({ shape: [...observationShape] });
  const layers = [
    tf.layers.maxPooling2d({ poolSize: 4, strides: 4 }),
    tf.layers.conv2d({
      filters: 4,
      kernelSize: 1,
      strides: 2,
      kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
    }),
    tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 5, kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) }),
  ];
  return tf.model({ inputs: input, outputs: layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input) });
}

export interface VariantParts {
  readonly networks: WorldModel;
  readonly shape: TrainingStepShape;
  readonly options: {
    readonly objective: ObjectiveConfiguration;
    readonly optimization: OptimizationConfiguration;
    readonly auxiliaries: readonly Auxiliary[];
    readonly seed: number;
  };
  /** Default size: BATCH. */
  readonly batch: (step: number, size?: number) => TransitionBatch;
  readonly dispose: () => void;
}

export async function buildVariant(variant: Variant): Promise<VariantParts> {
  const environment = createEnvironment('counting');
  const configurations = (variant.auxiliaries ?? ['reward']).map(
    (written): AuxiliaryConfiguration => parseAuxiliary('variant', written),
  );
  const auxiliaries = await createAuxiliaries(configurations, environmentContext(environment, 0));
  const auxiliary = joinStateTables(auxiliaries, environment.stateCount);
  const source = environmentSource(environment, { seed: 3, stream: 'train', auxiliary });
  const { observationShape, actionSize } = environment;
  const own = buildWorldModel(
    { ...model, ...variant.model },
    { observationShape, actionSize, auxiliarySize: auxiliarySizeOf(auxiliaries) },
    1,
  );
  if (variant.createEncoder) own.encoder.dispose();
  const encoder = variant.createEncoder?.(observationShape) ?? own.encoder;
  const networks = { ...own, encoder };
  const options = {
    objective: { ...objective, ...variant.objective },
    optimization: { ...optimization, ...variant.optimization },
    auxiliaries,
    seed: 5,
  };
  return {
    networks,
    shape: source,
    options,
    batch: (step, size = BATCH) => source.batch(step, size, options.objective.horizon) as TransitionBatch,
    dispose() {
      for (const network of [networks.encoder, networks.predictor, networks.auxiliary]) network?.dispose();
      for (const each of auxiliaries) if (each.of === 'pixels') each.model.dispose();
    },
  };
}
