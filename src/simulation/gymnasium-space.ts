// What Python says of an environment's spaces, and how its parts become one observation: whether a part is an image is decided by
// the rule that readers of recordings have. Letters: H W C image, D numbers of the vector.
import * as z from 'zod';
import { type ImageLayout, imageLayoutOf, toChannelsLast } from '../data/image/layout.ts';
import { UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { SpaceLayout } from './pool.ts';
import type { ActionSpace, ObservationSpace } from './simulator.ts';
import { checkActionSpace, checkObservationSpace, SMALLEST_SIDE } from './space.ts';

export const observationPartSchema = z.looseObject({
  name: z.string(),
  type: z.enum(['uint8', 'float32']),
  shape: z.array(z.int().min(0)).readonly(),
  of: z.string(),
});
export type ObservationPart = z.output<typeof observationPartSchema>;

export const actionSchema = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('discrete'), names: z.array(z.string()).min(1) }),
  z.looseObject({
    kind: z.literal('continuous'),
    low: z.array(z.number()),
    high: z.array(z.number()),
    names: z.array(z.string()),
    choices: z.array(z.tuple([z.int(), z.int()])),
  }),
]);

/** A part with its place in what Python sends. */
interface PlacedPart extends ObservationPart {
  /** Of its first byte. */
  readonly from: number;
  readonly byteLength: number;
  readonly image: ImageLayout | undefined;
}

export interface ObservationCodec {
  readonly space: ObservationSpace;
  readonly layout: SpaceLayout['observation'];
  readonly notes: readonly string[];
  /** Bytes of one observation as Python sends it. */
  readonly byteLength: number;
  /** Images with the channels last, those of several parts side by side; then all numbers. */
  decode(bytes: Uint8Array<ArrayBuffer>): Uint8Array | Float32Array;
}

/** @throws UsageError where images do not fit side by side */
export function observationCodec(name: string, parts: readonly ObservationPart[]): ObservationCodec {
  let from = 0;
  const placed = parts.map((part): PlacedPart => {
    const byteLength = elementCount(part.shape) * (part.type === 'uint8' ? 1 : 4);
    from += byteLength;
    return { ...part, from: from - byteLength, byteLength, image: imageOf(part) };
  });
  const images = placed.filter((part) => part.image !== undefined);
  const vectors = placed.filter((part) => part.image === undefined);
  const [first] = images;
  for (const { image, ...part } of images)
    if (image?.height !== first.image?.height || image?.width !== first.image?.width)
      throw new UsageError(
        `${name}: expected images of one size to lay side by side, got ${first.name} ${sides(first.image)} and ${part.name} ${sides(image)}`,
        { remedy: 'Register a wrapped environment with one of them, or resized ones (gymnasium.ObservationWrapper).' },
      );
  const numbers = vectors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const channels = images.reduce((sum, { image }) => sum + (image?.channels ?? 0), 0);
  const shape = [first?.image?.height ?? 0, first?.image?.width ?? 0, channels];
  const kind = images.length === 0 ? 'vector' : vectors.length === 0 ? 'image' : 'image-and-vector';
  const space = checkObservationSpace(name, { kind, shape, size: numbers });
  const layout = [
    ...images.map(({ name, image }) => ({ name, kind: 'image' as const, size: image?.channels ?? 0 })),
    ...vectors.map(({ name, shape }) => ({ name, kind: 'vector' as const, size: elementCount(shape) })),
  ];
  return {
    space,
    layout,
    notes: vectors.flatMap(noteOf),
    byteLength: from,
    decode(bytes) {
      const image = joinImages(images, bytes, channels);
      if (kind === 'image') return image;
      const packed = new Float32Array(image.length + numbers);
      packed.set(image);
      let at = image.length;
      for (const part of vectors) {
        const own = bytes.slice(part.from, part.from + part.byteLength);
        packed.set(part.type === 'uint8' ? own : new Float32Array(own.buffer), at);
        at += elementCount(part.shape);
      }
      return packed;
    },
  };
}

function imageOf({ shape, type }: ObservationPart): ImageLayout | undefined {
  const layout = imageLayoutOf(shape, type);
  return layout && Math.min(layout.height, layout.width) >= SMALLEST_SIDE ? layout : undefined;
}

function sides(image: ImageLayout | undefined): string {
  return `${image?.height} x ${image?.width}`;
}

/** What has the shape of an image and is none may be a surprise. */
function noteOf({ name, shape, type, of }: ObservationPart): string[] {
  if (imageLayoutOf(shape, 'uint8') === undefined) return [];
  const why = type === 'uint8' ? `its sides are below ${SMALLEST_SIDE}` : 'images are of bytes (uint8, 0..255)';
  return [`${name || 'the observation'}, ${of}, becomes ${elementCount(shape)} numbers and no image: ${why}`];
}

/** [H, W, C of all] */
function joinImages(parts: readonly PlacedPart[], bytes: Uint8Array<ArrayBuffer>, channels: number): Uint8Array {
  const turned = parts.map(({ from, byteLength, image }) => {
    const own = bytes.slice(from, from + byteLength);
    return image === undefined ? own : toChannelsLast(own, image);
  });
  if (turned.length === 1) return turned[0];
  const joined = new Uint8Array(turned.reduce((sum, { length }) => sum + length, 0));
  let first = 0;
  for (const [p, own] of turned.entries()) {
    const count = parts[p].image?.channels ?? 0;
    for (let i = 0; i < own.length; i++) joined[Math.floor(i / count) * channels + first + (i % count)] = own[i];
    first += count;
  }
  return joined;
}

export function actionSpaceOf(name: string, action: z.output<typeof actionSchema>): ActionSpace {
  if (action.kind === 'discrete') return checkActionSpace(name, action);
  const { low, high } = action;
  const choices = action.choices.map(([offset, count]) => ({ offset, count }));
  return checkActionSpace(name, { kind: 'continuous', low, high, ...(choices.length > 0 ? { choices } : {}) });
}
