// What is made of units' results: which go on at a rung, what is collected, and what is best.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { collectSweep } from '../../../pipeline/sweep/collect.ts';
import { planSweep, readSweep } from '../../../pipeline/sweep/plan.ts';
import { unitPaths, writeFailure, writeResult } from '../../../pipeline/sweep/result.ts';
import { rungSizes, taskCount, tasksOfRung } from '../../../pipeline/sweep/rung.ts';
import { sweepStatus } from '../../../pipeline/sweep/status.ts';
import { plannedSteps } from '../../../pipeline/sweep/steps.ts';
import { measureNames } from '../../../src/evaluation/sweep/measure.ts';
import { sweepJsonSchema, sweepResultSchema } from '../../../src/evaluation/sweep/schema.ts';
import { formatJson } from '../../../src/json.ts';
import { readReportPage } from '../../../src/report/page.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

async function sweepOf(change: Record<string, unknown>): Promise<string> {
  const folder = join(temporaryFolder(), 'sweep');
  await planSweep('sweep.yaml', { environment: 'counting', seeds: 2, ...change }, folder);
  mkdirSync(join(folder, 'units'));
  return folder;
}

/** Writes the result of a unit: this accuracy, and 1 for everything else. */
function finish(folder: string, id: string, accuracy: number | null, rung = 0): void {
  const measures = Object.fromEntries(measureNames.map((name) => [name, name === 'accuracy' ? accuracy : 1]));
  writeResult(unitPaths(folder, id, rung), {
    id,
    rung,
    steps: 10,
    verdict: 'distinct',
    measures: measures as Record<(typeof measureNames)[number], number | null>,
  });
}

const dynamics = { grid: { 'objective.dynamics': [0, 1, 2, 3, 4] } };
const halving = { ...dynamics, rungs: { steps: [10, 20, 40], keep: 0.4 } };

describe('rungs', () => {
  test('how many units each has is known from the start, and numbers go through', async () => {
    const plan = readSweep(await sweepOf(halving));
    // Of 5 configurations 2 go on, of 2 one: each with two seeds.
    expect(rungSizes(plan)).toEqual([10, 4, 2]);
    expect(taskCount(plan)).toBe(16);
  });

  test('the best by the mean over seeds go on, with more steps and in the same folders', async () => {
    const folder = await sweepOf(halving);
    expect(() => plannedSteps(folder, 10)).toThrow('expected all 10 units of rung 0 done, got 10 that are not');
    const accuracies = [0.5, 0.9, 0.2, 0.7, 0.6];
    accuracies.forEach((accuracy, point) => {
      for (const seed of [0, 1]) finish(folder, `00${point}-seed-${seed}`, accuracy + (seed === 0 ? 0.05 : -0.05));
    });
    const tasks = tasksOfRung(readSweep(folder), 1);
    expect(tasks.map(({ index, unit }) => [index, unit.id])).toEqual([
      [10, '001-seed-0'],
      [11, '003-seed-0'],
      [12, '001-seed-1'],
      [13, '003-seed-1'],
    ]);
    expect(tasks[0].paths.run).toBe(join(folder, 'runs', '001-seed-0'));
    expect(plannedSteps(folder, 10)).toEqual({ threads: 1, steps: 20 });
    expect(plannedSteps(folder, 3)).toBeUndefined();
    expect(() => plannedSteps(folder, 16)).toThrow('expected a number from 0 to 15');
  });

  test('what cannot be measured never goes on before what can; smallest is best where it is asked for', async () => {
    const folder = await sweepOf({ ...halving, seeds: 1, best: { measure: 'accuracy', goal: 'smallest' } });
    [0.5, null, 0.2, 0.7, 0.6].forEach((accuracy, point) => {
      finish(folder, `00${point}-seed-0`, accuracy);
    });
    expect(tasksOfRung(readSweep(folder), 1).map(({ unit }) => unit.point)).toEqual(['000', '002']);
  });
});

describe('collecting', () => {
  test('means, intervals, the best, and whom these seeds do not tell from it', async () => {
    const folder = await sweepOf({ grid: { 'objective.dynamics': [0, 1, 2] }, seeds: 3 });
    const accuracies = { '000': [0.8, 0.9, 1], '001': [0.9, 0.92, 0.94], '002': [0.1, 0.11, 0.12] };
    for (const [point, values] of Object.entries(accuracies))
      values.forEach((accuracy, seed) => {
        finish(folder, `${point}-seed-${seed}`, accuracy);
      });
    const { result, table, report } = await collectSweep(folder);
    expect(sweepResultSchema.parse(result)).toEqual(result);
    // Student's t of two degrees of freedom is 4.30265; the standard error 0.1 / sqrt(3).
    const { mean, interval } = result.points[0].measures.accuracy;
    expect(mean).toBeCloseTo(0.9, 12);
    expect(interval?.[0]).toBeCloseTo(0.9 - (4.30265 * 0.1) / Math.sqrt(3), 5);
    expect(interval?.[1]).toBeCloseTo(0.9 + (4.30265 * 0.1) / Math.sqrt(3), 5);
    expect(result.best).toEqual({ point: '001', rivals: ['000'] });
    const rows = readFileSync(table, 'utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(10);
    expect(rows[0].split('\t').slice(0, 7)).toEqual([
      ...['unit', 'objective.dynamics', 'seed', 'rung', 'steps', 'verdict', 'accuracy'],
    ]);
    expect(rows[2].split('\t').slice(0, 7)).toEqual(['001-seed-0', '1', '0', '0', '10', 'distinct', '0.9']);
    const page = readReportPage(readFileSync(report, 'utf8'));
    expect(page?.answer.headline).toBe('dynamics 1');
    expect(page?.answer.sentences[1]).toContain('do not tell it apart from 1 other');
    // Nothing that differs from one engine to another is in the table.
    const again = readFileSync(table, 'utf8');
    await collectSweep(folder);
    expect(readFileSync(table, 'utf8')).toBe(again);
  });

  test('what is missing is named, unless a part is asked for', async () => {
    const folder = await sweepOf({ grid: { 'objective.dynamics': [0, 1] } });
    await expect(collectSweep(folder, { partial: true })).rejects.toThrow('expected all 4 units done, got 0');
    finish(folder, '000-seed-0', 0.5);
    await expect(collectSweep(folder)).rejects.toThrow('got 1; the first missing is 001-seed-0');
    const { result } = await collectSweep(folder, { partial: true });
    expect(result.missing).toEqual(['001-seed-0', '000-seed-1', '001-seed-1']);
    expect(result.best).toEqual({ point: '000', rivals: [] });
  });

  test('a result that nobody here wrote is refused, with what to do', async () => {
    const folder = await sweepOf({ grid: { 'objective.dynamics': [0] } });
    writeFileSync(join(folder, 'units', '000-seed-0.json'), '{"id":');
    await expect(collectSweep(folder)).rejects.toThrow('expected the result of a unit, got');
  });

  test('its schema is the one in the documentation', async () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'schema', 'sweep.schema.json');
    await expect(formatJson(sweepJsonSchema())).toMatchFileSnapshot(path);
  });
});

test('the status says of each unit whether it is done, failed, was begun or waits', async () => {
  const folder = await sweepOf({ grid: { 'objective.dynamics': [0, 1] } });
  finish(folder, '000-seed-0', 0.5);
  writeFailure(unitPaths(folder, '001-seed-0', 0), { message: 'out of memory' });
  mkdirSync(join(folder, 'runs', '000-seed-1'), { recursive: true });
  writeFileSync(join(folder, 'runs', '000-seed-1', 'config.json'), '{}');
  const { counts, units } = sweepStatus(folder);
  expect(counts).toEqual({ done: 1, running: 0, failed: 1, begun: 1, waiting: 1 });
  expect(units.map(({ state, detail }) => [state, detail])).toEqual([
    ['done', 'distinct'],
    ['failed', 'out of memory'],
    ['begun', undefined],
    ['waiting', undefined],
  ]);
});
