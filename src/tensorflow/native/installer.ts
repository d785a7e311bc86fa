// tfjs-node's own installer, run on a copy of the package in a child process under a time limit: it downloads
// libtensorflow 2.9.1 and a prebuilt binding from a storage bucket, or compiles the binding with node-gyp.
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { UnavailableError } from '../../error.ts';
import { folderByteLength, outputLine, runCommand } from '../../machine/command.ts';

/** A bucket out of reach may swallow packets instead of refusing them. */
const IDLE_LIMIT_MS = 20_000;
/** Download of 100 MB, and perhaps the compilation. */
const LIMIT_MS = 15 * 60_000;

/** Folders that the installer fills, relative to the package; the binding's rpath leads from the second to the first. */
const products = [join('deps', 'lib'), 'lib'];

export interface InstallerOptions {
  /** The folder of the tfjs-node package; it is only read. */
  readonly tfjsNode: string;
  /** An empty folder; on success it holds `deps/lib` and `lib/napi-v*`. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  /** Called a few times a second with the bytes that are there. */
  readonly onBytes?: (byteLength: number) => void;
}

/** Runs the installer. Throws UnavailableError with its words where it fails or stalls. */
export async function runInstaller({ tfjsNode, folder, signal, onBytes }: InstallerOptions): Promise<void> {
  const work = join(folder, 'work');
  const copy = join(work, 'tfjs-node');
  await mkdir(work);
  await cp(tfjsNode, copy, { recursive: true, dereference: true, filter: (path) => !isProduct(tfjsNode, path) });
  const programs = await linkPreGyp(tfjsNode, work);

  const result = await runCommand(process.execPath, [join(copy, 'scripts', 'install.js')], {
    folder: copy,
    signal,
    limitMs: LIMIT_MS,
    idleLimitMs: IDLE_LIMIT_MS,
    environment: {
      ...process.env,
      // The copy finds the packages that the original finds.
      NODE_PATH: (createRequire(join(tfjsNode, 'package.json')).resolve.paths('tar') ?? []).join(delimiter),
      PATH: [programs, dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
      TMPDIR: work,
    },
    activity: () => {
      const byteLength = folderByteLength(join(copy, 'deps')) + folderByteLength(join(copy, 'lib'));
      onBytes?.(byteLength);
      return byteLength;
    },
  });
  if (result.outcome === 'idle' || result.outcome === 'late')
    throw new UnavailableError('its download does not move (storage.googleapis.com is out of reach)');
  if (result.outcome !== 'exited' || result.exitCode !== 0)
    throw new UnavailableError(`it failed: ${outputLine(result, /^\w*Error: |ERR!/)}`);

  for (const product of products) {
    await mkdir(dirname(join(folder, product)), { recursive: true });
    await rename(join(copy, product), join(folder, product));
  }
  await rm(work, { recursive: true, force: true });
}

function isProduct(tfjsNode: string, path: string): boolean {
  return ['deps', 'lib', 'build'].some((name) => path === join(tfjsNode, name));
}

/** The installer calls `node-pre-gyp` by name, which npm would have put on its path. Returns the folder to add to it. */
async function linkPreGyp(tfjsNode: string, work: string): Promise<string> {
  const folder = join(work, 'bin');
  await mkdir(folder);
  const manifest = createRequire(join(tfjsNode, 'package.json')).resolve('@mapbox/node-pre-gyp/package.json');
  const program = join(dirname(manifest), 'bin', 'node-pre-gyp');
  if (process.platform === 'win32')
    await writeFile(join(folder, 'node-pre-gyp.cmd'), `@"${process.execPath}" "${program}" %*\r\n`);
  else await symlink(program, join(folder, 'node-pre-gyp'));
  return folder;
}
