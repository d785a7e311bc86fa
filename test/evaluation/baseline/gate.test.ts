// The gate on real files: the same encoder is not worse than itself, a coarse one is, and other data are refused in one line.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import type { EvaluateEncoderOptions } from '../../../pipeline/encoder/option.ts';
import { describeError } from '../../../src/error.ts';
import { makeBaseline } from '../../../src/evaluation/baseline/make.ts';
import {
  baselineJsonSchema,
  baselineSchema,
  parseBaseline,
  unpackLatents,
} from '../../../src/evaluation/baseline/schema.ts';
import { formatJson } from '../../../src/json.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name);
const classes = { of: 'column', column: 'label' } as const;
const labelled: EvaluateEncoderOptions = { data: fixture('labelled.npz'), classes, report: false };

let folder: string;
let baseline: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-gate-'));
  baseline = join(folder, 'baseline.json');
  await evaluateEncoder(fixture('quarters.onnx'), { ...labelled, saveBaseline: baseline });
});

afterAll(() => rmSync(folder, { recursive: true }));

const read = () => parseBaseline(baseline, readFileSync(baseline, 'utf8'));

async function refusal(path: string, options: EvaluateEncoderOptions): Promise<string> {
  return evaluateEncoder(path, options).then(() => 'no refusal', describeError);
}

describe('a baseline', () => {
  test('holds the verdict, every outcome, pinned latents and a sample that the radii nearly all contain', () => {
    const { encoder, observed, measured, pinned, reference } = read();
    expect(encoder.name).toBe('quarters.onnx');
    expect(observed).toMatchObject({ name: 'labelled.npz', shape: [8, 8, 3], classes: { of: 'column' } });
    expect(measured).toMatchObject({ verdict: 'distinct', nearestCentroidAccuracy: 1, recall: [1, 1, 1, 1] });
    expect(measured.outcomes.toldApart).toMatch(/^1{60}$/);
    expect(pinned.rows).toHaveLength(16);
    const latents = unpackLatents(reference.latents);
    expect([latents.count, latents.size]).toEqual([60, 12]);
    // Pinned rows are rows of the sample, which here has all.
    expect(Array.from(unpackLatents(pinned.latents).values.subarray(0, 12))).toEqual(
      Array.from(latents.values.subarray(12 * pinned.rows[0], 12 * pinned.rows[0] + 12)),
    );
    const centroids = unpackLatents(reference.centroids);
    const inside = reference.labels
      .split(',')
      .map(Number)
      .filter((label, n) => {
        const offset = (k: number) => latents.values[12 * n + k] - centroids.values[12 * label + k];
        return Math.hypot(...Array.from({ length: 12 }, (_, k) => offset(k))) <= reference.radii[label];
      });
    expect(inside.length / 60).toBeGreaterThan(0.9);
  });

  test('docs/schema/baseline.schema.json is the schema of the code (vitest -u writes it)', async () => {
    const path = join(import.meta.dirname, '../../../docs/schema/baseline.schema.json');
    await expect(formatJson(baselineJsonSchema())).toMatchFileSnapshot(path);
  });
});

describe('the gate', () => {
  test('of the same file holds, pair by pair, on two runtimes, and pins its latents to a cosine of 1', async () => {
    const { gate } = await evaluateEncoder(fixture('quarters.onnx'), {
      ...labelled,
      baseline,
      runtimes: ['cpu', 'wasm'],
    });
    expect(gate).toMatchObject({ holds: true, method: 'paired', unit: 'observation', level: 0.05 });
    expect(gate?.checks.filter(({ status }) => status !== 'kept')).toEqual([]);
    const pinned = gate?.checks.filter(({ name }) => name === 'pinned latents') ?? [];
    expect(pinned.map(({ runtime }) => runtime)).toEqual(['cpu', 'wasm']);
    for (const { now, detail } of pinned) {
      expect(now).toContain('smallest cosine 1.000000');
      expect(detail).toContain('cosine of at least 0.999');
    }
  });

  test('of an encoder that merged classes names the verdict, the shares and each class that fell', async () => {
    const save = join(folder, 'never.json');
    const notes: string[] = [];
    const { gate } = await evaluateEncoder(fixture('collapsed.onnx'), {
      ...labelled,
      baseline,
      saveBaseline: save,
      onNote: (note) => notes.push(note),
    });
    expect(gate?.holds).toBe(false);
    const worse = new Map(gate?.checks.flatMap((check) => (check.status === 'worse' ? [[check.name, check]] : [])));
    expect(worse.get('verdict')).toMatchObject({ before: 'distinct', now: 'coarse' });
    expect(worse.get('nearest-centroid accuracy')?.detail).toMatch(/^30 lost, 0 won, p = 9\.3e-9$/);
    expect([...worse.keys()]).toContain('nearest-centroid accuracy of label 1');
    // Quarter 0 is the only one that it still sees.
    expect([...worse.keys()]).not.toContain('nearest-centroid accuracy of label 0');
    expect(existsSync(save)).toBe(false);
    expect(notes.at(-1)).toBe(`${save}: not written, since the evaluation is worse than ${baseline}`);
  });

  test('of another draw compares two samples, and no latents', async () => {
    const { gate } = await evaluateEncoder(fixture('collapsed.onnx'), { ...labelled, baseline, observations: 40 });
    expect(gate).toMatchObject({ holds: false, method: 'two samples' });
    expect(gate?.checks.find(({ name }) => name === 'pinned latents')).toMatchObject({ status: 'not compared' });
  });

  test('asks another file for a cosine only where it is told to', async () => {
    const options = { ...labelled, baseline };
    const int8 = await evaluateEncoder(fixture('quarters-int8.onnx'), options);
    expect(int8.gate?.checks.find(({ name }) => name === 'pinned latents')?.detail).toContain('told, not decided');
    const asked = await evaluateEncoder(fixture('quarters-int8.onnx'), { ...options, leastCosine: 1 });
    expect(asked.gate?.holds).toBe(false);
    const lower = await evaluateEncoder(fixture('quarters-int8.onnx'), { ...options, leastCosine: 0.9999 });
    expect(lower.gate?.holds).toBe(true);
  });

  test('knows the same observations by what they are, whatever their file is called', async () => {
    const data = join(folder, 'renamed.npz');
    copyFileSync(fixture('labelled.npz'), data);
    const { gate } = await evaluateEncoder(fixture('quarters.onnx'), { ...labelled, data, baseline });
    expect(gate?.method).toBe('paired');
  });

  test.each<[RegExp, string, EvaluateEncoderOptions]>([
    [
      /expected a baseline of classes by quantiles, got one of column/,
      'quarters.onnx',
      { ...labelled, classes: { of: 'quantiles', count: 2 }, map: 'reward=label,action=label' },
    ],
    [
      /expected a baseline of the metric cosine, got one of euclidean/,
      'quarters.onnx',
      { ...labelled, metric: 'cosine' },
    ],
    [
      /expected a baseline of observations of shape \[5\], got one of \[8, 8, 3\]/,
      'numbers.onnx',
      { ...labelled, data: fixture('numbers.npz') },
    ],
  ])('refuses in one line: %s', async (message, name, options) => {
    const line = await refusal(fixture(name), { ...options, baseline });
    expect(line).toMatch(message);
    expect(line).not.toContain('\n');
    expect(line).toContain('Save one of these');
  });

  test('refuses what is no baseline, is damaged, or is of other data by the same name', async () => {
    const other = join(folder, 'other.json');
    const check = async (text: string) => {
      writeFileSync(other, text);
      return refusal(fixture('quarters.onnx'), { ...labelled, baseline: other });
    };
    const whole = read();
    expect(await check('nonsense')).toMatch(
      /expected a baseline, got 8 characters that are no JSON\. Write one: jepa evaluate/,
    );
    expect(await check('{"runtimes": []}')).toMatch(/expected a baseline, got JSON that is none/);
    expect(await check(JSON.stringify({ ...whole, format: 2 }))).toMatch(/expected format 1, got 2/);
    expect(await check(JSON.stringify({ ...whole, pinned: { ...whole.pinned, rows: [0] } }))).toMatch(
      /expected 1 pinned latents, got 16/,
    );
    const changed = { ...whole, observed: { ...whole.observed, judged: { ...whole.observed.judged, sha256: '0' } } };
    expect(await check(JSON.stringify(changed))).toMatch(
      /expected a baseline of these observations of labelled\.npz, got one of others by the same name/,
    );
    const named = { ...changed, observed: { ...changed.observed, name: 'yesterday.npz' } };
    expect(await check(JSON.stringify(named))).toMatch(
      /expected a baseline of labelled\.npz, got one of yesterday\.npz/,
    );
    expect(await refusal(fixture('quarters.onnx'), { ...labelled, baseline: join(folder, 'missing.json') })).toMatch(
      /missing\.json: expected a baseline, got nothing there/,
    );
    expect(await refusal(fixture('quarters.onnx'), { ...labelled, leastCosine: 0.9 })).toMatch(
      /`leastCosine`: expected a `baseline`/,
    );
  });

  test('the schema is strict: what a baseline has is what it says', () => {
    expect(baselineSchema.safeParse({ ...read(), more: 1 }).success).toBe(false);
    expect(() => makeBaseline({ runtimes: [{}] } as never, {} as never, {} as never, '')).toThrow(
      /outcome of every observation/,
    );
  });
});
