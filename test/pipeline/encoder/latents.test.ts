// Latents that were computed elsewhere are judged by the numbers that the encoder itself is given for them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeRecording } from '../../../pipeline/encoder/encode.ts';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import { type EvaluateLatentsOptions, evaluateLatents } from '../../../pipeline/encoder/latents.ts';
import { encodeNpyHeader } from '../../../src/data/readers/npy.ts';
import { convertRecording } from '../../../src/data/writers/index.ts';
import type { EncoderEvaluationRecord } from '../../../src/evaluation/schema/evaluation.ts';
import { randomFor } from '../../../src/random.ts';
import { memoryRecording } from '../../data/memory-recording.ts';
import { buildZip } from '../../data/readers/zip-builder.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const fixture = (...parts: string[]) => join(import.meta.dirname, '..', '..', 'fixtures', ...parts);
const torch = (name: string) => fixture('torch-encoder', name);

/** What does not depend on who computed the latents. */
function numbersOf({ classes, observations, centroidObservations, seed, metric, runtimes }: EncoderEvaluationRecord) {
  return {
    ...{ classes, observations, centroidObservations, seed, metric },
    runtimes: runtimes.map(
      ({ runtime: _, provider: _p, version: _v, threads: _t, encodeMs: _e, nodesByProvider: _n, ...numbers }) =>
        numbers,
    ),
  };
}

describe('an encoder, and its latents by themselves', () => {
  test.each([
    ['all observations', {}],
    ['some of them, drawn by a seed, by angle', { observations: 30, seed: 7, metric: 'cosine' as const }],
  ])('give the same numbers: %s', async (_, options) => {
    const latents = join(temporaryFolder(), 'latents.npz');
    const source = { data: torch('observations.npz'), map: 'observation=frames' };
    await encodeRecording(torch('dino.onnx'), { ...source, out: latents });
    const asked = { classes: { of: 'column', column: 'label' } as const, report: false, ...options };
    const ofEncoder = await evaluateEncoder(torch('dino.onnx'), { ...source, ...asked });
    const ofLatents = await evaluateLatents(latents, asked);
    expect(numbersOf(ofLatents)).toEqual(numbersOf(ofEncoder));
    expect(ofLatents.encoder).toMatchObject({ file: 'latents.npz', elsewhere: { column: 'latents' } });
    expect(ofLatents.runtimes[0]).toMatchObject({ runtime: 'elsewhere', provider: 'not seen', threads: 0 });
    expect(ofEncoder.encoder.elsewhere).toBeUndefined();
  });

  test('also where episodes are recorded, and names of classes are text', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'labelled.csv');
    const random = randomFor(1, 'labelled');
    const rows = Array.from({ length: 80 }, (_, n) => {
      const label = ['owl', 'cat'][n % 2];
      const numbers = Array.from({ length: 5 }, (_n, k) => (k % 2 === n % 2 ? 1 : 0) + random.uniform() / 10);
      return [...numbers, label, Math.floor(n / 8)].join(',');
    });
    const header = [...Array.from({ length: 5 }, (_, k) => `observation_${k}`), 'label', 'episode_index'].join(',');
    writeFileSync(data, `${[header, ...rows].join('\n')}\n`);
    const encoder = fixture('foreign-encoder', 'numbers.onnx');
    const asked = { classes: { of: 'column', column: 'label' } as const, report: false };
    const ofEncoder = await evaluateEncoder(encoder, { data, ...asked });
    expect(ofEncoder.classes.names).toEqual(['label cat', 'label owl']);
    for (const out of ['latents.npz', 'latents.parquet']) {
      await encodeRecording(encoder, { data, out: join(folder, out) });
      expect(numbersOf(await evaluateLatents(join(folder, out), asked))).toEqual(numbersOf(ofEncoder));
    }
  });
});

test('classes that transitions tell apart are refused where float32 may have made two of them one', async () => {
  const data = join(temporaryFolder(), 'days.npz');
  const lengths = Array(20).fill(4);
  const days = BigInt64Array.from({ length: 80 }, (_, n) => 20240101n + BigInt(n % 4));
  const column = { type: 'int64', shape: [], lengths } as const;
  await convertRecording(
    memoryRecording({
      observation: { type: 'float32', shape: [5], lengths, values: new Float32Array(400) },
      action: { ...column, values: new BigInt64Array(80) },
      day: { ...column, values: days },
      reward: { ...column, values: days.map((day) => day % 2n) },
    }),
    data,
  );
  const map = 'observation=observation,action=action,state=day,reward=reward';
  const asked = { data, map, classes: { of: 'observed' }, report: false } as const;
  await expect(evaluateEncoder(fixture('foreign-encoder', 'numbers.onnx'), asked)).rejects.toThrow(
    /days\.npz day: expected classes below 2\^24 beside transitions, which are read as float32, got about 2024010\d/,
  );
});

test('an observation that was left out is named with its reason: more labels than rows', async () => {
  const data = join(temporaryFolder(), 'frames.npz');
  const arrays = {
    observation: npy(new Float32Array(20), [4, 5]),
    label: npy(
      BigInt64Array.from({ length: 6 }, (_, n) => BigInt(n % 2)),
      [6],
    ),
  };
  writeFileSync(data, buildZip(Object.entries(arrays).map(([name, content]) => ({ name: `${name}.npy`, content }))));
  await expect(
    evaluateEncoder(fixture('foreign-encoder', 'numbers.onnx'), {
      data,
      classes: { of: 'column', column: 'label' },
      report: false,
    }),
  ).rejects.toThrow(/among label, found none .* \(observation: 4 rows for 6 steps in 1 episodes, left out\)/);
});

function npy(array: Float32Array | BigInt64Array, shape: readonly number[]): Uint8Array {
  const type = array instanceof Float32Array ? 'float32' : 'int64';
  return Buffer.concat([encodeNpyHeader(type, shape), new Uint8Array(array.buffer)]);
}

describe('files of latents', () => {
  const count = 60;
  const random = randomFor(3, 'latents');
  const values = Float32Array.from({ length: count * 4 }, (_, i) => {
    const label = Math.floor(i / 4) % 3;
    return (i % 4 === label ? 4 : 0) + random.uniform();
  });
  const labels = BigInt64Array.from({ length: count }, (_, n) => BigInt(n % 3));
  const rows = Array.from({ length: count }, (_, n) => [...values.subarray(4 * n, 4 * n + 4), labels[n]].join(','));
  const files: Readonly<Record<string, Uint8Array>> = {
    'phone.npy': npy(values, [count, 4]),
    'tokens.npy': npy(values, [count, 2, 2]),
    'labels.npy': npy(labels, [count]),
    'dates.npy': npy(
      labels.map((label) => 20240102n + label),
      [count],
    ),
    'huge.npy': npy(
      labels.map((label) => 2n ** 53n + label),
      [count],
    ),
    'short.npy': npy(labels.slice(1), [count - 1]),
    'desktop.npy': npy(
      values.map((value, i) => (i === 5 ? value + 0.001 : value)),
      [count, 4],
    ),
    'wide.npy': npy(new Float32Array(count * 5).fill(1), [count, 5]),
    // Without what tells the classes apart, and small.
    'collapsed.npy': npy(
      values.map((value, i) => (i % 4 === 3 ? value * 1e-3 : 0)),
      [count, 4],
    ),
    'latents.csv': Buffer.from(`${['0,1,2,3,label', ...rows].join('\n')}\n`),
  };

  /** A folder with all of them. */
  function folderOfFiles(): string {
    const folder = temporaryFolder();
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return folder;
  }

  function evaluate(name: string, options: EvaluateLatentsOptions = {}, folder = folderOfFiles()) {
    const inFolder = (file: string | undefined) => (file === undefined ? undefined : join(folder, file));
    return evaluateLatents(join(folder, name), {
      report: false,
      ...options,
      labels: inFolder(options.labels),
      referenceLatents: inFolder(options.referenceLatents),
      untrainedLatents: inFolder(options.untrainedLatents),
    });
  }

  test('NPY with labels of its own, and a table, have one verdict', async () => {
    const arrays = await evaluate('phone.npy', { labels: 'labels.npy' });
    const [{ verdict, nearestCentroidAccuracy, meanDistance }] = arrays.runtimes;
    expect([verdict, nearestCentroidAccuracy]).toEqual(['distinct', 1]);
    expect(arrays.environment).toMatchObject({ name: 'labels.npy' });
    const table = await evaluate('latents.csv');
    expect(table.encoder.elsewhere?.column).toBe('0+1+2+3');
    expect(table.runtimes[0].meanDistance).toBeCloseTo(meanDistance, 5);
  });

  test('labels above 2^24 are as many classes as there are, or as ranges', async () => {
    const small = await evaluate('phone.npy', { labels: 'labels.npy' });
    for (const classes of [undefined, { of: 'quantiles', count: 4 } as const]) {
      const dates = await evaluate('phone.npy', { labels: 'dates.npy', classes });
      expect(dates.classes.names).toEqual(['dates 20240102', 'dates 20240103', 'dates 20240104']);
      expect(dates.runtimes[0].meanDistanceBetween).toBe(small.runtimes[0].meanDistanceBetween);
    }
  });

  test('beside reference latents the error and the certificate are measured', async () => {
    const { reference, runtimes, encoder } = await evaluate('phone.npy', {
      labels: 'labels.npy',
      referenceLatents: 'desktop.npy',
    });
    expect(reference).toEqual({ runtime: 'reference', provider: 'not seen', version: 'desktop.npy' });
    expect(encoder.elsewhere).toMatchObject({ labels: 'labels.npy', reference: 'desktop.npy' });
    expect(runtimes[0].maxLatentError).toBeCloseTo(0.001, 5);
    expect(runtimes[0]).toMatchObject({ verdictHolds: true, certifiedAccuracy: 1 });
  });

  test('beside untrained latents a collapse is seen', async () => {
    expect((await evaluate('collapsed.npy', { labels: 'labels.npy' })).runtimes[0].verdict).toBe('coarse');
    const beside = await evaluate('collapsed.npy', { labels: 'labels.npy', untrainedLatents: 'phone.npy' });
    expect(beside.runtimes[0].verdict).toBe('collapsed');
    expect(beside.untrainedMeanDistance).toBeGreaterThan(1);
  });

  test('tokens are pooled as an encoder gives them', async () => {
    const { encoder } = await evaluate('tokens.npy', { labels: 'labels.npy', pool: 'mean', normalize: 'l2' });
    expect(encoder.output).toEqual({ name: 'tokens', pool: 'mean', normalize: 'l2' });
    const cls = await evaluate('tokens.npy', { labels: 'labels.npy', pool: 'cls' });
    expect(cls.runtimes[0].standardDeviations).toHaveLength(2);
  });

  test('the report says that the encoder was never seen', async () => {
    const folder = folderOfFiles();
    const record = await evaluate('phone.npy', { labels: 'labels.npy', report: true }, folder);
    expect(JSON.parse(readFileSync(join(folder, 'phone.evaluation.json'), 'utf8'))).toEqual(record);
    const page = readFileSync(join(folder, 'phone.report.html'), 'utf8');
    expect(page).toContain('These latents were computed elsewhere: the encoder was never seen');
    expect(page).toContain('Do the latents of phone.npy keep 3 classes of labels.npy apart?');
  });

  test.each<[RegExp, string, EvaluateLatentsOptions]>([
    [
      /short\.npy: expected a row for each of the 60 latents of .*phone\.npy, got 59/,
      'phone.npy',
      { labels: 'short.npy' },
    ],
    [
      /wide\.npy: expected reference latents of 4 numbers, as phone\.npy has, got 5/,
      'phone.npy',
      { labels: 'labels.npy', referenceLatents: 'wide.npy' },
    ],
    [/phone\.npy: expected a column of classes, got phone/, 'phone.npy', {}],
    [/huge\.npy huge row 0: expected whole numbers below 2\^53/, 'phone.npy', { labels: 'huge.npy' }],
    [/none\.npy: expected a file, got nothing there/, 'none.npy', { labels: 'labels.npy' }],
    [
      /expected column:NAME or quantiles:K of latents, got observed/,
      'phone.npy',
      { labels: 'labels.npy', classes: { of: 'observed' } },
    ],
  ])('refuses in one line: %s', async (message, path, options) => {
    await expect(evaluate(path, options)).rejects.toThrow(message);
  });

  test('images are no latents, and the way out is told', async () => {
    const judging = evaluateLatents(torch('observations.npz'), { map: 'observation=frames', report: false });
    await expect(judging).rejects.toThrow(/expected latents, got images of 16 x 16 x 3/);
  });
});
