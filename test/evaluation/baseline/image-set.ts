// Labelled images as an NPZ file: four classes, the quarter that is bright, as the fixture encoders see it.
import { writeFileSync } from 'node:fs';
import { randomFor } from '../../../src/random.ts';
import { zipOf } from '../../storage/zip.ts';

export const SIDE = 8;

export interface ImageSetOptions {
  readonly count: number;
  readonly seed: number;
  /** Without it the file has images alone. */
  readonly isLabelled?: boolean;
  /** What the camera does to a pixel, at row and column. */
  readonly camera?: (image: (y: number, x: number, c: number) => number, y: number, x: number, c: number) => number;
  /** Chances of the four classes. */
  readonly mix?: readonly number[];
}

export function writeImageSet(
  path: string,
  { count, seed, isLabelled = true, camera, mix = [1, 1, 1, 1] }: ImageSetOptions,
): void {
  const random = randomFor(seed, 'image set');
  const total = mix.reduce((sum, each) => sum + each, 0);
  const labels: number[] = [];
  const pixels = new Uint8Array(count * SIDE * SIDE * 3);
  for (let n = 0; n < count; n++) {
    let at = random.uniform() * total;
    const label = mix.findIndex((chance) => {
      at -= chance;
      return at < 0;
    });
    labels.push(label);
    const bright = 60 + random.integer(70);
    const image = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % SIDE;
      return random.integer(120) + (x >> 1 === label ? bright : 0);
    });
    const look = (y: number, x: number, c: number) => image[(((y + SIDE) % SIDE) * SIDE + ((x + SIDE) % SIDE)) * 3 + c];
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++)
        for (let c = 0; c < 3; c++) {
          const value = camera ? camera(look, y, x, c) : look(y, x, c);
          pixels[((n * SIDE + y) * SIDE + x) * 3 + c] = Math.max(0, Math.min(255, Math.round(value)));
        }
  }
  const images = { name: 'image.npy', content: npyOf('|u1', [count, SIDE, SIDE, 3], pixels) };
  const classes = { name: 'label.npy', content: npyOf('|u1', [count], Uint8Array.from(labels)) };
  writeFileSync(path, zipOf(isLabelled ? [images, classes] : [images]));
}

/** NumPy's format 1.0. */
export function npyOf(type: string, shape: readonly number[], bytes: Uint8Array): Buffer {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = text.padEnd(117 - 0, ' ').concat('\n');
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([head, Buffer.from(header, 'latin1'), bytes]);
}
