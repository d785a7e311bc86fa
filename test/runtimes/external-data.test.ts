// Weights in a file beside an ONNX model: found beside it by every runtime, and nowhere else.
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeModel } from '../../export/files.ts';
import { decodeModel } from '../../export/index.ts';
import { externalLocations } from '../../src/runtimes/external-data.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { affineModel } from './onnx-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-external-'));
const origin = process.cwd();
afterAll(() => {
  process.chdir(origin);
  rmSync(root, { recursive: true });
});

const path = join(root, 'model', 'affine.onnx');
mkdirSync(join(root, 'model'));
mkdirSync(join(root, 'elsewhere'));
// Without a limit the weights of a model as small as this would stay in the file.
writeModel(path, decodeModel(affineModel(), 'affine'), { largestSingleFile: 0 });
// A file of the same name in the current folder, with other weights.
writeFileSync(join(root, 'elsewhere', 'affine.onnx.data'), new Uint8Array(1 << 16));

const feeds = {
  latent: { type: 'float32' as const, shape: [1, 2], data: Float32Array.of(1, 1) },
  action: { type: 'float32' as const, shape: [1, 1], data: Float32Array.of(1) },
};

describe.each(['cpu', 'wasm'])('external data on %s', (name) => {
  test('are those beside the model, whatever the current folder holds', async () => {
    process.chdir(join(root, 'elsewhere'));
    const runtime = await openRuntime(name, { threads: 1 });
    const session = await runtime.load(path);
    const { next_latent: result } = await session.run(feeds);
    // [1, 1, 1] W + b with W = [[1, 2], [3, 4], [5, 6]] and b = [0.5, -0.5].
    expect([...result.data]).toEqual([9.5, 11.5]);
    await session.dispose();
    process.chdir(origin);
  });

  test('that are missing are an error, not those of the current folder', async () => {
    process.chdir(join(root, 'elsewhere'));
    mkdirSync(join(root, `alone-${name}`));
    const alone = join(root, `alone-${name}`, 'affine.onnx');
    copyFileSync(path, alone);
    const runtime = await openRuntime(name, { threads: 1 });
    await expect(runtime.load(alone)).rejects.toThrow(/affine\.onnx/);
    process.chdir(origin);
  });
});

describe('external data', () => {
  test('of bytes, which have no folder, are refused', async () => {
    const { readFileSync } = await import('node:fs');
    const runtime = await openRuntime('cpu', { threads: 1 });
    await expect(runtime.load(readFileSync(path))).rejects.toThrow(
      'expected all weights in the bytes, got some in affine.onnx.data',
    );
  });

  test('are listed without decoding the model, and junk lists none', async () => {
    const { readFileSync } = await import('node:fs');
    expect(externalLocations(readFileSync(path))).toEqual(['affine.onnx.data']);
    expect(externalLocations(affineModel())).toEqual([]);
    expect(externalLocations(Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 256))).toEqual([]);
  });

  test.each([
    ['a symbolic link', symlinkSync],
    ['a hard link', linkSync],
  ])('that are %s are not handed to wasm', async (what, link) => {
    const folder = mkdtempSync(join(root, 'linked-'));
    copyFileSync(path, join(folder, 'affine.onnx'));
    link(`${path}.data`, join(folder, 'affine.onnx.data'));
    const runtime = await openRuntime('wasm', { threads: 1 });
    await expect(runtime.load(join(folder, 'affine.onnx'))).rejects.toThrow(`"affine.onnx.data" (${what})`);
    rmSync(folder, { recursive: true });
  });
});
