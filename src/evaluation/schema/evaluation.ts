// What an evaluation records: evaluation.json and `jepa evaluate --json`. The schema is the documentation of every field;
// docs/schema/evaluation.schema.json is made from it. Formulas and limits of the measures: docs/measures.md.
import * as z from 'zod';
import { simulationOriginSchema } from '../../run/simulation-origin.ts';
import { recordedClassSources } from '../class/bisimulation.ts';
import { classSources } from '../class/state.ts';
import { describedEncoderSchema } from './encoder.ts';
import { encoderWitnessesSchema, predictorSchema } from './encoder-witness.ts';
import { gateSchema } from './gate.ts';
import { encoderRankSchema, witnessesSchema } from './inspection.ts';
import { type JudgedObservations, judgedSchema, outcomesSchema } from './outcome.ts';
import { decoderReadoutSchema, probeReadoutSchema } from './readout.ts';
import { streamSchema } from './stream-record.ts';

/** Raised when a field changes its meaning. Fields may be added without. */
export const EVALUATION_FORMAT = 2;

const fraction = z.number().min(0).max(1);
const measure = z.number().min(0);
/** JSON has no infinity: null stands for it (a class without extent) or for what cannot be measured. */
const openMeasure = measure.nullable();
const classPair = z.tuple([z.string(), z.string()]);
const verdict = z.enum(['distinct', 'coarse', 'collapsed']);
const answer = z.enum(['yes', 'no', 'undecided']);
const interval = z.tuple([measure, openMeasure]).describe('95%; null: infinite');

/** Of an encoder by itself. */
const encoderRuntimeRecord = z.strictObject({
  runtime: z
    .string()
    .describe('as on the command line: cpu, cuda, webgpu, wasm, tfjs, or a variant: cuda:tf32, cpu:fp16'),
  provider: z.string().describe('who computed, as the runtime names it'),
  version: z.string().describe('package and version'),
  threads: z.int().min(0).describe('0: not known, of latents that were computed elsewhere'),
  precision: z.enum(['float32', 'tf32', 'float16', 'int8']),
  nodesByProvider: z
    .record(z.string(), z.int())
    .nullable()
    .describe(
      "nodes of the encoder by the provider that ran them, from the runtime's own profile; null where it has none",
    ),
  encodeMs: measure
    .optional()
    .describe('milliseconds of one observation through the encoder, in batches, after a pass that warms it up'),
  nearestCentroidAccuracy: fraction.describe('observations that are nearest to the centroid of their own class'),
  smallestRecall: fraction.describe('the same in the class where it is smallest'),
  smallestRecallClass: z.string(),
  nearestNeighbourAccuracy: fraction.describe('observations whose nearest other observation is of their class'),
  gapRatio: openMeasure.describe('worst pair of classes: smallest distance between members / larger diameter'),
  gapRatioPair: classPair,
  centroidGapRatio: openMeasure.describe(
    'worst pair: distance of the centroids / (2 x larger mean distance to the own one)',
  ),
  centroidGapRatioPair: classPair,
  smallestGap: measure.describe('smallest distance between two observations of different classes'),
  silhouette: z.number().min(-1).max(1),
  meanDistance: measure.describe('over all pairs of observations'),
  relativeSpread: openMeasure.describe("meanDistance / the untrained encoder's"),
  meanDistanceWithin: openMeasure.describe('over pairs of one class: bisimilar observations, which may be apart'),
  meanDistanceBetween: measure.describe('over pairs of different classes'),
  latentStd: measure.describe('mean over the dimensions of the standard deviation'),
  standardDeviations: z.array(measure).describe('of each dimension'),
  rankMe: measure.describe('not centred, epsilon 1e-7 (Garrido et al. 2023)'),
  rankMeCentred: measure.describe('centred, epsilon 1e-5, as newer code has it'),
  alphaReQ: z
    .strictObject({
      alpha: z.number().describe('exponent of the power law of the covariance eigenvalues'),
      from: z.int().describe('first rank of the fit'),
      to: z.int().describe('last rank of the fit'),
      fit: fraction.describe('R^2'),
    })
    .nullable()
    .describe('Agrawal et al. 2022; null: fewer than five eigenvalues are above rounding'),
  lidar: measure.describe('Thilak et al. 2023, with the classes as views'),
  effectiveRank: measure.describe('centred (Roy and Vetterli 2007)'),
  effectiveRankUncentred: measure,
  participationRatio: measure.describe('of the covariance eigenvalues'),
  spectrumSample: z
    .strictObject({
      observations: z.int().min(1).describe('of which the ranks are'),
      relativeError: measure.describe('largest relative change of a rank from half of the sample to all of it'),
    })
    .nullable()
    .describe('where observations and dimensions are both above 1,024; null: the ranks are of all observations'),
  intrinsicDimension: openMeasure.describe('TwoNN (Facco et al. 2017)'),
  maxLatentError: measure.describe('largest Euclidean distance to the latent of the reference, over all observations'),
  maxAbsoluteError: measure.describe('largest difference of one number of a latent'),
  relativeLatentError: measure.describe('maxLatentError / root mean square length of the latents'),
  verdict: verdict.describe('by the numbers as measured; whether their intervals allow another is in separable'),
  separable: z
    .strictObject({
      answer: answer.describe('undecided where the interval has the threshold inside'),
      share: fraction.describe(
        'worst pair of classes: observations taken for their own class and not for the other, by the better rule, in the class where they are fewer',
      ),
      interval,
      threshold: fraction,
      pair: classPair,
      rule: z
        .enum(['neighbours', 'probe'])
        .describe('3 nearest neighbours, or a linear probe, both learned from others'),
      byNeighbours: fraction.describe('the same of the worst pair by neighbours alone'),
      byProbe: fraction,
      observations: z.int().min(1).describe('judged observations that were taken; fewer than all where there are many'),
      moreObservations: z
        .int()
        .min(0)
        .nullable()
        .describe('judged observations that would decide, if the share stays; null: it is too near the threshold'),
    })
    .describe('can every two classes be told apart?'),
  clustered: z
    .strictObject({
      answer,
      ratio: openMeasure.describe(
        'worst pair: distance of the centres / (2 x larger mean distance to the own one), along the line that joins them',
      ),
      interval,
      threshold: measure,
      pair: classPair,
      moreObservations: z
        .int()
        .min(0)
        .nullable()
        .optional()
        .describe(
          'judged observations that would decide, if the ratios stay; null: it is too near the threshold, or a class has fewer than 8 observations (episodes, where there are some); absent before this was recorded',
        ),
    })
    .describe('is each class one cluster, apart from the others?'),
  sharedLatents: fraction.describe('observations whose latent, up to rounding, one of another class has'),
  reasons: z
    .array(
      z.strictObject({
        measure: z.string(),
        value: openMeasure,
        threshold: z.number(),
        isMet: z.boolean(),
        interval: interval.optional(),
      }),
    )
    .describe('the numbers that decided, each with its threshold'),
  decidingGap: measure.describe(
    'the smallest gap that decides the verdict: twice the largest error that cannot change it',
  ),
  verdictHolds: z
    .boolean()
    .describe(
      "the verdict is the reference's, and 2 x maxLatentError < decidingGap; of the reference itself always true",
    ),
  certifiedAccuracy: fraction.describe(
    "observations whose nearest centroid is their own class's, and stays so whatever latents within maxLatentError are",
  ),
  pairsAtRisk: z
    .array(z.strictObject({ classes: classPair, observations: z.int().min(1) }))
    .describe('classes between which single observations could change sides under this error'),
  outcomes: outcomesSchema.optional().describe('what became of each judged observation'),
});
export type EncoderRuntimeRecord = z.output<typeof encoderRuntimeRecord>;

const runtimeRecord = encoderRuntimeRecord.extend({
  dynamicsResidual: measure.describe('mean squared error of the predicted next latent'),
  relativeDynamicsResidual: openMeasure.describe('the same / the variance of the next latents'),
  auxiliaryResiduals: z.array(
    z.strictObject({ name: z.string(), loss: z.enum(['squared', 'cross-entropy', 'two-hot']), residual: measure }),
  ),
});
/** What was measured on one runtime: verdict, measures of the latents, and errors against the reference. */
export type RuntimeRecord = z.output<typeof runtimeRecord>;

/** What every evaluation records, of a run or of an encoder by itself. */
const drawn = {
  environment: z
    .looseObject({
      name: z.string(),
      simulation: simulationOriginSchema.optional().describe('the simulator that the recording was made of'),
    })
    .describe('what the observations are of, with its options'),
  seed: z.int().describe('of the observations'),
  metric: z.enum(['euclidean', 'cosine']).describe('cosine: all measures are of the latents at unit length'),
  observations: z.int().min(1).describe('held-out observations that were judged'),
  centroidObservations: z.int().min(1).describe('further ones, from which the centroids are'),
  classes: z.strictObject({
    of: z.enum([...classSources, ...recordedClassSources]),
    names: z.array(z.string()),
    counts: z.array(z.int()).describe('judged observations of each'),
    claim: z
      .string()
      .optional()
      .describe('what is known about the classes of a recording; those of an environment are exact'),
  }),
  judged: judgedSchema.optional().describe('which observations were judged'),
  gate: gateSchema.optional().describe('what is worse than in a baseline, where one was given'),
  reference: z.strictObject({ runtime: z.string(), provider: z.string(), version: z.string() }),
  encoderJacobianRank: encoderRankSchema
    .nullable()
    .describe(
      'numerical rank of the derivative of the latent by the observation; null where the encoder takes bytes, or a fixed number of observations',
    ),
};

/** Schema of evaluation.json, of a run or an export; each field says what it is. */
export const evaluationSchema = z.strictObject({
  format: z.literal(EVALUATION_FORMAT),
  run: z.string(),
  step: z.int().min(0).nullable().describe('training steps done, where it is known'),
  auxiliaries: z.array(z.string()).describe('what the run was trained with beside the dynamics; empty: nothing'),
  objective: z.strictObject({ dynamics: z.number(), auxiliary: z.number() }).describe('weights c_dyn and c_aux'),
  ...drawn,
  transitions: z.int().min(1).describe('held-out transitions of the residuals'),
  untrainedMeanDistance: measure.describe(
    'mean distance that the encoder gave to the same observations before training',
  ),
  runtimes: z.array(runtimeRecord).min(1),
  stream: streamSchema
    .optional()
    .describe(
      'of very many observations, which were not compared all with all; residuals and witnesses are of a sample',
    ),
  witnesses: witnessesSchema.describe(
    'why observations that must be told apart have near latents: what breaks along a shortest distinguishing word',
  ),
  probes: probeReadoutSchema.optional().describe('what probes read from the latents, where it was asked for'),
  decoder: decoderReadoutSchema.optional().describe('what a decoder draws from the latents, where it was asked for'),
});
/** What evaluation.json of a run or an export holds, as `evaluateRun` returns it. */
export type EvaluationRecord = z.output<typeof evaluationSchema>;

/** An encoder by itself, from anywhere: without a head, or a training that is known. */
export const encoderEvaluationSchema = z.strictObject({
  format: z.literal(EVALUATION_FORMAT),
  encoder: describedEncoderSchema,
  ...drawn,
  untrainedMeanDistance: measure
    .nullable()
    .describe('mean distance that the untrained encoder gives to the same observations; null where none was given'),
  runtimes: z.array(encoderRuntimeRecord).min(1),
  stream: streamSchema.optional().describe('of very many observations, which were not compared all with all'),
  predictor: predictorSchema
    .optional()
    .describe('the predictor that witnesses were followed through, where one was given'),
  witnesses: encoderWitnessesSchema
    .optional()
    .describe(
      'the nearest observations that must be apart, since the same recorded actions lead to another value of a column; absent before this was recorded',
    ),
});
/** What NAME.evaluation.json of an encoder from anywhere holds, as `evaluateEncoder` returns it. */
export type EncoderEvaluationRecord = z.output<typeof encoderEvaluationSchema>;

/** Of a run, or of an encoder by itself: what both have in common, and what one of them may have. */
export type AnyEvaluationRecord = EvaluationRecord | EncoderEvaluationRecord;
export type AnyRuntimeRecord = EncoderRuntimeRecord & Partial<RuntimeRecord>;

/** What is known of the observations that were judged. */
export function judgedOf(record: AnyEvaluationRecord): JudgedObservations {
  const isUnseen = 'encoder' in record && record.encoder.elsewhere !== undefined;
  return { judged: record.judged, seed: record.seed, isUnseen };
}

/** The JSON Schema of an evaluation, as docs/schema/evaluation.schema.json holds it. */
export function evaluationJsonSchema(): Record<string, unknown> {
  return { title: 'Evaluation of a jepa-onnx run', ...z.toJSONSchema(evaluationSchema) };
}

/** The same of an encoder by itself: docs/schema/encoder-evaluation.schema.json. */
export function encoderEvaluationJsonSchema(): Record<string, unknown> {
  return { title: 'Evaluation of an encoder', ...z.toJSONSchema(encoderEvaluationSchema) };
}
