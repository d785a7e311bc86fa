// What an image of the counting environment shows beside the count: the shape and the colour of its objects, and where they
// are. All are read from the pixels, so that an image and what a decoder made of its latent are read alike.
import { RADIUS_PX, SHAPES, SIZE_PX } from './counting-shape.ts';
import type { Nuisance } from './environment.ts';

/** Cells along a side of the coarse map of where the objects are: 16 pixels each. */
const LAYOUT_CELLS = 4;

export const countingNuisances: readonly Nuisance[] = [
  {
    name: 'shape',
    kind: 'class',
    names: SHAPES.map((shape) => shape.name),
    read(pixels) {
      const object = mostVisibleObject(pixels);
      return object && [object.shape];
    },
  },
  {
    name: 'colour',
    kind: 'values',
    names: ['red', 'green', 'blue'],
    read(pixels) {
      const object = mostVisibleObject(pixels);
      return object && meanColour(pixels, object);
    },
  },
  { name: 'position', kind: 'values', names: ['x', 'y'], read: centroid },
  {
    name: 'layout',
    kind: 'values',
    names: Array.from({ length: LAYOUT_CELLS ** 2 }, (_, cell) => `cell ${cell}`),
    read: layout,
  },
];

/** The image with a margin, so that no pixel of an object falls outside. */
const PADDED_PX = SIZE_PX + 2 * RADIUS_PX;
/** Of each shape, the offsets of its pixels in the padded image, and what a pixel counts. */
const MATCHES = SHAPES.map(({ offsets }) => ({
  shifts: Int32Array.from(offsets, ([dx, dy]) => dy * PADDED_PX + dx),
  weight: 1 / Math.sqrt(offsets.length),
}));

interface VisibleObject {
  readonly shape: number;
  /** Of its centre, in pixels. */
  readonly x: number;
  readonly y: number;
}

/**
 * The shape and place where the brightness, summed over the shape and divided by the root of its area, is largest: for an
 * object alone on black no other shape reaches its own (Cauchy-Schwarz), and in a blurred image the brightest spot decides.
 */
function mostVisibleObject(pixels: Uint8Array): VisibleObject | undefined {
  const sums = MATCHES.map(() => new Float64Array(PADDED_PX * PADDED_PX));
  for (let y = 0; y < SIZE_PX; y++)
    for (let x = 0; x < SIZE_PX; x++) {
      const brightness = brightnessOf(pixels, y * SIZE_PX + x);
      if (brightness === 0) continue;
      const place = (y + RADIUS_PX) * PADDED_PX + x + RADIUS_PX;
      for (let shape = 0; shape < MATCHES.length; shape++) {
        const { shifts, weight } = MATCHES[shape];
        const sum = sums[shape];
        for (let i = 0; i < shifts.length; i++) sum[place - shifts[i]] += brightness * weight;
      }
    }
  let best: VisibleObject = { shape: 0, x: RADIUS_PX, y: RADIUS_PX };
  let largest = 0;
  // Centres of objects that are inside of the image.
  for (let shape = 0; shape < MATCHES.length; shape++)
    for (let y = RADIUS_PX; y < SIZE_PX - RADIUS_PX; y++)
      for (let x = RADIUS_PX; x < SIZE_PX - RADIUS_PX; x++) {
        const sum = sums[shape][(y + RADIUS_PX) * PADDED_PX + x + RADIUS_PX];
        if (sum <= largest) continue;
        largest = sum;
        best = { shape, x, y };
      }
  return largest > 0 ? best : undefined;
}

function meanColour(pixels: Uint8Array, { shape, x, y }: VisibleObject): number[] {
  const { offsets } = SHAPES[shape];
  const colour = [0, 0, 0];
  for (const [dx, dy] of offsets)
    for (let channel = 0; channel < 3; channel++)
      colour[channel] += pixels[3 * ((y + dy) * SIZE_PX + x + dx) + channel] / offsets.length;
  return colour;
}

/** The mean place of the pixels, weighted by their squared brightness: a faint background hardly counts. */
function centroid(pixels: Uint8Array): number[] | undefined {
  let total = 0;
  const place = [0, 0];
  for (let pixel = 0; pixel < SIZE_PX * SIZE_PX; pixel++) {
    const weight = brightnessOf(pixels, pixel) ** 2;
    total += weight;
    place[0] += weight * (pixel % SIZE_PX);
    place[1] += weight * Math.floor(pixel / SIZE_PX);
  }
  return total > 0 ? place.map((sum) => sum / total) : undefined;
}

/** Which share of the squared brightness is in each cell of a coarse map, row by row. */
function layout(pixels: Uint8Array): number[] | undefined {
  const cellPx = SIZE_PX / LAYOUT_CELLS;
  const shares = new Array<number>(LAYOUT_CELLS ** 2).fill(0);
  let total = 0;
  for (let pixel = 0; pixel < SIZE_PX * SIZE_PX; pixel++) {
    const weight = brightnessOf(pixels, pixel) ** 2;
    const row = Math.floor(Math.floor(pixel / SIZE_PX) / cellPx);
    shares[row * LAYOUT_CELLS + Math.floor((pixel % SIZE_PX) / cellPx)] += weight;
    total += weight;
  }
  return total > 0 ? shares.map((share) => share / total) : undefined;
}

/** Sum of the three channels. */
function brightnessOf(pixels: Uint8Array, pixel: number): number {
  return pixels[3 * pixel] + pixels[3 * pixel + 1] + pixels[3 * pixel + 2];
}
