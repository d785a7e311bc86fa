// What a planner may choose from: how actions are encoded, bounded, and made finitely many.
import { describe, expect, test } from 'vitest';
import { createEnvironment } from '../../src/environments/index.ts';
import { actionSpaceOf, choicesOf, clip, continuousActions, oneHotActions } from '../../src/planning/action-space.ts';

test('choices are encoded one-hot, in their order', () => {
  expect(oneHotActions(3)).toEqual({
    ...{ kind: 'discrete', count: 3, size: 3 },
    encoded: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
  });
  expect(actionSpaceOf(createEnvironment('counting'))).toEqual(oneHotActions(2));
});

test('numbers are as many as they have bounds, and every number of an environment has its bounds', () => {
  expect(continuousActions([-1, 10], [1, 20])).toEqual({ kind: 'continuous', size: 2, low: [-1, 10], high: [1, 20] });
  const environment = createEnvironment('counting', { continuous: true, actions: 3 });
  const { low, high } = environment.continuous ?? {};
  const each = Array(environment.actionSize);
  expect(actionSpaceOf(environment)).toEqual(continuousActions(each.fill(low), [...each].fill(high)));
});

test('a number is moved to the nearer of its own bounds, and left alone between them', () => {
  const space = continuousActions([-1, 10], [1, 20]);
  expect([-3, -1, 0.5, 1, 3].map((value) => clip(space, 0, value))).toEqual([-1, -1, 0.5, 1, 1]);
  expect([3, 10, 15, 20, 30].map((value) => clip(space, 1, value))).toEqual([10, 10, 15, 20, 20]);
});

describe('as finitely many', () => {
  test('choices are what they are, whatever the levels', () => {
    const space = oneHotActions(3);
    expect(choicesOf(space, 2)).toBe(space);
  });

  test('two levels are the bounds, three their middle too; of several numbers the first changes fastest', () => {
    expect(choicesOf(continuousActions([-2], [6]), 2).encoded).toEqual(Float32Array.of(-2, 6));
    expect(choicesOf(continuousActions([-2], [6]), 3).encoded).toEqual(Float32Array.of(-2, 2, 6));
    expect(choicesOf(continuousActions([-2, 0], [6, 1]), 2)).toEqual({
      ...{ kind: 'discrete', count: 4, size: 2 },
      encoded: Float32Array.of(-2, 0, 6, 0, -2, 1, 6, 1),
    });
  });

  test('more than 4,096 are refused, with what to do instead', () => {
    const of = (size: number) => continuousActions(Array(size).fill(0), Array(size).fill(1));
    expect(choicesOf(of(6), 4).count).toBe(4096);
    expect(() => choicesOf(of(7), 4)).toThrow(
      expect.objectContaining({
        message: 'levels: expected at most 4096 choices, got 4 levels of 7 numbers: 16384',
        remedy: 'Choose a planner for continuous actions: cem, mppi, icem.',
      }),
    );
  });
});
