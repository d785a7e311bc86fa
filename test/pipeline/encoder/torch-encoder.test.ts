// Encoders as PyTorch exports them (test/python/torch_encoders.py): fed by columns of a recording, whichever axes, types and names
// their inputs have, their latents are PyTorch's own.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EncodeOptions, encodeRecording } from '../../../pipeline/encoder/encode.ts';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import { openRecording } from '../../../src/data/readers/index.ts';
import { rowSizeOf, totalRowsOf } from '../../../src/data/recording.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'torch-encoder', name);
const frames = { map: 'observation=frames' };
const clips = { map: 'observation=clips' };
const pair = {
  input: [
    { name: 'pixel_values', columns: ['frames'] },
    { name: 'input_ids', columns: ['tokens'] },
  ],
  fix: [{ name: 'attention_mask', values: [1] }],
};

async function readColumn(path: string, name: string) {
  const recording = await openRecording(path);
  try {
    const column = recording.columns.get(name);
    if (column === undefined) throw new Error(`no column ${name} in ${path}`);
    const values = Float32Array.from(await recording.read(name, 0, totalRowsOf(column)), Number);
    return { values, size: rowSizeOf(column), labels: column.labels };
  } finally {
    await recording.dispose();
  }
}

async function latentsOf(encoder: string, options: Omit<EncodeOptions, 'out'>) {
  const out = join(temporaryFolder(), 'latents.npz');
  const notes: string[] = [];
  const written = await encodeRecording(fixture(encoder), {
    data: fixture('observations.npz'),
    onNote: (note) => notes.push(note),
    ...options,
    out,
  });
  return { ...(await readColumn(out, 'latents')), notes, written, out };
}

/** The largest difference of two arrays of one length. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

describe('latents of encoders that PyTorch exported', () => {
  test.each<[string, Omit<EncodeOptions, 'out'>, string, number]>([
    ['dino.onnx', frames, 'pooled', 1e-5],
    ['dino-14.onnx', { ...frames, output: 'pooler_output' }, 'pooled', 1e-5],
    ['external.onnx', frames, 'pooled', 1e-5],
    ['external.onnx', { ...frames, runtime: 'wasm' }, 'pooled', 1e-5],
    ['dino.onnx', { ...frames, output: 'last_hidden_state', pool: 'flatten' }, 'hidden', 1e-5],
    ['clip.onnx', { ...pair, output: 'image_embeds' }, 'image', 1e-5],
    ['clip.onnx', { ...pair, output: 'text_embeds' }, 'text', 1e-5],
    ['text.onnx', { map: 'observation=tokens', fix: pair.fix }, 'text', Number.POSITIVE_INFINITY],
    ['video.onnx', clips, 'video', 1e-5],
    ['video-ncthw.onnx', clips, 'video', 1e-5],
    // 16-bit weights and pixels: 11 bits of a number below 4.
    ['half.onnx', frames, 'half', 4e-3],
  ])('%s, %j', async (encoder, options, expected, tolerance) => {
    const { values } = await latentsOf(encoder, options);
    const own = await readColumn(fixture('expected.npz'), expected);
    expect(largestDifference(values, own.values)).toBeLessThanOrEqual(tolerance);
  });

  test('the class token and the mean of tokens are those of the tokens themselves, at length 1 where asked', async () => {
    const { values: hidden } = await readColumn(fixture('expected.npz'), 'hidden');
    const count = hidden.length / 40;
    const tokens = { ...frames, output: 'last_hidden_state' };
    const cls = await latentsOf('dino.onnx', { ...tokens, pool: 'cls' });
    const first = Float32Array.from({ length: count * 8 }, (_, i) => hidden[Math.floor(i / 8) * 40 + (i % 8)]);
    expect(largestDifference(cls.values, first)).toBeLessThan(1e-5);
    const mean = await latentsOf('dino.onnx', { ...tokens, pool: 'mean', normalize: 'l2' });
    const means = Float64Array.from({ length: count * 8 }, (_, i) => {
      let sum = 0;
      for (let t = 0; t < 5; t++) sum += hidden[Math.floor(i / 8) * 40 + t * 8 + (i % 8)];
      return sum / 5;
    });
    const unit = Float32Array.from(means, (value, i) => {
      const row = means.subarray(Math.floor(i / 8) * 8, Math.floor(i / 8) * 8 + 8);
      return value / Math.sqrt(row.reduce((sum, each) => sum + each * each, 0));
    });
    expect(largestDifference(mean.values, unit)).toBeLessThan(1e-5);
    const most = await latentsOf('dino.onnx', { ...tokens, pool: 'max' });
    const largest = Float32Array.from({ length: count * 8 }, (_, i) =>
      Math.max(...[0, 1, 2, 3, 4].map((t) => hidden[Math.floor(i / 8) * 40 + t * 8 + (i % 8)])),
    );
    expect(largestDifference(most.values, largest)).toBeLessThan(1e-5);
  });

  test('of several outputs the one with a vector an observation is taken, and that is said', async () => {
    const { notes, size } = await latentsOf('dino.onnx', frames);
    expect(size).toBe(8);
    expect(notes).toEqual([
      expect.stringMatching(
        /"last_hidden_state" float32\[batch, 5, 8\], "pooler_output" float32\[batch, 8\], latents are taken from "pooler_output", the only vector/,
      ),
    ]);
  });

  test('columns that are no observations lie beside the latents, in their episodes', async () => {
    const { written, out } = await latentsOf('dino.onnx', frames);
    expect(written).toMatchObject({ observations: 96, size: 8, columns: ['tokens', 'label', 'mask'] });
    expect((await readColumn(out, 'label')).values.slice(0, 4)).toEqual(Float32Array.of(0, 1, 2, 0));
  });

  test.each<[RegExp, string, Omit<EncodeOptions, 'out'>]>([
    [/expected one output, or one with a vector an observation, got "logits_per_image"/, 'clip.onnx', pair],
    [/expected the name of an output, got "z"\. It has "last_hidden_state"/, 'dino.onnx', { ...frames, output: 'z' }],
    [
      /expected a column for "input_ids" int64\[batch, 6\] among .*\. Say what it takes: `input: input_ids=COLUMN`/,
      'clip.onnx',
      { output: 'image_embeds' },
    ],
    [
      /`input`: expected an input of .*clip\.onnx .*got "pixels"/,
      'clip.onnx',
      { output: 'image_embeds', input: [{ name: 'pixels', columns: ['frames'] }] },
    ],
    [
      /`input`: expected a column .*got "frame"\. Did you mean "frames"\?/,
      'clip.onnx',
      { output: 'image_embeds', input: [{ name: 'pixel_values', columns: ['frame'] }] },
    ],
    [/expected the name of an input .*got "mask"/, 'dino.onnx', { ...frames, fix: [{ name: 'mask', values: [1] }] }],
    [
      /expected a vector an observation for `pool: none`, got \[\d+, 5, 8\]/,
      'dino.onnx',
      { ...frames, output: 'last_hidden_state', pool: 'none' },
    ],
    [/expected tokens \[N, T, D\] for `pool: cls`, got \[\d+, 8\]/, 'dino.onnx', { ...frames, pool: 'cls' }],
    [
      /expected images of 4 frames of 3 channels for "pixel_values_videos", got 24/,
      'video.onnx',
      { ...clips, stack: 2 },
    ],
    [
      /expected 1, 6 or \d+ numbers for the input "attention_mask" \[batch, 6\], got 2/,
      'text.onnx',
      { map: 'observation=tokens', fix: [{ name: 'attention_mask', values: [1, 0] }] },
    ],
    [
      /expected numbers for "input_ids" int64\[batch, 6\], got \[1\] an observation/,
      'text.onnx',
      { map: 'observation=label', fix: pair.fix },
    ],
  ])('refuses in one line: %s', async (message, encoder, options) => {
    await expect(latentsOf(encoder, options)).rejects.toSatisfy((error: Error & { remedy?: string }) => {
      expect(`${error.message}. ${error.remedy}`).toMatch(message);
      return true;
    });
  });
});

test('a clip encoder takes frames that follow each other, where the recording has them one by one', async () => {
  const { notes, values } = await latentsOf('video.onnx', frames);
  expect(notes).toEqual(['clips of 4 frames that follow each other in an episode, the newest last']);
  const pixels = (await readColumn(fixture('observations.npz'), 'frames')).values;
  const area = 16 * 16;
  // [T, C, H, W] of rows 2 to 5, by hand.
  const clip = Float32Array.from({ length: 4 * 3 * area }, (_, i) => {
    const [t, c, p] = [Math.floor(i / (3 * area)), Math.floor(i / area) % 3, i % area];
    return pixels[((2 + t) * area + p) * 3 + c] / 255;
  });
  const runtime = await openRuntime('cpu');
  const session = await runtime.load(fixture('video.onnx'));
  const { features } = await session.run({
    pixel_values_videos: { type: 'float32', data: clip, shape: [1, 4, 3, 16, 16] },
  });
  await session.dispose();
  expect(largestDifference(values.slice(5 * 8, 6 * 8), Float32Array.from(features.data, Number))).toBeLessThan(1e-6);
});

test('an encoder without the file of its weights is refused, and nothing is written', async () => {
  const folder = temporaryFolder();
  const encoder = join(folder, 'external.onnx');
  copyFileSync(fixture('external.onnx'), encoder);
  const out = join(folder, 'latents.npz');
  const encoding = encodeRecording(encoder, { data: fixture('observations.npz'), ...frames, out });
  await expect(encoding).rejects.toThrow(/external\.onnx/);
  expect(existsSync(out)).toBe(false);
});

describe('an encoder exported as in training', () => {
  const moved =
    /^training-mode\.onnx: the latent of an observation moves by up to (\d+)% of the mean distance between latents when it is encoded by itself/;

  test('is told by latents that move with their batch, whoever encodes them', async () => {
    const { notes } = await latentsOf('training-mode.onnx', frames);
    const shares = notes.map((note) => Number(moved.exec(note)?.[1] ?? 0)).filter((share) => share > 0);
    expect(shares).toHaveLength(1);
    expect(shares[0]).toBeGreaterThan(10);
    for (const observations of [60, Number.POSITIVE_INFINITY]) {
      const told: string[] = [];
      await evaluateEncoder(fixture('training-mode.onnx'), {
        ...frames,
        ...{ data: fixture('observations.npz'), classes: { of: 'column', column: 'label' }, observations },
        ...{ report: false, onNote: (note: string) => told.push(note) },
      });
      expect(told.filter((note) => moved.test(note))).toHaveLength(1);
    }
  });

  test('is not suspected where every latent is of its own observation', async () => {
    for (const [encoder, options] of [
      ['half.onnx', frames],
      ['dino-14.onnx', frames],
    ] as const) {
      const { notes } = await latentsOf(encoder, options);
      expect(notes.filter((note) => note.includes('by itself'))).toEqual([]);
    }
  });
});
