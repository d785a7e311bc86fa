// Bisimulation of environments and recordings as functions: pairs by name, what cannot be asked, and actions that slip.
import { expect, test } from 'vitest';
import { bisimulationOfEnvironment, requireStates } from '../../pipeline/bisimulation/environment.ts';
import { findPair } from '../../pipeline/bisimulation/pair.ts';
import { bisimulationOfRecording } from '../../pipeline/bisimulation/recording.ts';
import { createAuxiliaries, environmentContext } from '../../src/auxiliary/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { walk } from '../bisimulation/walk.ts';

test('counts whose only reward is at 0 are told apart by as many steps down as the smaller one takes', async () => {
  const environment = createEnvironment('counting', { target: 0 });
  const auxiliaries = await createAuxiliaries([{ kind: 'reward', coefficient: 1 }], environmentContext(environment, 0));
  const { report, unit } = await bisimulationOfEnvironment(environment, {
    auxiliaries,
    pairs: [
      ['7', '8'],
      ['2', '5'],
    ],
  });
  expect([unit, report.kind, report.classes.length]).toEqual(['states', 'complete', 9]);
  expect(report.pairs.map(({ word }) => word?.length)).toEqual([7, 2]);
});

test('a name that is a number is a name; where names are words, a number is a place', () => {
  expect(findPair(['5', '3'], ['1', '3', '5'], 'counting')).toEqual([2, 1]);
  expect(findPair(['east', '0'], ['west', 'east'], 'line')).toEqual([1, 0]);
  expect(() => findPair(['2', 'east'], ['west', 'east'], 'line')).toThrow(
    '`pair`: expected the name of a state, such as "west", or a number below 2, got "2"',
  );
});

test('pairs and a metric are refused where an auxiliary is of the pixels', () => {
  expect(() => requireStates({ pairs: [['0', '1']] })).toThrow('`pair`: expected auxiliaries of the state');
  expect(() => requireStates({ metric: 0.5 })).toThrow('`metric`: expected auxiliaries of the state');
  expect(() => requireStates({})).not.toThrow();
});

test('a walk tells its cells apart by the reward that each reaches, and too few repeats leave its distributions open', async () => {
  const options = {
    roles: { state: 'cell' },
    auxiliary: ['reward'],
    pairs: [['2', '3'] as const, ['0', '2'] as const],
  };
  const { report, observations, actionNames, stochastic } = await bisimulationOfRecording(walk, {
    ...options,
    epsilon: 0.1,
  });
  expect([observations, actionNames]).toEqual([4, ['0', '1']]);
  expect(report.pairs.map(({ verdict, word }) => [verdict, word])).toEqual([
    ['apart', []],
    ['apart', ['1']],
  ]);
  // Cell 3 pays at once. What action 1 leads to was seen once from 0 and once from 2: too seldom to be sure of anything.
  expect(stochastic?.pairs.map(({ observations: named, verdict }) => [named, verdict])).toEqual([
    [['2', '3'], 'apart'],
    [['0', '2'], 'undecided'],
  ]);
  await expect(bisimulationOfRecording(walk, { ...options, metric: 0.9 })).rejects.toThrow(
    '`metric`: expected every action in every state, got a recording without some',
  );
});
