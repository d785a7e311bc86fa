// What happened in a run beside what was foreseen of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exportRun } from '../../pipeline/export/run.ts';
import { compareForesight } from '../../pipeline/foresee/happened.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-foresee-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function trained(name: string, steps: number, auxiliary: unknown, of: readonly string[] = []): Promise<string> {
  const run = join(folder, name);
  const configuration = resolveConfiguration({
    preset: 'small',
    environment: 'exogenous',
    threads: 1,
    flags: { auxiliary },
    assignments: [`optimization.steps=${steps}`, 'measureEvery=0', ...of],
  });
  await trainRun(run, configuration);
  await exportRun(run);
  return run;
}

test('a run that was told all of the state keeps its four factors apart, each of which was foreseen', async () => {
  const run = await trained('state', 150, [{ kind: 'state' }]);
  const { comparison } = await compareForesight(run, { observations: 1620 });
  expect(comparison.rows).toHaveLength(1);
  const [row] = comparison.rows;
  expect(row).toMatchObject({ foreseen: 'apart', length: 0, pairs: (81 * 80) / 2 });
  expect(row.apart + row.between + row.merged).toBe(row.pairs);
  expect(comparison.factors.map(({ fate }) => fate)).toEqual(['kept', 'kept', 'kept', 'kept']);
  for (const { apart } of comparison.factors) expect(apart).toBeGreaterThan(0.8);
  expect(comparison.agreement).toBeCloseTo(row.apart / row.pairs, 12);
});
