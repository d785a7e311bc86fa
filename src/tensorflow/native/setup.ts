// Makes tfjs-node native on this machine, in order: already working, its own installer, TensorFlow's wheel. What comes out
// is proven in a child process and then renamed into the cache in one step; one process at a time does it.
import { closeSync, openSync, readdirSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JepaError, UnavailableError, UsageError } from '../../error.ts';
import { formatJson } from '../../json.ts';
import { cacheRoot, withCacheLock } from '../../machine/cache-folder.ts';
import { fetchPackage, findPackage, tfjsNodePackage } from '../../machine/optional-package.ts';
import type { SetupListener } from '../../machine/setup-event.ts';
import { writeFolderAtomic } from '../../storage/atomic-file.ts';
import { manifestName, type NativeManifest, type NativeTensorFlow, readNative } from './cache.ts';
import { findNatives } from './find.ts';
import { runInstaller } from './installer.ts';
import { proveBinding } from './prove.ts';
import { installerFolder, napiVersion, wheelFolder } from './recipe.ts';
import { bindingName, buildFromWheel, requireWheel, silencerName } from './wheel.ts';

/** The two ways to get a library that is not there. */
export type SetupWay = 'installer' | 'wheel';

export const setupWays: readonly SetupWay[] = ['installer', 'wheel'];

export interface SetupOptions {
  readonly onSetup?: SetupListener | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Set up anew although a library works already. Default false. */
  readonly force?: boolean;
  /** Only this way instead of both in turn. */
  readonly way?: SetupWay | undefined;
  /** A wheel on this machine, used instead of a download; implies the way `wheel`. */
  readonly wheelFile?: string | undefined;
  /** Throws where a library that was found does not load. Default: a child process computes with it. */
  readonly check?: (native: NativeTensorFlow) => unknown;
  /** Whether a library that is missing is fetched and built. Default true. */
  readonly mayInstall?: boolean | undefined;
}

/**
 * A native TensorFlow that loads, set up first where there is none.
 * @throws UnavailableError where none can be had; it names each way, why it failed, and what to do.
 */
export async function ensureNativeTensorFlow(options: SetupOptions = {}): Promise<NativeTensorFlow> {
  const { force = false } = options;
  if (options.wheelFile !== undefined && !statSync(options.wheelFile, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`set-up: expected a wheel file, got ${options.wheelFile}`);
  if (options.wheelFile !== undefined && !isWheel(options.wheelFile))
    throw new UsageError(`set-up: expected a wheel (a ZIP archive NAME.whl), got ${options.wheelFile}`);
  const root = cacheRoot();
  const refusals: string[] = [];
  if (!force) {
    const native = await firstWorking(root, options, refusals);
    if (native !== undefined) return native;
  }
  if (options.mayInstall === false) throw unavailable(refusals.length > 0 ? refusals : ['no library is set up'], []);
  return withCacheLock(root, options, async () => {
    // Another process may have done it meanwhile.
    const native = force ? undefined : await firstWorking(root, options, []);
    return native ?? setUp(root, options, refusals);
  });
}

/** By its name, which pip reads, and its first bytes. */
function isWheel(path: string): boolean {
  if (!path.endsWith('.whl')) return false;
  const descriptor = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    return readSync(descriptor, magic, 0, 4, 0) === 4 && magic.toString('latin1') === 'PK\x03\x04';
  } finally {
    closeSync(descriptor);
  }
}

async function firstWorking(
  root: string,
  { check = ({ binding }) => proveBinding(binding) }: SetupOptions,
  refusals: string[],
): Promise<NativeTensorFlow | undefined> {
  if (findPackage(tfjsNodePackage, root) === undefined) return undefined;
  for (const native of findNatives(root)) {
    try {
      await check(native);
      return native;
    } catch (error) {
      refusals.push(`the library in ${native.folder}: ${reason(error)}`);
    }
  }
  return undefined;
}

async function setUp(root: string, options: SetupOptions, refusals: readonly string[]): Promise<NativeTensorFlow> {
  const { signal, onSetup = () => {}, way, wheelFile } = options;
  const tfjsNode =
    findPackage(tfjsNodePackage, root) ??
    (await fetchPackage(tfjsNodePackage, { root, onSetup, signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw unavailable([reason(error)], [error]);
    }));
  const ways: Record<SetupWay, SetupStep> = { installer: setUpWithInstaller, wheel: setUpFromWheel };
  const chosen = wheelFile !== undefined ? (['wheel'] as const) : way !== undefined ? [way] : setupWays;
  const reasons = [...refusals];
  const causes: unknown[] = [];
  for (const name of chosen) {
    try {
      const native = await ways[name]({ root, tfjsNode, wheelFile, signal, onEvent: onSetup });
      onSetup({ stage: 'done', message: `TensorFlow ${native.tensorflowVersion} is in ${native.folder}` });
      return native;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof JepaError)) throw error;
      reasons.push(`${wayTitles[name]}: ${reason(error)}`);
      causes.push(error);
    }
  }
  throw unavailable(reasons, causes);
}

const wayTitles: Readonly<Record<SetupWay, string>> = {
  installer: "tfjs-node's own installer",
  wheel: "TensorFlow's wheel",
};

interface StepOptions {
  readonly root: string;
  readonly tfjsNode: string;
  readonly wheelFile: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: SetupListener;
}

type SetupStep = (options: StepOptions) => Promise<NativeTensorFlow>;

async function setUpWithInstaller({ root, tfjsNode, signal, onEvent }: StepOptions): Promise<NativeTensorFlow> {
  const message = `running tfjs-node ${tfjsNodePackage.version}'s own installer`;
  onEvent({ stage: 'installer', message });
  return install(installerFolder(root), { source: 'installer', signal, onEvent }, async (folder) => {
    await runInstaller({
      tfjsNode,
      folder,
      signal,
      onBytes: (byteLength) => onEvent({ stage: 'installer', message, byteLength }),
    });
    const binding = levels()
      .map((level) => join('lib', `napi-v${level}`, bindingName))
      .find((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile());
    if (binding === undefined) throw new UnavailableError('it finished without a binding');
    return { binding };
  });
}

async function setUpFromWheel({ root, tfjsNode, wheelFile, signal, onEvent }: StepOptions): Promise<NativeTensorFlow> {
  const wheel = requireWheel();
  return install(wheelFolder(wheel, root), { source: 'wheel', signal, onEvent }, async (folder) => {
    await buildFromWheel(wheel, { tfjsNode, folder, wheelFile, signal, onEvent });
    return { binding: bindingName, silencer: silencerName };
  });
}

interface InstallOptions {
  readonly source: NativeManifest['source'];
  readonly signal: AbortSignal | undefined;
  readonly onEvent: SetupListener;
}

/** Fills a temporary folder (`fill` returns paths below it), proves the binding, writes the manifest, renames. */
async function install(
  target: string,
  { source, signal, onEvent }: InstallOptions,
  fill: (folder: string) => Promise<Pick<NativeManifest, 'binding' | 'silencer'>>,
): Promise<NativeTensorFlow> {
  await writeFolderAtomic(
    target,
    async (folder) => {
      const products = await fill(folder);
      onEvent({ stage: 'prove', message: 'loading the library in a child process' });
      const tensorflowVersion = await proveBinding(join(folder, products.binding), signal);
      const files = Object.fromEntries(listFiles(folder).map((name) => [name, statSync(join(folder, name)).size]));
      const manifest: NativeManifest = { format: 1, source, tensorflowVersion, ...products, files };
      writeFileSync(join(folder, manifestName), formatJson(manifest));
    },
    { replace: true },
  );
  const native = readNative(target);
  if (native === undefined) throw new JepaError(`set-up: expected a whole library in ${target}, got an incomplete one`);
  return native;
}

function listFiles(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    return entry.isDirectory() ? listFiles(folder, path) : [path];
  });
}

/** Node-API levels that a binding may have been built for, the newest first. */
function levels(): number[] {
  return Array.from({ length: napiVersion - 2 }, (_, i) => napiVersion - i);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, ' ') : String(error);
}

/** Two lines: what was tried and why each failed; what works nevertheless and what to do. */
function unavailable(reasons: readonly string[], causes: readonly unknown[]): UnavailableError {
  const remedies = causes.flatMap((cause) => (cause instanceof JepaError && cause.remedy ? [cause.remedy] : []));
  const tried = reasons.map((text, i) => `(${i + 1}) ${text}`).join('; ');
  return new UnavailableError(
    `native TensorFlow: expected one way to work on ${process.platform}-${process.arch}, got none: ${tried}\n` +
      'What needs no training still works (export of a saved model, evaluate, verify)',
    { remedy: [...new Set(remedies)].join(' ') || 'See docs/setup.md.', cause: causes.at(-1) },
  );
}
