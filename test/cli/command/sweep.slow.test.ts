// One unit of a sweep through the command line, from its plan to the table.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jepa } from '../jepa.ts';
import { fileOf, tiny } from '../tiny-sweep.ts';

test('plans, runs a unit, returns at once where it is done, and collects', async () => {
  const { file, out } = fileOf(tiny);
  const planned = await jepa(['sweep', 'plan', file, '--out', out]);
  expect(planned).toEqual({
    code: 0,
    stdout: `${out}: planned, 1 unit (1 configuration x 1 seed)\nRun them: jepa sweep run ${out}; on a cluster: jepa launch slurm ${out}\n`,
    stderr: '',
  });
  const run = await jepa(['sweep', 'run', out, '--unit', '0']);
  expect([run.code, run.stdout]).toEqual([
    0,
    expect.stringMatching(/unit 0, 000-seed-0: (distinct|coarse|collapsed)\n$/),
  ]);
  expect(readdirSync(join(out, 'units'))).toEqual(['000-seed-0.json']);
  const again = await jepa(['sweep', 'run', out, '--unit', '0']);
  expect(again).toEqual({ code: 0, stdout: `${out}: unit 0 was done before\n`, stderr: '' });
  expect((await jepa(['sweep', 'status', out])).stdout).toBe(`${out}: 1 done\n`);
  const collected = await jepa(['sweep', 'collect', out, '--json']);
  const result: unknown = JSON.parse(collected.stdout);
  expect(result).toMatchObject({
    missing: [],
    points: [{ point: '000', seeds: 1, steps: 4 }],
    best: { point: '000' },
  });
  const [header, row] = readFileSync(join(out, 'table.tsv'), 'utf8').split('\n');
  expect(row.split('\t')).toHaveLength(header.split('\t').length);
  expect(existsSync(join(out, 'report.html'))).toBe(true);
});

test('a job that fails names its unit; the others are done, and status says why', async () => {
  const { file, out } = fileOf(tiny.replace('[1]', '[1, 2]'));
  await jepa(['sweep', 'plan', file, '--out', out]);
  // Something else stands where the first unit's run is to be.
  mkdirSync(join(out, 'runs', '000-seed-0'), { recursive: true });
  writeFileSync(join(out, 'runs', '000-seed-0', 'notes.txt'), 'mine');
  const run = await jepa(['sweep', 'run', out, '--jobs', '2']);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('expected 2 units done, got 1; 000-seed-0 failed:');
  expect(readdirSync(join(out, 'units')).sort()).toEqual(['000-seed-0.failed.json', '001-seed-0.json']);
  const { stdout } = await jepa(['sweep', 'status', out]);
  expect(stdout).toContain(`${out}: 1 done, 1 failed\n  0\t000-seed-0\tfailed: `);
  expect(readFileSync(join(out, 'runs', '000-seed-0', 'notes.txt'), 'utf8')).toBe('mine');
});
