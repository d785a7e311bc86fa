// Opens tfjs-node in this process on a given binding, without writing into its package and without a second tfjs.
import { createRequire, Module } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import { JepaError } from '../../error.ts';
import type { NativeTensorFlow } from './cache.ts';
import { withoutStderr } from './silencer.ts';

const require = createRequire(import.meta.url);

/**
 * Loads the native binding alone; throws what the dynamic loader says. Done before tfjs-node itself is loaded, because
 * a tfjs-node that fails half-way has registered its kernels already and cannot be tried again in the same process.
 */
export function loadBinding({ binding, silencer }: NativeTensorFlow): void {
  withoutStderr(silencer, () => require(binding));
}

/**
 * Loads the tfjs-node in `folder` on the binding at `binding`, registering the backend `tensorflow` in the tfjs that
 * this package itself imports.
 *
 * tfjs-node asks node-pre-gyp where its binding is and requires `@tensorflow/tfjs`, maybe a copy of its own. Both are
 * answered through `require.cache`: the first with `binding`, the second with our tfjs, so that there is one engine, one
 * `Tensor` class and one set of layers.
 */
export function loadTfjsNode(folder: string, binding: string): void {
  defineMissingUtilities();
  const packageRequire = createRequire(join(folder, 'package.json'));
  const tfjs: unknown = require('@tensorflow/tfjs');
  provide(packageRequire.resolve('@tensorflow/tfjs'), tfjs);
  const locator = packageRequire.resolve('@mapbox/node-pre-gyp');
  provide(locator, { find: () => binding });
  try {
    packageRequire(folder);
  } finally {
    delete require.cache[locator];
  }
  if (packageRequire('@tensorflow/tfjs') !== tfjs)
    throw new JepaError(`loadTensorFlow: expected tfjs-node to use this package's tfjs, got another copy (${folder})`);
}

/** Makes `require(path)` give `exports` without running the file. */
function provide(path: string, exports: unknown): void {
  if (require.cache[path]?.loaded) return;
  const module = new Module(path);
  module.filename = path;
  module.exports = exports;
  module.loaded = true;
  require.cache[path] = module;
}

/**
 * tfjs-node 4.22 calls functions of `node:util` that Node 23 removed (isNullOrUndefined) or that warn since Node 22
 * (isArray, DEP0044). Both get their one-line replacement.
 */
function defineMissingUtilities(): void {
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
  });
}
