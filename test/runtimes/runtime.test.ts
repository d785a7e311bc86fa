// One case suite that every runtime of this machine passes; a runtime that is not here is skipped with its own reason.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeError, FormatError, type JepaError, UnavailableError, UsageError } from '../../src/error.ts';
import { openRuntime, type Runtime, type RuntimeTensor, runtimeProviders } from '../../src/runtimes/index.ts';
import { affineModel, determinantModel, pixelModel } from './onnx-fixture.ts';
import { writeAffineModel } from './tfjs-fixture.ts';

// Chromium brings a software Vulkan driver, with which WebGPU runs where there is no GPU.
const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(softwareDriver)) process.env.VK_ICD_FILENAMES ??= softwareDriver;

const folder = mkdtempSync(join(tmpdir(), 'jepa-runtimes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const float32 = (shape: readonly number[], ...values: number[]): RuntimeTensor => ({
  type: 'float32',
  data: Float32Array.from(values),
  shape,
});

/** [1, 2, 5] W + b = [32.5, 39.5] and [3, 4, 6] W + b = [45.5, 57.5], all exact in float32. */
const feeds = { latent: float32([2, 2], 1, 2, 3, 4), action: float32([2, 1], 5, 6) };

const opened: { name: string; runtime?: Runtime; reason: string }[] = [];
for (const { name } of runtimeProviders)
  await openRuntime(name, { threads: 2 }).then(
    (runtime) => opened.push({ name, runtime, reason: '' }),
    (error: unknown) => opened.push({ name, reason: describeError(error) }),
  );

describe('openRuntime', () => {
  test('the CPU, WebAssembly and the reference are on every machine', () => {
    const here = opened.filter((each) => each.runtime !== undefined).map((each) => each.name);
    expect(here).toEqual(expect.arrayContaining(['cpu', 'wasm', 'tfjs']));
  });

  test('an unknown name is a usage error that names the nearest one', async () => {
    await expect(openRuntime('wasn')).rejects.toThrow(UsageError);
    await expect(openRuntime('wasn').catch(describeError)).resolves.toBe(
      'runtime: expected the name of a runtime (cpu, cuda, webgpu, wasm, tfjs), got "wasn". Did you mean "wasm"?',
    );
  });

  test('threads must be a positive integer', async () => {
    await expect(openRuntime('cpu', { threads: 0 })).rejects.toThrow(
      'cpu: expected threads to be a positive integer, got 0',
    );
  });

  test('WebAssembly refuses a second number of threads, which it could not honour', async () => {
    await expect(openRuntime('wasm', { threads: 1 })).rejects.toThrow(
      'wasm: expected the 2 threads that this process started with, got 1',
    );
  });

  test('a provider that is not here is unavailable with a remedy, and nothing else runs instead', async () => {
    for (const { name, runtime } of opened)
      if (runtime === undefined) {
        const error: unknown = await openRuntime(name).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(UnavailableError);
        expect(error instanceof UnavailableError && error.remedy).toMatch(/needs/);
      }
  });
});

for (const { name, runtime, reason } of opened)
  describe.skipIf(runtime === undefined)(`${name}${reason && ` (skipped: ${reason})`}`, () => {
    if (runtime === undefined) return;
    let model: string;
    beforeAll(async () => {
      if (runtime.format === 'tfjs') model = await writeAffineModel(join(folder, name));
      else {
        model = join(folder, `${name}.onnx`);
        writeFileSync(model, affineModel());
      }
    });

    test('says what it is', () => {
      const description = runtime.describe();
      expect(description.runtime).toBe(name);
      expect(description.version).toMatch(/^(onnxruntime-(node|web)|@tensorflow\/tfjs) \d+\.\d+\.\d+$/);
      expect(description.precision).toBe('float32');
      expect(description.provider).not.toBe('');
      expect(description.threads).toBe(name === 'tfjs' && description.provider.startsWith('JavaScript') ? 1 : 2);
    });

    test('names inputs and outputs with types and shapes', async () => {
      const session = await runtime.load(model);
      expect(session.inputs).toEqual([
        { name: 'latent', type: 'float32', shape: ['N', 2] },
        { name: 'action', type: 'float32', shape: ['N', 1] },
      ]);
      expect(session.outputs).toEqual([{ name: 'next_latent', type: 'float32', shape: ['N', 2] }]);
      await session.dispose();
    });

    test('computes, and takes any batch size, an empty one too', async () => {
      const session = await runtime.load(model);
      const two = await session.run(feeds);
      expect(two).toEqual({ next_latent: float32([2, 2], 32.5, 39.5, 45.5, 57.5) });
      const one = await session.run({ latent: float32([1, 2], 1, 2), action: float32([1, 1], 5) });
      expect(one).toEqual({ next_latent: float32([1, 2], 32.5, 39.5) });
      const none = await session.run({ latent: float32([0, 2]), action: float32([0, 1]) });
      expect(none).toEqual({ next_latent: float32([0, 2]) });
      await session.dispose();
    });

    test('carries what is not finite through', async () => {
      const session = await runtime.load(model);
      const run = await session.run({ latent: float32([2, 2], Number.NaN, 0, 1, 2), action: float32([2, 1], 0, 5) });
      expect(run.next_latent).toEqual(float32([2, 2], Number.NaN, Number.NaN, 32.5, 39.5));
      await session.dispose();
    });

    test('refuses wrong feeds with the name and both numbers', async () => {
      const session = await runtime.load(model);
      const where = runtime.format === 'tfjs' ? 'tfjs/model.json' : `${folder.split('/').at(-1)}/${name}.onnx`;
      const { latent, action } = feeds;
      const wrong: readonly [Record<string, RuntimeTensor>, string][] = [
        [{ latent }, 'input "action": expected a feed, got none'],
        [{ latent, action, goal: latent }, 'expected feeds of the inputs latent, action, got "goal"'],
        [
          { latent: { type: 'int32', data: Int32Array.of(1, 2), shape: [1, 2] }, action },
          'input "latent": expected type float32, got int32',
        ],
        [
          { latent: { type: 'float32', data: Int32Array.of(1, 2), shape: [1, 2] }, action },
          'input "latent": expected float32 in a Float32Array, got a Int32Array',
        ],
        [{ latent: float32([2], 1, 2), action }, 'input "latent": expected 2 axes [N, 2], got [2]'],
        [{ latent: float32([1, 4], 1, 2, 3, 4), action }, 'input "latent": expected shape [N, 2], got [1, 4] (axis 1)'],
        [{ latent: float32([-1, 2]), action }, 'input "latent": expected axis 0 to be a size, got -1'],
        [
          { latent, action: float32([3, 1], 1, 2, 3) },
          'input "action": expected axis N to have the size 2 that goes with "latent", got 3',
        ],
        [{ latent: float32([2, 2], 1, 2, 3), action }, 'input "latent": expected 4 elements for shape [2, 2], got 3'],
      ];
      for (const [feed, message] of wrong) {
        const error: unknown = await session.run(feed).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(UsageError);
        expect(describeError(error)).toBe(
          message.startsWith('input') ? `${where}: ${message}` : `${where}: ${message}`,
        );
      }
      await session.dispose();
    });

    test('refuses what is no model', async () => {
      const junk = join(folder, `junk-${name}`);
      const cases: readonly [Uint8Array | string, typeof JepaError, RegExp][] = [
        [Buffer.from('{"not": "a model"}'), FormatError, /expected (an ONNX model|a tfjs model\.json)/],
        [Buffer.from('\x08\x08\x12'), FormatError, /expected (an ONNX model|the JSON)/],
        [new Uint8Array(0), FormatError, /expected a model, got an empty file/],
        [affineModel().slice(0, 200), FormatError, /expected (an ONNX model|the JSON)/],
      ];
      for (const [bytes, kind, message] of cases) {
        writeFileSync(junk, bytes);
        const error: unknown = await runtime.load(junk).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(kind);
        expect(describeError(error)).toMatch(message);
      }
      await expect(runtime.load(join(folder, 'absent'))).rejects.toThrow(/expected a model file, found none at/);
    });

    test.skipIf(runtime.format === 'tfjs')('loads a model from its bytes, with uint8 observations', async () => {
      const session = await runtime.load(pixelModel());
      expect(session.inputs).toEqual([{ name: 'observation', type: 'uint8', shape: ['N', 4] }]);
      const pixels = { observation: { type: 'uint8', data: Uint8Array.of(0, 51, 102, 255), shape: [1, 4] } } as const;
      const run = session.run(pixels);
      expect((await run).latent).toEqual(float32([1, 4], 0, 0.2, 0.4, 1));
      await session.dispose();
    });

    test.skipIf(runtime.placementOf === undefined)('the profile shows that this provider ran every node', async () => {
      const placement = await runtime.placementOf?.(model, feeds);
      expect(Object.keys(placement?.nodesByProvider ?? {})).toEqual([runtime.describe().provider]);
      expect(placement?.nodesByProvider[runtime.describe().provider]).toBeGreaterThanOrEqual(2);
    });

    test.runIf(name === 'cuda' || name === 'webgpu')('refuses a model of which the CPU would run a part', async () => {
      await expect(runtime.load(determinantModel())).rejects.toThrow(UnavailableError);
    });
  });

describe('cpu', () => {
  test('runs the model that no GPU runs whole', async () => {
    const runtime = await openRuntime('cpu', { threads: 2 });
    const session = await runtime.load(determinantModel());
    const half = Math.PI / 2;
    const run = await session.run({ x: float32([1, 3, 3], half, 0, 0, 0, half, 0, 0, 0, half) });
    expect(run.y.data[0]).toBeCloseTo(1, 6);
    await session.dispose();
  });
});

describe('tfjs', () => {
  test('gives its tensors back', async () => {
    const runtime = await openRuntime('tfjs', { threads: 2 });
    const model = await writeAffineModel(join(folder, 'memory'));
    const before = tf.memory().numTensors;
    const session = await runtime.load(model);
    for (let run = 0; run < 3; run++) await session.run(feeds);
    await session.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses weights outside of the model folder, missing weights and bytes', async () => {
    const runtime = await openRuntime('tfjs', { threads: 2 });
    const model = await writeAffineModel(join(folder, 'paths'));
    const json = readFileSync(model, 'utf8');
    writeFileSync(model, json.replace('weights.bin', '../paths/weights.bin'));
    await expect(runtime.load(model)).rejects.toThrow(/expected a plain file name for weights, got "/);
    writeFileSync(model, json.replace('weights.bin', 'absent.bin'));
    await expect(runtime.load(model)).rejects.toThrow('expected its weights in absent.bin, found no such file');
    await expect(runtime.load(affineModel())).rejects.toThrow('expected the path of a model.json, got bytes');
  });
});
