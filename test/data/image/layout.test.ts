import { describe, expect, test } from 'vitest';
import { imageLayoutOf, toChannelsLast } from '../../../src/data/image/layout.ts';

const sidesOf = (shape: readonly number[], dtype = 'uint8') => {
  const found = imageLayoutOf(shape, dtype);
  return found && [found.layout, found.frames, found.height, found.width, found.channels];
};

describe('the layout of an image', () => {
  test.each([
    [
      [64, 48, 3],
      ['hwc', 1, 64, 48, 3],
    ],
    [
      [7, 7, 3],
      ['hwc', 1, 7, 7, 3],
    ],
    [
      [16, 16, 1],
      ['hwc', 1, 16, 16, 1],
    ],
    [
      [16, 16, 5],
      ['hwc', 1, 16, 16, 5],
    ],
    [
      [84, 96, 12],
      ['hwc', 1, 84, 96, 12],
    ],
    [
      [3, 64, 48],
      ['chw', 1, 64, 48, 3],
    ],
    [
      [4, 16, 16],
      ['chw', 1, 16, 16, 4],
    ],
    [
      [2, 84, 84],
      ['chw', 1, 84, 84, 2],
    ],
    [
      [12, 84, 96],
      ['chw', 1, 84, 96, 12],
    ],
    [
      [84, 84],
      ['hwc', 1, 84, 84, 1],
    ],
    [
      [4, 84, 96, 3],
      ['hwc', 4, 84, 96, 12],
    ],
    [
      [4, 3, 84, 96],
      ['chw', 4, 84, 96, 12],
    ],
    [
      [4, 84, 96, 1],
      ['hwc', 4, 84, 96, 4],
    ],
  ])('of %j is %j', (shape, expected) => {
    expect(sidesOf(shape)).toEqual(expected);
  });

  test.each([[[]], [[8]], [[3, 4]], [[0, 16, 3]], [[40, 16, 16, 3]], [[4, 16, 16, 5]], [[2, 2, 16, 16, 3]]])(
    'is none for %j',
    (shape) => {
      expect(sidesOf(shape)).toBeUndefined();
    },
  );

  test('is none for other types than bytes', () => {
    expect(sidesOf([16, 16, 3], 'float32')).toBeUndefined();
    expect(sidesOf([16, 16, 3], 'int16')).toBeUndefined();
  });
});

describe('turning to channels last', () => {
  /** Every place of the image holds its own number, so that no exchange of two goes unseen. */
  function check(shape: readonly number[], at: (n: number, y: number, x: number, c: number) => number): void {
    const layout = imageLayoutOf(shape, 'uint8');
    if (layout === undefined) throw new Error('no image');
    const size = shape.reduce((product, side) => product * side, 1);
    const stored = Uint8Array.from({ length: 2 * size }, (_, i) => (i * 7 + (i >> 8) * 31) & 255);
    const turned = toChannelsLast(stored, layout);
    const { height, width, channels } = layout;
    for (let n = 0; n < 2; n++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let c = 0; c < channels; c++)
            expect(turned[((n * height + y) * width + x) * channels + c]).toBe(stored[n * size + at(n, y, x, c)]);
  }

  test('of channels first', () => check([3, 8, 10], (_n, y, x, c) => (c * 8 + y) * 10 + x));
  test('of a stack of frames, channels last', () =>
    check([2, 8, 10, 3], (_n, y, x, c) => ((Math.floor(c / 3) * 8 + y) * 10 + x) * 3 + (c % 3)));
  test('of a stack of frames, channels first', () => check([2, 3, 8, 10], (_n, y, x, c) => (c * 8 + y) * 10 + x));
  test('of what has channels last already, without a copy', () => {
    const pixels = new Uint8Array(2 * 8 * 8 * 3);
    const layout = imageLayoutOf([8, 8, 3], 'uint8');
    expect(layout && toChannelsLast(pixels, layout)).toBe(pixels);
  });
});
