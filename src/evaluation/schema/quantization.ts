// What `jepa quantize` writes beside its file: every choice, and the numbers that it was made by.
import * as z from 'zod';

/** Raised when a field changes its meaning. Fields may be added without. */
export const QUANTIZATION_FORMAT = 1;

const level = z.enum(['int8', 'weights', 'half', 'float']);

const headroom = {
  verdict: z.enum(['collapsed', 'coarse', 'distinct']),
  largestError: z.number().describe('of a latent, beside the float32 file on the same observations'),
  tolerance: z.number().describe("the largest error that the float32 file's verdict bears"),
  margin: z.number().describe('tolerance - largestError'),
  holds: z.boolean().describe('the certificate: the verdict is the same, and margin is above 0'),
  certifiedAccuracy: z.number(),
  accuracy: z.number(),
  separation: z.number().describe('of the worst pair of classes, the share told apart'),
};

const judgement = z.strictObject(headroom);
/** A file on the observations that judge. */
export type QuantizationJudgement = z.output<typeof judgement>;

const trial = z.strictObject({
  step: z.string(),
  ...headroom,
  bytes: z.int(),
  milliseconds: z.number().describe('of one observation, in one pass'),
  int8: z.int().describe('units that compute in 8 bits'),
  weights: z.int().describe('units whose weights alone are stored in 8 bits'),
  half: z.int().describe('units whose weights alone are stored in 16 bits'),
  float: z.int(),
  kept: z.array(z.string()).describe('units that do not compute in 8 bits'),
  isChosen: z.boolean(),
});
/** A choice of levels on the observations of the search. */
export type QuantizationTrial = z.output<typeof trial>;

export const quantizationSchema = z.strictObject({
  format: z.literal(QUANTIZATION_FORMAT),
  generator: z.string(),
  encoder: z.strictObject({ file: z.string(), sha256: z.string(), bytes: z.int() }),
  result: z.strictObject({ file: z.string(), sha256: z.string(), bytes: z.int() }),
  keep: z.enum(['distinct', 'none']),
  prefer: z.enum(['size', 'time']),
  for: z.enum(['onnxruntime', 'tensorrt']),
  observed: z.string(),
  classes: z.strictObject({ of: z.string(), names: z.array(z.string()) }),
  seed: z.int(),
  runtime: z.strictObject({ version: z.string(), provider: z.string(), threads: z.int() }),
  observations: z.strictObject({
    calibration: z.int(),
    search: z.int().describe('looked at by the search; searchCentroids more give its centroids'),
    searchCentroids: z.int(),
    judging: z.int(),
    judgingCentroids: z.int(),
    repeated: z.int().describe('left out of calibration and search: their numbers are those of one that judges'),
    shared: z.int().describe('not left out though they are: their class has too few others'),
  }),
  reserve: z.number().describe('share of the tolerance that the search leaves'),
  method: z.enum(['min-max', 'percentile', 'entropy']),
  percentile: z.number(),
  weightBits: z.union([z.literal(7), z.literal(8)]),
  calibrations: z
    .array(z.strictObject({ method: z.string(), weightBits: z.int(), ...headroom }))
    .describe('everything in 8 bits, by method of calibration'),
  units: z.array(
    z.strictObject({
      name: z.string(),
      operator: z.string(),
      bytes: z.int().describe('of its weight in float32'),
      level,
      alone: z
        .array(
          z.strictObject({
            level,
            largestError: z.number(),
            lostMargin: z.number().describe('largestError over the tolerance'),
            certifiedAccuracy: z.number(),
          }),
        )
        .describe('the unit at this level, all others in float32'),
    }),
  ),
  trials: z.array(trial),
  time: z
    .strictObject({
      floatMs: z.number(),
      resultMs: z.number(),
      ratio: z.number().describe('median of resultMs / floatMs, round by round'),
      rounds: z.int(),
    })
    .describe('of one observation, the two files in turns'),
  judged: z.strictObject({
    reference: z.strictObject({ verdict: headroom.verdict, tolerance: z.number(), accuracy: z.number() }),
    result: judgement,
    everything: judgement.optional().describe('everything in 8 bits, where that is another file'),
  }),
});
export function quantizationJsonSchema(): Record<string, unknown> {
  return { title: 'Quantisation of an encoder', ...z.toJSONSchema(quantizationSchema) };
}

/** What `jepa quantize` chose, and the numbers that it was chosen by. */
export type QuantizationRecord = z.output<typeof quantizationSchema>;
