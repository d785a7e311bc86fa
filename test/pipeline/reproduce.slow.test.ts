// The runs of a claims file: they go on after an interruption, are the training of `jepa train`, and are numbers alone.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { configurationOf, readClaimRuns, runClaims } from '../../pipeline/reproduce/claims-run.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import { parseClaims } from '../../src/report/reproduction/claim/claims-file.ts';
import { valueAt } from '../../src/report/reproduction/claim/results.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-claims-'));
afterAll(() => rmSync(folder, { recursive: true }));

const value = {
  format: 'jepa-claims-1',
  version: 1,
  title: 'a trial',
  environment: 'counting',
  preset: 'small',
  seeds: { tuning: [], judging: [1, 2] },
  steps: [2, 4],
  observations: 64,
  groups: [
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8],
  ],
  alpha: 0.05,
  arms: {
    joint: { name: 'joint', auxiliary: [{ kind: 'reward' }] },
    none: { name: 'none', auxiliary: [], set: { 'model.encoder.norm': 'layer' } },
  },
  order: [['joint', 'none']],
  claims: [
    {
      id: 'c',
      of: 'ours',
      statement: 's',
      tests: [{ kind: 'share', arm: 'none', conditions: [{ measure: 'accuracy', below: 2 }] }],
    },
  ],
};
const claims = parseClaims('claims', value, JSON.stringify(value));
const results = join(folder, 'results.jsonl');

describe('runs of a claims file', () => {
  test('an interrupted one keeps what is done, and the rest follows seed by seed', async () => {
    const stopping = new AbortController();
    const first = await runClaims(claims, {
      results,
      threads: 1,
      signal: stopping.signal,
      onNote: (note) => {
        if (note.startsWith('1 of 4')) stopping.abort();
      },
    });
    expect(first.isInterrupted).toBe(true);
    expect(readClaimRuns(results, claims)).toHaveLength(1);
    const notes: string[] = [];
    const { runs, isInterrupted } = await runClaims(claims, {
      results,
      threads: 1,
      onNote: (note) => notes.push(note),
    });
    expect(isInterrupted).toBe(false);
    expect(notes).toHaveLength(3);
    expect(runs.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual(['joint 1', 'none 1', 'joint 2', 'none 2']);
    for (const run of runs) {
      expect(Object.keys(run.at)).toEqual(['2', '4']);
      for (const measure of ['accuracy', 'groupRatio', 'groupAgreement', 'centroidGapRatio'] as const)
        expect(valueAt(run, 2, measure)).toBeGreaterThanOrEqual(-1);
      expect(valueAt(run, 4, 'relativeSpread')).toBeGreaterThan(0);
      expect(valueAt(run, 4, 'position')).toBeLessThanOrEqual(1);
      // Against the encoder before training with the statistics of observations: four steps change no scale tenfold. Batch
      // norms after four steps still have nearly those that they were built with, which make distances 15 times too small.
      if (run.arm === 'joint') expect(valueAt(run, 4, 'relativeSpread')).toBeLessThan(0.3);
      else expect(valueAt(run, 4, 'relativeSpread')).toBeLessThan(1.2);
    }
    const before = readFileSync(results, 'utf8');
    await runClaims(claims, { results, threads: 1 });
    expect(readFileSync(results, 'utf8')).toBe(before);
  }, 120_000);

  test('a signal in the middle of a run stops it before the next step', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 4_000);
    const long = { ...value, steps: [2, 5_000] };
    const path = join(folder, 'long', 'results.jsonl');
    const started = performance.now();
    const { runs, isInterrupted } = await runClaims(parseClaims('claims', long, JSON.stringify(long)), {
      results: path,
      threads: 1,
      signal: stopping.signal,
    });
    expect({ runs, isInterrupted }).toEqual({ runs: [], isInterrupted: true });
    expect(performance.now() - started).toBeLessThan(60_000);
  }, 120_000);

  test('measures what `jepa train` would have trained: the accuracy of its baseline is near', async () => {
    const configuration = configurationOf(claims, 'joint', 1, 1);
    expect(configuration.optimization.steps).toBe(4);
    const run = join(folder, 'run');
    await trainRun(run, { ...configuration, measureEvery: 4, logEvery: 1 });
    const { records } = readMetrics(join(run, 'measures.jsonl'));
    const [{ at }] = readClaimRuns(results, claims);
    // 64 observations here, 256 others there: two standard errors.
    expect(Math.abs(Number(records[0].accuracy) - Number(at['4'].accuracy))).toBeLessThan(0.13);
  }, 120_000);
});
