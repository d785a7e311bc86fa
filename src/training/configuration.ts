// The one configuration of a run: typed, checked here, unknown keys refused. The presets' values stand in presets.ts.
import * as z from 'zod';
import { auxiliaryConfiguration } from '../auxiliary/index.ts';
import { recordingConfiguration } from '../data/configured-recording.ts';
import { option, UsageError } from '../error.ts';
import type { NamedCode } from '../machine/code-permission.ts';
import { baselineMeasureNames } from '../measures/baseline.ts';
import { parseOptions } from '../options.ts';

const positive = z.number().positive();
const count = z.int().min(1);

/** Absent, it is batch norm, and what was kept of older runs stays true. */
const norm = z
  .enum(['batch', 'layer'])
  .optional()
  .describe('batch norm (where it is not given), or layer norm over the numbers of a pixel or of a vector');

const encoderConfiguration = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('convolutional'),
    norm,
    convolutions: z
      .array(z.strictObject({ filters: count, kernel: count, stride: count }))
      .min(1)
      // Those of the preset `small`. Pooling before the hidden layer, or fewer channels, hurt.
      .default([
        { filters: 24, kernel: 8, stride: 4 },
        { filters: 24, kernel: 4, stride: 2 },
      ])
      .describe('convolutions with a norm and ReLU, first to last; padding "same"'),
    hidden: count.default(128).describe('width of the layer between the convolutions and the latent'),
  }),
  z.strictObject({
    kind: z.literal('resnet'),
    norm,
    // Those of the preset `paper`.
    blocks: count.default(8).describe('residual blocks of two 3x3 convolutions'),
    channels: count.default(32),
    blocksPerStage: count.default(2).describe('the image side is halved after every so many blocks'),
    hidden: count.default(512).describe('width of the layer between the blocks and the latent'),
  }),
  // Defaults: a small ViT for images of 64 pixels; measured in docs/training.md.
  z.strictObject({
    kind: z.literal('patch-transformer'),
    patch: count.default(8).describe('side of a square patch in pixels; must divide the sides of the image'),
    width: count.default(48).describe('numbers of a token'),
    heads: count.default(3).describe('attention heads; they share the width'),
    blocks: count.default(2).describe('blocks of attention and perceptron'),
    expansion: count.default(2).describe("hidden numbers of a block's perceptron, over the width"),
    hidden: count.default(128).describe('width of the layer between the mean over the tokens and the latent'),
  }),
  z.strictObject({
    kind: z.literal('mlp'),
    norm,
    width: count.default(256).describe('units of a hidden layer'),
    depth: count.default(2).describe('number of hidden layers, each with a norm and Mish'),
  }),
  z.strictObject({
    kind: z.literal('module'),
    path: z.string().min(1).describe('a module that exports createEncoder, relative to the working folder'),
    options: z.record(z.string(), z.unknown()).default({}).describe("the module's own"),
  }),
]);
export type EncoderConfiguration = z.output<typeof encoderConfiguration>;

const headConfiguration = z.strictObject({
  width: count.describe('units of a hidden layer'),
  depth: z.int().min(0).describe('number of hidden layers'),
});
export type HeadConfiguration = z.output<typeof headConfiguration>;

const modelConfiguration = z.strictObject({
  latentSize: count.describe('D, numbers of a latent'),
  encoder: encoderConfiguration,
  predictor: headConfiguration,
  auxiliary: headConfiguration,
});
export type ModelConfiguration = z.output<typeof modelConfiguration>;

const objectiveConfiguration = z.strictObject({
  dynamics: z.number().min(0).describe('c_dyn, the weight of the dynamics term'),
  auxiliary: z.number().min(0).describe('c_aux, the weight of the auxiliary term'),
  horizon: count.describe('K, latent steps predicted from one encoded observation'),
  dynamicsHorizon: count
    .nullable()
    .default(null)
    .describe(
      'J, the steps of a sequence with a dynamics term: only their observations are encoded, and the auxiliary values of the later ones train predicted latents; null: all K',
    ),
  auxiliaryOn: z
    .enum(['encoded', 'predicted', 'both'])
    .describe('latents that the auxiliary head is trained on: encoded, predicted, or both'),
  dynamicsTarget: z
    .enum(['both-sides', 'stop-gradient', 'moving-average'])
    .describe(
      'gradients of the dynamics term flow through both sides (the paper), or not into the target, or the target is encoded by a moving average of the encoder',
    ),
  // A key that came after the first version has a default here, the behaviour before it: older runs must load.
  targetDecay: z.number().min(0).lt(1).default(0.99).describe('decay of the moving-average target encoder, a step'),
  variance: z.number().min(0).default(0).describe("weight of VICReg's variance term"),
  covariance: z.number().min(0).default(0).describe("weight of VICReg's covariance term"),
  sigreg: z.number().min(0).default(0).describe("weight of LeJEPA's SIGReg term"),
  actionPersistence: z
    .number()
    .min(0)
    .max(1)
    .describe('probability that an action of a sequence repeats the one before (horizon above 1)'),
});
export type ObjectiveConfiguration = z.output<typeof objectiveConfiguration>;

const optimizationConfiguration = z.strictObject({
  steps: count,
  batchSize: z.int().min(2).describe('sequences a step (transitions, for horizon 1)'),
  learningRate: positive.describe('rate at the top of the schedule'),
  encoderRateFactor: positive.describe("the encoder's rate over that of the heads"),
  warmupSteps: z.int().min(0).describe('steps of linear warm-up'),
  schedule: z.enum(['cosine', 'constant']).describe('after the warm-up: cosine decay to 0, or constant'),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: positive,
});
export type OptimizationConfiguration = z.output<typeof optimizationConfiguration>;

/** The environment's own options stand beside `name` and are checked by the environment itself. */
const environmentConfiguration = z.looseObject({ name: z.string() });
export type EnvironmentConfiguration = z.output<typeof environmentConfiguration>;

/** Dynamics alone end at a fiftieth of the first deviation or less; anchored by the reward it never went below a half. */
const LATENT_DEVIATION_BELOW = 0.05;

const collapseConfiguration = z
  .strictObject({
    action: z
      .enum(['warn', 'stop', 'ignore'])
      .default('warn')
      .describe('what follows when the latents collapse while training'),
    measure: z
      .enum(['latentDeviation', ...baselineMeasureNames])
      .default('latentDeviation')
      .describe('what is watched: the deviation of every row of metrics, or a measure of measures.jsonl'),
    below: positive
      .optional()
      .describe('collapsed: latent deviation over that of the first step (default 0.05), or the measure as it is'),
    patience: count.default(10).describe('rows, of metrics or of measures, for which it must stay below'),
  })
  .superRefine(({ measure, below }, context) => {
    const isRatio = measure === 'latentDeviation';
    if (isRatio ? below === undefined || below < 1 : below !== undefined) return;
    const message = isRatio ? 'Expected a share of the first step, below 1' : `Expected the threshold of ${measure}`;
    context.addIssue({ code: 'custom', path: ['below'], message });
  })
  .transform(({ below = LATENT_DEVIATION_BELOW, ...rest }) => ({ ...rest, below }));

export const configurationSchema = z.strictObject({
  environment: environmentConfiguration.optional().describe('where transitions come from, unless there is a recording'),
  recording: recordingConfiguration.optional().describe('where transitions come from, unless there is an environment'),
  auxiliary: z.array(auxiliaryConfiguration).describe('auxiliary functions, side by side; empty: dynamics alone'),
  model: modelConfiguration,
  objective: objectiveConfiguration,
  optimization: optimizationConfiguration,
  seed: z.int().min(0),
  threads: count.describe('threads of TensorFlow; results are the same bits for the same number'),
  collapse: collapseConfiguration.prefault({}),
  checkpointEvery: count.describe('steps between checkpoints'),
  checkpointsKept: count,
  logEvery: count.describe('steps between two rows of metrics.jsonl and TensorBoard'),
  measureEvery: z
    .int()
    .min(0)
    .default(0)
    .describe('steps between two measurements of the baseline observations (measures.jsonl); 0: none'),
});
/** Everything that a run is a function of: data, networks, objective, optimisation, seed and threads. */
export type Configuration = z.output<typeof configurationSchema>;

/** Checks a whole configuration, as read from a run's config.json or put together by `resolveConfiguration`. */
export function parseConfiguration(where: string, value: unknown): Configuration {
  const configuration = parseOptions(where, configurationSchema, value);
  const { environment, recording } = configuration;
  if ((environment === undefined) === (recording === undefined))
    throw new UsageError(
      `${where}: expected either "environment" or "recording", got ${environment ? `both, ${environment.name} and ${recording?.path}` : 'neither'}`,
      { remedy: `Name an environment, or a recording with ${option('data')}.` },
    );
  return configuration;
}

/** The code that it names, which runs only with the user's permission. */
export function namedCodeOf({ auxiliary, model, recording }: Configuration): NamedCode[] {
  const modules = [...auxiliary, model.encoder].flatMap((each): NamedCode[] =>
    each.kind === 'module' ? [{ kind: 'module', name: each.path }] : [],
  );
  return recording?.ffmpeg === undefined ? modules : [...modules, { kind: 'program', name: recording.ffmpeg }];
}

/** @throws UsageError where the run is of a recording, for what needs an environment: `where` names it. */
export function requireEnvironmentConfiguration(
  where: string,
  { environment, recording }: Configuration,
): EnvironmentConfiguration {
  if (environment) return environment;
  throw new UsageError(`${where}: expected a run of an environment, got one of the recording ${recording?.path}`);
}
