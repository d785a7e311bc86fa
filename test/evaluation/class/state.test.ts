import { describe, expect, test } from 'vitest';
import { createAuxiliaries, environmentContext } from '../../../src/auxiliary/index.ts';
import { createEnvironment } from '../../../src/environments/index.ts';
import { classesOf } from '../../../src/evaluation/class/state.ts';

describe('state classes', () => {
  test('a sparse reward in the middle tells all nine counts apart', async () => {
    const classes = await classesOf(createEnvironment('counting'), 'reward', []);
    expect(classes.count).toBe(9);
    expect(Array.from(classes.classOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(classes.names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  });

  test('what the run was trained with does not change the classes of the reward, but those of the auxiliary', async () => {
    const environment = createEnvironment('counting');
    expect((await classesOf(environment, 'reward', [])).count).toBe(9);
    const none = await classesOf(environment, 'auxiliary', []);
    expect(none).toMatchObject({ count: 1, names: ['0 and 8 more'] });
    const context = environmentContext(environment, 0);
    const reward = await createAuxiliaries([{ kind: 'reward', coefficient: 1 }], context);
    expect((await classesOf(environment, 'auxiliary', reward)).count).toBe(9);
  });

  test('states by themselves are as many classes as states', async () => {
    const environment = createEnvironment('rooms');
    expect((await classesOf(environment, 'state', [])).count).toBe(environment.stateCount);
  });
});
