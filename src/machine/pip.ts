// Brings a wheel with the user's own pip, so that the user's index, mirror, proxy and certificates apply.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnavailableError } from '../error.ts';
import { sha256OfFile } from '../storage/unpack.ts';
import { type CommandResult, folderByteLength, outputLine, runCommand } from './command.ts';
import { describeCalls, findProgram, pip } from './program.ts';

/** pip itself retries; this is for a connection that stays open and brings nothing. */
const IDLE_LIMIT_MS = 180_000;

/** One file of a package index. */
export interface WheelFile {
  /** The project on PyPI. */
  readonly project: string;
  readonly version: string;
  /** What pip is asked for, so that neither the running Python nor the running platform decides. */
  readonly platformTag: string;
  readonly pythonVersion: string;
  readonly sha256: string;
  /** Bytes to download. */
  readonly byteLength: number;
  /** How a person gives pip's work another file: the end of a sentence that begins with a download elsewhere. */
  readonly offline: string;
}

/** A way to call pip: a program and the arguments that come first. */
export type Pip = readonly [program: string, ...first: string[]];

/** The first pip that answers. */
export async function findPip(signal?: AbortSignal): Promise<Pip> {
  const found = await findProgram(pip, signal);
  if (found !== undefined) return found.call;
  throw new UnavailableError(`no pip (tried ${describeCalls(pip)})`, { remedy: pip.remedy });
}

export interface DownloadOptions {
  readonly pip: Pip;
  /** An existing folder; the wheel and all of pip's temporary files go into it. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  /** Called a few times a second with the bytes that arrived. */
  readonly onBytes?: (byteLength: number) => void;
}

/**
 * Downloads `wheel` and returns its path. pip is told the platform, the Python and the SHA-256, so that neither the Python
 * that runs it nor the index decides which file comes; the hash is checked once more here. pip's cache is left alone:
 * what is kept is the unpacked library.
 */
export async function downloadWheel(wheel: WheelFile, options: DownloadOptions): Promise<string> {
  const { folder, signal, onBytes } = options;
  const [program, ...first] = options.pip;
  const target = join(folder, 'wheel');
  const temporary = join(folder, 'pip');
  const requirements = join(folder, 'requirements.txt');
  await mkdir(target, { recursive: true });
  await mkdir(temporary, { recursive: true });
  await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);

  const result = await runCommand(
    program,
    [
      ...first,
      'download',
      ...['--requirement', requirements, '--require-hashes', '--no-deps', '--only-binary=:all:'],
      ...['--platform', wheel.platformTag, '--python-version', wheel.pythonVersion],
      ...['--implementation', 'cp', '--abi', `cp${wheel.pythonVersion.replace('.', '')}`],
      ...['--dest', target, '--no-cache-dir', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
    ],
    {
      signal,
      idleLimitMs: IDLE_LIMIT_MS,
      environment: { ...process.env, TMPDIR: temporary, PYTHONWARNINGS: 'ignore' },
      activity: () => {
        const byteLength = folderByteLength(folder);
        onBytes?.(Math.min(byteLength, wheel.byteLength));
        return byteLength;
      },
    },
  );
  if (result.outcome !== 'exited' || result.exitCode !== 0) throw pipError(wheel, result);

  const [name] = (await readdir(target)).filter((file) => file.endsWith('.whl'));
  if (name === undefined) throw new UnavailableError('pip reported success but brought no wheel');
  const path = join(target, name);
  await checkWheel(wheel, path, signal);
  return path;
}

/** Refuses a file that is not the wheel that this version was written for. */
export async function checkWheel(wheel: WheelFile, path: string, signal?: AbortSignal): Promise<void> {
  const sha256 = await sha256OfFile(path, signal);
  if (sha256 !== wheel.sha256)
    throw new UnavailableError(`${path}: expected a file with SHA-256 ${wheel.sha256}, got ${sha256}`, {
      remedy: `Download ${wheel.project} ${wheel.version} for ${wheel.platformTag} and Python ${wheel.pythonVersion} again.`,
    });
}

const unreachable =
  /Temporary failure|Name or service not known|Connection(?: to .*)? (?:timed out|refused|broken)|ConnectTimeout|NewConnectionError|ProxyError|SSLError|Network is unreachable|Read timed out|Retrying/i;

function pipError(wheel: WheelFile, result: CommandResult): UnavailableError {
  const said = `${result.stderr}\n${result.stdout}`;
  if (result.outcome === 'idle')
    return new UnavailableError('pip received nothing for three minutes', { remedy: networkRemedy(wheel) });
  if (/No space left on device/i.test(said))
    return new UnavailableError('the disk filled up during the download', {
      remedy: 'Free space, or set JEPA_ONNX_CACHE to a folder on another disk.',
    });
  if (/HASHES|do not match/i.test(said))
    return new UnavailableError(`pip refused a file whose SHA-256 is not ${wheel.sha256}`, {
      remedy: 'Check the package index that pip uses.',
    });
  if (unreachable.test(said))
    return new UnavailableError(`pip cannot reach its package index (${outputLine(result, unreachable)})`, {
      remedy: networkRemedy(wheel),
    });
  if (/No matching distribution|Could not find a version/i.test(said))
    return new UnavailableError(`pip's index has no ${wheel.project} ${wheel.version} for ${wheel.platformTag}`, {
      remedy: networkRemedy(wheel),
    });
  return new UnavailableError(`pip failed: ${result.endedBy ?? outputLine(result, /^ERROR/)}`);
}

function networkRemedy(wheel: WheelFile): string {
  return `Give pip access to a package index, or download ${wheel.project} ${wheel.version} elsewhere and ${wheel.offline}.`;
}
