// The programs in other languages, examples/deploy/<language>: built once into the user's cache, under a name that a change
// of their sources changes.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../error.ts';
import { cacheRoot, withCacheLock } from '../machine/cache-folder.ts';
import { outputLine, runCommand } from '../machine/command.ts';
import { EXIT_UNAVAILABLE } from './protocol.ts';
import type { FoundRunner } from './runner.ts';

export interface DeployRuntime {
  /** In examples/deploy. */
  readonly folder: string;
  /** The executable in the folder that is built. */
  readonly executable: string;
}

export const deployRuntimes: ReadonlyMap<string, DeployRuntime> = new Map([
  ['python', { folder: 'python', executable: 'run' }],
  ['openvino', { folder: 'python', executable: 'run-openvino' }],
  ['java', { folder: 'java', executable: 'run' }],
  ['rust', { folder: 'rust', executable: 'run' }],
  ['go', { folder: 'go', executable: 'run' }],
  ['c', { folder: 'c', executable: 'run' }],
]);

/** Written when a build has ended well: what a killed one leaves behind does not have it. */
const BUILT = '.built';
/** Rust's inference library alone compiles for 20 minutes on two cores. */
const BUILD_LIMIT_MS = 60 * 60_000;
/** Results of builds and editors, not sources. */
const ignored = new Set(['node_modules', 'target', 'build-output', '.gradle', '__pycache__', '.venv']);

export interface DeploySources {
  readonly deployFolder: string;
  readonly builds: boolean;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/**
 * The program, built where that is asked for.
 * @throws UnavailableError where it is not built, its toolchain is missing, or its build fails
 */
export async function deployRunner(
  name: string,
  { folder, executable }: DeployRuntime,
  { deployFolder, builds, onProgress }: DeploySources,
): Promise<FoundRunner> {
  const source = join(deployFolder, folder);
  if (!existsSync(join(source, 'build')))
    throw new UnavailableError(`expected the program's sources in ${source}, found none`, {
      remedy: 'Use a clone of the repository: the package does not carry them.',
    });
  // A lock of its own: a build of half an hour shall not keep `jepa setup` waiting.
  const runnersFolder = join(cacheRoot(), 'runners');
  const target = join(runnersFolder, `${folder}-${sourceHash(source)}`);
  if (!existsSync(join(target, BUILT))) {
    if (!builds)
      throw new UnavailableError('the program is not built', {
        remedy: `Build it: jepa verify ... --runtimes ${name} --build`,
      });
    onProgress?.(`building ${folder} (once for these sources)`);
    await withCacheLock(runnersFolder, {}, async () => {
      if (!existsSync(join(target, BUILT))) await build(source, target);
    });
  }
  const program = join(target, executable);
  if (!existsSync(program))
    throw new UnavailableError(`expected the build to make ${executable}, found none in ${target}`, {
      remedy: `Remove ${target} and build again.`,
    });
  return { program, arguments: [] };
}

async function build(source: string, target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  // Built in its final place: what a build makes may hold the path (a Python environment does).
  await mkdir(target, { recursive: true });
  const result = await runCommand('sh', [join(source, 'build'), target], { folder: source, limitMs: BUILD_LIMIT_MS });
  if (result.outcome === 'exited' && result.exitCode === 0) {
    writeFileSync(join(target, BUILT), '');
    return;
  }
  rmSync(target, { recursive: true, force: true });
  if (result.exitCode === EXIT_UNAVAILABLE) throw new UnavailableError(outputLine(result));
  throw new UnavailableError(
    `expected ${join(source, 'build')} to end with 0, got ${result.outcome}: ${outputLine(result)}`,
    {
      remedy: `See what it says: sh ${join(source, 'build')} /tmp/out`,
    },
  );
}

/** Of all names and bytes below a program's folder, and of the scripts beside it that the programs share. */
export function sourceHash(folder: string): string {
  const hash = createHash('sha256');
  const add = (path: string, name: string): void => {
    const bytes = readFileSync(path);
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  };
  const visit = (path: string, name: string): void => {
    for (const entry of readdirSync(path).sort()) {
      if (ignored.has(entry)) continue;
      const inner = join(path, entry);
      if (statSync(inner).isDirectory()) visit(inner, `${name}/${entry}`);
      else add(inner, `${name}/${entry}`);
    }
  };
  visit(folder, '');
  const shared = dirname(folder);
  for (const entry of readdirSync(shared).sort())
    if (statSync(join(shared, entry)).isFile()) add(join(shared, entry), `../${entry}`);
  return hash.digest('hex').slice(0, 16);
}
