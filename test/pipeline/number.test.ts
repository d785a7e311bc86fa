// Numbers and names that a program computed wrongly: each function says so before it opens anything.
import { describe, expect, test } from 'vitest';
import {
  certifyEncoder,
  compareFiles,
  createPlanner,
  evaluateEncoder,
  evaluateLatents,
  evaluateRun,
  measureDrift,
  planRun,
  quantizeEncoder,
  verifyRun,
} from '../../pipeline/index.ts';
import { UsageError } from '../../src/error.ts';

const planner = createPlanner('random-shooting', { samples: 1, horizon: 1 });
/** What may be left out and is given. */
type Given = Readonly<Record<string, unknown>>;
const functions: Readonly<Record<string, (given: Given) => Promise<unknown>>> = {
  evaluateRun: (given) => evaluateRun('nowhere', given),
  evaluateEncoder: (given) => evaluateEncoder('nowhere.onnx', { data: 'nowhere.npz', ...given }),
  evaluateLatents: (given) => evaluateLatents('nowhere.npy', given),
  verifyRun: (given) => verifyRun('nowhere', given),
  compareFiles: (given) => compareFiles(['a.onnx', 'b.onnx'], given),
  planRun: (given) => planRun('nowhere', { planner, ...given }),
  certifyEncoder: (given) => certifyEncoder('nowhere', given),
  quantizeEncoder: (given) => quantizeEncoder('nowhere', given),
  measureDrift: (given) => measureDrift('nowhere.onnx', { baseline: 'nowhere.json', data: 'nowhere.npz', ...given }),
};

describe.each(Object.entries(functions))('%s', (name, call) => {
  const count = name === 'planRun' ? 'episodes' : 'observations';

  test.each([
    [{ [count]: -5 }, `\`${count}\`: expected a whole number of at least 1, got -5`],
    [{ [count]: 1.5 }, `\`${count}\`: expected a whole number of at least 1, got 1.5`],
    [{ [count]: '32' }, `\`${count}\`: expected a whole number of at least 1, got "32"`],
    [{ seed: Number.NaN }, '`seed`: expected a whole number of at least 0, got NaN'],
  ])('refuses %j', async (given, message) => {
    const error = await call(given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty('message', message);
  });
});

test('an evaluation by a metric that there is not, and answers about no runtime at all, are refused', async () => {
  const misspelt: Given = { metric: 'cosin' };
  await expect(evaluateRun('nowhere', misspelt)).rejects.toThrow(
    'metric: expected one of (euclidean, cosine), got "cosin"',
  );
  await expect(evaluateRun('nowhere', { runtimes: [] })).rejects.toThrow('`runtimes`: expected at least one, got none');
  await expect(evaluateEncoder('nowhere.onnx', { data: 'nowhere.npz', runtimes: [] })).rejects.toThrow(
    '`runtimes`: expected at least one, got none',
  );
  await expect(verifyRun('nowhere', { runtimes: [] })).rejects.toThrow('`runtimes`: expected at least one, got none');
});

test('episodes without an end are refused', async () => {
  await expect(planRun('nowhere', { planner, maxSteps: Number.NaN })).rejects.toThrow(
    '`maxSteps`: expected a whole number',
  );
});
