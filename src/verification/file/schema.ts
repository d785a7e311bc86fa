// What a comparison of files records: NAME.verify.json and `jepa verify A.onnx B.onnx --json`. The schema is the documentation of
// every field; docs/schema/comparison.schema.json is made from it.
import * as z from 'zod';
import { bisectionSchema } from '../schema.ts';
import { failRules } from './fail-rule.ts';

/** Raised when a field changes its meaning. Fields may be added without. */
export const COMPARISON_FORMAT = 1;

const fraction = z.number().min(0).max(1);
const measure = z.number().min(0);
/** JSON has no infinity: null stands for it. */
const openMeasure = measure.nullable();
const verdict = z.enum(['distinct', 'coarse', 'collapsed']);

export const toleranceSchema = z.strictObject({
  relative: measure.optional().describe('largest partOfScale'),
  absolute: measure.optional().describe('largest maxAbsolute'),
  cosine: z.number().min(-1).max(1).optional().describe('smallest cosine'),
  sqnr: z.number().optional().describe('smallest sqnrDb, in dB'),
  psnr: z.number().optional().describe('smallest psnrDb, in dB'),
});
/** What an output may be off by; of several, all must be kept. */
export type Tolerance = z.output<typeof toleranceSchema>;

const outputSchema = z.strictObject({
  name: z.string().describe("the output's name in this file"),
  referenceName: z.string(),
  matchedBy: z.enum(['name', 'position']),
  type: z.string(),
  shape: z.array(z.int()),
  holds: z.boolean().describe('it keeps every tolerance that was given or is the default'),
  elements: z.int(),
  maxAbsolute: openMeasure.describe(
    'largest difference of two elements; null where one is not finite and the other is another',
  ),
  meanAbsolute: openMeasure,
  maxRelative: openMeasure.describe(
    "largest difference as a part of the reference's element, of elements of at least 1/1000 of the scale",
  ),
  scale: measure.describe('the largest finite element of the reference, without its sign'),
  partOfScale: openMeasure.describe('maxAbsolute / scale'),
  cosine: z
    .strictObject({ smallest: z.number(), mean: z.number() })
    .describe('of the rows along the first axis where it is that of the observations, else of the whole'),
  sqnrDb: z.number().nullable().describe('10 log10(sum of squares / sum of squared errors); null: no error'),
  psnrDb: z.number().nullable().describe('10 log10((largest - smallest)^2 / mean squared error); null: no error'),
  nonFinite: z.strictObject({
    reference: z.int(),
    here: z.int(),
    differing: z.int().describe('on one side only, or another infinity'),
  }),
  worst: z
    .strictObject({ index: z.array(z.int()), expected: z.number().nullable(), got: z.number().nullable() })
    .nullable()
    .describe('the element with the largest error; null: there is none'),
  decades: z
    .array(z.int())
    .describe('elements by error as a part of the scale: below 1e-9, 1e-8, ... below 1, 1 and above'),
});
export type OutputRecord = z.output<typeof outputSchema>;

const classSchema = z.strictObject({
  verdict,
  accuracy: fraction.describe('observations whose nearest centroid is their own class'),
  maxLatentError: measure.describe("largest Euclidean distance to the reference's latent of the same observation"),
  decidingGap: measure.describe('twice this error must be below it'),
  verdictHolds: z.boolean().describe("the verdict is the reference's, and 2 x maxLatentError < decidingGap"),
  certifiedAccuracy: fraction.describe('observations that are right and stay so under this error'),
  pairsAtRisk: z.array(z.strictObject({ classes: z.tuple([z.string(), z.string()]), observations: z.int().min(1) })),
  elsewhere: z.int().min(0).describe('observations whose nearest class is another than in the reference'),
  moved: z
    .array(z.strictObject({ observation: z.int(), own: z.string(), from: z.string(), to: z.string() }))
    .describe('the first of them, by their place among the judged observations'),
});
export type ClassComparison = z.output<typeof classSchema>;

const ranSchema = z.strictObject({
  file: z.string(),
  runtime: z.string(),
  status: z.literal('ran'),
  isReference: z.boolean(),
  holds: z.boolean(),
  faults: z.array(z.string()).describe('what is wrong, one sentence each'),
  version: z.string(),
  provider: z.string(),
  threads: z.int().min(1),
  precision: z.string(),
  milliseconds: measure.describe('of all runs, after one to warm up'),
  outputs: z.array(outputSchema),
  unmatched: z.array(z.string()).describe('outputs that the reference does not have'),
  classes: classSchema.optional(),
});
export type RanFile = z.output<typeof ranSchema>;

const failedSchema = z.strictObject({
  file: z.string(),
  runtime: z.string(),
  status: z.enum(['failed', 'absent']),
  reason: z.string(),
  remedy: z.string().nullable(),
});

export const comparisonSchema = z.strictObject({
  format: z.literal(COMPARISON_FORMAT),
  kind: z.literal('comparison'),
  holds: z.boolean().describe('every file ran on every runtime, and no rule of failOn is broken'),
  files: z.array(
    z.strictObject({
      name: z.string(),
      sha256: z.string(),
      precision: z.string(),
      opset: z.int(),
      bytes: z.int(),
      inputs: z.array(
        z.strictObject({ name: z.string(), type: z.string(), shape: z.array(z.union([z.int(), z.string()])) }),
      ),
    }),
  ),
  machine: z.strictObject({ processor: z.string(), system: z.string(), node: z.string() }),
  inputs: z.strictObject({
    from: z.enum(['recording', 'environment', 'tensors', 'random']),
    of: z.string().describe('which recording, environment or file; what random numbers are drawn from'),
    seed: z.int(),
    rows: z.int().nullable().describe('observations; null where tensors are fed whole'),
    tensors: z.array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        shape: z.array(z.int()),
        values: z.string().describe('the range'),
      }),
    ),
    fixedAxes: z.array(z.strictObject({ input: z.string(), axis: z.int(), name: z.string(), size: z.int() })),
  }),
  reference: z.strictObject({ file: z.string(), runtime: z.string() }),
  failOn: z.array(z.enum(failRules)),
  tolerance: toleranceSchema,
  classes: z
    .strictObject({
      of: z.string(),
      names: z.array(z.string()),
      observations: z.int(),
      centroidObservations: z.int(),
    })
    .optional(),
  runs: z.array(z.discriminatedUnion('status', [ranSchema, failedSchema])).min(1),
  bisection: bisectionSchema.optional(),
  reduced: z
    .strictObject({ folder: z.string(), nodes: z.int(), operators: z.array(z.string()) })
    .optional()
    .describe('the smallest failing file that was written'),
});
/** What NAME.verify.json holds, as `compareFiles` returns it; each field is described by the schema. */
export type ComparisonRecord = z.output<typeof comparisonSchema>;
export type ComparedRun = ComparisonRecord['runs'][number];

/** The JSON Schema of a comparison, as docs/schema/comparison.schema.json holds it. */
export function comparisonJsonSchema(): Record<string, unknown> {
  return { title: 'Comparison of ONNX files by jepa-onnx', ...z.toJSONSchema(comparisonSchema) };
}
