// `jepa verify` as a command, with the runtimes that every machine has: what it prints, writes and exits with.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparisonSchema } from '../../../src/verification/file/schema.ts';
import { verificationSchema } from '../../../src/verification/schema.ts';
import { writeRunFixture } from '../../evaluation/run-fixture.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith([]);

const root = mkdtempSync(join(tmpdir(), 'jepa-verify-cli-'));
const run = join(root, 'run');
beforeAll(() => writeRunFixture(run));
afterAll(() => rmSync(root, { recursive: true }));

const small = ['--observations', '90', '--batch-sizes', '32'];

describe('jepa verify', () => {
  test('cpu, wasm and tfjs give the same answer, and verify.json and verify.html say so', async () => {
    const { code, stdout, stderr } = await jepa(
      'verify',
      run,
      '--runtimes',
      'cpu,wasm,tfjs',
      '--reference',
      'cpu',
      ...small,
    );
    expect(stderr).toContain('verify.html: the report');
    expect(stdout).toMatch(/^cpu +the reference +coarse +0 /m);
    expect(stdout).toMatch(/^wasm +yes +coarse +\d/m);
    expect(stdout).toMatch(/^tfjs +yes +coarse +\d/m);
    expect(code).toBe(0);
    const record = verificationSchema.parse(JSON.parse(readFileSync(join(run, 'verify.json'), 'utf8')));
    expect(record.holds).toBe(true);
    expect(record.runtimes.map((row) => row.runtime)).toEqual(['cpu', 'wasm', 'tfjs']);
    for (const row of record.runtimes) {
      if (row.status !== 'ran') throw new Error(`${row.runtime}: ${row.reason}`);
      // Three layers of float32, whose unit is 6e-8.
      expect(row.relativeLatentError).toBeLessThan(2e-6);
      expect(row.millisecondsPerObservation).toBeGreaterThan(0);
      expect(row.nodesByProvider).toEqual(row.runtime === 'cpu' ? { CPUExecutionProvider: expect.any(Number) } : null);
    }
    expect(readFileSync(join(run, 'verify.html'), 'utf8')).toContain('<p class="verdict good">The same answer</p>');
  }, 240_000);

  test('an export by itself has no tfjs models: absent, which --require makes a failure', async () => {
    const exported = join(run, 'export');
    const flags = ['--runtimes', 'cpu', '--require', 'tfjs', '--json', '--no-report', ...small];
    const { code, stdout } = await jepa('verify', exported, ...flags);
    const { runtimes, holds, reference } = verificationSchema.parse(JSON.parse(stdout));
    expect(reference.runtime).toBe('cpu');
    expect(runtimes).toMatchObject([
      {
        runtime: 'cpu',
        verdict: 'coarse',
        verdictHolds: true,
        maxLatentError: 0,
        version: expect.stringMatching(/^onnxruntime-node \d/),
      },
      {
        runtime: 'tfjs',
        status: 'absent',
        isRequired: true,
        reason: expect.stringContaining('expected saved tfjs models'),
      },
    ]);
    expect(holds).toBe(false);
    expect(code).toBe(1);
    expect(existsSync(join(exported, 'verify.json'))).toBe(false);
  }, 240_000);

  test.each([
    [['--runtimes', 'cpi'], /--runtimes: expected the name of a runtime \(.*\), got "cpi"\. Did you mean "cpu"\?/],
    [['--runtimes', 'cpu,cpu'], /--runtimes: expected each runtime once, got "cpu,cpu"/],
    [['--bisect', 'cpu'], /--bisect: expected two runtimes as A,B, got "cpu"/],
    [['--batch-sizes', '1,0'], /--batch-sizes: expected a whole number of at least 1, got "0"/],
  ])('%j is refused in one line with exit code 2', async (flags, message) => {
    const { code, stdout, stderr } = await jepa('verify', run, ...flags);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('jepa verify of files', () => {
  const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'comparison', name);

  test('names the node that introduces an error, leaves the smallest failing file, and exits with 1', async () => {
    const folder = join(root, 'failing');
    // The word behind --bisect is a file, though the option may have a value.
    const {
      code: status,
      stdout,
      stderr,
    } = await jepa(
      ...[
        'verify',
        fixture('encoder.onnx'),
        '--reduce',
        folder,
        '--no-report',
        '--bisect',
        fixture('encoder-fault.onnx'),
      ],
    );
    expect(stdout).toMatch(/^encoder-fault.onnx +cpu +z +NO +0\.\d+/m);
    expect(stdout).toContain('1 node introduces an error, 3 only pass one on');
    expect(stdout).toContain('smallest piece that fails: Conv, in failing/model.onnx');
    expect(stdout).toMatch(/does NOT hold \(tolerance\)\n$/);
    expect(stderr).toContain('2/2 encoder-fault.onnx on cpu');
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'test_data_set_0', 'output_0.pb'))).toBe(true);
    expect(existsSync(fixture('encoder-fault.verify.json'))).toBe(false);
  }, 240_000);

  test('a tolerance that is kept exits with 0, and --json prints the record', async () => {
    const { code: status, stdout } = await jepa(
      ...['verify', fixture('encoder.onnx'), fixture('encoder-qdq.onnx'), '--tolerance', 'sqnr=20,cosine=0.99'],
      ...['--no-report', '--json'],
    );
    expect(comparisonSchema.parse(JSON.parse(stdout))).toMatchObject({
      holds: true,
      failOn: ['tolerance'],
      tolerance: { sqnr: 20, cosine: 0.99 },
      inputs: { from: 'random', rows: 16 },
    });
    expect(status).toBe(0);
  }, 240_000);

  test.each([
    [
      [],
      /expected two files, or one on two runtimes, got \S+encoder.onnx on cpu\. Name another file, or runtimes: --runtimes/,
    ],
    [['--runtimes', 'cpu,wasm', '--shape', 'x=3'], /--shape: expected "x" as \[N, 3, 16, 16\], got \[3\]/],
  ])('%j is refused in one line with exit code 2', async (flags, message) => {
    const { code: status, stderr } = await jepa('verify', fixture('encoder.onnx'), '--no-report', ...flags);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});

test('--format is refused where no list of checks is made, and --runtime is another spelling everywhere', async () => {
  const file = join(import.meta.dirname, '..', '..', 'fixtures', 'comparison', 'encoder.onnx');
  for (const words of [
    [file, '--runtimes', 'cpu,wasm'],
    [run, '--training', '2'],
  ]) {
    const { code, stderr } = await jepa('verify', ...words, '--format', 'junit');
    expect(stderr).toMatch(
      /^jepa: --format: expected the folder of a run or an export, got a comparison of (files|trainings)/,
    );
    expect(code).toBe(2);
  }
  const { code, stderr } = await jepa('verify', run, '--training', '2', '--runtime', 'abacus');
  expect(stderr).toContain('--runtimes: expected where to train');
  expect(code).toBe(2);
});

test('--training before the run says where the run goes', async () => {
  const { code, stderr } = await jepa('verify', '--training', run);
  expect(stderr).toContain(`--training: expected a number of steps, or nothing, got "${run}"`);
  expect(stderr).toContain(`Where that is the run: jepa verify ${run} --training`);
  expect(code).toBe(2);
});

describe('jepa runner', () => {
  test('a file that does not hold N rows is refused; a runtime of another kind is named', async () => {
    const [encoder, predictor] = ['encoder.onnx', 'predictor.onnx'].map((name) => join(run, 'export', name));
    const short = await jepa('runner', 'cpu', encoder, predictor, encoder, predictor, '3', '2', join(root, 'out'));
    expect(short.stderr).toMatch(/observations: expected 147456 bytes \(3 rows of 12288 float32\), got \d+/);
    expect(short.code).toBe(2);
    expect(existsSync(join(root, 'out'))).toBe(false);
    expect((await jepa('runner', 'java', encoder, predictor, encoder, predictor, '3', '2')).stderr).toContain(
      'got "java"',
    );
  }, 120_000);
});
