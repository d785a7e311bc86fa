// The gate as a command: evaluate, drift and compare with what they print, write and exit with.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderEvaluationSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { writeImageSet } from '../../evaluation/baseline/image-set.ts';
import { jepaWith } from '../jepa.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-gate-cli-'));

beforeAll(() => {
  for (const name of ['quarters.onnx', 'collapsed.onnx'])
    copyFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name), join(folder, name));
  writeImageSet(join(folder, 'images.npz'), { count: 500, seed: 0 });
  writeImageSet(join(folder, 'dark.npz'), {
    count: 100,
    seed: 1,
    isLabelled: false,
    camera: (image, y, x, c) => 0.7 * image(y, x, c),
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const jepa = jepaWith([], { cwd: folder });
const labelled = ['--data', 'images.npz', '--classes', 'column:label'];

describe('a gate', () => {
  test('keeps a baseline; what is worse is a line each, exit code 1, and an annotation and a test case', async () => {
    const saved = await jepa(
      'evaluate',
      'quarters.onnx',
      ...labelled,
      '--save-baseline',
      'b.json',
      '--format',
      'junit=ok.xml',
    );
    expect(saved.code).toBe(0);
    expect(saved.stderr).toContain('b.json: the baseline');
    expect(saved.stdout).toMatch(/^verdict +distinct$/m);
    expect(readFileSync(join(folder, 'ok.xml'), 'utf8')).toContain('failures="0"');
    const gated = await jepa(
      'evaluate',
      'collapsed.onnx',
      ...labelled,
      '--baseline',
      'b.json',
      '--format',
      'github,junit=bad.xml',
    );
    expect(gated.code).toBe(1);
    expect(gated.stderr).toMatch(
      /^jepa: worse than b\.json: cpu: verdict: distinct -> coarse \(by the numbers as measured\)$/m,
    );
    expect(gated.stdout).toMatch(
      /^::error file=collapsed\.onnx,title=jepa evaluate%3A verdict \(cpu\)::distinct in b\.json, now coarse/m,
    );
    expect(gated.stdout).not.toMatch(/^verdict +coarse$/m);
    const failures = gated.stdout.match(/^::error /gm)?.length;
    expect(readFileSync(join(folder, 'bad.xml'), 'utf8')).toContain(`failures="${failures}"`);
    const { gate } = encoderEvaluationSchema.parse(
      JSON.parse(readFileSync(join(folder, 'collapsed.evaluation.json'), 'utf8')),
    );
    expect(gate?.checks.filter(({ status }) => status === 'worse')).toHaveLength(failures ?? 0);
    expect(readFileSync(join(folder, 'collapsed.report.html'), 'utf8')).toContain('<section id="gate"');
  });

  test('compares and finds drift with what it kept', async () => {
    const drift = await jepa('drift', 'quarters.onnx', '--baseline', 'b.json', '--data', 'dark.npz');
    expect(drift.code).toBe(1);
    expect(drift.stdout).toMatch(/^dark\.npz against b\.json: 100 and 25\d observations, DRIFTED$/m);
    expect(existsSync(join(folder, 'quarters.drift.html'))).toBe(true);
    const compared = await jepa('compare', 'quarters.onnx', 'collapsed.onnx', '--no-report');
    expect(compared.code).toBe(0);
    expect(compared.stdout).toMatch(/^verdict +distinct +coarse$/m);
    expect(compared.stdout).toMatch(/^collapsed against quarters, nearest-centroid accuracy: −\d/m);
    expect(existsSync(join(folder, 'compare.html'))).toBe(false);
  });

  test.each([
    [
      ['evaluate', 'quarters.onnx', ...labelled, '--json', '--format', 'sarif'],
      /--format: expected a file beside --json/,
    ],
    [
      ['evaluate', 'quarters.onnx', ...labelled, '--least-cosine', '0.9'],
      /--least-cosine: expected a --baseline to compare with, got none/,
    ],
    [['drift', 'quarters.onnx', '--data', 'dark.npz'], /required option '--baseline <file>' not specified/],
    [['compare', 'quarters.onnx'], /expected at least two runs or files, got 1/],
  ])('%j is refused in one line with exit code 2', async (argv, message) => {
    const { code, stdout, stderr } = await jepa(...argv);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
