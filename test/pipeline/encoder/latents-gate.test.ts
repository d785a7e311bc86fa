// A gate on latents that were computed elsewhere: with a baseline of the encoder, or of other latents of the same rows; and drift.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LatentDriftOptions, measureDrift, measureLatentDrift } from '../../../pipeline/drift/run.ts';
import { encodeRecording } from '../../../pipeline/encoder/encode.ts';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import { type EvaluateLatentsOptions, evaluateLatents } from '../../../pipeline/encoder/latents.ts';
import { encodeNpyHeader } from '../../../src/data/readers/npy.ts';
import { describeError } from '../../../src/error.ts';
import { baselineSchema } from '../../../src/evaluation/baseline/schema.ts';
import { withoutCommonWords } from '../../../src/evaluation/class/comparable-name.ts';
import { compareEvaluations } from '../../../src/evaluation/comparison.ts';
import type { GateRecord } from '../../../src/evaluation/schema/gate.ts';
import { randomFor } from '../../../src/random.ts';
import { driftSentences } from '../../../src/report/drift-report.ts';
import { readReportPage } from '../../../src/report/page.ts';
import { writeImageSet } from '../../evaluation/baseline/image-set.ts';

const COUNT = 240;
const CLASSES = 3;

/** [N, 4] beside [N] labels: each class at a corner of its own, moved by `shift`; the first `merged` of class 1 are where class 0 is. */
function latents(seed: number, { shift = 0, merged = 0, count = COUNT } = {}): Float32Array {
  const random = randomFor(seed, 'latents');
  return Float32Array.from({ length: 4 * count }, (_, i) => {
    const n = Math.floor(i / 4);
    const own = n % CLASSES === 1 && n < merged ? 0 : n % CLASSES;
    return (i % 4 === own ? 4 : 0) + random.uniform() + shift;
  });
}

function npy(array: Float32Array | BigInt64Array, shape: readonly number[]): Uint8Array {
  const type = array instanceof Float32Array ? 'float32' : 'int64';
  return Buffer.concat([encodeNpyHeader(type, shape), new Uint8Array(array.buffer)]);
}

const folder = mkdtempSync(join(tmpdir(), 'jepa-latents-gate-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

function write(name: string, values: Float32Array, size = 4): string {
  writeFileSync(at(name), npy(values, [values.length / size, size]));
  return at(name);
}

function labelsOf(count: number, order = (n: number) => n % CLASSES): Uint8Array {
  return npy(
    BigInt64Array.from({ length: count }, (_, n) => BigInt(order(n))),
    [count],
  );
}

beforeAll(() => {
  writeFileSync(at('labels.npy'), labelsOf(COUNT));
});

const judge = (path: string, options: EvaluateLatentsOptions = {}) =>
  evaluateLatents(path, { labels: at('labels.npy'), report: false, ...options });

function worse(gate: GateRecord | undefined): string[] {
  return gate?.checks.filter(({ status }) => status === 'worse').map(({ name }) => name) ?? ['no gate'];
}

describe('a gate on latents', () => {
  const baseline = at('baseline.json');
  beforeAll(async () => {
    await judge(write('desktop.npy', latents(0)), { saveBaseline: baseline });
  });

  test('keeps a baseline that says that the encoder was never seen', () => {
    const { encoder, observed, measured } = baselineSchema.parse(JSON.parse(readFileSync(baseline, 'utf8')));
    expect(encoder).toMatchObject({ name: 'desktop.npy', elsewhere: { column: 'desktop', labels: 'labels.npy' } });
    expect(observed).toMatchObject({ name: 'labels.npy', shape: [], classes: { names: ['0', '1', '2'].map(named) } });
    expect(measured).toMatchObject({ runtime: 'elsewhere', verdict: 'distinct', nearestCentroidAccuracy: 1 });
  });

  test('of others of the same rows compares pair by pair, and pins latents where a cosine is asked for', async () => {
    const kept = await judge(write('phone.npy', latents(0, { shift: 0.01 })), { baseline, leastCosine: 0.999 });
    expect(kept.gate).toMatchObject({ holds: true, method: 'paired', unit: 'observation' });
    const pinned = kept.gate?.checks.find(({ name }) => name === 'pinned latents');
    expect(pinned?.now).toMatch(/^smallest cosine 0\.9999\d\d, largest error 0\.02,/);
    const turned = await judge(write('turned.npy', latents(7)), { baseline, leastCosine: 0.999 });
    expect(worse(turned.gate)).toEqual(['pinned latents']);
  });

  test('of latents in which a class fell names the shares and the class', async () => {
    const { gate } = await judge(write('fallen.npy', latents(1, { merged: 120 })), { baseline });
    expect(worse(gate)).toEqual(
      expect.arrayContaining(['nearest-centroid accuracy', `nearest-centroid accuracy of ${named('1')}`]),
    );
    expect(worse(gate)).not.toContain(`nearest-centroid accuracy of ${named('2')}`);
  });

  test('of another draw compares two samples', async () => {
    const { gate } = await judge(at('desktop.npy'), { baseline, seed: 5, observations: 60 });
    expect(gate).toMatchObject({ holds: true, method: 'two samples' });
  });

  test('refuses other classes, another metric, and other rows by the same name', async () => {
    const refusal = (options: EvaluateLatentsOptions) =>
      judge(at('desktop.npy'), { baseline, ...options }).then(() => 'no refusal', describeError);
    expect(await refusal({ metric: 'cosine' })).toMatch(
      /baseline\.json: expected a baseline of the metric cosine, got one of euclidean/,
    );
    writeFileSync(
      at('two.npy'),
      labelsOf(COUNT, (n) => n % 2),
    );
    expect(await refusal({ labels: at('two.npy') })).toMatch(
      /expected a baseline of 2 classes without "2", got one of 3/,
    );
    // As many of each class, in another order.
    writeFileSync(
      at('turned-labels.npy'),
      labelsOf(COUNT, (n) => (n + 1) % CLASSES),
    );
    expect(await refusal({ labels: at('turned-labels.npy') })).toMatch(
      /expected a baseline of turned-labels\.npy, got one of labels\.npy.*where classes, seed and number are the same/,
    );
  });

  test('and a comparison take the same rows for the same, whatever their files are called', async () => {
    writeFileSync(at('again.npy'), labelsOf(COUNT));
    const [first, other] = [await judge(at('desktop.npy')), await judge(at('fallen.npy'), { labels: at('again.npy') })];
    const { differences } = compareEvaluations(
      [first, other].map((record, n) => ({ name: `${n}`, path: `${n}`, kind: 'evaluation' as const, record })),
    );
    expect(differences[0]).toMatchObject({ method: 'paired', won: 0 });
    expect(differences[0].lost).toBeGreaterThan(5);
  });
});

test.each([
  [
    ['label 0', 'label 1'],
    ['0', '1'],
  ],
  [
    ['label big cat', 'label big dog'],
    ['cat', 'dog'],
  ],
  [
    ['label', 'label 1'],
    ['label', 'label 1'],
  ],
  [
    ['y', 'y'],
    ['y', 'y'],
  ],
])('names are compared without the words that all begin with: %j', (names, left) => {
  expect(withoutCommonWords(names)).toEqual(left);
});

function named(name: string): string {
  return `labels ${name}`;
}

describe('an encoder, and its latents from elsewhere', { timeout: 60_000 }, () => {
  const encoder = join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', 'quarters.onnx');
  const classes = { of: 'column', column: 'label' } as const;
  const baseline = at('encoder.json');
  beforeAll(async () => {
    writeImageSet(at('images.npz'), { count: 400, seed: 0 });
    await evaluateEncoder(encoder, { data: at('images.npz'), classes, report: false, saveBaseline: baseline });
    await encodeRecording(encoder, { data: at('images.npz'), out: at('phone.npz') });
  });

  test('are gated by one baseline, pair by pair', async () => {
    const { gate } = await evaluateLatents(at('phone.npz'), {
      classes,
      report: false,
      baseline,
      leastCosine: 0.999999,
    });
    expect(gate).toMatchObject({ holds: true, method: 'paired' });
    expect(gate?.checks.find(({ name }) => name === 'pinned latents')?.now).toMatch(/cosine 1\.0+, largest error 0,/);
    const own = at('phone.json');
    await evaluateLatents(at('phone.npz'), { classes, report: false, saveBaseline: own });
    const back = await evaluateEncoder(encoder, { data: at('images.npz'), classes, report: false, baseline: own });
    expect(back.gate).toMatchObject({ holds: true, method: 'paired' });
  });

  test('drift alike: the same record of the same batch, but for who computed it', async () => {
    const permutations = 399;
    for (const [name, brightness] of [['same', 1] as const, ['dark', 0.8] as const]) {
      const data = at(`${name}.npz`);
      const camera = (image: (y: number, x: number, c: number) => number, y: number, x: number, c: number) =>
        brightness * image(y, x, c);
      writeImageSet(data, { count: 200, seed: 9, isLabelled: false, camera });
      const today = at(`${name}-latents.npz`);
      await encodeRecording(encoder, { data, out: today });
      const record = await measureLatentDrift(today, { baseline, permutations });
      expect(record.hasDrifted).toBe(name === 'dark');
      const { runtime, provider, version, observed, ...numbers } = record;
      expect({ runtime, provider, version, observed }).toEqual({
        ...{ runtime: 'elsewhere', provider: 'not seen', version: basename(today), observed: basename(today) },
      });
      expect(await measureDrift(encoder, { baseline, data, permutations, report: false })).toMatchObject(numbers);
      expect(driftSentences(record)).toHaveLength(4);
      expect(driftSentences(record)[3]).toMatch(/computed elsewhere: that they are of the encoder of .*encoder\.json/);
      const page = at(`${name}-latents.drift.html`);
      expect(readReportPage(readFileSync(page, 'utf8'))?.question).toBe(
        `Do the latents of ${basename(today)} lie where those of the baseline do?`,
      );
    }
  });

  test.each<[RegExp, string, Partial<LatentDriftOptions>]>([
    [/encoder\.json: expected latents of 3 numbers, got \d+/, 'three.npy', {}],
    [/none\.npy: expected a file, got nothing there/, 'none.npy', {}],
    [/expected latents, got images of 8 x 8 x 3/, 'images.npz', { map: 'observation=image' }],
    [/permutations: expected at least 300/, 'phone.npz', { permutations: 99 }],
  ])('latents that cannot be compared are refused in one line: %s', async (message, name, options) => {
    write('three.npy', latents(0), 3);
    const line = await measureLatentDrift(at(name), { baseline, report: false, ...options }).then(
      () => 'no refusal',
      describeError,
    );
    expect(line).toMatch(message);
    expect(line).not.toContain('\n');
  });

  test('a baseline of latents has no encoder to run', async () => {
    const line = await measureDrift(encoder, {
      ...{ baseline: at('baseline.json'), data: at('images.npz'), report: false },
    }).then(() => 'no refusal', describeError);
    expect(line).toMatch(
      /expected a baseline of an encoder, got one of latents that were computed elsewhere \(desktop\.npy\)\. Compare latents/,
    );
    expect(existsSync(at('desktop.drift.html'))).toBe(false);
  });
});

test('tokens of today are pooled as those of the baseline were; pooled ones are taken as they are', async () => {
  const random = randomFor(2, 'tokens');
  const tokens = Float32Array.from(
    { length: COUNT * 8 },
    (_, i) => (Math.floor(i / 8) % CLASSES) * (1 + (i % 4)) + random.uniform(),
  );
  writeFileSync(at('tokens.npy'), npy(tokens, [COUNT, 2, 4]));
  const baseline = at('tokens.json');
  await judge(at('tokens.npy'), { pool: 'cls', normalize: 'l2', saveBaseline: baseline });
  const drifted = await measureLatentDrift(at('tokens.npy'), { baseline, report: false, permutations: 399 });
  expect(drifted).toMatchObject({ hasDrifted: false, outside: { now: expect.any(Number) } });
  const first = Float32Array.from({ length: COUNT * 4 }, (_, i) => tokens[Math.floor(i / 4) * 8 + (i % 4)]);
  const pooled = await measureLatentDrift(write('pooled.npy', first), { baseline, report: false, permutations: 399 });
  expect({ ...pooled, observed: 'tokens.npy', version: 'tokens.npy' }).toEqual(drifted);
});
