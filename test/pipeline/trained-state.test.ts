// The way back from training-step.onnx: a state that was trained outside becomes encoder, predictor and auxiliary; what is none of the
// run's step is refused in one line.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeModel, type OnnxModel } from '../../export/index.ts';
import { type ExportRunOptions, exportRun } from '../../pipeline/export/run.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import { encodeNpyHeader, encodeNpyTextHeader } from '../../src/data/readers/npy.ts';
import { describeError, FormatError, UsageError } from '../../src/error.ts';
import { randomFor } from '../../src/random.ts';
import { encodeSafetensors, type NamedArray } from '../../src/storage/safetensors.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { buildZip } from '../data/readers/zip-builder.ts';
import { expectClose } from '../matcher/close.ts';

/** Of the run, and of the state: so many steps were done elsewhere. */
const [DONE, STEPS_DONE] = [2, 9];
const OBSERVATIONS = 5;
/** float32 in another order: the exported encoder folds batch norms into weights. */
const TOLERANCE = { absolute: 1e-5, relative: 1e-5 };

type State = Readonly<Record<string, NamedArray>>;

let folder: string;
let run: string;
/** The run's own export, with its step. */
let own: string;
let about: { readonly configuration: { readonly seed: number; readonly optimization: object } };
/** What a training elsewhere might have made of the run's state: every number is another. */
let trained: State;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-state-'));
  run = join(folder, 'run');
  const assignments = [
    ...[`optimization.steps=${DONE}`, 'optimization.batchSize=4', 'measureEvery=0', 'model.latentSize=6'],
    'model.encoder.convolutions=[{"filters":4,"kernel":8,"stride":8}]',
    ...['model.encoder.hidden=8', 'model.predictor={"width":8,"depth":1}', 'model.auxiliary={"width":8,"depth":1}'],
  ];
  const configuration = resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1, assignments });
  await trainRun(run, configuration, { on: 'onnx:cpu' });
  own = (await exportRun(run, { trainingStep: true })).folder;
  about = JSON.parse(readFileSync(join(own, 'training-step.json'), 'utf8'));
  const random = randomFor('trained elsewhere');
  const state = Object.entries(await runFile(join(own, 'training-start.onnx'), {})).map(([name, { data, dims }]) => {
    const values = Float32Array.from(data as Float32Array, (value) => 1.5 * value + 0.1 * random.uniform());
    return [name, { shape: dims, values }] as const;
  });
  trained = { stepsDone: { shape: [], values: Float32Array.of(STEPS_DONE) }, ...Object.fromEntries(state) };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runFile(path: string, feeds: Readonly<Record<string, ort.Tensor>>) {
  const session = await ort.InferenceSession.create(path);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** As numpy.savez writes it. */
function encodeNpz(state: State, texts: Readonly<Record<string, string>> = {}): Uint8Array {
  const types = { Float32Array: 'float32', Float64Array: 'float64', BigInt64Array: 'int64' } as const;
  const arrays = Object.entries(state).map(([name, { shape, values }]) => {
    const type = types[values.constructor.name as keyof typeof types];
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return { name: `${name}.npy`, content: Buffer.concat([encodeNpyHeader(type, shape), bytes]) };
  });
  const written = Object.entries(texts).map(([name, text]) => {
    const codes = Uint32Array.from(text, (letter) => letter.codePointAt(0) ?? 0);
    const content = Buffer.concat([encodeNpyTextHeader(codes.length, []), new Uint8Array(codes.buffer)]);
    return { name: `${name}.npy`, content };
  });
  return buildZip([...arrays, ...written]);
}

const safetensors = (state: State, texts: Readonly<Record<string, string>> = {}) =>
  encodeSafetensors(new Map(Object.entries(state)), new Map(Object.entries(texts)));

let count = 0;
/** Writes the file and exports it into a folder of its own. */
async function exportState(content: Uint8Array, extension: string, options: ExportRunOptions = {}) {
  const path = join(folder, `state-${count++}${extension}`);
  writeFileSync(path, content);
  return { path, ...(await exportRun(run, { ...options, state: path })) };
}

const modelIn = (exported: string, name: string): OnnxModel =>
  decodeModel(readFileSync(join(exported, `${name}.onnx`)), name);
const constantsIn = (exported: string, name: string) => modelIn(exported, name).graph.constants;

describe('a state that was trained elsewhere', () => {
  test('gives an encoder with the latents of training-encoder.onnx with the same weights', async () => {
    const { path, folder: exported } = await exportState(safetensors(trained), '.safetensors');
    expect(exported).toBe(path.replace('.safetensors', '-export'));
    const random = randomFor('observations');
    const pixels = Uint8Array.from({ length: OBSERVATIONS * 64 * 64 * 3 }, () => random.integer(256));
    const area = 64 * 64;
    const turned = Float32Array.from(pixels, (_, i) => {
      const [image, rest] = [Math.floor(i / (3 * area)), i % (3 * area)];
      return pixels[image * 3 * area + (rest % area) * 3 + Math.floor(rest / area)] / 255;
    });
    const observation = new ort.Tensor('float32', turned, [OBSERVATIONS, 3, 64, 64]);
    const latentsOf = async (of: string) =>
      (await runFile(join(of, 'encoder.onnx'), { observation })).latent.data as Float32Array;
    const flat = (name: string) => new ort.Tensor('float32', trained[name].values as Float32Array, trained[name].shape);
    const { latent } = await runFile(join(own, 'training-encoder.onnx'), {
      observations: new ort.Tensor('uint8', pixels, [OBSERVATIONS, 64, 64, 3]),
      weights: flat('weights'),
      averages: flat('averages'),
    });
    const found = await latentsOf(exported);
    expectClose(found, latent.data as Float32Array, TOLERANCE);
    const before = await latentsOf(own);
    expect(Math.max(...found.map((value, i) => Math.abs(value - before[i])))).toBeGreaterThan(0.01);
  });

  test('says in its files where the weights come from, and nothing of what the run measured', async () => {
    const texts = { configuration: JSON.stringify(about.configuration) };
    const { path, folder: exported } = await exportState(encodeNpz(trained, texts), '.npz', { license: 'mit' });
    const name = path.slice(folder.length + 1);
    const description = JSON.parse(readFileSync(join(exported, 'export.json'), 'utf8'));
    expect(description).toMatchObject({ run: 'run', step: STEPS_DONE, state: name, license: 'mit' });
    const card = readFileSync(join(exported, 'README.md'), 'utf8');
    expect(card).toContain(
      `Its weights come from \`${name}\`, to which the training step of the run \`run\` was trained`,
    );
    expect(card).toContain(`Training took ${STEPS_DONE} steps.`);
    expect(card).not.toContain('It was trained on');
    const { metadata } = modelIn(exported, 'encoder');
    expect(metadata).toMatchObject({ 'jepa_onnx.state': name, 'jepa_onnx.step': String(STEPS_DONE) });
    expect(metadata['jepa_onnx.metrics']).toBeUndefined();
    expect(modelIn(own, 'encoder').metadata['jepa_onnx.metrics']).toBeDefined();
    for (const file of ['predictor.onnx', 'auxiliary.onnx', 'parity.json', 'MLmodel', 'test_data/predictor'])
      expect([file, existsSync(join(exported, file))]).toEqual([file, true]);
  });

  test('is the same in .npz, in float64 and as a column', async () => {
    const wide = Object.entries(trained).map(([name, { values }]): [string, NamedArray] =>
      name === 'stepsDone'
        ? [name, { shape: [], values: BigInt64Array.of(BigInt(STEPS_DONE)) }]
        : [name, { shape: [values.length, 1], values: Float64Array.from(values as Float32Array) }],
    );
    const [a, b] = [
      await exportState(safetensors(trained), '.safetensors'),
      await exportState(encodeNpz(Object.fromEntries(wide)), '.npz'),
    ];
    for (const name of ['encoder', 'predictor', 'auxiliary'])
      expect(constantsIn(b.folder, name)).toEqual(constantsIn(a.folder, name));
    expect(constantsIn(a.folder, 'encoder')).not.toEqual(constantsIn(own, 'encoder'));
  });

  test('with the training step: goes on from there', async () => {
    const { folder: exported } = await exportState(safetensors(trained), '.safetensors', { trainingStep: true });
    expect(JSON.parse(readFileSync(join(exported, 'training-step.json'), 'utf8'))).toEqual({
      ...about,
      stepsDone: STEPS_DONE,
    });
    const start = await runFile(join(exported, 'training-start.onnx'), {});
    for (const [name, { data }] of Object.entries(start)) expect([name, data]).toEqual([name, trained[name].values]);
  });

  test('never takes the place of the weights of the run', async () => {
    await expect(exportState(safetensors(trained), '.safetensors', { out: own })).rejects.toThrow(UsageError);
    await expect(exportRun(run, { state: join(folder, 'none.npz') })).rejects.toThrow(
      'none.npz: expected a file, got nothing there',
    );
  });
});

const REMEDY = 'Name the run whose training-step.onnx trained it';

describe('what is no state of this run is refused, and nothing is written', () => {
  const changed = (name: string, change: (values: Float32Array<ArrayBuffer>) => NamedArray) => () => ({
    ...trained,
    [name]: change(Float32Array.from(trained[name].values as Float32Array)),
  });
  const flat = (values: Float32Array<ArrayBuffer>): NamedArray => ({ shape: [values.length], values });
  const without =
    (...names: readonly string[]) =>
    () =>
      Object.fromEntries(Object.entries(trained).filter(([name]) => !names.includes(name)));

  test.each<readonly [what: string, state: () => State, message: RegExp]>([
    [
      'no moments',
      without('first_moment', 'second_moment'),
      /^STATE: expected an array "first_moment", got .*\bweights\b.*\. Save the whole state by these names: stepsDone, weights, first_moment, second_moment, averages\.$/,
    ],
    ['no number of steps', without('stepsDone'), /^STATE: expected an array "stepsDone", got /],
    [
      'another length',
      changed('weights', (values) => flat(values.subarray(1))),
      new RegExp(`^STATE weights: expected \\[\\d+\\] numbers, as RUN has, got \\[\\d+\\]\\. ${REMEDY}`),
    ],
    [
      'a table',
      changed('averages', (values) => ({ shape: [2, values.length / 2], values })),
      /^STATE averages: expected \[\d+\] numbers, as RUN has, got \[2, \d+\]\./,
    ],
    [
      'a weight that is none',
      changed('weights', (values) => flat(values.with(1, Number.NaN))),
      /^STATE weights: expected finite numbers of float32, got NaN in encoder\/conv1\/kernel\. Take the state of an earlier step/,
    ],
    [
      'a moment without end',
      changed('second_moment', (values) => flat(values.fill(Number.POSITIVE_INFINITY, -1))),
      /^STATE second_moment: expected finite numbers of float32, got Infinity in auxiliary\/auxiliary\/bias\. /,
    ],
    [
      'a moment that is no mean of squares: the first one under its name',
      changed('second_moment', (values) => flat(values.fill(-0.5, 0, 1))),
      /^STATE second_moment: expected numbers of at least 0, got -0\.5 in encoder\/conv1\/kernel\. Save each tensor by its own name/,
    ],
    [
      'a variance below 0',
      changed('averages', (values) => flat(values.fill(-1))),
      /^STATE averages: expected numbers of at least 0, got -1 in encoder\/conv1_norm\/moving_variance\. /,
    ],
    [
      'a number that float32 does not hold',
      changed('weights', (values) => ({ shape: [values.length], values: Float64Array.from(values).fill(1e300, 0, 1) })),
      /^STATE weights: expected finite numbers of float32, got 1e\+300 in encoder\/conv1\/kernel\. /,
    ],
    [
      'whole numbers',
      changed('weights', (values) => ({ shape: [values.length], values: new BigInt64Array(values.length) })),
      /^STATE weights: expected float32 or float64 numbers, got int64\. Save it as float32\.$/,
    ],
    [
      'half a step',
      changed('stepsDone', () => ({ shape: [], values: Float32Array.of(1.5) })),
      /^STATE stepsDone: expected the number of steps in all, got 1\.5\. /,
    ],
    [
      'two numbers of steps',
      changed('stepsDone', () => ({ shape: [2], values: Float32Array.of(1, 2) })),
      /^STATE stepsDone: expected the number of steps in all, got 2 numbers\. /,
    ],
  ])('%s', async (_, state, message) => {
    for (const [extension, encode] of [['.npz', encodeNpz] as const, ['.safetensors', safetensors] as const]) {
      const path = join(folder, `refused${extension}`);
      writeFileSync(path, encode(state()));
      const error: unknown = await exportRun(run, { state: path }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FormatError);
      expect(describeError(error).replaceAll(path, 'STATE').replaceAll(run, 'RUN')).toMatch(message);
      expect(existsSync(join(folder, 'refused-export'))).toBe(false);
    }
  });

  test('of weights so large that the networks compute no numbers', async () => {
    const huge = { shape: trained.weights.shape, values: new Float32Array(trained.weights.values.length).fill(1e37) };
    await expect(exportState(encodeNpz({ ...trained, weights: huge }), '.npz')).rejects.toThrow(
      /": expected a network that computes finite numbers, got (NaN|-?Infinity) at element 0/,
    );
  });

  test('of another run, by the key of its configuration; but a run may have been prolonged', async () => {
    const of = (changes: object) => ({ configuration: JSON.stringify({ ...about.configuration, ...changes }) });
    await expect(exportState(encodeNpz(trained, of({ seed: 5 })), '.npz')).rejects.toThrow(
      `.npz configuration: seed: expected 0, that of ${run}, got 5`,
    );
    await expect(exportState(safetensors(trained, { configuration: '{' }), '.safetensors')).rejects.toThrow(
      'configuration: expected JSON, got 1 characters that are not',
    );
    await expect(
      exportState(encodeNpz({ ...trained, configuration: { shape: [], values: Float32Array.of(3) } }), '.npz'),
    ).rejects.toThrow('configuration: expected one text, got float32');
    const { optimization } = about.configuration;
    const longer = of({ optimization: { ...optimization, steps: 70 } });
    expect((await exportState(safetensors(trained, longer), '.safetensors')).networks).toHaveLength(3);
  });

  test.each([
    ['an empty file', '', /expected named arrays, \.npz or \.safetensors, got an empty file/],
    ['another kind of file', '{"weights": []}', /expected named arrays, \.npz or \.safetensors, got neither/],
    ['a torn file', `\x10${'\0'.repeat(7)}{"weights":`, /expected a header of 16 bytes, got 11 bytes \(truncated\)/],
  ])('%s', async (_, text, message) => {
    await expect(exportState(Buffer.from(text, 'latin1'), '.bin')).rejects.toThrow(message);
  });
});
