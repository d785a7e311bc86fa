// What acting records: plan.json and `jepa plan --json`. The schema is the documentation of every field;
// docs/schema/plan.schema.json is made from it.
import * as z from 'zod';
import { foldNames } from './objective.ts';

/** Raised when a field changes its meaning. Fields may be added without. */
export const PLAN_FORMAT = 1;

const fraction = z.number().min(0).max(1);
const acting = {
  successRate: fraction.describe('episodes that reached the goal within maxSteps'),
  meanReturn: z.number().describe('mean over the episodes of the sum of rewards, of all observations after the first'),
  meanSteps: z.number().min(1).nullable().describe('actions of the successful episodes; null where there is none'),
  decisionMs: z.number().min(0).describe('mean time of a decision, encoding the observation included'),
};

export const planSchema = z.strictObject({
  format: z.literal(PLAN_FORMAT),
  run: z.string(),
  step: z.int().min(0).nullable().describe('training steps done, where it is known'),
  environment: z.looseObject({ name: z.string() }).describe('with its options'),
  auxiliaries: z.array(z.string()).describe('what the run was trained with beside the dynamics; empty: nothing'),
  runtime: z.strictObject({
    runtime: z.string().describe('as on the command line: cpu, cuda, webgpu, wasm, tfjs'),
    provider: z.string(),
    version: z.string(),
    threads: z.int().min(1),
    precision: z.enum(['float32', 'tf32', 'float16', 'int8']),
  }),
  goal: z.string().describe('what plans aim at: reward, a column to raise or to avoid, an image, a state, a latent'),
  success: z
    .string()
    .describe('what makes an episode a success: the highest reward, a state and those like it, a return, surviving'),
  planner: z.strictObject({
    name: z.string(),
    options: z.record(z.string(), z.number()).describe('all of them, defaults filled in'),
  }),
  fold: z.enum(foldNames).describe('how the scores of the predicted latents are taken together'),
  discount: z.number().gt(0).max(1),
  actionsTaken: z.int().min(1).nullable().describe('actions of a plan before the next one; null: all of them'),
  seed: z.int().describe('of starts, appearances, decisions'),
  episodes: z.int().min(1),
  maxSteps: z.int().min(1),
  meanFewestSteps: z
    .number()
    .min(1)
    .nullable()
    .describe('fewest actions from the start to a success, mean over the episodes; null in a simulator'),
  ...acting,
  predictionsPerDecision: z.number().min(0).describe('latents predicted'),
  baselines: z.strictObject({
    random: z.strictObject(acting).describe('actions drawn evenly'),
    trueEnvironment: z
      .strictObject({
        ...acting,
        episodes: z.int().min(1).describe('the first ones: all, or as many as were worth the time'),
      })
      .nullable()
      .describe(
        'the same planner with the true dynamics, and the true reward or number of steps to the goal; null where these cannot be planned in, or were not asked for',
      ),
  }),
  gap: z
    .strictObject({ successRate: z.number(), meanReturn: z.number() })
    .nullable()
    .describe('what planning with the true environment has more in the same episodes; null where there is none'),
  starts: z
    .array(z.strictObject({ state: z.string(), episodes: z.int().min(1), successes: z.int().min(0) }))
    .describe('by the class of the first state; empty in a simulator'),
});
/** What plan.json holds, as `planRun` returns it; each field is described by the schema. */
export type PlanRecord = z.output<typeof planSchema>;

/** The JSON Schema of a record, as docs/schema/plan.schema.json holds it. */
export function planJsonSchema(): Record<string, unknown> {
  return { title: 'Acting with a jepa-onnx run', ...z.toJSONSchema(planSchema) };
}
