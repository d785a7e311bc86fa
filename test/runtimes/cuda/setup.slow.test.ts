// The set-up of CUDA from wheels in a folder, by the real pip. The libraries in them are a copy of one that loads; no test here
// has a GPU or says that it had.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheVariable } from '../../../src/machine/cache-folder.ts';
import { readCuda } from '../../../src/runtimes/cuda/library.ts';
import { inspectCuda } from '../../../src/runtimes/cuda/piece.ts';
import {
  type CudaRecipe,
  cudaFolder,
  cudaLibraries,
  cudaRecipe,
  providerLibraries,
} from '../../../src/runtimes/cuda/recipe.ts';
import { ensureCuda, removeCuda } from '../../../src/runtimes/cuda/setup.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { zipOf } from '../../storage/zip.ts';

const environment = { ...process.env };
const isLinux = process.platform === 'linux' && process.arch === 'x64';

/** A library that this process has loaded, so that another can. */
function someLibrary(): string {
  const report = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  const found = report.sharedObjects.find((path) => /\/libm\.so/.test(path));
  if (found === undefined) throw new Error('expected libm among the libraries of this process');
  return found;
}

/** Wheels of the real names and places whose every library is `content`. */
function fakeRecipe(wheelhouse: string, content: Uint8Array, leftOut = ''): CudaRecipe {
  const wheels = cudaRecipe.wheels.map((wheel) => {
    const distribution = wheel.project.replaceAll('-', '_');
    const names =
      wheel.project === 'onnxruntime-gpu'
        ? [...providerLibraries, 'libonnxruntime_providers_tensorrt.so'].map((name) => `onnxruntime/capi/${name}`)
        : cudaLibraries
            .filter(({ project }) => project === wheel.project)
            .map(({ library }) => `nvidia/cu13/lib/${library}`);
    const information = `${distribution}-${wheel.version}.dist-info`;
    const bytes = zipOf([
      ...names.filter((name) => !name.endsWith(leftOut || '\0')).map((name) => ({ name, content })),
      { name: 'nvidia/cu13/include/cuda.h', content: Buffer.from('left out') },
      {
        name: `${information}/METADATA`,
        content: Buffer.from(`Metadata-Version: 2.1\nName: ${wheel.project}\nVersion: ${wheel.version}\n`),
      },
      {
        name: `${information}/WHEEL`,
        content: Buffer.from(`Wheel-Version: 1.0\nTag: py3-none-${wheel.platformTag}\n`),
      },
      { name: `${information}/RECORD`, content: Buffer.from('') },
    ]);
    writeFileSync(join(wheelhouse, `${distribution}-${wheel.version}-py3-none-${wheel.platformTag}.whl`), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { ...wheel, sha256, byteLength: bytes.byteLength };
  });
  return { wheels, unpackedByteLength: 1e6 };
}

let cache: string;
let wheelhouse: string;

beforeEach(() => {
  cache = join(temporaryFolder(), 'cache');
  wheelhouse = temporaryFolder();
  process.env[cacheVariable] = cache;
  process.env.PIP_NO_INDEX = '1';
  process.env.PIP_FIND_LINKS = wheelhouse;
});

afterEach(() => {
  process.env = { ...environment };
});

describe.skipIf(!isLinux)('jepa setup --cuda', { timeout: 240_000 }, () => {
  test('without a driver refuses before anything is written, and says how much it does not download', async () => {
    await expect(ensureCuda()).rejects.toMatchObject({
      name: 'UnavailableError',
      message: 'cuda: expected an NVIDIA driver (libcuda.so.1), got none; not downloading 1.4 GB',
      remedy: expect.stringContaining('`force`'),
    });
    expect(existsSync(cache)).toBe(false);
  });

  test('puts the libraries beside a copy of libonnxruntime, tells what is missing still, and takes all away again', async () => {
    const recipe = fakeRecipe(wheelhouse, readFileSync(someLibrary()));
    const library = await ensureCuda({ recipe, force: true });
    const names = readdirSync(library.libraryFolder);
    expect(names.sort()).toEqual(
      [
        'libonnxruntime.so.1',
        'onnxruntime_binding.node',
        ...providerLibraries,
        ...cudaLibraries.map((each) => each.library),
      ].sort(),
    );
    expect(readCuda(recipe)).toEqual(library);
    // What was found is loaded by that folder alone; the driver is the one piece that no wheel has.
    const missing = (await inspectCuda(library)).filter((piece) => !piece.isAvailable);
    expect(missing).toEqual([
      {
        name: 'driver',
        isAvailable: false,
        reason: expect.stringContaining('libcuda.so.1'),
        remedy: 'Install the NVIDIA driver.',
      },
    ]);
    // A driver of that name is found where the loader looks.
    const driver = temporaryFolder();
    copyFileSync(someLibrary(), join(driver, 'libcuda.so.1'));
    process.env.LD_LIBRARY_PATH = driver;
    expect((await inspectCuda(library)).every((piece) => piece.isAvailable)).toBe(true);
    expect(await ensureCuda({ recipe })).toEqual(library);

    expect(await removeCuda({ recipe })).toEqual({ folder: library.folder, byteLength: expect.any(Number) });
    expect(existsSync(library.folder)).toBe(false);
    expect((await inspectCuda(undefined)).map(({ isAvailable }) => isAvailable)).toContain(false);
  });

  test('leaves nothing where a wheel lacks a library', async () => {
    const recipe = fakeRecipe(wheelhouse, readFileSync(someLibrary()), 'libcurand.so.10');
    await expect(ensureCuda({ recipe, force: true })).rejects.toThrow(
      'cuda: expected libcurand.so.10 in the wheels, got none',
    );
    expect(existsSync(cudaFolder(recipe))).toBe(false);
  });
});
