// Where the observations of a simulator's run come from, in words.
import { expect, test } from 'vitest';
import { simulationOrigin } from '../../src/report/simulation-origin.ts';

const simulation = {
  simulator: 'gym:FrozenLake-v1',
  seed: 3,
  policy: 'random',
  actionPersistence: 0,
  maximalSteps: 100,
  options: { is_slippery: false },
  versions: { gymnasium: '1.2.0', python: '3.11.2' },
  episodes: 1200,
  steps: 4410,
};

test('names the simulator, its options, seed, policy, sizes and versions', () => {
  expect(simulationOrigin(simulation)).toBe(
    'gym:FrozenLake-v1, is_slippery false, seed 3, random policy, 1,200 episodes of at most 100 steps (4,410 in all); ' +
      'gymnasium 1.2.0, python 3.11.2',
  );
});

test('says that frames were observed, and that actions were repeated; nothing of versions that there are none of', () => {
  const other = {
    ...simulation,
    simulator: 'maze.ts',
    options: {},
    render: true,
    actionPersistence: 0.8,
    versions: {},
  };
  expect(simulationOrigin(other)).toBe(
    'maze.ts, its frames, seed 3, random policy, which repeats 80 % of its actions, 1,200 episodes of at most 100 steps (4,410 in all)',
  );
});
