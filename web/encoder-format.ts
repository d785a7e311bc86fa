// What the page of an encoder from anywhere is made of: encoder.json says what it is, in encoder.bin are the judged observations as
// thumbnails [N, h, w, c], or their first numbers as little-endian float32 [N, V], then the latents of the judged observations and
// of those of the centroids, float32 [N + M, D]. Letters: N judged, M centroids, D numbers of a latent.
import * as z from 'zod';
import { FormatError } from '../src/error.ts';
import type { ObservationSet } from './observation-set.ts';

export const ENCODER_NAME = 'encoder.json';
export const ENCODER_BYTES_NAME = 'encoder.bin';

const count = z.int().min(0);

export const encoderPageSchema = z.strictObject({
  format: z.literal(1),
  encoder: z.string().describe('name of the file'),
  source: z.string().describe('of the recording or the environment'),
  output: z.string().describe('what the latent is, in words'),
  ran: z.string().describe('which runtime gave the latents, in words'),
  metric: z.enum(['euclidean', 'cosine']),
  size: z.int().min(1).describe('numbers of a latent'),
  judged: z.int().min(1),
  centroids: z.int().min(1),
  image: z.tuple([count, count, count]).nullable().describe('height, width and channels of a thumbnail; null: numbers'),
  numbers: z.array(z.strictObject({ name: z.string(), mean: z.number(), deviation: z.number() })),
  states: z.array(count).describe('class of each, judged ones first'),
  episodes: z.array(z.int()).nullable().describe('of the judged, where they are frames of recorded episodes'),
  classes: z.strictObject({ of: z.string(), names: z.array(z.string()).min(2), claim: z.string().optional() }),
});
export type EncoderPageDescription = z.output<typeof encoderPageSchema>;

export interface EncoderPage {
  readonly description: EncoderPageDescription;
  readonly judged: ObservationSet;
  /** [N, D] */
  readonly latents: Float32Array;
  /** [M, D] */
  readonly centroidLatents: Float32Array;
  /** [M] */
  readonly centroidStates: Int32Array;
}

/** @throws FormatError where the two files do not belong together, or are of another format */
export function parseEncoderPage(json: Uint8Array, bytes: Uint8Array): EncoderPage {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw new FormatError(`${ENCODER_NAME}: expected JSON, got something else`, { cause });
  }
  const parsed = encoderPageSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(`${ENCODER_NAME}: expected an encoder's page, got ${issue.path.join('.')}: ${issue.message}`);
  }
  const description = parsed.data;
  const { judged, centroids, image, numbers, size, states, classes } = description;
  const shown = judged * (image === null ? 4 * numbers.length : image[0] * image[1] * image[2]);
  const expected = shown + 4 * (judged + centroids) * size;
  if (bytes.length !== expected)
    throw new FormatError(`${ENCODER_BYTES_NAME}: expected ${expected} bytes, got ${bytes.length}`);
  if (states.length !== judged + centroids || states.some((state) => state >= classes.names.length))
    throw new FormatError(
      `${ENCODER_NAME}: expected a class for each of ${judged + centroids} observations, got ${states.length}`,
    );
  // Copies, since thumbnails end anywhere.
  const floats = (from: number, to: number) => new Float32Array(bytes.slice(from, to).buffer);
  const middle = shown + 4 * judged * size;
  return {
    description,
    judged: {
      images: image === null ? undefined : bytes.slice(0, shown),
      vectors: image === null ? floats(0, shown) : undefined,
      states: Int32Array.from(states.slice(0, judged)),
    },
    latents: floats(shown, middle),
    centroidLatents: floats(middle, expected),
    centroidStates: Int32Array.from(states.slice(judged)),
  };
}
