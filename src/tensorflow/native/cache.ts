// What a native library in the user's cache looks like: one folder per recipe, complete or not there at all. It is written under another name and renamed when it is proven; `native.json` lists its files and their sizes.
import { join } from 'node:path';
import { z } from 'zod';
import { readCacheManifest } from '../../machine/cache-manifest.ts';

/** How tfjs-node came to its native library: with the package, by its own installer, or out of TensorFlow's wheel. */
export type NativeSource = 'package' | 'installer' | 'wheel';

/** A native library and binding that this process can load. */
export interface NativeTensorFlow {
  readonly source: NativeSource;
  /** The folder that holds everything. */
  readonly folder: string;
  /** Absolute path of tfjs_binding.node. */
  readonly binding: string;
  /** Absolute path of the addon that keeps the library's greeting off stderr, where there is one. */
  readonly silencer: string | undefined;
  /** The library's own version, `2.21.0`. Unknown until loaded for `package`. */
  readonly tensorflowVersion: string | undefined;
}

const manifestSchema = z.strictObject({
  format: z.literal(1),
  source: z.enum(['installer', 'wheel']),
  tensorflowVersion: z.string(),
  binding: z.string(),
  silencer: z.string().optional(),
  files: z.record(z.string(), z.number().int().positive()),
});

export type NativeManifest = z.infer<typeof manifestSchema>;

export const manifestName = 'native.json';

/** The library in `folder`, or undefined where the folder is missing, incomplete or of another format. */
export function readNative(folder: string): NativeTensorFlow | undefined {
  const manifest = readCacheManifest(folder, manifestName, manifestSchema);
  if (manifest === undefined) return undefined;
  const { source, tensorflowVersion, binding, silencer } = manifest;
  return {
    source,
    folder,
    binding: join(folder, binding),
    silencer: silencer === undefined ? undefined : join(folder, silencer),
    tensorflowVersion,
  };
}
