import { describe, expect, test } from 'vitest';
import { createCounting, drawPositions } from '../../src/environments/counting.ts';
import { SHAPES } from '../../src/environments/counting-shape.ts';
import type { Nuisance } from '../../src/environments/environment.ts';
import { randomFor } from '../../src/random.ts';

const DRAWS = 400;
const environment = createCounting();

function nuisance(name: string): Nuisance {
  const found = environment.nuisances?.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no nuisance ${name}`);
  return found;
}

function draw(index: number) {
  const random = randomFor('counting nuisance', index);
  const appearance = environment.drawAppearance(random);
  const count = 1 + (index % 8);
  const pixels = new Uint8Array(64 * 64 * 3);
  environment.render(count, appearance, random, pixels);
  return { appearance, count, pixels };
}

describe('nuisances of counting', () => {
  test('shape and colour are read from the pixels exactly as they were drawn, however close the objects are', () => {
    const wrong: string[] = [];
    for (let index = 0; index < DRAWS; index++) {
      const { appearance, count, pixels } = draw(index);
      const { shape, red, green, blue } = appearance;
      const read = [
        ...(nuisance('shape').read(pixels) ?? []),
        ...(nuisance('colour').read(pixels) ?? []).map(Math.round),
      ];
      if (read.join() !== [shape, red, green, blue].join()) wrong.push(`${index}, ${count} objects: ${read}`);
    }
    expect(wrong).toEqual([]);
  });

  test('the position is the centre, moved by the centre of mass of the shape', () => {
    for (let index = 0; index < 200; index++) {
      const random = randomFor('counting nuisance', index);
      const appearance = environment.drawAppearance(random);
      const pixels = new Uint8Array(64 * 64 * 3);
      environment.render(1, appearance, random, pixels);
      const again = randomFor('counting nuisance', index);
      environment.drawAppearance(again);
      const [centre] = drawPositions(1, again);
      const { offsets } = SHAPES[appearance.shape];
      const mean = (axis: 0 | 1) =>
        centre[axis] + offsets.reduce((sum, offset) => sum + offset[axis], 0) / offsets.length;
      const [x, y] = nuisance('position').read(pixels) ?? [];
      expect(x).toBeCloseTo(mean(0), 9);
      expect(y).toBeCloseTo(mean(1), 9);
    }
  });

  test('the layout holds the share of each cell, row by row', () => {
    const pixels = new Uint8Array(64 * 64 * 3);
    // One pixel in cell 0, three in the last one of the first row, and four in the last of all.
    for (const [x, y] of [
      [3, 3],
      [50, 0],
      [50, 1],
      [63, 15],
      [48, 48],
      [63, 63],
      [60, 60],
      [48, 63],
    ])
      pixels[3 * (64 * y + x)] = 100;
    const shares = nuisance('layout').read(pixels) ?? [];
    expect(shares).toHaveLength(16);
    expect([shares[0], shares[3], shares[15]]).toEqual([1 / 8, 3 / 8, 4 / 8]);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(1);
  });

  test('a faint background does not hide where an object is, nor which', () => {
    const { appearance, pixels } = draw(0);
    const faint = pixels.map((value) => Math.max(value, 2));
    const [x, y] = nuisance('position').read(pixels) ?? [];
    const [faintX, faintY] = nuisance('position').read(faint) ?? [];
    // A twentieth of the image's side.
    expect(Math.hypot(faintX - x, faintY - y)).toBeLessThan(3);
    expect(nuisance('shape').read(faint)).toEqual([appearance.shape]);
  });

  test('nothing is read from a black image', () => {
    const black = new Uint8Array(64 * 64 * 3);
    for (const each of environment.nuisances ?? []) expect(each.read(black)).toBeUndefined();
  });
});
