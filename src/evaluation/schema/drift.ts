// What a comparison of new observations with a baseline records: drift.json and `jepa drift --json`. The schema is the
// documentation of every field; docs/schema/drift.schema.json is made from it.
import * as z from 'zod';

/** Raised when a field changes its meaning. Fields may be added without. */
export const DRIFT_FORMAT = 1;

const fraction = z.number().min(0).max(1);
const count = z.int().min(0);
const p = fraction.describe('the chance of so much or more if nothing has changed');
const adjusted = fraction.describe('the same, corrected for all questions that are asked (Holm)');

export const driftSchema = z.strictObject({
  format: z.literal(DRIFT_FORMAT),
  encoder: z.string().describe('name of the file or the run'),
  baseline: z.string().describe('the file that it is compared with'),
  observed: z.string().describe('name of the recording or the environment of the batch'),
  runtime: z.string(),
  provider: z.string(),
  version: z.string(),
  metric: z.enum(['euclidean', 'cosine']),
  seed: z.int().describe('of the observations that are drawn of the batch, and of the permutations'),
  level: fraction.describe('the chance of an alarm if nothing has changed, over all questions together'),
  permutations: z.int().min(1),
  observations: count.describe('of the batch that were compared'),
  referenceObservations: count.describe('of the baseline'),
  independence: z.string().describe('what was taken as independent'),
  hasDrifted: z.boolean().describe('one of the questions that are asked is answered with yes'),
  shift: z
    .strictObject({ hasChanged: z.boolean(), energy: fraction, byChance: fraction, p, adjusted })
    .describe(
      'are the latents of each class where they were? energy distance, of the largest that the distances allow',
    ),
  outside: z
    .strictObject({
      hasChanged: z.boolean(),
      before: fraction,
      now: fraction,
      interval: z.tuple([fraction, fraction]).describe('95%, of now'),
      p,
      adjusted,
    })
    .describe('are there more observations outside of every class?'),
  mix: z
    .strictObject({
      hasChanged: z.boolean(),
      isAsked: z.boolean().describe('false: told, and no reason for an alarm'),
      difference: fraction.describe('the part of the batch that would have to change its class'),
      p,
      adjusted,
    })
    .describe('are the classes as often nearest as they were?'),
  classes: z.array(
    z.strictObject({
      name: z.string(),
      before: count.describe('of the reference, nearest to its centroid'),
      now: count,
      outsideBefore: count,
      outsideNow: count,
    }),
  ),
});
/** What drift.json holds. */
export type DriftRecord = z.output<typeof driftSchema>;

/** The JSON Schema of it, as docs/schema/drift.schema.json holds it. */
export function driftJsonSchema(): Record<string, unknown> {
  return { title: 'Drift of new observations from a baseline', ...z.toJSONSchema(driftSchema) };
}
