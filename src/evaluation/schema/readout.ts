// What evaluation.json says of probes and decoders. Formulas and limits: docs/measures.md.
import * as z from 'zod';

/** The encoder, and the same as it was before training. */
export const readoutEncoders = ['trained', 'untrained'] as const;
export type ReadoutEncoder = (typeof readoutEncoders)[number];

/** Of the probes, in units of the latents' root mean square deviation. */
export const readoutNoiseLevels: readonly number[] = [0, 0.01, 0.03, 0.1, 0.3];

const score = z.number().nullable().describe('null: cannot be measured');

export const probeReadoutSchema = z.strictObject({
  observations: z.int().min(1).describe('that probes are trained on, at most'),
  testObservations: z.int().min(1).describe('that they are scored on, at most: those that show the target'),
  results: z.array(
    z.strictObject({
      target: z.string().describe('class: of the evaluation; a factor of the state; or what an image shows beside it'),
      of: z.enum(['state', 'nuisance']),
      measure: z.enum(['accuracy', 'r2']).describe('r2: coefficient of determination, the mean over the numbers'),
      chance: z.number().describe('what is got without looking: the most frequent class, or 0'),
      probe: z.enum(['linear', 'mlp']).describe('ridge regression, or one hidden layer'),
      encoder: z.enum(readoutEncoders).describe('untrained: the same encoder before training'),
      scores: z.array(
        z.strictObject({
          noise: z.number().min(0).describe("of the latents' root mean square deviation"),
          score,
          shuffledScore: score.describe('the same with all targets shuffled'),
        }),
      ),
    }),
  ),
});
export type ProbeReadoutRecord = z.output<typeof probeReadoutSchema>;

export const decoderReadoutSchema = z.strictObject({
  runtime: z.string().describe('that encoded and drew'),
  noise: z.number().min(0).describe("in training and in use, of the latents' root mean square deviation"),
  steps: z.int().min(1),
  observations: z.int().min(1).describe('that a decoder is trained on'),
  testObservations: z.int().min(1).describe('held out, that it is scored on'),
  meanImageError: z.number().describe('mean squared error of the mean image, pixels in 0..1'),
  pixelError: z
    .strictObject({ trained: z.number(), untrained: z.number() })
    .describe("mean squared error over the mean image's: 0 is perfect, 1 is no better than the mean image"),
  scores: z.array(
    z.strictObject({
      target: z.string(),
      measure: z
        .enum(['accuracy', 'squared-correlation'])
        .describe('of what is read from the drawn image with the truth'),
      trained: score,
      untrained: score,
      meanImage: score.describe('the same where every drawn image is the mean image'),
    }),
  ),
});
export type DecoderReadoutRecord = z.output<typeof decoderReadoutSchema>;
