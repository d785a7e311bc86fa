// Held-out observations beside an export, for a page that cannot make them itself: held-out.json says what they are, in
// held-out.bin are all images as bytes [N, H, W, C], then all vectors as little-endian float32 [N, V]; judged ones first.
import * as z from 'zod';
import { FormatError } from '../src/error.ts';
import type { ObservationSet } from './observation-set.ts';

export const HELD_OUT_NAME = 'held-out.json';
export const HELD_OUT_BYTES_NAME = 'held-out.bin';

const count = z.int().min(0);

export const heldOutSchema = z.strictObject({
  format: z.literal(1),
  source: z.string().describe('name of the recording'),
  isRandom: z.boolean().describe('the recording was not there: random observations within its statistics'),
  judged: count,
  centroids: count,
  imageSize: count.describe('bytes of an image; 0: there are none'),
  vectorSize: count.describe('numbers of a vector; 0: there are none'),
  states: z.array(count).describe('class of each, judged ones first'),
  classes: z.strictObject({ of: z.string(), names: z.array(z.string()).min(2), claim: z.string().optional() }),
});
export type HeldOutDescription = z.output<typeof heldOutSchema>;

export interface HeldOutObservations {
  readonly description: HeldOutDescription;
  readonly judged: ObservationSet;
  readonly centroids: ObservationSet;
}

/** @throws FormatError where the two files do not belong together, or are of another format. */
export function parseHeldOut(json: Uint8Array, bytes: Uint8Array): HeldOutObservations {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw new FormatError(`${HELD_OUT_NAME}: expected JSON, got something else`, { cause });
  }
  const parsed = heldOutSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${HELD_OUT_NAME}: expected held-out observations, got ${issue.path.join('.')}: ${issue.message}`,
    );
  }
  const description = parsed.data;
  const { judged, centroids, imageSize, vectorSize, states, classes } = description;
  const all = judged + centroids;
  const expected = all * (imageSize + 4 * vectorSize);
  if (bytes.length !== expected)
    throw new FormatError(
      `${HELD_OUT_BYTES_NAME}: expected ${expected} bytes (${all} observations), got ${bytes.length}`,
    );
  if (states.length !== all || states.some((state) => state >= classes.names.length))
    throw new FormatError(`${HELD_OUT_NAME}: expected a class for each of ${all} observations, got ${states.length}`);
  const split = all * imageSize;
  const images = imageSize > 0 ? bytes.slice(0, split) : undefined;
  const vectors = vectorSize > 0 ? new Float32Array(bytes.slice(split).buffer) : undefined;
  const part = (from: number, to: number): ObservationSet => ({
    images: images?.subarray(from * imageSize, to * imageSize),
    vectors: vectors?.subarray(from * vectorSize, to * vectorSize),
    states: Int32Array.from(states.slice(from, to)),
  });
  return { description, judged: part(0, judged), centroids: part(judged, all) };
}
