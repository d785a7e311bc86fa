// TensorFlow's wheel, turned into a native library: pip brings it, two libraries and some headers are taken out of it, and
// the N-API binding that comes with tfjs-node is compiled against them.
import { mkdir, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UnavailableError } from '../../error.ts';
import { glibcVersion } from '../../machine/machine.ts';
import { checkWheel, downloadWheel, findPip } from '../../machine/pip.ts';
import type { SetupListener } from '../../machine/setup-event.ts';
import { unpackEntries } from '../../storage/unpack.ts';
import { compileBinding, compileSilencer, findCompiler, linkBinding } from './compiler.ts';
import { headerFolders, type Wheel, wheelFor } from './recipe.ts';

export const bindingName = 'tfjs_binding.node';
export const silencerName = 'silencer.node';

export interface WheelOptions {
  readonly tfjsNode: string;
  /** An empty folder; on success it holds the two libraries, the binding and the silencer. */
  readonly folder: string;
  /** A wheel that is on this machine already; otherwise pip downloads it. */
  readonly wheelFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: SetupListener;
}

/** The wheel for this machine, or UnavailableError with the reason why there is none. */
export function requireWheel(): Wheel {
  const platform = `${process.platform}-${process.arch}`;
  const wheel = wheelFor();
  if (wheel === undefined)
    throw new UnavailableError(`TensorFlow publishes no wheel that serves ${platform}`, {
      remedy: 'Use Linux (x64, arm64) or macOS (arm64).',
    });
  if (wheel.glibc !== undefined) {
    const found = glibcVersion();
    if (found === undefined)
      throw new UnavailableError('TensorFlow publishes no wheel for musl (Alpine)', {
        remedy: 'Use a distribution with glibc, such as Debian.',
      });
    if (compareVersions(found, wheel.glibc) < 0)
      throw new UnavailableError(`TensorFlow's wheel needs glibc ${wheel.glibc} or newer, got ${found}`, {
        remedy: 'Use a newer distribution.',
      });
  }
  return wheel;
}

/** Fills `folder`. Compiling and unpacking run at the same time: the compiler needs the headers only. */
export async function buildFromWheel(wheel: Wheel, options: WheelOptions): Promise<void> {
  const { tfjsNode, folder, wheelFile, onEvent } = options;
  // What is missing on the machine is said before 270 MB are downloaded, all of it at once.
  const [compiler, pip] = await allOrReasons([
    findCompiler(options.signal),
    wheelFile === undefined ? findPip(options.signal) : undefined,
  ]);
  await refuseFullDisk(folder, wheel, wheelFile === undefined);

  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  const name = `${wheel.project} ${wheel.version}`;
  let path = wheelFile;
  if (path !== undefined) await checkWheel(wheel, path, options.signal);
  else if (pip !== undefined) {
    const message = `downloading ${name} with pip (${megabytes(wheel.byteLength)})`;
    onEvent({ stage: 'download', message, fraction: 0 });
    path = await downloadWheel(wheel, {
      pip,
      folder: scratch,
      signal: options.signal,
      onBytes: (byteLength) => onEvent({ stage: 'download', message, fraction: byteLength / wheel.byteLength }),
    });
  }
  if (path === undefined) throw new UnavailableError('no wheel was brought');

  const headers = join(scratch, 'headers');
  await unpackEntries(path, headers, { place: placeHeader, signal: options.signal });

  // When one of the two fails, the other is stopped.
  const partner = new AbortController();
  const signal = AbortSignal.any([partner.signal, ...(options.signal ? [options.signal] : [])]);
  const message = `unpacking ${wheel.libraries.map((entry) => basename(entry)).join(' and ')}, compiling the binding`;
  const compile = { compiler, tfjsNode, headers: join(headers, 'include'), scratch, signal };
  const [objects, unpacked] = await Promise.all([
    compileBinding(compile),
    unpackEntries(path, folder, {
      place: (entry) => (wheel.libraries.includes(entry) ? basename(entry) : undefined),
      signal,
      onBytes: (byteLength) =>
        onEvent({ stage: 'unpack', message, fraction: Math.min(1, byteLength / wheel.unpackedByteLength) }),
    }),
  ]).catch((error: unknown) => {
    partner.abort(error);
    throw error;
  });
  const missing = wheel.libraries.filter((entry) => !unpacked.includes(entry));
  if (missing.length > 0) throw new UnavailableError(`the wheel lacks ${missing.join(', ')}`);

  onEvent({ stage: 'compile', message: 'linking the binding' });
  await linkBinding({
    compiler,
    objects,
    libraries: wheel.libraries.map((entry) => join(folder, basename(entry))),
    binding: join(folder, bindingName),
    scratch,
    signal: options.signal,
  });
  await compileSilencer(join(folder, silencerName), { ...compile, signal: options.signal });
  await rm(scratch, { recursive: true, force: true });
}

/** `tensorflow/include/tsl/x.h` -> `include/tsl/x.h`. */
function placeHeader(entry: string): string | undefined {
  return headerFolders.some((folder) => entry.startsWith(folder)) ? entry.slice('tensorflow/'.length) : undefined;
}

async function refuseFullDisk(folder: string, wheel: Wheel, isDownloaded: boolean): Promise<void> {
  // Headers and object files take 6 MB together.
  const needed = wheel.unpackedByteLength + (isDownloaded ? wheel.byteLength : 0) + 16e6;
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < needed)
    throw new UnavailableError(
      `the disk of ${folder} is too full: expected ${megabytes(needed)} free, got ${megabytes(free)}`,
      {
        remedy: 'Free space, or set JEPA_ONNX_CACHE to a folder on another disk.',
      },
    );
}

/** Both results, or one error that names every reason. */
async function allOrReasons<A, B>(tasks: readonly [Promise<A>, Promise<B> | undefined]): Promise<[A, B | undefined]> {
  const [first, second] = await Promise.allSettled(tasks);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value];
  const errors = [first, second].flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const reasons = errors.filter((error) => error instanceof UnavailableError);
  if (reasons.length < errors.length) throw errors.find((error) => !(error instanceof UnavailableError));
  throw new UnavailableError(reasons.map((reason) => reason.message).join(', and '), {
    remedy: reasons.map((reason) => reason.remedy).join(' '),
  });
}

/** Negative where version a is older than b: the first two numbers decide, as numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return (left?.[0] ?? 0) - (right?.[0] ?? 0) || (left?.[1] ?? 0) - (right?.[1] ?? 0);
}

function megabytes(byteLength: number): string {
  return `${Math.round(byteLength / 1e6)} MB`;
}
