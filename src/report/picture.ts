// Pictures as PNG files, for pages and for TensorBoard: an observation, observations side by side, numbers as a heat map.
import { encode } from 'fast-png';
import { rampColour } from './colour.ts';

export interface Picture {
  /** PNG */
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * [N, H, W, C] bytes as one RGB picture, `columns` observations a row, no gaps: as the embedding projector cuts it up. One
 * channel is shown as grey, of more than three (stacked frames) the last three.
 */
export function contactSheet(
  observations: Uint8Array,
  [height, width, channels]: readonly number[],
  columns: number,
): Picture {
  const pixels = height * width;
  const count = observations.length / (pixels * channels);
  const rows = Math.ceil(count / columns);
  const data = new Uint8Array(3 * pixels * columns * rows);
  for (let n = 0; n < count; n++)
    for (let pixel = 0; pixel < pixels; pixel++) {
      const y = Math.floor(n / columns) * height + Math.floor(pixel / width);
      const x = (n % columns) * width + (pixel % width);
      for (let c = 0; c < 3; c++) {
        const channel = channels < 3 ? 0 : channels - 3 + c;
        data[3 * (y * columns * width + x) + c] = observations[(n * pixels + pixel) * channels + channel];
      }
    }
  return encodeRgb(data, columns * width, rows * height);
}

/** One observation, [H, W, C] bytes, as base64. PNG knows 1, 3 and 4 channels; of others the first one is shown. */
export function observationPng(pixels: Uint8Array, [height, width, channels]: readonly number[]): string {
  const isPicture = [1, 3, 4].includes(channels);
  const data = isPicture ? pixels : pixels.filter((_, i) => i % channels === 0);
  const png = encode({ width, height, channels: isPicture ? channels : 1, depth: 8, data });
  return Buffer.from(png).toString('base64');
}

/** [n, n] numbers from 0 as dark blue to the largest as light yellow. */
export function heatMap(values: ArrayLike<number>, count: number): Picture {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]);
  const data = new Uint8Array(3 * values.length);
  for (let i = 0; i < values.length; i++) data.set(rampColour(values[i] / (largest || 1)), 3 * i);
  return encodeRgb(data, count, count);
}

function encodeRgb(data: Uint8Array, width: number, height: number): Picture {
  return { bytes: encode({ width, height, channels: 3, depth: 8, data }), width, height };
}
