// Where the native library lives: one folder per recipe outside node_modules, complete or not there at all.
// A folder is written under another name and renamed when it is proven; `native.json` lists its files and their sizes.
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';

/** How tfjs-node came to its native library: with the package, by its own installer, or out of TensorFlow's wheel. */
export type NativeSource = 'package' | 'installer' | 'wheel';

/** A native library and binding that this process can load. */
export interface NativeTensorFlow {
  readonly source: NativeSource;
  /** The folder that holds everything. */
  readonly folder: string;
  /** Absolute path of tfjs_binding.node. */
  readonly binding: string;
  /** The library's own version, `2.21.0`. Unknown until loaded for `package`. */
  readonly tensorflowVersion: string | undefined;
}

const manifestSchema = z.strictObject({
  format: z.literal(1),
  source: z.enum(['installer', 'wheel']),
  tensorflowVersion: z.string(),
  binding: z.string(),
  files: z.record(z.string(), z.number().int().positive()),
});

export type NativeManifest = z.infer<typeof manifestSchema>;

export const manifestName = 'native.json';

/** Overrides the cache's place. */
export const cacheVariable = 'JEPA_ONNX_CACHE';

/**
 * The cache folder of this user: JEPA_ONNX_CACHE, else `jepa-onnx` under XDG_CACHE_HOME, ~/Library/Caches (macOS),
 * LOCALAPPDATA (Windows) or ~/.cache.
 */
export function cacheRoot(environment: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const own = environment[cacheVariable];
  if (own) return own;
  // The XDG specification says that relative paths are to be ignored.
  const xdg = environment.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'jepa-onnx');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'jepa-onnx');
  if (platform === 'win32' && environment.LOCALAPPDATA) return join(environment.LOCALAPPDATA, 'jepa-onnx', 'Cache');
  return join(homedir(), '.cache', 'jepa-onnx');
}

/** The library in `folder`, or undefined where the folder is missing, incomplete or of another format. */
export function readNative(folder: string): NativeTensorFlow | undefined {
  let manifest: NativeManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, manifestName), 'utf8')));
  } catch {
    return undefined;
  }
  for (const [name, byteLength] of Object.entries(manifest.files))
    if (statSync(join(folder, name), { throwIfNoEntry: false })?.size !== byteLength) return undefined;
  const { source, tensorflowVersion, binding } = manifest;
  return { source, folder, binding: join(folder, binding), tensorflowVersion };
}
