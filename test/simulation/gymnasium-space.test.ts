// What a description of spaces means, without Python.
import { describe, expect, test } from 'vitest';
import { observationCodec } from '../../src/simulation/gymnasium-space.ts';
import { settleChoices } from '../../src/simulation/space.ts';

const part = (name: string, type: 'uint8' | 'float32', shape: number[]) => ({ name, type, shape, of: 'Box' });

describe('an observation of several parts', () => {
  test('has its images side by side, then its numbers, in whatever order they come', () => {
    const codec = observationCodec('gym:X', [
      part('speed', 'float32', [2]),
      part('front', 'uint8', [8, 8, 1]),
      part('symbols', 'uint8', [3]),
      part('top', 'uint8', [3, 8, 8]),
    ]);
    expect(codec.space).toEqual({ kind: 'image-and-vector', shape: [8, 8, 4], size: 5 });
    expect(codec.byteLength).toBe(8 + 64 + 3 + 192);
    const bytes = new Uint8Array(codec.byteLength);
    new DataView(bytes.buffer).setFloat32(4, 0.5, true);
    bytes.set([9, 10], 8);
    bytes.set([7, 7, 7], 8 + 64);
    for (let channel = 0; channel < 3; channel++) bytes[8 + 64 + 3 + 64 * channel + 1] = 20 + channel;
    const decoded = codec.decode(bytes);
    expect([...decoded.slice(0, 8)]).toEqual([9, 0, 0, 0, 10, 20, 21, 22]);
    expect([...decoded.slice(256)]).toEqual([0, 0.5, 7, 7, 7]);
  });

  test('that has one image keeps it as bytes', () => {
    const codec = observationCodec('gym:X', [part('', 'uint8', [8, 9])]);
    expect(codec.space).toEqual({ kind: 'image', shape: [8, 9, 1] });
    expect(codec.decode(new Uint8Array(72).fill(3))).toEqual(new Uint8Array(72).fill(3));
  });
});

test('a choice among numbers is settled by the largest', () => {
  const choices = [
    { offset: 1, count: 2 },
    { offset: 3, count: 3 },
  ];
  expect(settleChoices([0.3, 0.1, 0.2, -5, -4, -6], choices)).toEqual([0.3, 0, 1, 0, 1, 0]);
});
