// onnxruntime-node with its CUDA provider, as `jepa setup --cuda` leaves it in the user's cache: a copy of the package with
// all libraries beside libonnxruntime, since onnxruntime looks for its providers there. What npm installed is not touched.
import { delimiter, join } from 'node:path';
import * as z from 'zod';
import { readCacheManifest } from '../../machine/cache-manifest.ts';
import { type CudaRecipe, cudaFolder, cudaRecipe } from './recipe.ts';

export const manifestName = 'cuda.json';

const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** `onnxruntime-gpu 1.30.0` and so on. */
  wheels: z.array(z.string()),
  /** Every file below the folder, with its bytes. */
  files: z.record(z.string(), z.int().positive()),
});
export type CudaManifest = z.output<typeof manifestSchema>;

export interface CudaLibrary {
  readonly folder: string;
  /** The copy of the package onnxruntime-node. */
  readonly packageFolder: string;
  /** Holds libonnxruntime, its providers and NVIDIA's libraries. */
  readonly libraryFolder: string;
  readonly wheels: readonly string[];
}

/** Where libonnxruntime is in the package; its installer knows CUDA for Linux x64 only. */
export const libraryPath = join('bin', 'napi-v6', 'linux', 'x64');

export function packagePath(folder: string): string {
  return join(folder, 'node_modules', 'onnxruntime-node');
}

/** What the set-up left, or undefined where there is none, or not all of it. */
export function readCuda(recipe: CudaRecipe = cudaRecipe, root?: string): CudaLibrary | undefined {
  const folder = cudaFolder(recipe, root);
  const manifest = readCacheManifest(folder, manifestName, manifestSchema);
  if (manifest === undefined) return undefined;
  const packageFolder = packagePath(folder);
  return { folder, packageFolder, libraryFolder: join(packageFolder, libraryPath), wheels: manifest.wheels };
}

/**
 * The environment of a process that runs on CUDA. Both variables are read once: the path of libraries when the process
 * starts, TF32 by cuBLAS and cuDNN when they are loaded; onnxruntime's JavaScript API has no option for either.
 */
export function cudaEnvironment(
  { reducedPrecision = false }: { readonly reducedPrecision?: boolean | undefined },
  library: Pick<CudaLibrary, 'libraryFolder'> | undefined = readCuda(),
  environment: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const { NVIDIA_TF32_OVERRIDE: _, ...rest } = environment;
  const paths = [library?.libraryFolder, environment.LD_LIBRARY_PATH].filter((path) => path);
  return {
    ...rest,
    ...(paths.length > 0 ? { LD_LIBRARY_PATH: paths.join(delimiter) } : {}),
    ...(reducedPrecision ? {} : { NVIDIA_TF32_OVERRIDE: '0' }),
  };
}
