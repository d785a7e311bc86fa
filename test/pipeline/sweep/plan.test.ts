// The plan of a sweep: which configurations, which units, what is refused, and that it never changes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planSweep, readSweep } from '../../../pipeline/sweep/plan.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const base = { environment: 'counting', seeds: 2, set: { 'optimization.steps': 20 } };

describe('the plan of a sweep', () => {
  test('a grid: every combination, the last key fastest, seed by seed, each with its whole configuration', async () => {
    const folder = join(temporaryFolder(), 'sweep');
    const grid = { 'objective.dynamics': [0, 2], auxiliary: ['reward', 'none'] };
    await planSweep('sweep.yaml', { ...base, grid }, folder);
    const { units } = readSweep(folder);
    expect(units.map(({ id }) => id)).toEqual([
      ...['000-seed-0', '001-seed-0', '002-seed-0', '003-seed-0'],
      ...['000-seed-1', '001-seed-1', '002-seed-1', '003-seed-1'],
    ]);
    const { configuration } = units[5];
    expect(configuration.objective.dynamics).toBe(0);
    expect(configuration.auxiliary).toEqual([]);
    expect(configuration.optimization.steps).toBe(20);
    expect([configuration.seed, configuration.threads]).toEqual([1, 1]);
    expect(units[2].configuration.auxiliary).toEqual([{ kind: 'reward', coefficient: 1 }]);
    // What the environment fills in is in the plan, and does not depend on a later version's defaults.
    expect(configuration.environment).toMatchObject({ name: 'counting', target: 4 });
  });

  test('the same file plans the same bytes; another is refused where results may be', async () => {
    const folder = join(temporaryFolder(), 'sweep');
    const value = {
      ...base,
      random: { samples: 3, parameters: { 'optimization.learningRate': { log: [1e-4, 1e-2] } } },
    };
    expect((await planSweep('sweep.yaml', value, folder)).earlierUnits).toBe(0);
    const text = readFileSync(join(folder, 'plan.jsonl'), 'utf8');
    expect((await planSweep('sweep.yaml', value, folder)).earlierUnits).toBe(6);
    expect(readFileSync(join(folder, 'plan.jsonl'), 'utf8')).toBe(text);
    await expect(planSweep('sweep.yaml', { ...value, preset: 'paper' }, folder)).rejects.toThrow(
      `${folder}: expected no sweep or this one, got another with 6 units, of preset "small"`,
    );
    await expect(planSweep('sweep.yaml', { ...value, seeds: [1, 0] }, folder)).rejects.toThrow(
      'got another with 6 units',
    );
    expect(readFileSync(join(folder, 'plan.jsonl'), 'utf8')).toBe(text);
  });

  test('more seeds add units behind those that are there, which stay as they are; fewer, or with rungs, are another plan', async () => {
    const folder = join(temporaryFolder(), 'sweep');
    const value = { ...base, grid: { 'objective.dynamics': [0, 2] } };
    await planSweep('sweep.yaml', value, folder);
    const text = readFileSync(join(folder, 'plan.jsonl'), 'utf8');
    expect((await planSweep('sweep.yaml', { ...value, seeds: 3 }, folder)).earlierUnits).toBe(4);
    const grown = readFileSync(join(folder, 'plan.jsonl'), 'utf8');
    expect(grown.startsWith(text)).toBe(true);
    expect(
      readSweep(folder)
        .units.map(({ unit, id }) => `${unit} ${id}`)
        .slice(3),
    ).toEqual([...['3 001-seed-1', '4 000-seed-2', '5 001-seed-2']]);
    await expect(planSweep('sweep.yaml', value, folder)).rejects.toThrow('got another with 6 units');
    const halving = { ...value, set: {}, rungs: { steps: [5, 10] } };
    const rungs = join(temporaryFolder(), 'sweep');
    await planSweep('sweep.yaml', halving, rungs);
    await expect(planSweep('sweep.yaml', { ...halving, seeds: 3 }, rungs)).rejects.toThrow('got another with 4 units');
  });

  test('a planning that was killed between its two files is taken up, whether new or grown', async () => {
    const folder = join(temporaryFolder(), 'sweep');
    const value = { ...base, grid: { 'objective.dynamics': [0, 2] } };
    await planSweep('sweep.yaml', value, folder);
    const settings = readFileSync(join(folder, 'sweep.json'), 'utf8');
    await planSweep('sweep.yaml', { ...value, seeds: 3 }, folder);
    writeFileSync(join(folder, 'sweep.json'), settings);
    expect(() => readSweep(folder)).toThrow('expected the plan that was written');
    await planSweep('sweep.yaml', { ...value, seeds: 3 }, folder);
    expect(readSweep(folder).units).toHaveLength(6);
  });

  test('a configuration of a list may be evaluated otherwise, which is no key of it', async () => {
    const folder = join(temporaryFolder(), 'sweep');
    const list = [{ name: 'a', 'objective.dynamics': 0, evaluate: { probes: false } }, { name: 'b' }];
    await planSweep('sweep.yaml', { ...base, list, evaluate: { seed: 'run', probes: [1] } }, folder);
    expect(readSweep(folder).units[0].parameters).toEqual({ 'objective.dynamics': 0 });
    await expect(
      planSweep('sweep.yaml', { ...base, list: [{ name: 'a', evaluate: { classes: 'colour' } }] }, `${folder}-2`),
    ).rejects.toThrow('sweep.yaml: evaluate.classes: ');
  });

  test('draws stay in their range, are spread over it, and stay when more are drawn', async () => {
    const parameters = {
      'optimization.learningRate': { log: [1e-4, 1e-2] },
      'objective.dynamics': { uniform: [1, 2] },
      'model.latentSize': { integer: [8, 10] },
      'optimization.schedule': { choice: ['cosine', 'constant'] },
    };
    const drawn = async (samples: number) => {
      const plan = await planSweep(
        'sweep.yaml',
        { ...base, seeds: [7], random: { samples, parameters } },
        join(temporaryFolder(), 'sweep'),
      );
      return plan.units.map((unit) => unit.parameters);
    };
    const points = await drawn(60);
    expect(await drawn(5)).toEqual(points.slice(0, 5));
    const rates = points.map((point) => Number(point['optimization.learningRate']));
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1e-2);
    // Half of them below the geometric mean: of 60, five deviations are 19.
    const below = rates.filter((rate) => rate < 1e-3).length;
    expect(Math.abs(below - 30)).toBeLessThan(19);
    expect(new Set(points.map((point) => point['model.latentSize']))).toEqual(new Set([8, 9, 10]));
    expect(new Set(points.map((point) => point['optimization.schedule']))).toEqual(new Set(['cosine', 'constant']));
    expect(points.every((point) => Number(point['objective.dynamics']) >= 1)).toBe(true);
  });

  test.each([
    ['a key', { grdi: {} }, 'sweep.yaml: expected a known key, got "grdi"'],
    ['no search', {}, 'sweep.yaml: expected one of grid, random and list, got none'],
    ['two searches', { grid: { a: [1] }, list: [{ name: 'a' }] }, 'got grid and list'],
    ['an environment and data', { data: 'x.npz', grid: { a: [1] } }, 'expected either environment or data, got both'],
    [
      'a value',
      { grid: { 'optimization.learningRate': [0.1, 'fast'] } },
      '001: configuration: optimization.learningRate: expected number, got "fast"',
    ],
    [
      'a configuration key',
      { grid: { 'optimization.rate': [0.1] } },
      '000: configuration: expected a known key in optimization, got "rate"',
    ],
    ['an auxiliary', { grid: { auxiliary: ['rewrad'] } }, '000: auxiliary: expected the kind of an auxiliary'],
    ['a seed as a parameter', { grid: { seed: [1, 2] } }, 'expected keys beside seed, threads, got "seed"'],
    ['a name twice', { list: [{ name: 'a' }, { name: 'a' }] }, 'list: expected each name once, got "a" twice'],
    ['a name that is a path', { list: [{ name: '../a' }] }, 'list.0.name'],
    [
      'a range',
      { random: { samples: 1, parameters: { 'objective.dynamics': { uniform: [2, 1] } } } },
      'expected low below high, got [2,1]',
    ],
    [
      'too large a grid',
      { grid: { a: Array.from({ length: 101 }), b: Array.from({ length: 100 }) } },
      'expected at most 10000 combinations, got 10100',
    ],
    [
      'rungs that fall',
      { set: {}, grid: { 'objective.dynamics': [1] }, rungs: { steps: [20, 10] } },
      'rungs.steps: expected ascending steps, got [20,10]',
    ],
    [
      'steps beside rungs',
      { grid: { 'objective.dynamics': [1] }, rungs: { steps: [10, 20] } },
      'got "optimization.steps". The sweep says it by rungs.steps',
    ],
    [
      'classes',
      { grid: { 'objective.dynamics': [1] }, evaluate: { classes: 'colour' } },
      'evaluate.classes: expected the source of the classes',
    ],
    [
      'a simulator',
      { environment: 'gym:CartPole-v1', grid: { 'objective.dynamics': [1] } },
      'expected an environment of ours, got the simulator gym:CartPole-v1',
    ],
  ])('%s that is wrong is named in one line, and nothing is written', async (_, change, message) => {
    const folder = join(temporaryFolder(), 'sweep');
    const error = await planSweep('sweep.yaml', { ...base, ...change }, folder).catch((reason: unknown) => reason);
    expect(error).toHaveProperty('name', 'UsageError');
    const { message: text, remedy = '' } = error as { message: string; remedy?: string };
    expect(`${text}. ${remedy}`).toContain(message);
    expect(text).not.toContain('\n');
    expect(existsSync(folder)).toBe(false);
  });

  test('a plan that was changed by hand is refused', async () => {
    const folder = join(temporaryFolder(), 'sweep');
    await planSweep('sweep.yaml', { ...base, grid: { 'objective.dynamics': [0, 2] } }, folder);
    const path = join(folder, 'plan.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"seed":1', '"seed":9'));
    expect(() => readSweep(folder)).toThrow(`${path}: expected the plan that was written, got one that was changed`);
  });

  test('a folder without a plan is no sweep', () => {
    const folder = temporaryFolder();
    expect(() => readSweep(folder)).toThrow(`${folder}: expected the folder of a sweep, got`);
  });
});
