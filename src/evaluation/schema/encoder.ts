// What a record says of an encoder from anywhere: its file, how it was fed, and what was taken as the latent.
import * as z from 'zod';

const encoderPort = z.strictObject({
  name: z.string(),
  layout: z.enum(['nhwc', 'nchw', 'ntchw', 'ncthw', 'nthwc', 'flat']).describe('flat: numbers as they are'),
  type: z.enum(['uint8', 'float32', 'float16', 'int32', 'int64']),
  frames: z.int().min(1).optional().describe('of a clip'),
  columns: z.array(z.string()).optional().describe('of several inputs: of the recording, what it took'),
  normalization: z
    .strictObject({ mean: z.array(z.number()), deviation: z.array(z.number()) })
    .optional()
    .describe('images are fed as (value in 0..1 - mean) / deviation, a number for each channel or one for all'),
});

/** As the schema says of each field. */
export const describedEncoderSchema = z.strictObject({
  file: z.string().describe('of the encoder; of the latents, where those were computed elsewhere'),
  sha256: z.string().describe('of the file and of the weights beside it'),
  input: encoderPort
    .optional()
    .describe('what it was fed with; absent where latents were judged that were computed elsewhere'),
  furtherInputs: z.array(encoderPort).optional().describe('of several inputs, the others that took observations'),
  constants: z
    .array(z.strictObject({ name: z.string(), values: z.array(z.number()) }))
    .optional()
    .describe('inputs that took the same numbers whatever was observed'),
  output: z
    .strictObject({
      name: z.string(),
      pool: z.enum(['cls', 'mean', 'max', 'none', 'flatten']).optional().describe('absent: flattened'),
      normalize: z.literal('l2').optional(),
    })
    .optional()
    .describe('what was taken as the latent'),
  untrained: z.string().optional().describe('file of the same encoder before training, where it was given'),
  elsewhere: z
    .strictObject({
      column: z.string().describe('of the latents in the file'),
      labels: z.string().optional().describe('the file of the classes, where it is another'),
      reference: z.string().optional().describe('the file of the reference latents'),
    })
    .optional()
    .describe('the latents were computed elsewhere, and the encoder was never seen'),
});
