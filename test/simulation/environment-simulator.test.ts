// A built-in environment that is rolled out says of every step what the environment itself says.
import { expect, test } from 'vitest';
import { createEnvironment, environmentNames } from '../../src/environments/index.ts';
import { openSimulator } from '../../src/simulation/index.ts';
import { findDifference, rollOut } from '../../src/simulation/roll-out.ts';

const options = { episodes: 12, steps: 9, seed: 3, actionPersistence: 0 };

test.each(environmentNames)(
  '%s: states follow actions, rewards follow states, and a seed gives the same again',
  async (name) => {
    const environment = createEnvironment(name);
    const pool = await openSimulator(name);
    const episodes = await rollOut(pool, options);
    for (const { first, actions, transitions } of episodes)
      for (const [step, { state, reward, observation }] of transitions.entries()) {
        const before = step === 0 ? first.state : transitions[step - 1].state;
        expect(state).toBe(environment.next(Number(before), Number(actions[step])));
        expect(reward).toBe(environment.reward(Number(state)));
        expect(observation).toHaveLength(environment.observationShape.reduce((product, side) => product * side));
      }
    const starts = new Set(episodes.map(({ first }) => first.state));
    expect(starts.size).toBeGreaterThan(2);
    expect(new Set(episodes.map(({ first }) => Buffer.from(first.observation).toString('base64'))).size).toBe(12);
    expect(await findDifference(pool, episodes[0], options.seed)).toBeUndefined();
  },
);

test('its images are drawn as the state says: as many objects as are counted', async () => {
  const pool = await openSimulator('counting');
  const [{ first, transitions }] = await rollOut(pool, { ...options, episodes: 1, steps: 40 });
  const lit = (pixels: ArrayLike<number>) => Array.from(pixels).filter((value) => value > 0).length;
  const [perObject] = [first, ...transitions].filter(({ state }) => state === 1).map((at) => lit(at.observation));
  expect(perObject).toBeGreaterThan(0);
  for (const { state, observation } of [first, ...transitions])
    expect(lit(observation)).toBe(Number(state) * perObject);
});

test('numbers choose the action of a continuous one, episodes end where the environment says, and none begins there', async () => {
  const pool = await openSimulator('counting', {
    simulatorOptions: { continuous: true, termination: true, target: 2 },
  });
  expect(pool.action).toEqual({ kind: 'continuous', low: [-1], high: [1] });
  const episodes = await rollOut(pool, { ...options, episodes: 40, steps: 60 });
  for (const { first, actions, transitions } of episodes) {
    expect(first.state).not.toBe(2);
    const states = [first, ...transitions].map(({ state }) => Number(state));
    for (const [step, action] of actions.entries())
      expect(states[step + 1]).toBe(Math.min(8, Math.max(0, states[step] + (Number(action) < 0 ? -1 : 1))));
    for (const [step, { state, isTerminal }] of transitions.entries()) {
      expect(isTerminal).toBe(state === 2);
      if (isTerminal) expect(step).toBe(transitions.length - 1);
    }
  }
  expect(episodes.some(({ transitions }) => transitions.at(-1)?.isTerminal)).toBe(true);
});

test('situations that are kept come back as they were', async () => {
  const pool = await openSimulator('rooms');
  await pool.reset([0], [7]);
  const kept = await pool.branching?.save(0);
  const [branch] = (await pool.branching?.branch(0, [Number(kept)], [1])) ?? [];
  const [after] = await pool.step([0], [1]);
  expect(branch).toMatchObject(after);
});

test('what is no option and what is no name is said in one line', async () => {
  await expect(openSimulator('counting', { simulatorOptions: { goal: 3 } })).rejects.toThrow(
    'environment counting: expected a known key, got "goal"',
  );
  await expect(openSimulator('counting', { lanes: 2 })).rejects.toThrow('with gym:ENVIRONMENT alone');
  await expect(openSimulator('countin')).rejects.toThrow(
    'gym:ENVIRONMENT or counting, exogenous, line, rooms, door-key',
  );
});
