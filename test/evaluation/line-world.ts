// A world that can be worked out by hand: states on a line, the observation of a state is one pixel with its number.

import { encodeOneHot } from '../../src/environments/environment.ts';
import type { Environment } from '../../src/environments/index.ts';
import type { WordPath } from '../../src/evaluation/witness/path.ts';
import type { LatentWorld } from '../../src/evaluation/witness/witness.ts';
import type { Latents } from '../../src/measures/latents.ts';

/** States 0..size-1; the only action leads one up, the last state to itself; reward 1 in the last. */
export function lineEnvironment(size: number): Environment {
  return {
    name: 'line',
    description: 'a line',
    options: {},
    observationShape: [1, 1, 1],
    actionNames: ['up'],
    actionSize: 1,
    encodeAction: (action, _random, encoded, offset) => encodeOneHot(action, 1, encoded, offset),
    stateCount: size,
    stateName: (state) => `s${state}`,
    next: (state) => Math.min(size - 1, state + 1),
    reward: (state) => (state === size - 1 ? 1 : 0),
    hasBinaryReward: true,
    drawAppearance: () => ({}),
    render: (state, _appearance, _random, pixels) => pixels.fill(state),
  };
}

/** Networks of one number: E by a table, T and P as functions. */
export function lineWorld(
  encode: readonly number[],
  predict: (z: number) => number,
  auxiliary: (z: number) => number,
): LatentWorld {
  return {
    encode: async (observations): Promise<Latents> => ({
      values: Float32Array.from(observations, (state) => encode[state]),
      count: observations.length,
      size: 1,
    }),
    predict: async ({ values }) => values.map(predict),
    auxiliary: async ({ values }) => values.map(auxiliary),
  };
}

/** From the states `first` and `second` along as many actions as there are further states; p = 1 in state 3. */
export function linePath(first: readonly number[], second: readonly number[]): WordPath {
  const both = [...first, ...second];
  return {
    word: first.slice(1).map(() => 'up'),
    actions: new Float32Array(first.length - 1).fill(1),
    observations: Uint8Array.from(both),
    states: [first.map((state) => `s${state}`), second.map((state) => `s${state}`)],
    auxiliary: Float32Array.from(both, (state) => (state === 3 ? 1 : 0)),
  };
}
