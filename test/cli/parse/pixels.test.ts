// What --pixels says, by the numbers that an encoder is fed with.
import { describe, expect, test } from 'vitest';
import { parsePixels } from '../../../cli/parse/pixels.ts';
import { observationTensor } from '../../../src/run/encode.ts';

describe('pixels of an encoder from anywhere', () => {
  // One row of two RGB pixels.
  const pixels = Uint8Array.of(0, 51, 102, 255, 204, 153);
  const feed = (scale: string, layout: 'nhwc' | 'nchw') => {
    const normalization = parsePixels('--pixels', scale);
    const { data } = observationTensor(pixels, [1, 1, 2, 3], { layout, type: 'float32', normalization });
    return Array.from(Float64Array.from(data, Number), (value) => Math.round(value * 1000) / 1000);
  };

  test.each([
    ['unit', [0, 0.2, 0.4, 1, 0.8, 0.6]],
    ['bytes', [0, 51, 102, 255, 204, 153]],
    ['signed', [-1, -0.6, -0.2, 1, 0.6, 0.2]],
    // (0 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.4 - 0.406) / 0.225, ...
    ['imagenet', [-2.118, -1.143, -0.027, 2.249, 1.536, 0.862]],
    ['0,0.2,0.4/1,0.5,0.1', [0, 0, 0, 1, 1.2, 2]],
  ])('are scaled as %s says', (scale, expected) => {
    expect(feed(scale, 'nhwc')).toEqual(expected);
  });

  test('keep the means of their channels where channels come first', () => {
    expect(feed('0,0.2,0.4/1,0.5,0.1', 'nchw')).toEqual([0, 1, 0, 1.2, 0, 2]);
  });

  test.each(['', 'Unit', '0.5', '1,2/3', '1/0', '1,x/1,1', '1/2/3', '/1'])('"%s" is refused', (text) => {
    expect(() => parsePixels('--pixels', text)).toThrow(/--pixels: expected unit, bytes, signed, imagenet, or means/);
  });
});
