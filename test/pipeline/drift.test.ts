// `measureDrift` on images: a camera that moved, darkened or became noisy is seen without a label, and the same camera is not.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DriftOptions, measureDrift } from '../../pipeline/drift/run.ts';
import { evaluateEncoder } from '../../pipeline/encoder/evaluate.ts';
import type { EvaluateEncoderOptions } from '../../pipeline/encoder/option.ts';
import { evaluateRun } from '../../pipeline/evaluate/run.ts';
import { recordingConfiguration } from '../../src/data/configured-recording.ts';
import { describeError } from '../../src/error.ts';
import { drawUnlabelled } from '../../src/evaluation/held-out/unlabelled.ts';
import { driftJsonSchema, driftSchema } from '../../src/evaluation/schema/drift.ts';
import { formatJson } from '../../src/json.ts';
import { driftChecks } from '../../src/report/check/check.ts';
import { readReportPage } from '../../src/report/page.ts';
import { imageAt, LENGTHS, fixture as recordingFixture } from '../data/small-recording.ts';
import { type ImageSetOptions, writeImageSet } from '../evaluation/baseline/image-set.ts';
import { writeRunFixture } from '../evaluation/run-fixture.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', 'fixtures', 'foreign-encoder', name);
const encoder = fixture('quarters.onnx');
const folder = mkdtempSync(join(tmpdir(), 'jepa-drift-'));
const baseline = join(folder, 'baseline.json');

beforeAll(async () => {
  const data = join(folder, 'labelled.npz');
  writeImageSet(data, { count: 800, seed: 0 });
  await evaluateEncoder(encoder, {
    data,
    classes: { of: 'column', column: 'label' },
    report: false,
    saveBaseline: baseline,
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

function batch(name: string, options: Omit<ImageSetOptions, 'isLabelled'>): string {
  const path = join(folder, `${name}.npz`);
  writeImageSet(path, { ...options, isLabelled: false });
  return path;
}

const measure = (data: string, options: Partial<DriftOptions> = {}) =>
  measureDrift(encoder, { baseline, data, report: false, permutations: 399, level: 0.01, ...options });

describe('a batch without labels', { timeout: 120_000 }, () => {
  test('of the same camera raises no alarm', async () => {
    for (const seed of [11, 12, 13]) {
      const record = await measure(batch('same', { count: 300, seed }));
      expect(driftSchema.parse(record)).toMatchObject({
        ...{ hasDrifted: false, observations: 300, encoder: 'quarters.onnx', observed: 'same.npz', runtime: 'cpu' },
        independence: 'every observation',
      });
      expect(record.outside.now).toBeLessThan(0.05);
    }
  });

  test.each<[string, NonNullable<ImageSetOptions['camera']>]>([
    ['moved by one pixel', (image, y, x, c) => image(y, x - 1, c)],
    ['a fifth darker', (image, y, x, c) => 0.8 * image(y, x, c)],
    ['with a stripe of dirt', (image, y, x, c) => (x === 1 ? 255 : image(y, x, c))],
    ['with its channels exchanged and one brighter', (image, y, x, c) => image(y, x, 2 - c) + (c === 0 ? 12 : 0)],
  ])('of a camera %s raises one, by where the classes lie', async (name, camera) => {
    const record = await measure(batch(name.replaceAll(' ', '-'), { count: 300, seed: 21, camera }));
    expect(record.hasDrifted).toBe(true);
    expect(record.shift).toMatchObject({ hasChanged: true, p: 1 / 400 });
  });

  test('of another mix of classes raises one by the mix alone, or none where that is not asked', async () => {
    const data = batch('mix', { count: 300, seed: 31, mix: [7, 1, 1, 1] });
    const record = await measure(data);
    expect([record.hasDrifted, record.shift.hasChanged, record.outside.hasChanged, record.mix.hasChanged]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    const ignored = await measure(data, { ignoreMix: true });
    expect(ignored).toMatchObject({ hasDrifted: false, mix: { hasChanged: true, isAsked: false } });
    expect(driftChecks('e.onnx', ignored).checks.map(({ status }) => status)).toEqual(['passed', 'passed', 'note']);
    expect(driftChecks('e.onnx', record).checks.map(({ status }) => status)).toEqual(['passed', 'passed', 'failed']);
  });

  test('is the same record and page for the same seed', async () => {
    const copy = join(folder, 'quarters.onnx');
    writeFileSync(copy, readFileSync(encoder));
    const data = batch('again', { count: 60, seed: 41 });
    const lines: string[] = [];
    const record = await measureDrift(copy, {
      baseline,
      data,
      permutations: 399,
      onProgress: (line) => lines.push(line),
    });
    expect(lines.at(-1)).toBe(`${join(folder, 'quarters.drift.html')}: the report`);
    expect(JSON.parse(readFileSync(join(folder, 'quarters.drift.json'), 'utf8'))).toEqual(record);
    expect(await measureDrift(copy, { baseline, data, permutations: 399 })).toEqual(record);
    const report = readReportPage(readFileSync(join(folder, 'quarters.drift.html'), 'utf8'));
    expect(report?.question).toBe('Do the latents of again.npz lie where those of the baseline do?');
    expect(report?.answer.headline).toBe('No drift found');
  });

  test('of the export of a run needs no recording: its environment draws one', async () => {
    const run = join(folder, 'run');
    await writeRunFixture(run);
    const own = join(folder, 'run.json');
    await evaluateRun(run, { observations: 200, reference: 'cpu', report: false, saveBaseline: own });
    const record = await measureDrift(run, {
      baseline: own,
      environment: 'counting',
      observations: 200,
      permutations: 399,
    });
    expect(record).toMatchObject({ encoder: 'run', observed: 'counting', hasDrifted: false });
    expect(existsSync(join(run, 'drift.html'))).toBe(true);
    expect(await refusal(join(run, 'export', 'encoder.onnx'), { baseline: own, environment: 'counting' })).toMatch(
      /expected a baseline of an ONNX file, got one of the run run\. Name its folder/,
    );
  });
});

async function refusal(path: string, options: DriftOptions): Promise<string> {
  return measureDrift(path, { report: false, ...options }).then(() => 'no refusal', describeError);
}

describe('what cannot be compared', () => {
  test.each<[RegExp, string, Partial<DriftOptions>]>([
    [/expected new observations, either `data: RECORDING` or `environment: NAME`, got neither/, encoder, {}],
    [/got both/, encoder, { data: 'x.npz', environment: 'counting' }],
    [
      /expected a baseline of .*collapsed\.onnx, got one of another file \(quarters\.onnx, SHA-256 [0-9a-f]{12}…\)/,
      fixture('collapsed.onnx'),
      { environment: 'counting' },
    ],
    [
      /counting: expected observations of shape \[8, 8, 3\] as in the baseline, got \[64, 64, 3\]/,
      encoder,
      { environment: 'counting' },
    ],
    [
      /permutations: expected at least 300 for a level of 0\.01, got 99/,
      encoder,
      { environment: 'counting', permutations: 99 },
    ],
    [/missing\.onnx: expected an ONNX file, got nothing there/, fixture('missing.onnx'), { environment: 'counting' }],
    [
      /quarters\.onnx: expected images for "pixels" float32\[1, 3, 8, 8\], got numbers\. Say which column/,
      encoder,
      { data: fixture('numbers.npz') },
    ],
  ])('is refused in one line: %s', async (message, path, options) => {
    const line = await refusal(path, { baseline, ...options });
    expect(line).toMatch(message);
    expect(line).not.toContain('\n');
  });
});

describe('observations without actions', () => {
  const drawn = (path: string, more: object = {}) =>
    drawUnlabelled(recordingConfiguration.parse({ path, ...more }), { most: 100, seed: 0 });

  test('are stacked within their episode, the newest frame last, as channels', async () => {
    const { observations, observationShape, episodes } = await drawn(recordingFixture('stored.npz'), { stack: 2 });
    expect(observationShape).toEqual([6, 8, 6]);
    // Rows in order: an episode has one observation more than actions.
    expect(Array.from(episodes ?? [])).toEqual(LENGTHS.flatMap((length, e) => Array(length + 1).fill(e)));
    const row = (n: number) => Array.from(observations.subarray(n * 288, (n + 1) * 288));
    const stacked = (e: number, t: number) => {
      const [before, now] = [imageAt(e, Math.max(0, t - 1)), imageAt(e, t)];
      return Array.from({ length: 288 }, (_, i) => {
        const [pixel, channel] = [Math.floor(i / 6), i % 6];
        return channel < 3 ? before[3 * pixel + channel] : now[3 * pixel + channel - 3];
      });
    };
    expect(row(0)).toEqual(stacked(0, 0));
    expect(row(3)).toEqual(stacked(0, 3));
    expect(row(6)).toEqual(stacked(1, 0));
  });

  test('are the only images where nothing says which they are', async () => {
    const { observations, observationShape, episodes } = await drawn(batch('alone', { count: 5, seed: 51 }));
    expect(observationShape).toEqual([8, 8, 3]);
    expect(observations).toHaveLength(5 * 8 * 8 * 3);
    expect(episodes).toBeUndefined();
  });
});

describe('an encoder of several outputs, or inputs', { timeout: 120_000 }, () => {
  const torch = (name: string) => join(import.meta.dirname, '..', 'fixtures', 'torch-encoder', name);
  const save = async (name: string, options: EvaluateEncoderOptions) => {
    const saveBaseline = join(folder, `${name}.baseline.json`);
    const data = torch('observations.npz');
    await evaluateEncoder(torch(name), { data, ...options, classes, observations: 40, report: false, saveBaseline });
    return saveBaseline;
  };
  const classes = { of: 'column', column: 'label' } as const;

  test('is read as the baseline was: the same output, the same pool', async () => {
    const chosen = { map: 'observation=frames', output: 'last_hidden_state', pool: 'cls', normalize: 'l2' } as const;
    const made = await save('dino.onnx', chosen);
    expect(JSON.parse(readFileSync(made, 'utf8')).encoder.output).toEqual({
      ...{ name: 'last_hidden_state', pool: 'cls', normalize: 'l2' },
    });
    const options = { map: 'observation=frames', data: torch('observations.npz'), report: false, permutations: 399 };
    const record = await measureDrift(torch('dino.onnx'), { ...options, baseline: made });
    // The very observations of the baseline: nothing has moved.
    expect(record.hasDrifted).toBe(false);
    expect(record.outside.now).toBeLessThan(0.1);
  });

  const inputs = [
    { name: 'pixel_values', columns: ['frames'] },
    { name: 'input_ids', columns: ['tokens'] },
  ];
  const clip = () =>
    save('clip.onnx', {
      input: inputs,
      fix: [{ name: 'attention_mask', values: [1] }],
      output: 'image_embeds',
    });

  test('is fed with the columns that its inputs took, and with what was fixed', async () => {
    const made = await clip();
    const { encoder } = JSON.parse(readFileSync(made, 'utf8'));
    expect(encoder.input).toMatchObject({ name: 'input_ids', columns: ['tokens'] });
    expect(encoder.furtherInputs).toMatchObject([{ name: 'pixel_values', columns: ['frames'] }]);
    const options = { data: torch('observations.npz'), report: false, baseline: made, permutations: 399 };
    const record = await measureDrift(torch('clip.onnx'), options);
    // The very observations of the baseline: nothing has moved.
    expect(record).toMatchObject({ hasDrifted: false, encoder: 'clip.onnx', observed: 'observations.npz' });
    expect(record.outside.now).toBeLessThan(0.1);
    expect(await measureDrift(torch('clip.onnx'), { ...options, input: inputs })).toEqual(record);
  });

  test('is refused where a column is not there, or nothing has several inputs to feed', async () => {
    const made = await clip();
    const input = [{ name: 'pixel_values', columns: ['pictures'] }, inputs[1]];
    expect(await refusal(torch('clip.onnx'), { baseline: made, data: torch('observations.npz'), input })).toMatch(
      /`input`: expected a column \(frames, tokens, label, mask, clips\), got "pictures"/,
    );
    expect(await refusal(torch('clip.onnx'), { baseline: made, environment: 'counting' })).toMatch(
      /`environment`: expected a recording for the inputs input_ids, pixel_values, got the environment counting/,
    );
    expect(await refusal(torch('clip.onnx'), { baseline: made, environment: 'counting', input: inputs })).toMatch(
      /`input`: expected an ONNX file and a recording for it, got the environment counting/,
    );
  });

  test('of clips puts the frames of a recording together as the baseline did', async () => {
    const made = await save('video.onnx', { map: 'observation=frames' });
    const options = { data: torch('observations.npz'), map: 'observation=frames', report: false, permutations: 399 };
    const record = await measureDrift(torch('video.onnx'), { ...options, baseline: made });
    expect(record.hasDrifted).toBe(false);
    expect(record.outside.now).toBeLessThan(0.1);
  });
});

test('docs/schema/drift.schema.json is the schema of the code (vitest -u writes it)', async () => {
  const path = join(import.meta.dirname, '../../docs/schema/drift.schema.json');
  await expect(formatJson(driftJsonSchema())).toMatchFileSnapshot(path);
});
