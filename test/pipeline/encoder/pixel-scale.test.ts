// Pixels of another scale than an encoder was made for are noticed by its first convolution, and only there.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pixelScaleNote } from '../../../pipeline/encoder/pixel-scale.ts';
import { randomFor } from '../../../src/random.ts';
import type { PixelNormalization } from '../../../src/run/encode.ts';

const fixture = (...parts: string[]) => join(import.meta.dirname, '..', '..', 'fixtures', ...parts);
const bytes: PixelNormalization = { mean: [0], deviation: [1 / 255] };
const imagenet: PixelNormalization = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
const random = randomFor(1, 'pixels');
const images = Uint8Array.from({ length: 32 * 16 * 16 * 3 }, () => random.integer(256));

function noteOf(path: string, normalization?: PixelNormalization, name = 'pixel_values') {
  const input = { name, layout: 'nchw', type: 'float32', ...(normalization ? { normalization } : {}) };
  return pixelScaleNote(path, 'e.onnx', input as Parameters<typeof pixelScaleNote>[2], images, [16, 16, 3]);
}

describe('the scale of pixels', () => {
  test.each([
    ['0..1', undefined],
    ['those of ImageNet', imagenet],
    ['-1..1', { mean: [0.5], deviation: [0.5] }],
  ])('is not noticed where it is a usual one of floats: %s', (_, normalization) => {
    expect(noteOf(fixture('torch-encoder', 'dino.onnx'), normalization)).toBeUndefined();
  });

  test('is noticed where bytes are fed to what was made for 0..1, with the numbers that say so', () => {
    const note = noteOf(fixture('torch-encoder', 'dino.onnx'), bytes) ?? '';
    const found =
      /makes of them is (\d+) times its biases; with `pixels: unit` it would be ([\d.]+) times its biases/.exec(note);
    const [, own, better] = (found ?? []).map(Number);
    // 255 times as large pixels have 255 times as large answers.
    expect(own / better).toBeGreaterThan(240);
    expect(own / better).toBeLessThan(270);
  });

  test('is measured behind what the file itself does to pixels, by what its batch normalisation kept', () => {
    // Means of twelve uniform bytes over 255 have the variance 1/144.
    const path = fixture('foreign-encoder', 'normalised.onnx');
    expect(noteOf(path, bytes, 'pixels')).toBeUndefined();
    expect(noteOf(path, undefined, 'pixels')).toMatch(
      /first convolution "means" makes of them is 1\/2[4-7]0 of what it kept of its training; with `pixels: bytes` it would be (1 times|1\/1 of|1\.\d times|1\/1\.\d of) what/,
    );
  });

  test('cannot be told where no convolution comes first', () => {
    expect(noteOf(fixture('foreign-encoder', 'quarters.onnx'), bytes, 'pixels')).toBeUndefined();
  });
});
