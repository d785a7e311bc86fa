import { describe, expect, test } from 'vitest';
import type { StateAuxiliary } from '../../src/auxiliary/index.ts';
import { reportObserved, systemFromTransitions } from '../../src/bisimulation/index.ts';
import { sampleTransitions } from '../../src/bisimulation/sample.ts';
import { createEnvironment } from '../../src/environments/index.ts';

const environment = createEnvironment('counting');
const reward: StateAuxiliary = {
  name: 'reward',
  of: 'state',
  size: 1,
  loss: 'cross-entropy',
  coefficient: 1,
  table: Float32Array.from({ length: 9 }, (_, state) => environment.reward(state)),
};

describe('sampled transitions', () => {
  test('are transitions of the environment, between images that are all different', async () => {
    const sample = await sampleTransitions(environment, [reward], { count: 300, seed: 1 });
    const { from, action, to, states } = sample;
    // 60 episodes of five images, of which the black ones of count 0 are one and the same.
    expect(from).toHaveLength(240);
    expect(states.filter((state) => state === 0)).toHaveLength(1);
    expect(sample.observationCount).toBeGreaterThan(200);
    const wrong = Array.from(from, (_, n) => n).filter(
      (n) => states[to[n]] !== environment.next(states[from[n]], action[n]),
    );
    expect(wrong).toEqual([]);
    expect([...sample.auxiliary]).toEqual(Array.from(states, (state) => (state === 4 ? 1 : 0)));
  });

  test('with the reward, images that the transitions tell apart have different counts', async () => {
    const sample = await sampleTransitions(environment, [reward], { count: 100, seed: 1 });
    const recorded = systemFromTransitions(sample);
    expect(recorded.omittedCount).toBe(0);
    const pairs = Array.from({ length: recorded.system.stateCount - 1 }, (_, n) => [n, n + 1] as const);
    const report = reportObserved(recorded, { actionNames: environment.actionNames, stateName: String, pairs });
    const countOf = (state: number) => sample.states[recorded.stateOf.indexOf(state)];
    const apart = report.pairs.filter(({ verdict }) => verdict !== 'may merge');
    expect(apart.length).toBeGreaterThan(10);
    expect(apart.filter(({ states: [a, b] }) => countOf(a.state) === countOf(b.state))).toEqual([]);
  });

  test('are the same for the same seed', async () => {
    const [first, again, other] = await Promise.all(
      [1, 1, 2].map((seed) => sampleTransitions(environment, [reward], { count: 50, seed })),
    );
    expect(again).toEqual(first);
    expect(other.states).not.toEqual(first.states);
  });
});
