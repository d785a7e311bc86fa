// A latent a row: outputs with another first axis are refused, since they would mix numbers of different observations.
import { describe, expect, test } from 'vitest';
import { encodeObservations } from '../../src/run/encode.ts';
import type { RuntimeSession } from '../../src/runtimes/runtime.ts';

/** A session that gives every batch the shape that `shapeOf` says, filled with 0, 1, 2, ... */
function sessionOf(shapeOf: (rows: number) => number[], names = ['latent']): RuntimeSession {
  return {
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
    outputs: names.map((name) => ({ name, type: 'float32', shape: ['N', 3] })),
    run: async ({ x }) => {
      const shape = shapeOf(x.shape[0]);
      const length = shape.reduce((product, side) => product * side, 1);
      return { latent: { type: 'float32', shape, data: Float32Array.from({ length }, (_, i) => i) } };
    },
    dispose: async () => {},
  };
}

const input = { name: 'x', layout: 'flat', type: 'float32' } as const;
const observations = new Float32Array(8);

describe('latents of an encoder', () => {
  test('have a row for each observation, of any further axes', async () => {
    const { count, size } = await encodeObservations(
      sessionOf((rows) => [rows, 3, 5]),
      observations,
      [2],
      input,
    );
    expect([count, size]).toEqual([4, 15]);
  });

  test.each([
    ['tokens first', (rows: number) => [3, rows, 5], '[3, 4, 5]'],
    ['features first', (rows: number) => [5, rows], '[5, 4]'],
    ['one row for all', () => [1, 5], '[1, 5]'],
    ['no axes', () => [], '[]'],
  ])('%s is refused', async (_, shapeOf, shown) => {
    await expect(encodeObservations(sessionOf(shapeOf), observations, [2], input)).rejects.toThrow(
      `encoder: expected "latent" to have a row for each of 4 observations, got shape ${shown}`,
    );
  });

  test('of several outputs are named in the refusal', async () => {
    const session = sessionOf(() => [1, 5], ['latent', 'tokens']);
    await expect(encodeObservations(session, observations, [2], input)).rejects.toThrow(
      '(its outputs: latent, tokens)',
    );
  });

  test('of observations that lie in the columns of the input are refused before they are mixed', async () => {
    const session = sessionOf((rows) => [rows, 3]);
    const turned = { ...session, inputs: [{ name: 'x', type: 'float32', shape: [2, 'N'] } as const] };
    await expect(encodeObservations(turned, observations, [2], input)).rejects.toThrow(
      'encoder: expected the observations along the first axis of "x", got [2, N], whose N is the first of "latent"',
    );
  });
});
