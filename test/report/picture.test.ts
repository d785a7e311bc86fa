import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { rampColour } from '../../src/report/colour.ts';
import { contactSheet, heatMap } from '../../src/report/picture.ts';

/** [height, width, 3] of a PNG. */
function pixelsOf({ bytes, width, height }: ReturnType<typeof contactSheet>): number[] {
  const image = decode(bytes);
  expect([image.width, image.height, image.channels]).toEqual([width, height, 3]);
  return Array.from(image.data);
}

describe('pictures', () => {
  test('a contact sheet puts observations side by side, row by row, and leaves the rest black', () => {
    // Three images of 1 x 2 pixels: n and n + 0.5, times ten, in each channel.
    const observations = Uint8Array.from(
      { length: 3 * 2 * 3 },
      (_, i) => 10 * Math.floor(i / 6) + 5 * (Math.floor(i / 3) % 2),
    );
    const sheet = contactSheet(observations, [1, 2, 3], 2);
    expect([sheet.width, sheet.height]).toEqual([4, 2]);
    const grey = pixelsOf(sheet).filter((_, i) => i % 3 === 0);
    expect(grey).toEqual([0, 5, 10, 15, 20, 25, 0, 0]);
  });

  test('one channel is grey, and of stacked frames the last one is shown', () => {
    expect(pixelsOf(contactSheet(Uint8Array.of(7), [1, 1, 1], 1))).toEqual([7, 7, 7]);
    expect(pixelsOf(contactSheet(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 1, 6], 1))).toEqual([4, 5, 6]);
  });

  test('a heat map goes from 0 to the largest number, and zeros are no error', () => {
    expect(pixelsOf(heatMap([0, 2, 4, 0], 2))).toEqual([0, 0.5, 1, 0].flatMap(rampColour));
    expect(pixelsOf(heatMap([0], 1))).toEqual(rampColour(0));
  });
});
