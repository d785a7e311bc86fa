// Gives onnxruntime-node its CUDA provider: copies the package into the user's cache and puts the libraries of the wheels
// beside it, each downloaded by the user's own pip, checked by its hash, unpacked, and deleted. All or nothing.
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { JepaError, option, UnavailableError } from '../../error.ts';
import { formatJson } from '../../json.ts';
import { cacheRoot, withCacheLock } from '../../machine/cache-folder.ts';
import { folderByteLength } from '../../machine/command.ts';
import { fetchPackage, findPackage, onnxruntimeNodePackage } from '../../machine/optional-package.ts';
import { downloadWheel, findPip } from '../../machine/pip.ts';
import type { SetupListener } from '../../machine/setup-event.ts';
import { writeFolderAtomic } from '../../storage/atomic-file.ts';
import { unpackEntries } from '../../storage/unpack.ts';
import {
  type CudaLibrary,
  type CudaManifest,
  cudaEnvironment,
  libraryPath,
  manifestName,
  packagePath,
  readCuda,
} from './library.ts';
import { loadReasons } from './piece.ts';
import {
  type CudaRecipe,
  cudaFolder,
  cudaLibraries,
  cudaRecipe,
  downloadByteLength,
  driverLibrary,
  placeLibrary,
  providerLibraries,
} from './recipe.ts';

export interface CudaSetupOptions {
  readonly onSetup?: SetupListener | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Set up although there is no driver, and anew although it was done. Default false. */
  readonly force?: boolean;
  /** Default: the wheels that this version was written for. */
  readonly recipe?: CudaRecipe;
}

/**
 * What is in the cache, else what is downloaded into it.
 * @throws UnavailableError where the machine can have none, has no driver, or a download fails; before anything is written
 */
export async function ensureCuda(options: CudaSetupOptions = {}): Promise<CudaLibrary> {
  const { force = false, recipe = cudaRecipe, signal, onSetup = () => {} } = options;
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== 'linux-x64')
    throw new UnavailableError(
      `cuda: expected Linux x64, which onnxruntime-node has a CUDA provider for, got ${platform}`,
      {
        remedy: `Use ${option('runtime', 'webgpu')} or cpu.`,
      },
    );
  const root = cacheRoot();
  if (!force) {
    const [reason] = await loadReasons([driverLibrary], process.env);
    if (reason !== '')
      throw new UnavailableError(
        `cuda: expected an NVIDIA driver (${driverLibrary}), got none; not downloading ${gigabytes(downloadByteLength(recipe))}`,
        { remedy: `Install the driver, or go on without it by ${option('force')}.` },
      );
    const library = readCuda(recipe, root);
    if (library !== undefined) return library;
  }
  return withCacheLock(root, { onSetup, signal }, async () => {
    const library = force ? undefined : readCuda(recipe, root);
    return library ?? setUp(root, { recipe, signal, onSetup });
  });
}

/** Takes away what the set-up left, and says what that was: its folder and bytes. */
export async function removeCuda({
  recipe = cudaRecipe,
  onSetup,
  signal,
}: CudaSetupOptions = {}): Promise<{ readonly folder: string; readonly byteLength: number }> {
  const root = cacheRoot();
  const folder = cudaFolder(recipe, root);
  const byteLength = folderByteLength(folder);
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return { folder, byteLength: 0 };
  await withCacheLock(root, { onSetup, signal }, async () => rmSync(folder, { recursive: true, force: true }));
  return { folder, byteLength };
}

interface SetUpOptions {
  readonly recipe: CudaRecipe;
  readonly signal: AbortSignal | undefined;
  readonly onSetup: SetupListener;
}

async function setUp(root: string, { recipe, signal, onSetup }: SetUpOptions): Promise<CudaLibrary> {
  const pip = await findPip(signal);
  await refuseFullDisk(root, recipe);
  const source =
    findPackage(onnxruntimeNodePackage, root) ??
    (await fetchPackage(onnxruntimeNodePackage, { root, onSetup, signal }));
  const target = cudaFolder(recipe, root);
  await writeFolderAtomic(
    target,
    async (folder) => {
      copyPackage(source, packagePath(folder));
      const libraries = join(packagePath(folder), libraryPath);
      for (const wheel of recipe.wheels) {
        const scratch = join(folder, 'scratch');
        mkdirSync(scratch);
        const message = `downloading ${wheel.project} ${wheel.version} with pip (${megabytes(wheel.byteLength)} of ${gigabytes(downloadByteLength(recipe))})`;
        onSetup({ stage: 'download', message, fraction: 0 });
        const path = await downloadWheel(wheel, {
          pip,
          folder: scratch,
          signal,
          onBytes: (byteLength) => onSetup({ stage: 'download', message, fraction: byteLength / wheel.byteLength }),
        });
        onSetup({ stage: 'unpack', message: `unpacking ${wheel.project} ${wheel.version}` });
        await unpackEntries(path, libraries, { place: placeLibrary, signal });
        await rm(scratch, { recursive: true, force: true });
      }
      const present = new Set(readdirSync(libraries));
      const missing = [...providerLibraries, ...cudaLibraries.map((each) => each.library)].filter(
        (name) => !present.has(name),
      );
      if (missing.length > 0)
        throw new UnavailableError(`cuda: expected ${missing.join(', ')} in the wheels, got none`);
      onSetup({ stage: 'prove', message: 'loading the libraries in a child process' });
      await prove(libraries);
      const files = Object.fromEntries(listFiles(folder).map((name) => [name, statSync(join(folder, name)).size]));
      const wheels = recipe.wheels.map(({ project, version }) => `${project} ${version}`);
      const manifest: CudaManifest = { format: 1, wheels, files };
      writeFileSync(join(folder, manifestName), formatJson(manifest));
    },
    { replace: true },
  );
  const library = readCuda(recipe, root);
  if (library === undefined) throw new JepaError(`cuda: expected a whole set-up in ${target}, got an incomplete one`);
  onSetup({ stage: 'done', message: `the CUDA provider is in ${library.libraryFolder}` });
  return library;
}

/** The provider itself needs the driver, so without one only its libraries are tried. */
async function prove(libraryFolder: string): Promise<void> {
  const names = cudaLibraries.map((each) => each.library);
  const reasons = await loadReasons(names, cudaEnvironment({}, { libraryFolder }));
  const failed = names.flatMap((name, index) => (reasons[index] === '' ? [] : [`${name} (${reasons[index]})`]));
  if (failed.length > 0) throw new UnavailableError(`cuda: expected libraries that load, got ${failed.join(', ')}`);
}

/** The package without other platforms' libraries, and onnxruntime-common, which its JavaScript needs. */
function copyPackage(source: string, target: string): void {
  for (const part of ['package.json', 'dist', libraryPath])
    cpSync(join(source, part), join(target, part), { recursive: true, dereference: true });
  const require = createRequire(join(source, 'package.json'));
  // <folder>/dist/cjs/index.js
  const common = dirname(dirname(dirname(require.resolve('onnxruntime-common'))));
  cpSync(common, join(target, 'node_modules', 'onnxruntime-common'), { recursive: true, dereference: true });
}

async function refuseFullDisk(root: string, recipe: CudaRecipe): Promise<void> {
  const largest = Math.max(...recipe.wheels.map(({ byteLength }) => byteLength));
  const needed = recipe.unpackedByteLength + largest;
  const { bavail, bsize } = await statfs(root);
  if (bavail * bsize < needed)
    throw new UnavailableError(
      `the disk of ${root} is too full: expected ${gigabytes(needed)} free, got ${gigabytes(bavail * bsize)}`,
      { remedy: 'Free space, or set JEPA_ONNX_CACHE to a folder on another disk.' },
    );
}

function listFiles(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    return entry.isDirectory() ? listFiles(folder, path) : [path];
  });
}

function megabytes(byteLength: number): string {
  return `${Math.round(byteLength / 1e6)} MB`;
}

function gigabytes(byteLength: number): string {
  return `${(byteLength / 1e9).toFixed(1)} GB`;
}
