// What a comparison of evaluations records: compare.json and `jepa compare --json`. The schema is the documentation of every
// field; docs/schema/run-comparison.schema.json is made from it.
import * as z from 'zod';

/** Raised when a field changes its meaning. Fields may be added without. */
export const COMPARISON_FORMAT = 1;

const fraction = z.number().min(0).max(1);
const measure = z.number().min(0);
const openMeasure = measure.nullable();
const share = z.strictObject({
  value: fraction,
  interval: z.tuple([fraction, fraction]).describe('95%; episodes count as many observations as they are worth'),
});
const interval = z.tuple([measure, openMeasure]);
const answer = z.enum(['yes', 'no', 'undecided']);

const subject = z.strictObject({
  name: z.string().describe('of the run or the file; with its folder where two have the same'),
  path: z.string(),
  kind: z.enum(['run', 'export', 'encoder', 'evaluation']).describe('evaluation: a file by itself'),
  runtime: z.string(),
  version: z.string(),
  precision: z.string(),
  observations: z.int().min(1),
  verdict: z.enum(['distinct', 'coarse', 'collapsed']),
  separable: z.strictObject({ answer, share: fraction, interval, pair: z.tuple([z.string(), z.string()]) }),
  clustered: z.strictObject({ answer, ratio: openMeasure, interval }),
  accuracy: share.describe('nearest centroid'),
  toldApart: share.nullable().describe('null: the evaluation is of a version that did not record it'),
  smallestRecall: fraction,
  certifiedAccuracy: fraction,
  meanDistance: measure,
  relativeSpread: openMeasure,
  effectiveRank: measure,
  rankMe: measure,
  relativeDynamicsResidual: openMeasure,
  encodeMs: openMeasure,
});
export type ComparedSubject = z.output<typeof subject>;

const difference = z.strictObject({
  of: z.string().describe('name of the subject'),
  against: z.string().describe('name of the first'),
  measure: z.enum(['nearest-centroid accuracy', 'observations told apart']),
  method: z.enum(['paired', 'two samples']),
  unit: z.enum(['observation', 'episode']),
  difference: z.number().min(-1).max(1),
  lost: z.int().min(0).nullable().describe('right in the first and wrong here; null: other observations'),
  won: z.int().min(0).nullable(),
  p: fraction.describe('two-sided'),
  adjusted: fraction.describe('corrected for all tests of the comparison (Holm)'),
});
export type ComparedDifference = z.output<typeof difference>;

export const runComparisonSchema = z.strictObject({
  format: z.literal(COMPARISON_FORMAT),
  classes: z.strictObject({ of: z.string(), names: z.array(z.string()) }),
  observed: z.string().describe('name of the environment or the recording'),
  subjects: z.array(subject).min(2),
  settings: z
    .array(
      z.strictObject({
        name: z.string(),
        values: z.array(z.string().nullable()).describe('of each subject, as JSON; null: it is not known of it'),
      }),
    )
    .describe('what is not the same in all of them'),
  differences: z.array(difference).describe('of each subject from the first'),
});
/** What compare.json holds. */
export type RunComparisonRecord = z.output<typeof runComparisonSchema>;

/** The JSON Schema of it, as docs/schema/run-comparison.schema.json holds it. */
export function runComparisonJsonSchema(): Record<string, unknown> {
  return { title: 'Comparison of evaluations', ...z.toJSONSchema(runComparisonSchema) };
}
