import { describe, expect, test } from 'vitest';
import { guessRoles, parseMap, resolveRoles, resolveStructure } from '../../src/data/role-name.ts';

describe('a map', () => {
  test('names columns of parts, several joined by +', () => {
    expect(
      parseMap('observation=pixels+proprio, action=act,reward=r,state=id,next-observation=o2,terminal=done'),
    ).toEqual({
      roles: { observation: ['pixels', 'proprio'], action: ['act'], reward: 'r', state: 'id' },
      structure: { nextObservation: 'o2', terminal: 'done' },
    });
  });

  test.each([
    ['pixels', '`map`: expected part=column, got "pixels"'],
    ['observation=', '`map`: expected part=column, got "observation="'],
    ['observation=a+', '`map`: expected part=column, got "observation=a+"'],
    [
      'observations=a',
      '`map`: expected a part (observation, action, reward, state, episode, first, last, terminal, timeout, length, offset, end, next-observation), got "observations"',
    ],
    ['action=a,action=b', '`map`: expected each part once, got "action" twice'],
    ['reward=a+b', '`map`: expected one column for reward, got 2'],
  ])('%s is refused', (text, message) => {
    expect(() => parseMap(text)).toThrow(message);
  });
});

describe('names say what columns are', () => {
  test.each([
    [['observations', 'actions', 'rewards'], { observation: ['observations'], action: ['actions'], reward: 'rewards' }],
    [['pixels', 'proprio', 'action', 'reward'], { observation: ['pixels'], action: ['action'], reward: 'reward' }],
    [
      ['observation.state', 'observation.images.top', 'action', 'next.reward'],
      { observation: ['observation.state', 'observation.images.top'], action: ['action'], reward: 'next.reward' },
    ],
    [
      ['obs/agent', 'obs/goal', 'acts'],
      { observation: ['obs/agent', 'obs/goal'], action: ['acts'], reward: undefined },
    ],
    // A column of its own goes before a group that only begins alike.
    [['observations_mean', 'state', 'action'], { observation: ['state'], action: ['action'], reward: undefined }],
  ])('%j', (names, roles) => {
    expect(guessRoles(names)).toEqual(roles);
  });

  test("the user's map goes before them, and may name a group", () => {
    const columns = ['observations', 'sensors/left', 'sensors/right', 'actions'];
    const guessed = guessRoles(columns);
    expect(resolveRoles('x', columns, guessed, { observation: ['sensors'] })).toMatchObject({
      observation: ['sensors/left', 'sensors/right'],
      action: ['actions'],
    });
    expect(() => resolveStructure('x', columns, { terminal: 'dones' })).toThrow('x: expected a column for terminal');
  });
});
