// What an evaluation found by looking into the networks, as plain values for evaluation.json: witnesses with their checks, and the
// rank of the encoder's Jacobian. The schema is the documentation of every field.
import * as z from 'zod';
import { RANK_THRESHOLD } from '../../measures/spectrum/numerical-rank.ts';
import type { EncoderRank } from '../encoder-jacobian.ts';
import type { BoundedDistance } from '../witness/bound.ts';
import type { BoundedWitness, FoundWitnesses, WitnessEvaluation } from '../witness/evaluate.ts';
import type { Contribution } from '../witness/witness.ts';
import { recordWitness, witnessSchema } from './witness.ts';

/** Witnesses that are recorded in full; the rest is counted. */
const RECORDED_WITNESSES = 6;

const measure = z.number().min(0);
const fraction = z.number().min(0).max(1);
const count = z.int().min(0);

const boundCheck = z.strictObject({
  constants: z.enum(['everywhere', 'between', 'measured']),
  pairs: count.describe('for which the bound was computed'),
  holding: count.describe('whose latents are at least as far apart as it says'),
  telling: count.describe('for which it says more than 0'),
});

/** Of what was found, of a run and of an encoder by itself. */
export const foundFields = {
  none: z.null(),
  runtime: z.string().describe('whose latents they are of'),
  candidates: z.int().min(1).describe('held-out observations among which the nearest pairs were looked for'),
  meanDistance: measure.describe('of two candidates'),
  checkedPairs: z
    .int()
    .min(1)
    .describe('pairs of classes, or of episodes, whose nearest observations were followed, nearest first'),
};

/** Whether the account closes. */
export const accountSchema = z
  .strictObject({
    holding: count.describe('pairs where errors and distances along the word add up to what is to be accounted for'),
    smallestAccount: measure.describe('the smallest of these sums over it; at least 1, up to rounding'),
  })
  .describe(
    'whether the account closes: a check of the computation, which the triangle inequality lets no networks fail; no evidence',
  );

/** Why there are none. */
export const noWitnessesSchema = z.strictObject({ none: z.string().describe('why there are none') });

const foundWitnesses = z.strictObject({
  ...foundFields,
  words: z
    .enum(['drawn', 'recorded'])
    .optional()
    .describe(
      'drawn: words of an environment that tell states apart; recorded: actions that were recorded from both observations; absent: drawn',
    ),
  classes: z
    .int()
    .min(1)
    .describe("classes of the largest bisimulation of the run's own auxiliaries; of recorded words, their episodes"),
  account: accountSchema,
  causes: z
    .strictObject({ distance: count, dynamics: count, auxiliary: count })
    .describe('checked pairs by their largest cause; distance: no loss is broken'),
  shares: z
    .strictObject({ distance: fraction, dynamics: fraction, auxiliary: fraction })
    .describe('of the sums, mean over the checked pairs'),
  missingWeights: z.string().nullable().describe('why no upper bounds from the weights were computed; null: they were'),
  bounds: z
    .array(boundCheck)
    .describe(
      'checks of the quantitative bound: everywhere and between are upper bounds by spectral norms, measured ones are none',
    ),
  pairs: z.array(witnessSchema).describe('the nearest pairs in full'),
});

export const witnessesSchema = z.union([noWitnessesSchema, foundWitnesses]);
export type WitnessesRecord = z.output<typeof witnessesSchema>;
export type FoundWitnessesRecord = z.output<typeof foundWitnesses>;

export function recordWitnesses(evaluation: WitnessEvaluation): WitnessesRecord {
  if (!evaluation.isFound) return { none: evaluation.reason };
  const { runtime, classCount, candidates, meanDistance, missingWeights, witnesses } = evaluation;
  const accounts = witnesses.map(accountOf);
  return {
    none: null,
    runtime,
    words: evaluation.words,
    classes: classCount,
    candidates,
    meanDistance,
    checkedPairs: witnesses.length,
    account: {
      holding: accounts.filter((account) => account >= 1 - ACCOUNT_ROUNDING).length,
      smallestAccount: Math.min(...accounts),
    },
    causes: ofEachCause((kind) => witnesses.filter(({ trace }) => trace.breaks.kind === kind).length),
    shares: ofEachCause((kind) => meanShare(witnesses, kind)),
    missingWeights,
    bounds: checkBounds(evaluation),
    pairs: witnesses.slice(0, RECORDED_WITNESSES).map((witness) => recordWitness(witness, witness.bounds)),
  };
}

/** float32 networks. */
const ACCOUNT_ROUNDING = 1e-3;

/** The sum of all terms over the gap: what the theorem's argument says is at least 1. */
function accountOf({ trace }: BoundedWitness): number {
  return trace.contributions.reduce((sum, { value }) => sum + value, 0) / trace.gap;
}

type Cause = Contribution['kind'];

function ofEachCause(value: (kind: Cause) => number): Record<Cause, number> {
  return { distance: value('distance'), dynamics: value('dynamics'), auxiliary: value('auxiliary') };
}

function meanShare(witnesses: readonly BoundedWitness[], kind: Cause): number {
  const shares = witnesses.flatMap(({ trace }) => trace.contributions.filter((term) => term.kind === kind));
  return Math.min(1, shares.reduce((sum, { share }) => sum + share, 0) / witnesses.length);
}

function checkBounds({ witnesses }: FoundWitnesses): z.output<typeof boundCheck>[] {
  const kinds: readonly BoundedDistance['constants'][] = ['everywhere', 'between', 'measured'];
  return kinds.flatMap((constants) => {
    const bounds = witnesses.flatMap((witness) => witness.bounds.filter((bound) => bound.constants === constants));
    if (bounds.length === 0) return [];
    return [
      {
        constants,
        pairs: bounds.length,
        holding: bounds.filter(({ holds }) => holds).length,
        telling: bounds.filter(({ bound }) => bound > 0).length,
      },
    ];
  });
}

export const encoderRankSchema = z.strictObject({
  minimal: count.describe('the smallest over the observations'),
  ranks: z.array(count).describe('of each observation'),
  minimalEffectiveRank: measure.describe('exponential entropy of the singular values, the smallest'),
  threshold: measure.describe('singular values below this part of the largest are not counted'),
  directions: count.describe('random directions of the observation that were tried, at most 512'),
  isLowerBound: z.boolean().describe('true where there were too few directions for this rank: it is at least so large'),
});
export type EncoderRankRecord = z.output<typeof encoderRankSchema>;

export function recordEncoderRank(rank: EncoderRank | undefined): EncoderRankRecord | null {
  if (rank === undefined) return null;
  const { minimal, ranks, minimalEffectiveRank, directions, isLowerBound } = rank;
  return { minimal, ranks: [...ranks], minimalEffectiveRank, threshold: RANK_THRESHOLD, directions, isLowerBound };
}
