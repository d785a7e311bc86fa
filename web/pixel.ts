// From a canvas to an observation.
import { UsageError } from '../src/error.ts';

/** The part of a browser's ImageData that matters here. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  /** [H, W, 4] */
  readonly data: Uint8ClampedArray;
}

/**
 * [H, W, 4] bytes of a canvas -> [H, W, C] bytes of an observation: colours without opacity, or the mean of the three.
 * @param channels 3 or 1, as the encoder takes them
 * @throws UsageError for another number of channels
 */
export function pixelsOf({ data }: RgbaImage, channels = 3): Uint8Array {
  if (channels !== 3 && channels !== 1)
    throw new UsageError(`pixels: expected 3 channels or 1, got ${channels}`, {
      remedy: 'Make the observation from its own bytes: no image has so many channels.',
    });
  const pixels = new Uint8Array((data.length / 4) * channels);
  for (let from = 0, to = 0; from < data.length; from += 4, to += channels) {
    const [red, green, blue] = [data[from], data[from + 1], data[from + 2]];
    if (channels === 3) pixels.set([red, green, blue], to);
    else pixels[to] = Math.round((red + green + blue) / 3);
  }
  return pixels;
}
