// Observations as pictures.
import { element } from './dom.ts';

export interface ImageSet {
  /** [N, H, W, C] */
  readonly observations: Uint8Array;
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** A picture of its own size in pixels; the style sheet makes it larger. */
export function createImage(images: ImageSet, index: number, description: string, className = ''): HTMLCanvasElement {
  const [height, width] = images.shape;
  const canvas = element('canvas', { width, height, role: 'img', class: className });
  paintImage(canvas, images, index, description);
  return canvas;
}

export function paintImage(canvas: HTMLCanvasElement, images: ImageSet, index: number, description: string): void {
  const [height, width, channels] = images.shape;
  const size = height * width * channels;
  const pixels = images.observations.subarray(index * size, (index + 1) * size);
  const rgba = new ImageData(width, height);
  for (let from = 0, to = 0; from < size; from += channels, to += 4) {
    for (let c = 0; c < 3; c++) rgba.data[to + c] = pixels[from + Math.min(c, channels - 1)];
    rgba.data[to + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(rgba, 0, 0);
  canvas.setAttribute('aria-label', description);
}
