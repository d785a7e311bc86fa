// `jepa evaluate` as a command: what it prints, writes and exits with.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluationSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { writeRunFixture } from '../../evaluation/run-fixture.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith(['evaluate']);

const root = mkdtempSync(join(tmpdir(), 'jepa-evaluate-cli-'));
const run = join(root, 'run');
beforeAll(() => writeRunFixture(run));
afterAll(() => rmSync(root, { recursive: true }));

describe('jepa evaluate', () => {
  test('prints a table, and writes evaluation.json and report.html beside the models', async () => {
    const { code, stdout, stderr } = await jepa(run, '--observations', '90', '--threads', '1', '--reference', 'cpu');
    expect(stderr).toContain('report.html: the report');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run: 90 held-out observations, centroids of 90 others, 9 classes \(by reward\)$/m);
    expect(stdout).toMatch(/^verdict {2,}coarse$/m);
    expect(stdout).toMatch(/^verdict holds {2,}is the reference$/m);
    expect(stdout).toMatch(/^witnesses: \d and \d: latents .* apart .* Of the nearest pairs of 36 pairs of classes/m);
    const record: unknown = JSON.parse(readFileSync(join(run, 'evaluation.json'), 'utf8'));
    expect(evaluationSchema.parse(record).observations).toBe(90);
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('<p class="verdict fair">Coarse</p>');
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('<section id="witnesses"');
  });

  test('--json prints the record alone; --fail-on exits with 1; --no-report writes nothing', async () => {
    const exported = join(run, 'export');
    const flags = ['--observations', '90', '--json', '--no-report', '--fail-on', 'coarse'];
    const { code, stdout, stderr } = await jepa(exported, ...flags);
    expect(evaluationSchema.parse(JSON.parse(stdout)).runtimes[0].runtime).toBe('cpu');
    expect(stderr).toContain('jepa: --fail-on coarse: cpu coarse');
    expect(code).toBe(1);
    expect(existsSync(join(exported, 'report.html'))).toBe(false);
  });

  test.each([
    [['--runtime', 'cpi'], /got "cpi"\. Did you mean "cpu"\?/],
    [['--runtime', 'cpu,cpu'], /--runtime: expected each runtime once, got "cpu,cpu"/],
    [['--classes', 'stat'], /got "stat"\. Did you mean "state"\?/],
    [['--fail-on', 'distinct'], /--fail-on: expected a verdict \(collapsed, coarse, undecided\), got "distinct"/],
    [['--observations', '1'], /--observations: expected a whole number of at least 2, got "1"/],
    [['--decoder-noise', '-1'], /--decoder-noise: expected a number of at least 0, got "-1"/],
  ])('%j is refused in one line with exit code 2', async (flags, message) => {
    const { code, stdout, stderr } = await jepa(run, ...flags);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
