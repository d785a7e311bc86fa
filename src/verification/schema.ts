// What a verification records: verify.json and `jepa verify --json`. The schema is the documentation of every field;
// docs/schema/verify.schema.json is made from it. What follows from the margins: docs/verify.md.
import * as z from 'zod';

/** Raised when a field changes its meaning. Fields may be added without. */
export const VERIFICATION_FORMAT = 1;

export const VERIFICATION_NAME = 'verify.json';
export const VERIFICATION_PAGE_NAME = 'verify.html';

const fraction = z.number().min(0).max(1);
const measure = z.number().min(0);
/** JSON has no infinity: null stands for it. */
const openMeasure = measure.nullable();
const verdict = z.enum(['distinct', 'coarse', 'collapsed']);
const name = z.string().describe('as on the command line: cpu, chromium:wasm:2, java');
const perStep = z.tuple([measure, measure]);

const ranRow = z.strictObject({
  runtime: name,
  status: z.literal('ran'),
  holds: z.boolean().describe('nothing is wrong with this row: faults is empty'),
  faults: z.array(z.string()).describe('what is wrong, one sentence each'),
  version: z.string().describe('package and version, read back from the library'),
  provider: z.string().describe('who computed, as the runtime names it'),
  device: z.string(),
  precision: z.string().describe('in which the runtime computes'),
  model: z.enum(['float32', 'float16', 'int8']).describe('precision of the encoder file'),
  threads: z.int().min(1),
  nodesByProvider: z
    .record(z.string(), z.int())
    .nullable()
    .describe("nodes of the encoder by the provider that ran them, from the runtime's own profile; null without one"),
  batchSizes: z.array(z.int().min(1)).describe('all were tried; the largest error counts'),
  maxLatentError: measure.describe('largest Euclidean distance to the latent of the reference'),
  maxAbsoluteError: measure.describe('largest difference of one number of a latent'),
  relativeLatentError: measure.describe('maxLatentError / root mean square length of the latents'),
  smallestCosine: z.number().min(-1).max(1).describe('between a latent and the one of the reference'),
  recordedError: measure
    .nullable()
    .describe(
      'largest distance to the latents recorded at export; null where none are, or the runtime reads tfjs models',
    ),
  predictorErrors: perStep.describe('largest distance to the prediction of the reference, one and two actions ahead'),
  predictionsElsewhere: z
    .tuple([z.int(), z.int()])
    .describe('predictions whose nearest class is another than on the reference, one and two actions ahead'),
  predictorHolds: z.boolean().describe('both predictor errors are below their tolerances'),
  nearestCentroidAccuracy: fraction,
  centroidGapRatio: openMeasure,
  verdict,
  verdictHolds: z.boolean().describe("the verdict is the reference's, and 2 x maxLatentError < decidingGap"),
  isReference: z
    .boolean()
    .describe(
      'what the others are compared with; its own error is that between batch sizes, so that it shows nothing else',
    ),
  certifiedAccuracy: fraction.describe(
    "observations whose nearest centroid is their own class's, and stays so whatever latents within maxLatentError are",
  ),
  pairsAtRisk: z
    .array(z.strictObject({ classes: z.tuple([z.string(), z.string()]), observations: z.int().min(1) }))
    .describe('classes between which single observations could change sides under this error'),
  millisecondsPerObservation: measure.describe('encoding, at the largest batch size'),
});
export type RanRow = z.output<typeof ranRow>;

const otherRow = z.strictObject({
  runtime: name,
  status: z
    .enum(['failed', 'absent'])
    .describe('failed: it crashed, hung, took too much memory or wrote garbage; absent: this machine lacks it'),
  reason: z.string(),
  remedy: z.string().nullable(),
  isRequired: z.boolean().describe('named in --require: an absence is a failure'),
});
export type OtherRow = z.output<typeof otherRow>;

const nodeDifference = z.strictObject({
  node: z.string(),
  operator: z.string(),
  value: z.string().describe('the output of the node that was compared'),
  error: openMeasure.describe('largest difference of one number; null: one is not finite'),
  scale: measure.describe('the largest number of this value in the reference'),
});

const bisectedValue = z.strictObject({
  node: z.string(),
  operator: z.string(),
  value: z.string(),
  introduced: openMeasure.describe(
    "error as a part of the scale where the node alone is fed with the reference's inputs to it; null: infinite, or it did not run",
  ),
  total: openMeasure.describe('error as a part of the scale in the whole; null: infinite'),
  reason: z.string().optional().describe('why it could not be compared'),
});
export type BisectedValue = z.output<typeof bisectedValue>;

export const bisectionSchema = z.strictObject({
  between: z.tuple([z.string(), z.string()]).describe('the reference, and what is looked at'),
  tolerance: measure.describe('an error above this part of the scale is a difference'),
  observations: z.int().min(0).describe('rows that were fed; 0 where tensors are fed whole'),
  compared: z.int().min(0).describe('values that both have'),
  first: nodeDifference.nullable().describe('the first in the order of the graph that differs; null: none does'),
  worst: nodeDifference.nullable().describe('the largest error as a part of the scale'),
  introducing: z
    .array(bisectedValue)
    .describe("those whose node differs though it is fed with the reference's inputs, the largest first; at most 20"),
  introducingCount: z.int().min(0).describe('all of those'),
  passingOn: z.int().min(0).describe('values that differ in the whole, though their node alone does not'),
  values: z.array(bisectedValue).describe('in the order of the graph; at most 2,000'),
  unmatched: z.array(z.string()).describe('nodes whose values have no counterpart in the reference; at most 100'),
  unmatchedCount: z.int().min(0),
});
export type Bisection = z.output<typeof bisectionSchema>;

export const verificationSchema = z.strictObject({
  format: z.literal(VERIFICATION_FORMAT),
  run: z.string(),
  step: z.int().min(0).nullable().describe('training steps done, where it is known'),
  holds: z
    .boolean()
    .describe('every runtime that was asked for by name or by "all" holds or is absent without being required'),
  machine: z.strictObject({ processor: z.string(), system: z.string(), node: z.string() }),
  seed: z.int().describe('of the observations and actions'),
  observedFrom: z
    .enum(['environment', 'recording', 'random'])
    .describe('random: the recording is not there, and observations are drawn within its statistics'),
  observations: z.int().min(1).describe('held-out (or random) observations that were judged'),
  centroidObservations: z.int().min(1).describe('further ones, from which the centroids are'),
  recordedObservations: z.int().min(0).describe('of the test data of the export'),
  classes: z.strictObject({
    of: z
      .string()
      .describe(
        'what must be told apart: reward, auxiliary, state; of a recording: column, quantiles, observed, random points',
      ),
    names: z.array(z.string()),
  }),
  reference: z.strictObject({ runtime: z.string(), provider: z.string(), version: z.string(), verdict }),
  tolerances: z.strictObject({
    latent: measure.describe('half of decidingGap: the largest latent error under which the verdict cannot change'),
    decidingGap: measure,
    predictor: perStep.describe('the largest errors one and two actions ahead that hold'),
  }),
  runtimes: z.array(z.discriminatedUnion('status', [ranRow, otherRow])).min(1),
  bisection: bisectionSchema.optional(),
});
/** What verify.json holds, as `verifyRun` returns it; each field is described by the schema. */
export type VerificationRecord = z.output<typeof verificationSchema>;
export type VerificationRow = VerificationRecord['runtimes'][number];

/** The JSON Schema of a verification, as docs/schema/verify.schema.json holds it. */
export function verificationJsonSchema(): Record<string, unknown> {
  return { title: 'Verification of a jepa-onnx run on several runtimes', ...z.toJSONSchema(verificationSchema) };
}
