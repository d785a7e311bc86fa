// A witness as plain values, for evaluation.json and reports. The schema is the documentation of every field.
import * as z from 'zod';
import type { BoundedDistance } from '../witness/bound.ts';
import type { Witness } from '../witness/nearest.ts';
import { describeWitness } from '../witness/text.ts';

const measure = z.number().min(0);
/** JSON has no infinity: null stands for it. */
const openMeasure = measure.nullable();
const bothSides = z.tuple([measure, measure]);

/** Of every two observations that must be apart. */
export const pairFields = {
  sentence: z.string().describe('the whole in words'),
  states: z.tuple([z.string(), z.string()]).describe('of recorded words: episode and row, both counted from 0'),
  word: z
    .array(z.string())
    .describe('a shortest action word after which the auxiliary differs; empty: it differs at once'),
  gap: measure.describe('difference of the auxiliary at the end (Euclidean)'),
  distance: measure.describe('of the two latents'),
  relativeDistance: openMeasure.describe('the same over the mean distance of observations'),
};

/** Of every step of both. */
export const stepFields = {
  action: z.string().nullable().describe('null at the start'),
  states: z.tuple([z.string(), z.string()]),
  distance: measure.describe('of the two latents'),
};

export const witnessSchema = z.strictObject({
  ...pairFields,
  steps: z.array(
    z.strictObject({
      ...stepFields,
      dynamicsResiduals: bothSides.describe('distance of the predicted latent from the encoded one, on each side'),
      auxiliaryResiduals: bothSides.describe("distance of the head's value from the auxiliary, on each side"),
    }),
  ),
  breaks: z
    .strictObject({
      kind: z.enum(['distance', 'dynamics', 'auxiliary']),
      step: z.int().min(0),
      side: z.union([z.literal(0), z.literal(1)]).nullable(),
      share: z.number().min(0).max(1),
    })
    .describe(
      'the largest error along the word; distance: all errors together are less than what the distance carries',
    ),
  bounds: z
    .array(
      z.strictObject({
        constants: z.enum(['everywhere', 'between', 'measured']),
        predictor: z.array(openMeasure).describe('Lipschitz constant of the predictor at each step'),
        auxiliary: openMeasure.describe('Lipschitz constant of the head'),
        bound: openMeasure.describe('the latents must be at least this far apart; 0 says nothing'),
        holds: z.boolean(),
      }),
    )
    .describe('everywhere and between are upper bounds by spectral norms, measured ones are none'),
});
export type WitnessRecord = z.output<typeof witnessSchema>;

export function recordWitness(witness: Witness, bounds: readonly BoundedDistance[]): WitnessRecord {
  const { trace, relativeDistance } = witness;
  const { steps, breaks } = trace;
  return {
    sentence: describeWitness(witness),
    states: [...steps[0].states],
    word: [...trace.word],
    gap: trace.gap,
    distance: steps[0].distance,
    relativeDistance: finite(relativeDistance),
    steps: steps.map(({ action, states, distance, dynamicsResiduals, auxiliaryResiduals }) => ({
      action,
      states: [...states],
      distance,
      dynamicsResiduals: [...dynamicsResiduals],
      auxiliaryResiduals: [...auxiliaryResiduals],
    })),
    breaks: { kind: breaks.kind, step: breaks.step, side: breaks.side, share: breaks.share },
    bounds: bounds.map(({ constants, predictor, auxiliary, bound, holds }) => ({
      constants,
      predictor: predictor.map(finite),
      auxiliary: finite(auxiliary),
      bound: finite(bound),
      holds,
    })),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
