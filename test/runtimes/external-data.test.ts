// Weights in a file beside an ONNX model: found beside it by every runtime, and nowhere else.
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { writeModel } from '../../export/files.ts';
import { decodeModel, exportOnnx } from '../../export/index.ts';
import { externalLocations } from '../../src/runtimes/external-data.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-external-'));
const origin = process.cwd();
afterAll(() => {
  process.chdir(origin);
  rmSync(root, { recursive: true });
});

const path = join(root, 'model', 'wide.onnx');
mkdirSync(join(root, 'model'));
mkdirSync(join(root, 'elsewhere'));
const dense = tf.sequential({ layers: [tf.layers.dense({ units: 64, inputShape: [64] })] });
const whole = exportOnnx(dense);
writeModel(path, decodeModel(whole, 'wide'), { largestSingleFile: 0 });
// A file of the same name in the current folder, with other weights: zeros.
writeFileSync(join(root, 'elsewhere', 'wide.onnx.data'), new Uint8Array(1 << 18));

async function outputOf(runtime: Runtime, model: Uint8Array | string): Promise<number[]> {
  const session = await runtime.load(model);
  const x = { type: 'float32' as const, shape: [1, 64], data: Float32Array.from({ length: 64 }, (_, i) => i / 64) };
  const result = await session.run({ [session.inputs[0].name]: x });
  await session.dispose();
  return Array.from(result[session.outputs[0].name].data, Number);
}

describe.each(['cpu', 'wasm'])('external data on %s', (name) => {
  test('are those beside the model, whatever the current folder holds', async () => {
    process.chdir(join(root, 'elsewhere'));
    const runtime = await openRuntime(name, { threads: 1 });
    const actual = await outputOf(runtime, path);
    process.chdir(origin);
    expect(Math.max(...actual.map(Math.abs))).toBeGreaterThan(0.01);
    expect(actual).toEqual(await outputOf(runtime, whole));
  });

  test('that are missing are an error, not those of the current folder', async () => {
    process.chdir(join(root, 'elsewhere'));
    mkdirSync(join(root, `alone-${name}`));
    const alone = join(root, `alone-${name}`, 'wide.onnx');
    copyFileSync(path, alone);
    const runtime = await openRuntime(name, { threads: 1 });
    await expect(runtime.load(alone)).rejects.toThrow(/wide\.onnx/);
    process.chdir(origin);
  });
});

describe('external data', () => {
  test('of bytes, which have no folder, are refused', async () => {
    const runtime = await openRuntime('cpu', { threads: 1 });
    await expect(runtime.load(readFileSync(path))).rejects.toThrow(
      'expected all weights in the bytes, got some in wide.onnx.data',
    );
  });

  test('are listed without decoding the model, and junk lists none', async () => {
    expect(externalLocations(readFileSync(path))).toEqual(['wide.onnx.data']);
    expect(externalLocations(whole)).toEqual([]);
    expect(externalLocations(Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 256))).toEqual([]);
  });

  test.each([
    ['a symbolic link', symlinkSync],
    ['a hard link', linkSync],
  ])('that are %s are not handed to wasm', async (what, link) => {
    const folder = mkdtempSync(join(root, 'linked-'));
    copyFileSync(path, join(folder, 'wide.onnx'));
    link(`${path}.data`, join(folder, 'wide.onnx.data'));
    const runtime = await openRuntime('wasm', { threads: 1 });
    await expect(runtime.load(join(folder, 'wide.onnx'))).rejects.toThrow(`"wide.onnx.data" (${what})`);
    rmSync(folder, { recursive: true });
  });
});
