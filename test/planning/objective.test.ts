import { describe, expect, test } from 'vitest';
import {
  addScores,
  closenessObjective,
  type Fold,
  foldNames,
  rewardObjective,
  startReturns,
} from '../../src/planning/objective.ts';
import { valueOfScores } from './search/planner.cases.ts';

const none = async () => new Float32Array(0);

describe('scores along a word', () => {
  test.each(foldNames)('%s: taken together step by step as the definition says', (fold: Fold) => {
    const words = [
      [0.25, 0.5, 1],
      [1, 0.5, 0.25],
      [0, 0, 0.75],
    ];
    const returns = startReturns(3, fold);
    for (let step = 0; step < 3; step++)
      addScores(
        returns,
        Float32Array.from(words, (scores) => scores[step]),
        step,
        { fold, discount: 0.5, score: none },
      );
    expect(Array.from(returns.values)).toEqual(words.map((scores) => valueOfScores(scores, fold, 0.5)));
  });

  test('a success that comes sooner is worth more, and what comes after it nothing', () => {
    const of = (...scores: number[]) => valueOfScores(scores, 'first-success', 0.9);
    expect(of(0, 1, 0)).toBeGreaterThan(of(0, 0, 1));
    expect(of(0, 1, 1)).toBe(of(0, 1, 0));
  });
});

describe('reward objective', () => {
  const head = async (latents: Float32Array) => Float32Array.from(latents, (z, i) => (i % 2 === 1 ? z : 100));

  test('the score is the sigmoid of the logit of its output, or the value itself', async () => {
    const options = { head, output: 1, discount: 1 };
    const latents = Float32Array.of(7, 0, 7, Math.log(3));
    const from = new Float32Array(2);
    const logit = rewardObjective({ ...options, isLogit: true, fold: 'first-success' });
    expect(Array.from(await logit.score(latents, from))).toEqual([0.5, 0.75]);
    const value = rewardObjective({ ...options, isLogit: false, fold: 'best' });
    expect(Array.from(await value.score(latents, from))).toEqual([0, Math.fround(Math.log(3))]);
  });

  test('first-success of what is no probability is refused', () => {
    const options = { head, output: 0, isLogit: false, fold: 'first-success' as const, discount: 1 };
    expect(() => rewardObjective(options)).toThrow('first-success: expected a reward of 0 or 1 behind a sigmoid');
  });
});

test('closeness is 1 at the goal, 1/e where the decision is made, and finite where these are the same', async () => {
  const { score } = closenessObjective(Float32Array.of(3, 4), 0.9);
  const [atGoal, atStart, beyond] = await score(Float32Array.of(3, 4, 0, 0, -3, -4), Float32Array.of(0, 0));
  expect(atGoal).toBe(1);
  expect(atStart).toBeCloseTo(Math.exp(-1), 6);
  expect(beyond).toBeCloseTo(Math.exp(-2), 6);
  const [same] = await score(Float32Array.of(3, 4), Float32Array.of(3, 4));
  expect(same).toBe(1);
});
