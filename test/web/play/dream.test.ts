// What a latent says of its image: the mean of the images with latents near it, and one mean for all where latents have collapsed.
import { describe, expect, test } from 'vitest';
import { createLatents } from '../../../src/measures/latents.ts';
import { dreamOf } from '../../../web/play/dream.ts';

/** Two images at latent 0, two at latent 1, of two pixels each. */
const observations = Uint8Array.of(100, 0, 200, 0, 0, 40, 0, 80);
const known = (values: readonly number[]) => ({
  latents: createLatents(Float32Array.from(values), 1),
  observations,
  untrainedDistance: 1,
});

describe('the dream of a latent', () => {
  test('is the mean of the images near it, without its own', () => {
    const distinct = known([0, 0, 1, 1]);
    expect(dreamOf(Float32Array.of(0.01), distinct, -1)).toEqual(Uint8Array.of(255, 0));
    expect(dreamOf(Float32Array.of(0), distinct, 0)).toEqual(Uint8Array.of(255, 0));
    expect(dreamOf(Float32Array.of(1), distinct, -1)).toEqual(Uint8Array.of(0, 255));
  });

  test('is brightened six times at most', () => {
    const dark = { ...known([0, 0, 1, 1]), observations: Uint8Array.of(10, 0, 20, 0, 0, 40, 0, 80) };
    expect(dreamOf(Float32Array.of(0), dark, -1)).toEqual(Uint8Array.of(90, 0));
  });

  test('far from all of them it is that of the nearest', () => {
    expect(dreamOf(Float32Array.of(50), known([0, 0, 1, 1]), -1)).toEqual(Uint8Array.of(0, 255));
  });

  test('of collapsed latents it is the mean of all images, whichever is asked for', () => {
    const collapsed = known([0, 0.0001, 0.0002, 0.0001]);
    for (const latent of [0, 0.0002])
      expect(dreamOf(Float32Array.of(latent), collapsed, -1)).toEqual(Uint8Array.of(255, 102));
  });
});
