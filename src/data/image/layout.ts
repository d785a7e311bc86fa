// Is a row an image, and which of its sides is which? One rule by shape and type, for every reader of recordings and for
// simulators. Letters: N images, F frames of a stack, H W C height, width, channels.

/** Which sides a row has in which order: channels last, or channels first. A grey [H, W] is [H, W, 1]. */
export interface ImageLayout {
  readonly layout: 'hwc' | 'chw';
  /** Frames that are stored one after the other, [F, H, W, C] or [F, C, H, W]; 1 for a single image. */
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** Of the image once all frames lie side by side: those of one frame times the frames. */
  readonly channels: number;
}

/** Grey, colour, colour with alpha. */
const CHANNEL_COUNTS: readonly number[] = [1, 3, 4];
/** Sides below this are rather a small table than a grey image, or than the plane of a channel. */
const SMALLEST_SIDE = 8;
/** More frames are an episode, no observation. */
const MAXIMAL_FRAMES = 32;

/**
 * The layout of an image of `shape`, or undefined where a row of it is none. Only bytes are images: other types have no
 * range that a shape tells.
 *
 * - [H, W, 1 | 3 | 4], and [H, W, C] where nothing speaks for another order
 * - [1 | 3 | 4, H, W], and stacks of frames [C, H, W] where C is the smallest side
 * - [H, W] with sides of at least 8
 * - [F, ...] of one of these with 1, 3 or 4 channels
 */
export function imageLayoutOf(shape: readonly number[], dtype: string): ImageLayout | undefined {
  if (dtype !== 'uint8' || shape.some((side) => side < 1)) return undefined;
  const [first, second, third] = shape;
  if (shape.length === 2)
    return Math.min(first, second) >= SMALLEST_SIDE
      ? { layout: 'hwc', frames: 1, height: first, width: second, channels: 1 }
      : undefined;
  if (shape.length === 3) {
    const isStack = first < Math.min(second, third) && third >= SMALLEST_SIDE && second >= SMALLEST_SIDE;
    const isChannelsFirst = !CHANNEL_COUNTS.includes(third) && (CHANNEL_COUNTS.includes(first) || isStack);
    return isChannelsFirst
      ? { layout: 'chw', frames: 1, height: second, width: third, channels: first }
      : { layout: 'hwc', frames: 1, height: first, width: second, channels: third };
  }
  if (shape.length !== 4 || first > MAXIMAL_FRAMES) return undefined;
  const frame = imageLayoutOf(shape.slice(1), dtype);
  if (frame === undefined || !CHANNEL_COUNTS.includes(frame.channels)) return undefined;
  return { ...frame, frames: first, channels: first * frame.channels };
}

/**
 * A line about numbers that lie as an image does and are taken for numbers, since they are no bytes; undefined where there is
 * nothing to say.
 */
export function imageDoubt(name: string, shape: readonly number[], dtype: string): string | undefined {
  if (dtype === 'uint8' || shape.length < 2 || imageLayoutOf(shape, 'uint8') === undefined) return undefined;
  if (Math.min(...[...shape].sort((a, b) => b - a).slice(0, 2)) < SMALLEST_SIDE) return undefined;
  const count = shape.reduce((product, side) => product * side, 1);
  return `${name}: ${dtype} [${shape.join(', ')}] is taken as ${count} numbers: only bytes (uint8) are images`;
}

/** Rows of `layout` -> [N, H, W, C]; the channels of a stack lie side by side, those of the oldest frame first. */
export function toChannelsLast(
  pixels: Uint8Array<ArrayBuffer>,
  { layout, frames, height, width, channels }: ImageLayout,
): Uint8Array<ArrayBuffer> {
  if (layout === 'hwc' && frames === 1) return pixels;
  const plane = height * width;
  const ofFrame = channels / frames;
  const turned = new Uint8Array(pixels.length);
  // How far apart neighbouring channels, and neighbouring places, are in one stored frame.
  const [channelStep, placeStep] = layout === 'chw' ? [plane, 1] : [1, ofFrame];
  for (let start = 0; start < pixels.length; start += plane * channels)
    for (let frame = 0; frame < frames; frame++)
      for (let channel = 0; channel < ofFrame; channel++) {
        const source = start + frame * plane * ofFrame + channel * channelStep;
        const target = start + frame * ofFrame + channel;
        for (let i = 0; i < plane; i++) turned[target + i * channels] = pixels[source + i * placeStep];
      }
  return turned;
}
