// Finds what is there already, without starting anything: tfjs-node's JavaScript, and a native library for it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheRoot, type NativeTensorFlow, readNative } from './cache.ts';
import { installerFolder, napiVersion, tfjsNodeCacheFolder, tfjsNodeVersion, wheelFolder, wheelFor } from './recipe.ts';

const require = createRequire(import.meta.url);

/** The folder of the tfjs-node package: the installed one, else the one that set-up fetched into the cache. */
export function findTfjsNode(root: string = cacheRoot()): string | undefined {
  const installed = installedTfjsNode();
  if (installed !== undefined) return installed;
  const cached = join(tfjsNodeCacheFolder(root), 'node_modules', '@tensorflow', 'tfjs-node');
  return existsSync(join(cached, 'package.json')) ? cached : undefined;
}

function installedTfjsNode(): string | undefined {
  try {
    const packageFile = require.resolve('@tensorflow/tfjs-node/package.json');
    // An interrupted or another installation may have left something else under the name.
    const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version?: unknown };
    const folder = dirname(packageFile);
    return version === tfjsNodeVersion && existsSync(join(folder, 'dist', 'index.js')) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Every native library on this machine, the preferred one first: the package's own, then what its installer or the
 * wheel left in the cache. The cached ones were proven before they got their name; the package's own was not.
 */
export function findNatives(root: string = cacheRoot()): NativeTensorFlow[] {
  const wheel = wheelFor();
  return [
    packageNative(),
    readNative(installerFolder(root)),
    wheel === undefined ? undefined : readNative(wheelFolder(wheel, root)),
  ].filter((native) => native !== undefined);
}

function packageNative(): NativeTensorFlow | undefined {
  const folder = installedTfjsNode();
  if (folder === undefined) return undefined;
  for (let version = napiVersion; version >= 3; version--) {
    const binding = join(folder, 'lib', `napi-v${version}`, 'tfjs_binding.node');
    if (existsSync(binding)) return { source: 'package', folder, binding, tensorflowVersion: undefined };
  }
  return undefined;
}
