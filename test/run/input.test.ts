// Images as an encoder's input takes them, against their definition: every number by its indices.
import { describe, expect, test } from 'vitest';
import { floatToHalf } from '../../src/half.ts';
import { randomFor } from '../../src/random.ts';
import { type EncoderPort, type InputLayout, imageTensor } from '../../src/run/input.ts';

const [count, height, width, frames, own] = [3, 4, 5, 2, 3];
const channels = frames * own;

/** For each layout its shape, and the indices [y, x, frame, channel] of one of its places. */
const layouts: Readonly<
  Record<Exclude<InputLayout, 'flat'>, { sides: number[]; at: (place: readonly number[]) => number[] }>
> = {
  nhwc: { sides: [height, width, channels], at: ([y, x, c]) => [y, x, Math.floor(c / own), c % own] },
  nchw: { sides: [channels, height, width], at: ([c, y, x]) => [y, x, Math.floor(c / own), c % own] },
  ntchw: { sides: [frames, own, height, width], at: ([t, c, y, x]) => [y, x, t, c] },
  ncthw: { sides: [own, frames, height, width], at: ([c, t, y, x]) => [y, x, t, c] },
  nthwc: { sides: [frames, height, width, own], at: ([t, y, x, c]) => [y, x, t, c] },
};

function placeOf(index: number, sides: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (const side of [...sides].reverse()) {
    place.unshift(rest % side);
    rest = Math.floor(rest / side);
  }
  return place;
}

const random = randomFor('images');
const bytes = Uint8Array.from({ length: count * height * width * channels }, () => random.integer(256));
const normalization = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

describe('an image as an input takes it', () => {
  test.each(
    Object.keys(layouts).flatMap((layout) =>
      (['uint8', 'float32', 'float16', 'int32', 'int64'] as const).flatMap((type) => [
        [layout, type, 'bytes', 'as it is'] as const,
        [layout, type, 'numbers', 'as it is'] as const,
        ...(type === 'float32' ? [[layout, type, 'bytes', 'normalised'] as const] : []),
      ]),
    ),
  )('%s %s from %s, %s', (layout, type, from, how) => {
    const { sides, at } = layouts[layout as keyof typeof layouts];
    const port = { layout: layout as InputLayout, type, frames, ...(how === 'normalised' && { normalization }) };
    const pixels = from === 'bytes' ? bytes : Float32Array.from(bytes);
    const tensor = imageTensor(pixels, [count, height, width, channels], port satisfies Partial<EncoderPort>);
    expect(tensor.shape).toEqual([count, ...sides]);
    const expected = Array.from(bytes, (_, index) => {
      const image = Math.floor(index / (height * width * channels));
      const [y, x, t, c] = at(placeOf(index % (height * width * channels), sides));
      const byte = bytes[((image * height + y) * width + x) * channels + t * own + c];
      const unit = Math.fround(byte / 255);
      if (how === 'normalised') return Math.fround((unit - normalization.mean[c]) / normalization.deviation[c]);
      if (type === 'float32') return unit;
      if (type === 'float16') return floatToHalf(unit);
      return type === 'int64' ? BigInt(byte) : byte;
    });
    expect(Array.from<number | bigint>(tensor.data as Float32Array)).toEqual(expected);
  });
});
