// Makes tfjs-node native on this machine, in order: already working, its own installer, TensorFlow's wheel. What comes out
// is proven in a child process and then renamed into the cache in one step; one process at a time does it.
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { JepaError, UnavailableError, UsageError } from '../../../error.ts';
import { removePartials, writeFolderAtomic } from '../../../storage/atomic-file.ts';
import { storageError, systemErrorCode } from '../../../storage/file-system.ts';
import {
  cacheRoot,
  cacheVariable,
  manifestName,
  type NativeManifest,
  type NativeTensorFlow,
  readNative,
} from './cache.ts';
import type { SetupEvent, SetupListener } from './event.ts';
import { findNatives, findTfjsNode } from './find.ts';
import { runInstaller } from './installer.ts';
import { fetchTfjsNode } from './package.ts';
import { proveBinding } from './prove.ts';
import { installerFolder, napiVersion, tfjsNodeVersion, wheelFolder } from './recipe.ts';
import { bindingName, buildFromWheel, requireWheel } from './wheel.ts';

export type { SetupEvent, SetupListener };

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
}

/** How long one process waits for another's set-up before it gives up. */
const WAIT_LIMIT_MS = 30 * 60_000;
const WAIT_POLL_MS = 500;
/** A lock whose owner has not touched it for so long belongs to a process that was killed. */
const LOCK_STALE_MS = 30_000;
const LOCK_TOUCH_MS = 5_000;

/**
 * A native TensorFlow that loads, set up first where there is none.
 * @throws UnavailableError where none can be had; it names each way, why it failed, and what to do.
 */
export async function ensureNativeTensorFlow(options: SetupOptions = {}): Promise<NativeTensorFlow> {
  const { signal, onSetup = () => {}, force = false } = options;
  if (options.wheelFile !== undefined && !statSync(options.wheelFile, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`set-up: expected a wheel file, got ${options.wheelFile}`);
  const root = cacheRoot();
  const refusals: string[] = [];
  if (!force) {
    const native = await firstWorking(root, options, refusals);
    if (native !== undefined) return native;
  }
  const release = await lockCache(root, onSetup, signal);
  try {
    removePartials(root);
    if (!force) {
      // Another process may have done it meanwhile.
      const native = await firstWorking(root, options, []);
      if (native !== undefined) return native;
    }
    return await setUp(root, options, refusals);
  } finally {
    await release();
  }
}

async function firstWorking(
  root: string,
  { check = ({ binding }) => proveBinding(binding) }: SetupOptions,
  refusals: string[],
): Promise<NativeTensorFlow | undefined> {
  if (findTfjsNode(root) === undefined) return undefined;
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
  let tfjsNode = findTfjsNode(root);
  if (tfjsNode === undefined) {
    onSetup({ stage: 'package', message: `fetching @tensorflow/tfjs-node ${tfjsNodeVersion} with npm` });
    tfjsNode = await fetchTfjsNode(root, signal).catch((error: unknown) => {
      throw unavailable([reason(error)], [error]);
    });
  }
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
  wheel: "TensorFlow's wheel through pip",
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
  const message = `running tfjs-node ${tfjsNodeVersion}'s own installer`;
  onEvent({ stage: 'installer', message });
  return install(installerFolder(root), { source: 'installer', signal, onEvent }, async (folder) => {
    await runInstaller({
      tfjsNode,
      folder,
      signal,
      onBytes: (byteLength) =>
        onEvent({ stage: 'installer', message: `${message}: ${Math.round(byteLength / 1e6)} MB` }),
    });
    const binding = levels()
      .map((level) => join('lib', `napi-v${level}`, bindingName))
      .find((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile());
    if (binding === undefined) throw new UnavailableError('it finished without a binding');
    return binding;
  });
}

async function setUpFromWheel({ root, tfjsNode, wheelFile, signal, onEvent }: StepOptions): Promise<NativeTensorFlow> {
  const wheel = requireWheel();
  return install(wheelFolder(wheel, root), { source: 'wheel', signal, onEvent }, async (folder) => {
    await buildFromWheel(wheel, { tfjsNode, folder, wheelFile, signal, onEvent });
    return bindingName;
  });
}

interface InstallOptions {
  readonly source: NativeManifest['source'];
  readonly signal: AbortSignal | undefined;
  readonly onEvent: SetupListener;
}

/** Fills a temporary folder, proves the binding in it (`fill` returns its path below the folder), writes the manifest, renames. */
async function install(
  target: string,
  { source, signal, onEvent }: InstallOptions,
  fill: (folder: string) => Promise<string>,
): Promise<NativeTensorFlow> {
  await writeFolderAtomic(
    target,
    async (folder) => {
      const binding = await fill(folder);
      onEvent({ stage: 'prove', message: 'loading the library in a child process' });
      const tensorflowVersion = await proveBinding(join(folder, binding), signal);
      const files = Object.fromEntries(listFiles(folder).map((name) => [name, statSync(join(folder, name)).size]));
      const manifest: NativeManifest = { format: 1, source, tensorflowVersion, binding, files };
      writeFileSync(join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
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

/** Takes the cache's lock, waiting for whoever has it, and returns how to give it back. */
async function lockCache(root: string, onEvent: SetupListener, signal?: AbortSignal): Promise<() => Promise<void>> {
  try {
    await mkdir(root, { recursive: true });
  } catch (error) {
    throw cacheError(root, error);
  }
  const started = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    try {
      const release = await lockfile.lock(root, {
        lockfilePath: join(root, 'setup.lock'),
        stale: LOCK_STALE_MS,
        update: LOCK_TOUCH_MS,
        // A lock that was lost (a suspended machine) harms nothing: both results are whole, and the later one stays.
        onCompromised: () => {},
      });
      return () => release().catch(() => {});
    } catch (error) {
      if (systemErrorCode(error) !== 'ELOCKED') throw cacheError(root, error);
    }
    if (performance.now() - started > WAIT_LIMIT_MS)
      throw new UnavailableError(`set-up: expected another process to finish within 30 minutes, got none (${root})`, {
        remedy: `End that process, or remove ${join(root, 'setup.lock')}.`,
      });
    if (isFirst) onEvent({ stage: 'wait', message: 'waiting for another process that sets TensorFlow up' });
    await sleep(WAIT_POLL_MS, undefined, { signal });
  }
}

function cacheError(root: string, error: unknown): JepaError {
  const { message } = storageError(`cache ${root}`, 'a folder to write to', error);
  return new UnavailableError(message, {
    remedy: `Set ${cacheVariable} to a folder that can be written.`,
    cause: error,
  });
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
