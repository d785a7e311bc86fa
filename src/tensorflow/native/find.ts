// Finds the native libraries that are there already, without starting or loading anything.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from '../../machine/cache-folder.ts';
import { installedPackage, tfjsNodePackage } from '../../machine/optional-package.ts';
import { type NativeTensorFlow, readNative } from './cache.ts';
import { installerFolder, napiVersion, wheelFolder, wheelFor } from './recipe.ts';

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
  const folder = installedPackage(tfjsNodePackage);
  if (folder === undefined) return undefined;
  for (let version = napiVersion; version >= 3; version--) {
    const binding = join(folder, 'lib', `napi-v${version}`, 'tfjs_binding.node');
    if (existsSync(binding))
      return { source: 'package', folder, binding, silencer: undefined, tensorflowVersion: undefined };
  }
  return undefined;
}
