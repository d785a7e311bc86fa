// How a predictor's file is fed, by the shapes, types and names that it says: every kind of file that has to be told, and each that is refused.
import { describe, expect, test } from 'vitest';
import type { Port } from '../../src/evaluation/encoder-input.ts';
import type { RecordedAction } from '../../src/evaluation/held-out/row-words.ts';
import {
  findPredictorPorts,
  type PredictorAnswers,
  type PredictorQuestion,
} from '../../src/evaluation/predictor-input.ts';
import { encodeActions } from '../../src/run/predictor.ts';

const port = (name: string, shape: readonly (number | string)[], type = 'float32'): Port => ({ name, shape, type });
const choice: RecordedAction = { column: 'move', size: 1, choices: 3 };
const push: RecordedAction = { column: 'push', size: 2 };

function found(
  inputs: readonly Port[],
  given: Partial<PredictorQuestion> = {},
  answers: PredictorAnswers = {},
): ReturnType<typeof findPredictorPorts> {
  const outputs = [port('next', ['N', 4])];
  return findPredictorPorts(
    { where: 'p.onnx', encoder: 'e.onnx', latentSize: 4, actions: [choice], outputs, inputs, ...given },
    answers,
  );
}

describe('which input is which', () => {
  test.each<[string, readonly Port[], readonly RecordedAction[], readonly [string, string]]>([
    ['by their widths', [port('x', ['N', 4]), port('y', ['N', 3])], [choice], ['x', 'y']],
    ['by their widths, the action first', [port('x', ['N', 3]), port('y', ['N', 4])], [choice], ['y', 'x']],
    ['by a type that no latent has', [port('x', ['N'], 'int64'), port('y', ['N', 'D'])], [choice], ['y', 'x']],
    ['by their names, where both are open', [port('u_t', ['N', 'A']), port('z_t', ['N', 'D'])], [push], ['z_t', 'u_t']],
    [
      'by their names, where both have one width',
      [port('action', ['N', 4]), port('latent', ['N', 4])],
      [{ ...push, size: 4 }],
      ['latent', 'action'],
    ],
    ['as they come, where nothing tells', [port('x', ['N', 'D']), port('y', ['N', 'A'])], [push], ['x', 'y']],
  ])('%s', (_, inputs, actions, [latent, action]) => {
    const ports = found(inputs, { actions });
    expect([ports.latent.name, ports.action.name]).toEqual([latent, action]);
  });

  test('is as was said, of one or of both, and further inputs take numbers', () => {
    const inputs = [port('a', ['N', 4]), port('b', ['N', 4]), port('dt', [1])];
    const constants = [{ name: 'dt', values: [0.1] }];
    const actions = [{ ...push, size: 4 }];
    const ofLatent = found(inputs, { actions }, { latent: 'b', constants });
    expect([ofLatent.latent.name, ofLatent.action.name, ofLatent.constants]).toEqual(['b', 'a', constants]);
    expect(found(inputs, { actions }, { action: 'b', constants }).latent.name).toBe('a');
    expect(() => found(inputs, { actions }, { latent: 'a', action: 'a', constants })).toThrow(
      'expected two inputs, got "a" for latent and action',
    );
  });
});

describe('recorded actions', () => {
  const z = port('z', ['N', 4]);
  test.each<[string, Port, readonly RecordedAction[], readonly (number | undefined)[]]>([
    ['one-hot of as many as are recorded', port('a', ['N', 3]), [choice], [3]],
    ['one-hot of more, since a recording may lack the last', port('a', ['N', 5]), [choice], [5]],
    ['the number itself, where one is taken', port('a', ['N', 1]), [choice], [undefined]],
    ['the number itself as an integer', port('a', ['N'], 'int64'), [choice], [undefined]],
    ['one-hot, where the width is open', port('a', ['N', 'A']), [choice], [3]],
    ['the number, where an open width takes integers', port('a', ['N', 'A'], 'int32'), [choice], [undefined]],
    ['numbers as they are', port('a', ['N', 2]), [push], [undefined]],
    ['choices and numbers side by side', port('a', ['N', 5]), [choice, push], [3, undefined]],
    ['all of them as numbers', port('a', ['N', 3]), [choice, push], [undefined, undefined]],
  ])('are %s', (_, action, actions, choices) => {
    const { parts } = found([z, action], { actions }, { latent: 'z' }).action;
    expect(parts.map((part) => part.choices)).toEqual(choices);
  });

  test('become rows: choices a one among zeros, numbers themselves', () => {
    const parts = [
      { column: 'move', size: 1, choices: 3 },
      { column: 'push', size: 2 },
    ];
    expect(Array.from(encodeActions('p.onnx', Float32Array.of(2, 0.5, -1, 0, 7, 8), 2, parts))).toEqual([
      ...[0, 0, 1, 0.5, -1],
      ...[1, 0, 0, 7, 8],
    ]);
    for (const odd of [3, -1, 0.5])
      expect(() => encodeActions('p.onnx', Float32Array.of(odd, 0, 0), 1, parts)).toThrow(
        `p.onnx: expected move among its 3 actions, 0 to 2, got ${odd}`,
      );
  });
});

describe('what does not fit is named with both shapes', () => {
  const z = port('z', ['N', 4]);
  const a = port('a', ['N', 3]);
  test.each<[string, readonly Port[], Partial<PredictorQuestion>]>([
    ['p.onnx: expected two inputs, a latent and an action, got none', [], {}],
    ['p.onnx: expected two inputs, a latent and an action, got "z" float32[N, 4]', [z], {}],
    ['got "z" float32[N, 4], "a" float32[N, 3], "h" float32[N, 8]', [z, a, port('h', ['N', 8])], {}],
    [
      'expected latents as e.onnx gives them, float32 or float16 [N, 4], got "z" float32[N, 6]',
      [port('z', ['N', 6]), a],
      {},
    ],
    [
      'expected latents as e.onnx gives them, float32 or float16 [N, 4], got "z" float64[N, 4]',
      [port('z', ['N', 4], 'float64'), a],
      {},
    ],
    [
      'expected latents as e.onnx gives them, float32 or float16 [N, 4], got "z" float32[N, T, 4]',
      [port('z', ['N', 'T', 4]), a],
      {},
    ],
    [
      'expected actions as move was recorded, float32, float16, int32, int64 [N] or [N, 1] or one-hot [N, 3], got "a" float32[N, 2]',
      [z, port('a', ['N', 2])],
      {},
    ],
    [
      'expected actions as push was recorded, float32, float16, int32, int64 [N, 2], got "a" float32[N, 3]',
      [z, a],
      { actions: [push] },
    ],
    ['got "a" int64[N, 2]', [z, port('a', ['N', 2], 'int64')], { actions: [push] }],
    ['got "a" float32[N, 4, 1]', [z, port('a', ['N', 4, 1])], {}],
    ['expected actions as move+move was recorded', [z, port('a', ['N', 7])], { actions: [choice, choice] }],
    [
      'expected one output of next latents, float32 or float16 [N, 4] as e.onnx gives them, got "next" float32[N, 5]',
      [z, a],
      { outputs: [port('next', ['N', 5])] },
    ],
    [
      'got "mean" float32[N, 4], "deviation" float32[N, 4]',
      [z, a],
      { outputs: [port('mean', ['N', 4]), port('deviation', ['N', 4])] },
    ],
    ['expected latents and actions of as many rows, got 2 and 8', [port('z', [2, 4]), port('a', [8, 3])], {}],
  ])('%s', (message, inputs, given) => {
    expect(() => found(inputs, given)).toThrow(message);
  });

  test('of several outputs the only one of that width is taken, and a fixed first axis is told', () => {
    const ports = found([port('z', [2, 4]), port('a', [2, 3])], {
      outputs: [port('reward', ['N', 1]), port('next', ['N', 4])],
    });
    expect(ports).toMatchObject({ output: 'next', batchSize: 2, gives: 'next' });
    expect(found([z, a]).batchSize).toBeUndefined();
  });
});
