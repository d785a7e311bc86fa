// A claims file: what is claimed of which trainings, by which statistic and which test, on which seeds. It is written before
// the runs that judge it, and its digest stands in their results, so that neither can be changed under the other.
import * as z from 'zod';
import { createEnvironment } from '../../../environments/index.ts';
import { UsageError } from '../../../error.ts';
import { parseOptions } from '../../../options.ts';
import { sha256 } from '../../../storage/sha256.ts';

export const CLAIMS_FORMAT = 'jepa-claims-1';

/** What is measured of the held-out latents of one run at one step. */
export const claimMeasureNames = [
  'accuracy',
  'centroidGapRatio',
  'groupRatio',
  'groupAgreement',
  'withinOverBetween',
  'organisation',
  'relativeSpread',
  'position',
  'untrainedPosition',
] as const;

/**
 * What a linear probe reads of the classes of dynamics and reward (`class`), of a factor of the state, or of what images show beside it, under noise of 0.1 of the latent scale, after
 * training and before: accuracy over chance, (accuracy - chance) / (1 - chance), or R^2 of values. 0 is guessing, 1 all.
 */
export const readoutPrefixes = ['readout/', 'untrainedReadout/'] as const;

export type ClaimMeasure = (typeof claimMeasureNames)[number] | `${(typeof readoutPrefixes)[number]}${string}`;

const count = z.int().min(1);
const isReadout = (name: string) => readoutPrefixes.some((prefix) => name.startsWith(prefix));
const measure = z.custom<ClaimMeasure>(
  (name) => typeof name === 'string' && (isReadout(name) || claimMeasureNames.some((each) => each === name)),
  { message: `Expected ${claimMeasureNames.join(', ')}, or readout/ or untrainedReadout/ and a factor of the state` },
);

const condition = z
  .strictObject({
    measure: measure,
    atLeast: z.number().optional(),
    atMost: z.number().optional(),
    above: z.number().optional(),
    below: z.number().optional(),
  })
  .refine(({ measure: _, ...bounds }) => Object.values(bounds).some((bound) => bound !== undefined), {
    message: 'Expected a bound: atLeast, atMost, above or below',
  });
export type ClaimCondition = z.output<typeof condition>;

const step = count.optional().describe('default: the last');

const testSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('share').describe('the share of seeds on which all conditions hold, against a half'),
    arm: z.string(),
    step,
    conditions: z.array(condition).min(1),
  }),
  z.strictObject({
    kind: z
      .literal('ranks')
      .describe('exact Mann-Whitney test over the seeds of two arms: `measure` is less in `arm` than in `than`'),
    measure: measure,
    arm: z.string(),
    than: z.string(),
    /** Of the second sample, where it is another: position before training. */
    thanMeasure: measure.optional(),
    step,
  }),
]);
export type ClaimTest = z.output<typeof testSchema>;

const claimSchema = z.strictObject({
  id: z.string().min(1),
  of: z.enum(['paper', 'ours']),
  statement: z.string().min(1).describe('a sentence that can be false'),
  combine: z
    .enum(['all', 'any'])
    .default('all')
    .describe('all: reproduces where every test does, does not where one does not; any: the other way round'),
  tests: z.array(testSchema).min(1),
  changes: z
    .array(z.strictObject({ version: count, what: z.string(), why: z.string() }))
    .default([])
    .describe('what earlier versions of this claim said, and why it says something else now'),
});
export type ClaimDefinition = z.output<typeof claimSchema>;

const armSchema = z.strictObject({
  name: z.string(),
  auxiliary: z.array(z.unknown()).describe('as in a configuration; empty: dynamics alone'),
  set: z.record(z.string(), z.unknown()).default({}).describe('keys of the configuration over the preset'),
});
export type ArmDefinition = z.output<typeof armSchema>;

const claimsSchema = z.strictObject({
  format: z.literal(CLAIMS_FORMAT),
  version: count.describe('raised with every change; results of one version are never judged by another'),
  title: z.string(),
  environment: z.string(),
  preset: z.string(),
  seeds: z.strictObject({
    tuning: z.array(z.int().min(0)).describe('on which settings, measures and thresholds were chosen'),
    judging: z.array(z.int().min(0)).min(1),
  }),
  steps: z.array(count).min(1).describe('after which the latents are measured; the last is the number of steps'),
  observations: count.describe('held-out observations that are judged, and as many others for the centroids'),
  groups: z
    .array(z.array(z.int().min(0)).min(1))
    .min(2)
    .optional()
    .describe('states of the groups of groupRatio and groupAgreement; absent: these are not measured'),
  alpha: z.number().gt(0).lt(1).describe('miss chance of a claim, both sides and all its tests together'),
  arms: z.record(z.string(), armSchema),
  order: z
    .array(z.array(z.string()).min(1))
    .min(1)
    .describe('blocks of arms, one after another; each goes seed by seed through its arms'),
  claims: z.array(claimSchema).min(1),
});

export interface ClaimsFile extends z.output<typeof claimsSchema> {
  /** SHA-256 of the file's text. */
  readonly sha256: string;
}

/** Measures that a test names: of a readout the factor. */
function measuresOf(test: ClaimTest): ClaimMeasure[] {
  if (test.kind === 'share') return test.conditions.map((each) => each.measure);
  return [test.measure, test.thanMeasure ?? test.measure];
}

/** @throws UsageError where a claim reads a factor that the environment has not, or groups that the file does not name */
function requireKnownMeasures(where: string, claims: z.output<typeof claimsSchema>): void {
  const { factors: ofState, nuisances = [] } = createEnvironment(claims.environment);
  const factors = ofState === undefined ? [] : ['class', ...[...ofState, ...nuisances].map(({ name }) => name)];
  for (const { id, tests } of claims.claims)
    for (const name of tests.flatMap(measuresOf)) {
      const prefix = readoutPrefixes.find((each) => name.startsWith(each));
      if (prefix !== undefined && !factors.includes(name.slice(prefix.length)))
        throw new UsageError(
          `${where}: expected a factor of ${claims.environment} (${factors.join(', ') || 'it has none'}) in claim ${id}, got "${name}"`,
        );
      if ((name === 'groupRatio' || name === 'groupAgreement') && claims.groups === undefined)
        throw new UsageError(`${where}: expected "groups" for ${name} of claim ${id}, got none`);
    }
}

/**
 * @param where names the file in messages
 * @param value what its text says
 */
export function parseClaims(where: string, value: unknown, text: string): ClaimsFile {
  const claims = parseOptions(where, claimsSchema, value);
  const fail = (expected: string, found: string): never => {
    throw new UsageError(`${where}: expected ${expected}, got ${found}`);
  };
  const { tuning, judging } = claims.seeds;
  const shared = judging.filter((seed) => tuning.includes(seed));
  if (shared.length > 0) fail('seeds to judge that nothing was tuned on', shared.join(', '));
  if (new Set(judging).size < judging.length) fail('each judging seed once', judging.join(', '));
  if (claims.steps.some((each, index) => index > 0 && each <= claims.steps[index - 1]))
    fail('rising steps', claims.steps.join(', '));
  const known = Object.keys(claims.arms);
  const named = [
    ...claims.order.flat(),
    ...claims.claims.flatMap(({ tests }) =>
      tests.flatMap((test) => (test.kind === 'share' ? [test.arm] : [test.arm, test.than])),
    ),
  ];
  const unknown = named.find((arm) => !known.includes(arm));
  if (unknown !== undefined) fail(`an arm (${known.join(', ')})`, `"${unknown}"`);
  const twice = claims.order.flat().find((arm, index, all) => all.indexOf(arm) !== index);
  if (twice !== undefined) fail('each arm once in `order`', `"${twice}" again`);
  const ids = claims.claims.map(({ id }) => id);
  const again = ids.find((id, index) => ids.indexOf(id) !== index);
  if (again !== undefined) fail('each claim once', `"${again}" again`);
  requireKnownMeasures(where, claims);
  for (const { id, tests } of claims.claims)
    for (const test of tests)
      if (test.step !== undefined && !claims.steps.includes(test.step))
        fail(`a measured step (${claims.steps.join(', ')}) in claim ${id}`, String(test.step));
  return { ...claims, sha256: sha256(text) };
}
