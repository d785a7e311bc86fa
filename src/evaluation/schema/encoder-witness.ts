// Witnesses of an encoder from anywhere as plain values, for evaluation.json and reports; as far as they are those of a run, in the same
// fields. The schema is the documentation of every field; what each shows is in ../witness/separation.ts.
import * as z from 'zod';
import type { PredictorPorts } from '../../run/predictor.ts';
import type { EncoderWitness, EncoderWitnessEvaluation, FoundEncoderWitnesses } from '../witness/evaluate-encoder.ts';
import type { SeparationCause } from '../witness/separation.ts';
import { describeEncoderWitness } from '../witness/separation-text.ts';
import { accountSchema, foundFields, noWitnessesSchema } from './inspection.ts';
import { pairFields, stepFields } from './witness.ts';

/** Witnesses that are recorded in full; the rest is counted. */
const RECORDED_WITNESSES = 6;
/** float32 networks. */
const ACCOUNT_ROUNDING = 1e-3;

const measure = z.number().min(0);
/** JSON has no infinity: null stands for it. */
const openMeasure = measure.nullable();
const count = z.int().min(0);
const causes = ['reading', 'dynamics', 'distance', 'stretch'] as const satisfies readonly SeparationCause[];

const pairSchema = z.strictObject({
  ...pairFields,
  values: z.tuple([z.string(), z.string()]).describe('what the column says of both at the end'),
  steepness: openMeasure.describe(
    'gap / distance at the end: no head of a smaller Lipschitz constant gives both values; null: no function of the latent does',
  ),
  relativeSteepness: openMeasure.describe('the same over the usual one of two candidates'),
  steps: z.array(
    z.strictObject({
      ...stepFields,
      gap: openMeasure.describe('of the column; null where one of both has no value'),
      stretch: openMeasure
        .optional()
        .describe(
          'distance over that of the step before: a predictor of a smaller Lipschitz constant has an error here; null: every one has; absent at the start',
        ),
      dynamicsResiduals: z
        .tuple([measure, measure])
        .optional()
        .describe('distance of the predicted latent from the encoded one, on each side; absent without a predictor'),
    }),
  ),
  breaks: z
    .strictObject({
      kind: z.enum(causes),
      step: count,
      side: z.union([z.literal(0), z.literal(1)]).nullable(),
      share: z.number().min(0).max(1).nullable().describe('of the account of the predictor; null where it has no part'),
    })
    .describe(
      'reading: what is left to a head is the larger part; dynamics: errors of the predictor, those of this step most; distance: the predictor itself; stretch: without a predictor, where the latents part most',
    ),
});

const foundSchema = z.strictObject({
  ...foundFields,
  words: z.literal('recorded').describe('actions that were recorded from both observations'),
  column: z.string().describe('what says that two must be apart'),
  of: z.enum(['classes', 'numbers']).describe('classes: another value; numbers: by more than a tenth of the deviation'),
  among: z
    .enum(['classes', 'episodes', 'observations'])
    .describe(
      'of every two of these the nearest observations were followed: classes where the column says some, else episodes',
    ),
  classes: z.int().min(1).describe('how many of these there are'),
  prediction: z
    .strictObject({
      transitions: z.int().min(1),
      usualError: measure.describe('root mean square length of predicted minus encoded latent'),
      relativeDynamicsResidual: openMeasure.describe('mean squared error over the variance of the next latents'),
    })
    .nullable()
    .describe('how well the predictor predicts recorded transitions; null without one'),
  account: accountSchema.nullable().describe('of the distance at the end; null without a predictor'),
  causes: z.strictObject({ reading: count, dynamics: count, distance: count, stretch: count }),
  pairs: z.array(pairSchema).describe('the nearest pairs in full'),
});

/** What witnesses of an encoder by itself say, or why there are none. */
export const encoderWitnessesSchema = z.union([noWitnessesSchema, foundSchema]);
export type EncoderWitnessesRecord = z.output<typeof encoderWitnessesSchema>;
export type FoundEncoderWitnessesRecord = z.output<typeof foundSchema>;

/** How a predictor from anywhere was fed. */
export const predictorSchema = z.strictObject({
  file: z.string(),
  sha256: z.string().describe('of the file and of the weights beside it'),
  latent: z.string().describe('the input of latents'),
  action: z.string().describe('the input of actions'),
  actions: z
    .array(z.strictObject({ column: z.string(), choices: z.int().min(1).optional().describe('one-hot of so many') }))
    .describe('recorded columns that it takes, side by side; numbers as they are where they are no choices'),
  output: z.string(),
  gives: z.enum(['next', 'difference']).describe('the next latent, or what is added to the latent'),
});
export type PredictorRecord = z.output<typeof predictorSchema>;

export function recordPredictor(
  { latent, action, output, gives }: PredictorPorts,
  file: Pick<PredictorRecord, 'file' | 'sha256'>,
): PredictorRecord {
  const actions = action.parts.map(({ column, choices }) => ({
    column,
    ...(choices === undefined ? {} : { choices }),
  }));
  return { ...file, latent: latent.name, action: action.name, actions, output, gives };
}

export function recordEncoderWitnesses(evaluation: EncoderWitnessEvaluation): EncoderWitnessesRecord {
  if (!evaluation.isFound) return { none: evaluation.reason };
  const { runtime, column, of, among, classCount, candidates, meanDistance, prediction, witnesses } = evaluation;
  const causeOf = (kind: SeparationCause) => witnesses.filter(({ trace }) => trace.breaks.kind === kind).length;
  return {
    ...{ none: null, runtime, words: 'recorded', column, of, among, classes: classCount, candidates, meanDistance },
    checkedPairs: witnesses.length,
    prediction: prediction
      ? {
          transitions: prediction.transitions,
          usualError: prediction.usual,
          relativeDynamicsResidual: finite(prediction.relative),
        }
      : null,
    account: accountOf(witnesses),
    causes: {
      ...{ reading: causeOf('reading'), dynamics: causeOf('dynamics') },
      ...{ distance: causeOf('distance'), stretch: causeOf('stretch') },
    },
    pairs: witnesses.slice(0, RECORDED_WITNESSES).map(recordPair),
  };
}

/** Sums over the distances at the end; of equal latents, which need no account, 1. */
function accountOf(witnesses: FoundEncoderWitnesses['witnesses']): FoundEncoderWitnessesRecord['account'] {
  const accounts = witnesses.flatMap(({ trace: { contributions, steps } }) => {
    if (contributions === undefined) return [];
    const { distance } = steps[steps.length - 1];
    return [distance > 0 ? contributions.reduce((sum, { value }) => sum + value, 0) / distance : 1];
  });
  if (accounts.length === 0) return null;
  return {
    holding: accounts.filter((account) => account >= 1 - ACCOUNT_ROUNDING).length,
    smallestAccount: Math.min(...accounts),
  };
}

function recordPair(witness: EncoderWitness): FoundEncoderWitnessesRecord['pairs'][number] {
  const { trace, relativeDistance, values } = witness;
  const { steps, stretches, breaks } = trace;
  return {
    sentence: describeEncoderWitness(witness),
    states: [...steps[0].states],
    word: [...trace.word],
    ...{ gap: trace.gap, distance: steps[0].distance, relativeDistance: finite(relativeDistance) },
    values: [...values],
    ...{ steepness: finite(trace.steepness), relativeSteepness: finite(trace.relativeSteepness) },
    steps: steps.map(({ action, states, distance, gap, dynamicsResiduals }, j) => ({
      ...{ action, states: [...states], distance, gap: finite(gap) },
      ...(j === 0 ? {} : { stretch: finite(stretches[j - 1]) }),
      ...(dynamicsResiduals === undefined ? {} : { dynamicsResiduals: [...dynamicsResiduals] }),
    })),
    breaks: { ...breaks },
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
