// Worlds whose pixels, latents, actions and auxiliaries are several numbers each, as functions of rows.
import type { LatentWorld } from '../../../src/evaluation/witness/witness.ts';

export type Row = readonly number[];
export const rowsOf = (values: ArrayLike<number>, size: number): number[][] =>
  Array.from({ length: values.length / size }, (_, n) =>
    Array.from({ length: size }, (_value, k) => values[n * size + k]),
  );
export const distance = (a: Row, b: Row) => Math.sqrt(a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0));

export interface Networks {
  readonly encode: (pixels: Row) => Row;
  readonly predict: (latent: Row, action: Row) => Row;
  readonly head: (latent: Row) => Row;
}

export function worldOf({ encode, predict, head }: Networks, size: number): LatentWorld {
  return {
    encode: async (observations) => {
      const values = Float32Array.from(rowsOf(observations, 2).flatMap(encode));
      return { values, count: observations.length / 2, size };
    },
    predict: async ({ values, count }, actions) => {
      const given = rowsOf(actions, actions.length / count);
      return Float32Array.from(rowsOf(values, size).flatMap((latent, n) => predict(latent, given[n])));
    },
    auxiliary: async ({ values }) => Float32Array.from(rowsOf(values, size).flatMap(head)),
  };
}

/** Two pixels, latents of three numbers, actions and auxiliaries of two. */
export const networks: Networks = {
  encode: ([x, y]) => [x, y / 2, x - y],
  predict: ([u, v, w], [a, b]) => [u + a, v * b, w - a + b],
  head: ([u, v, w]) => [u - v, 2 * w],
};
