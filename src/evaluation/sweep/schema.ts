// What a sweep comes to: every unit's measures, and of each configuration the mean over seeds with its interval. sweep.json and
// `jepa sweep collect --json`.
import * as z from 'zod';
import { measureNames } from './measure.ts';

const parameters = z.record(z.string(), z.unknown()).describe('keys that this configuration sets, beside those of all');
const summary = z.strictObject({
  mean: z.number().nullable().describe('over seeds; null: not measurable for one of them'),
  interval: z
    .tuple([z.number(), z.number()])
    .nullable()
    .describe("Student's 95% interval of the mean over seeds; null: of fewer than two"),
});

export const sweepResultSchema = z.strictObject({
  format: z.literal(1),
  generator: z.string().describe('package and version'),
  units: z
    .array(
      z.strictObject({
        id: z.string(),
        point: z.string(),
        parameters,
        seed: z.int(),
        rung: z.int().min(0),
        steps: z.int().min(1),
        verdict: z.string(),
        measures: z.record(z.enum(measureNames), z.number().nullable()),
      }),
    )
    .describe('what is done, in the order of the plan'),
  missing: z.array(z.string()).describe('units that are not done'),
  points: z
    .array(
      z.strictObject({
        point: z.string(),
        parameters,
        rung: z.int().min(0).describe('the last one that it reached'),
        steps: z.int().min(1),
        seeds: z.int().min(1).describe('units that are done there'),
        verdicts: z.record(z.string(), z.int().min(1)),
        measures: z.record(z.enum(measureNames), summary),
      }),
    )
    .describe('configurations, each where it came to'),
  rule: z.strictObject({ measure: z.enum(measureNames), goal: z.enum(['largest', 'smallest']) }),
  best: z
    .strictObject({
      point: z.string(),
      rivals: z.array(z.string()).describe('whose intervals overlap with its own: these seeds do not tell them apart'),
    })
    .nullable()
    .describe('by the mean over seeds, among those that came furthest; null: none can be measured'),
});
/** What `collectSweep` returns and sweep.json holds. */
export type SweepResult = z.output<typeof sweepResultSchema>;
/** One configuration of a sweep. */
export type SweepPointResult = SweepResult['points'][number];

/** The JSON Schema of it, as docs/schema/sweep.schema.json holds it. */
export function sweepJsonSchema(): Record<string, unknown> {
  return { title: 'Results of a sweep', ...z.toJSONSchema(sweepResultSchema) };
}
