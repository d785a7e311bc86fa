// The reward shared out between bins of its symlog, as a head's softmax is compared with it.
import { describe, expect, test } from 'vitest';
import { environmentContext } from '../../src/auxiliary/index.ts';
import { createReward, twoHot } from '../../src/auxiliary/reward.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { headValues } from '../../src/evaluation/head-value.ts';

/** The bins' mean under a row of weights, and back from symlog. */
function decoded(row: readonly number[]): number {
  const mean = row.reduce((sum, weight, bin) => sum + weight * (-10 + 0.2 * bin), 0);
  return Math.sign(mean) * Math.expm1(Math.abs(mean));
}

describe('two-hot', () => {
  test.each([0, 1, -1, 0.37, 4000, -22000])('%d is the mean of its two bins', (value) => {
    const row = twoHot(value);
    expect(row).toHaveLength(101);
    expect(row.filter((weight) => weight > 0).length).toBeLessThanOrEqual(2);
    expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(decoded(row) / (value || 1)).toBeCloseTo(value === 0 ? 0 : 1, 9);
  });

  test('what lies beyond the bins is their last', () => {
    expect(twoHot(1e9)[100]).toBe(1);
    expect(twoHot(-1e9)[0]).toBe(1);
  });

  test('the reward of an environment is a table of such rows, and its head gives the softmax', () => {
    const environment = createEnvironment('counting');
    const options = { kind: 'reward', coefficient: 1, loss: 'two-hot' } as const;
    const auxiliary = createReward(options, environmentContext(environment, 0));
    if (auxiliary.of !== 'state') throw new Error('expected a table');
    expect([auxiliary.size, auxiliary.loss, auxiliary.table.length]).toEqual([101, 'two-hot', 909]);
    expect(decoded(Array.from(auxiliary.table.subarray(404, 505)))).toBeCloseTo(1, 6);
    expect(decoded(Array.from(auxiliary.table.subarray(0, 101)))).toBe(0);
    const logits = new Float32Array(101);
    logits[3] = 1000;
    expect(headValues([auxiliary], logits)[3]).toBe(1);
    expect(headValues([auxiliary], new Float32Array(101))[7]).toBeCloseTo(1 / 101, 9);
  });
});
