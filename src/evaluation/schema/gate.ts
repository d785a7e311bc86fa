// What a gate records: everything that was compared with a baseline, and what of it is worse.
import * as z from 'zod';

const checkSchema = z.strictObject({
  runtime: z.string(),
  name: z.string().describe('what was compared: verdict, an answer, a share, the pinned latents'),
  status: z
    .enum(['kept', 'better', 'worse', 'not compared'])
    .describe('worse: beyond what chance allows; kept: the same, or within it'),
  before: z.string(),
  now: z.string(),
  detail: z.string().describe('by what it was decided'),
  p: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe(
      'of a share: the chance of such a fall if nothing has changed, corrected for all shares (Holm); else null',
    ),
});
export type GateCheck = z.output<typeof checkSchema>;

export const gateSchema = z.strictObject({
  baseline: z.string().describe('the file'),
  holds: z.boolean().describe('nothing is worse'),
  method: z
    .enum(['paired', 'two samples'])
    .describe('paired: the same observations as in the baseline, by an exact sign test; else by Fisher of two samples'),
  unit: z.enum(['observation', 'episode']).describe('what was taken as independent'),
  level: z.number().describe('the chance that anything is called worse if nothing has changed'),
  checks: z.array(checkSchema),
});
export type GateRecord = z.output<typeof gateSchema>;
