// Every planner solves every case, the same in every run.
import { describe, expect, test } from 'vitest';
import { continuousActions } from '../../../src/planning/action-space.ts';
import { createPlanner, plannerNames } from '../../../src/planning/index.ts';
import type { Plan, PlanningProblem } from '../../../src/planning/planner.ts';
import { randomFor } from '../../../src/random.ts';
import { type PlannerCase, plannerCases, sumCase, valueOfScores } from './planner.cases.ts';

/** Enough words for these worlds; what is not named is the planner's default. */
const budgets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  exhaustive: {},
  'random-shooting': { samples: 3000 },
  cem: { samples: 256, iterations: 6 },
  mppi: { samples: 256, iterations: 6 },
  icem: { samples: 256, iterations: 6 },
  'best-first': { samples: 64 },
};

const problemOf = ({ world, objective, latent }: PlannerCase, seed: number): PlanningProblem => ({
  world,
  objective,
  latent,
  random: randomFor(seed, 'planner test'),
  taken: 0,
});

function planOnce(name: string, given: PlannerCase, seed = 0): Promise<Plan> {
  return createPlanner(name, { ...budgets[name], horizon: given.horizon }).startEpisode()(problemOf(given, seed));
}

/** What a plan is really worth: its actions through the world, one after the other. */
async function worthOf({ world, objective, latent }: PlannerCase, actions: Float32Array): Promise<number> {
  const scores: number[] = [];
  let here = latent;
  for (let first = 0; first < actions.length; first += world.actions.size) {
    here = await world.predict(here, actions.subarray(first, first + world.actions.size));
    scores.push(...(await objective.score(here, latent)));
  }
  return valueOfScores(scores, objective.fold, objective.discount);
}

test('every planner has a budget here', () => {
  expect(Object.keys(budgets)).toEqual(plannerNames);
});

describe.each(plannerNames)('%s', (name) => {
  const cases = name === 'best-first' ? plannerCases : [...plannerCases, sumCase];

  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_, given) => {
    const plan = await planOnce(name, given);
    // Scores are float32: seven digits.
    expect(plan.value).toBeCloseTo(await worthOf(given, plan.actions), 6);
    expect(plan.value).toBeGreaterThanOrEqual(given.optimum - given.tolerance - 1e-6);
    expect(plan.value).toBeLessThanOrEqual(given.optimum + 1e-6);
    expect(plan.predictions).toBeGreaterThan(0);
  });

  test('plans the same from the same seed', async () => {
    for (const given of plannerCases.slice(2, 5))
      expect(await planOnce(name, given, 3)).toEqual(await planOnce(name, given, 3));
  });

  test('goes on well after the first action of its plan', async () => {
    const [given] = plannerCases;
    const decide = createPlanner(name, { ...budgets[name], horizon: given.horizon }).startEpisode();
    const problem = problemOf(given, 1);
    const { actions } = await decide(problem);
    const latent = await given.world.predict(given.latent, actions.subarray(0, given.world.actions.size));
    const next = await decide({ ...problem, latent, taken: 1 });
    // One step less to go: one factor of the discount less.
    expect(next.value).toBeCloseTo(given.optimum / given.objective.discount, 6);
  });

  test('wanders where nothing can be seen', async () => {
    const [given] = plannerCases;
    const objective = { ...given.objective, score: async (latents: Float32Array) => new Float32Array(latents.length) };
    const first = new Set<string>();
    for (let seed = 0; seed < 8; seed++)
      first.add(String((await planOnce(name, { ...given, objective }, seed)).actions.subarray(0, 2)));
    expect(first.size).toBe(2);
  });

  test('an unknown option, and a value out of range, are refused with the name of the option', () => {
    expect(() => createPlanner(name, { horison: 3 })).toThrow(`planner ${name}: expected a known key, got "horison"`);
    expect(() => createPlanner(name, { horizon: 0 })).toThrow(`planner ${name}: horizon: `);
  });
});

describe('planners', () => {
  test('icem draws its first words around the middle of the bounds, a half of their distance times the spread apart', async () => {
    const drawn: number[] = [];
    const given = plannerCases[0];
    const world: PlanningProblem['world'] = {
      actions: continuousActions([-2, 100], [6, 104]),
      predict: async (latents, actions) => {
        drawn.push(...actions);
        return latents;
      },
    };
    const objective = { ...given.objective, score: async (latents: Float32Array) => new Float32Array(latents.length) };
    const planner = createPlanner('icem', { horizon: 1, samples: 4000, iterations: 1, spread: 0.25 });
    await planner.startEpisode()({ ...problemOf(given, 0), world, objective, latent: new Float32Array(1) });
    for (const [axis, middle, deviation] of [
      [0, 2, 1],
      [1, 102, 0.5],
    ]) {
      const own = drawn.filter((_, i) => i % 2 === axis);
      const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
      const variance = own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / own.length;
      expect(own.length).toBeGreaterThanOrEqual(4000);
      // Four standard errors of a mean and of a deviation; four deviations are within the bounds.
      expect(Math.abs(mean - middle)).toBeLessThan((4 * deviation) / Math.sqrt(4000));
      expect(Math.abs(Math.sqrt(variance) / deviation - 1)).toBeLessThan(4 / Math.sqrt(8000));
    }
  });

  test('an unknown name is refused with the list and the nearest', () => {
    expect(() => createPlanner('icm')).toThrow(
      'planner: expected the name of a planner (exhaustive, random-shooting, cem, mppi, icem, best-first), got "icm"',
    );
  });

  test('exhaustive says how long words may be', async () => {
    const [, , grid] = plannerCases;
    const decide = createPlanner('exhaustive', { horizon: 9 }).startEpisode();
    await expect(decide(problemOf(grid, 0))).rejects.toThrow(
      'planner exhaustive: expected at most 65536 action words, got 4^9 = 262144',
    );
    await expect(decide(problemOf(grid, 0))).rejects.toMatchObject({
      remedy: expect.stringContaining('a horizon of at most 8'),
    });
  });

  test('best-first refuses a reward that goes on, since it merges latents', async () => {
    await expect(planOnce('best-first', sumCase)).rejects.toThrow(
      'planner best-first: expected scores taken together by first-success or best, got sum',
    );
  });

  test('best-first goes on from each of the states of a line once, however long the horizon', async () => {
    const [given] = plannerCases;
    const plan = await createPlanner('best-first', { horizon: 100, samples: 1000 }).startEpisode()(problemOf(given, 0));
    // Eight states, two choices each.
    expect(plan.predictions).toBe(16);
    expect(plan.actions).toHaveLength(10);
  });
});
