// What a sweep is asked for: a base configuration, what varies, seeds, how each run is evaluated, and by which rule one is best.
import * as z from 'zod';
import { UsageError } from '../../src/error.ts';
import { parseClasses } from '../../src/evaluation/class/written.ts';
import { measureNames } from '../../src/evaluation/sweep/measure.ts';
import { parseOptions } from '../../src/options.ts';

const count = z.int().min(1);
const assignments = z.record(z.string().min(1), z.unknown());

const distribution = z.union([
  z.strictObject({ uniform: z.tuple([z.number(), z.number()]) }),
  z.strictObject({ log: z.tuple([z.number().positive(), z.number().positive()]) }).describe('uniform in the logarithm'),
  z.strictObject({ integer: z.tuple([z.int(), z.int()]) }).describe('both ends included'),
  z.strictObject({ choice: z.array(z.unknown()).min(1) }),
]);
/** Where values of a random search are drawn from. */
export type Distribution = z.output<typeof distribution>;

const someSeeds = z.union([z.boolean(), z.array(z.int().min(0))]);
const evaluation = z.strictObject({
  observations: count.optional(),
  seed: z
    .union([z.int().min(0), z.literal('run')])
    .optional()
    .describe('of the observations; `run`: each run is judged on those of its own seed'),
  classes: z
    .string()
    .optional()
    .describe('as after `classes`: reward, auxiliary, state, column:NAME, quantiles:K, observed'),
  metric: z.enum(['euclidean', 'cosine']).optional(),
  probes: someSeeds.optional().describe('of all runs, or of those of these seeds'),
  decoder: someSeeds.optional().describe('likewise'),
});

const sweepSchema = z.strictObject({
  purpose: z.string().optional().describe('what it is for; a plan for something else is another plan'),
  environment: z.string().min(1).optional().describe('one of ours; or `data`'),
  data: z.string().min(1).optional().describe('a recording, by a path that every machine has'),
  preset: z.string().default('small'),
  threads: count.default(1).describe('of one run; its results are the same bits for the same number'),
  set: assignments.default({}).describe('keys of the configuration that all runs share'),
  seeds: z
    .union([count.transform((size) => Array.from({ length: size }, (_, seed) => seed)), z.array(z.int().min(0)).min(1)])
    .default([0, 1, 2])
    .describe('how many, from 0; or which'),
  grid: z.record(z.string().min(1), z.array(z.unknown()).min(1)).optional().describe('every combination'),
  random: z
    .strictObject({
      samples: count,
      seed: z.int().min(0).default(0),
      parameters: z.record(z.string().min(1), distribution),
    })
    .optional(),
  list: z
    .array(z.looseObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/), evaluate: evaluation.optional() }))
    .min(1)
    .optional()
    .describe('these configurations, each with a name and, where it is evaluated otherwise, how'),
  evaluate: evaluation.default({}),
  best: z
    .strictObject({ measure: z.enum(measureNames), goal: z.enum(['largest', 'smallest']) })
    .default({ measure: 'accuracy', goal: 'largest' })
    .describe('by its mean over seeds'),
  rungs: z
    .strictObject({
      steps: z.array(count).min(2).describe('training steps at which the rest is left behind'),
      keep: z
        .number()
        .positive()
        .lt(1)
        .describe('share of the configurations that goes on')
        .default(1 / 3),
    })
    .optional(),
});
/** A sweep as its file describes it, checked and with defaults. */
export type SweepSpecification = z.output<typeof sweepSchema>;

/**
 * Checks what a sweep's file holds.
 * @param where the file's name, for errors
 * @throws UsageError of one line for a key or a value that is wrong
 */
export function parseSweep(where: string, value: unknown): SweepSpecification {
  const sweep = parseOptions(where, sweepSchema, value);
  const searches = (['grid', 'random', 'list'] as const).filter((name) => sweep[name] !== undefined);
  if (searches.length !== 1)
    throw new UsageError(`${where}: expected one of grid, random and list, got ${searches.join(' and ') || 'none'}`, {
      remedy: 'For example grid: { objective.dynamics: [0, 2] }.',
    });
  if ((sweep.environment === undefined) === (sweep.data === undefined))
    throw new UsageError(
      `${where}: expected either environment or data, got ${sweep.data === undefined ? 'neither' : 'both'}`,
    );
  for (const { classes } of [sweep.evaluate, ...(sweep.list ?? []).flatMap(({ evaluate = {} }) => evaluate)])
    if (classes !== undefined) parseClasses(`${where}: evaluate.classes`, classes);
  const reserved = ['seed', 'threads', ...(sweep.rungs === undefined ? [] : ['optimization.steps'])];
  const varied = [sweep.set, sweep.grid ?? {}, sweep.random?.parameters ?? {}, ...(sweep.list ?? [])];
  for (const key of varied.flatMap((each) => Object.keys(each)))
    if (reserved.includes(key))
      throw new UsageError(`${where}: expected keys beside ${reserved.join(', ')}, got "${key}"`, {
        remedy: `The sweep says it by ${key === 'optimization.steps' ? 'rungs.steps' : key === 'seed' ? 'seeds' : key}.`,
      });
  const { rungs } = sweep;
  if (rungs?.steps.some((steps, i) => i > 0 && steps <= rungs.steps[i - 1]))
    throw new UsageError(`${where}: rungs.steps: expected ascending steps, got ${JSON.stringify(rungs.steps)}`);
  for (const [key, each] of Object.entries(sweep.random?.parameters ?? {})) {
    const [range] = Object.values(each);
    if (!('choice' in each) && Number(range[0]) >= Number(range[1]))
      throw new UsageError(`${where}: random.parameters.${key}: expected low below high, got ${JSON.stringify(range)}`);
  }
  return sweep;
}
