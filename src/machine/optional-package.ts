// Packages with install scripts that download: npm drops an optional one whose script fails, as these do wherever their
// servers are out of reach, although all that we need is in the package itself. Looked for beside us, then in the user's
// cache, to which the same npm fetches them once, without scripts.
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { UnavailableError } from '../error.ts';
import { writeFolderAtomic } from '../storage/atomic-file.ts';
import { cacheRoot, withCacheLock } from './cache-folder.ts';
import { outputLine, runCommand } from './command.ts';
import type { SetupListener } from './setup-event.ts';

const require = createRequire(import.meta.url);

export interface OptionalPackage {
  readonly name: string;
  /** The exact version, as in our package.json. */
  readonly version: string;
  /** A file that a whole package has. */
  readonly main: string;
}

/** Trains: the kernels of tfjs in C++. Its script fetches libtensorflow from a storage bucket. */
export const tfjsNodePackage: OptionalPackage = {
  name: '@tensorflow/tfjs-node',
  version: '4.22.0',
  main: join('dist', 'index.js'),
};

/** Runs models. Its script fetches the CUDA provider from NuGet (Linux x64). */
export const onnxruntimeNodePackage: OptionalPackage = {
  name: 'onnxruntime-node',
  version: '1.30.0',
  main: join('dist', 'index.js'),
};

/** Drives a browser that is on the machine already; brings none itself. */
export const playwrightPackage: OptionalPackage = {
  name: 'playwright-core',
  version: '1.65.1',
  main: 'index.js',
};

/** npm's own time limits and retries come first. */
const LIMIT_MS = 10 * 60_000;

/** The package's folder, beside us or in the cache; undefined where it is in neither, or of another version. */
export function findPackage(wanted: OptionalPackage, root: string = cacheRoot()): string | undefined {
  return installedPackage(wanted) ?? wholeFolder(wanted, join(cachedFolder(wanted, root), 'node_modules', wanted.name));
}

/** The package's folder as npm installed it beside us. */
export function installedPackage(wanted: OptionalPackage): string | undefined {
  try {
    return wholeFolder(wanted, dirname(require.resolve(`${wanted.name}/package.json`)));
  } catch {
    return undefined;
  }
}

/** Where the cache has it, or would have it. */
export function cachedFolder({ name, version }: OptionalPackage, root: string = cacheRoot()): string {
  return join(root, `${basename(name)}-${version}`);
}

export interface EnsureOptions {
  readonly root?: string;
  readonly onSetup?: SetupListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The package's folder, fetched into the cache first where it is missing.
 * @throws UnavailableError where npm cannot fetch it.
 */
export async function ensurePackage(wanted: OptionalPackage, options: EnsureOptions = {}): Promise<string> {
  const root = options.root ?? cacheRoot();
  return (
    findPackage(wanted, root) ??
    withCacheLock(root, options, async () => findPackage(wanted, root) ?? fetchPackage(wanted, { ...options, root }))
  );
}

/** Fetches the package and what it needs into the cache and returns its folder. The caller holds the cache's lock. */
export async function fetchPackage(
  wanted: OptionalPackage,
  { root = cacheRoot(), onSetup, signal }: EnsureOptions,
): Promise<string> {
  const { name, version } = wanted;
  onSetup?.({ stage: 'package', message: `fetching ${name} ${version} with npm` });
  const target = cachedFolder(wanted, root);
  await writeFolderAtomic(
    target,
    async (folder) => {
      await writeFile(join(folder, 'package.json'), `${JSON.stringify({ private: true })}\n`);
      const [program, ...first] = npmCommand();
      const result = await runCommand(
        program,
        [
          ...[...first, 'install', `${name}@${version}`, '--save-exact', '--ignore-scripts', '--prefix', folder],
          ...['--no-global', '--no-audit', '--no-fund', '--no-package-lock', '--no-progress'],
        ],
        { folder, signal, limitMs: LIMIT_MS, environment: environmentForNpm() },
      );
      const remedy = `Install it beside jepa-onnx: npm install --ignore-scripts ${name}@${version}`;
      if (result.outcome === 'missing')
        throw new UnavailableError(`the package ${name} is missing, and so is npm to fetch it`, { remedy });
      if (result.outcome !== 'exited' || result.exitCode !== 0)
        throw new UnavailableError(
          `the package ${name} is missing and npm cannot fetch it: ` +
            outputLine(result, /npm (?:error|ERR!) (?!code|errno|syscall)/),
          { remedy },
        );
      if (wholeFolder(wanted, join(folder, 'node_modules', name)) === undefined)
        throw new UnavailableError(`npm reported success but brought no whole ${name} ${version}`, { remedy });
    },
    { replace: true },
  );
  return join(target, 'node_modules', name);
}

function wholeFolder({ version, main }: OptionalPackage, folder: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const isRight = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
    return isRight && manifest.version === version && existsSync(join(folder, main)) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** npm as it was started for us, else the one beside this Node, else the one on the path. */
function npmCommand(): readonly [string, ...string[]] {
  const started = process.env.npm_execpath;
  const startedNpm =
    started !== undefined && /^np[mx]-cli\.[cm]?js$/.test(basename(started))
      ? [join(dirname(started), 'npm-cli.js')]
      : [];
  const nodeFolder = dirname(process.execPath);
  const cli = [
    ...startedNpm,
    join(nodeFolder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(nodeFolder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => existsSync(path));
  return cli === undefined ? ['npm'] : [process.execPath, cli];
}

/** The user's npm settings, without those that an `npm run` or `npx` around us has set for its own project. */
function environmentForNpm(): NodeJS.ProcessEnv {
  const own =
    /^(?:npm_(?:package_|lifecycle_|config_(?:global|local_prefix|prefix|location|package|call|workspace|dry_run)$)|INIT_CWD$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}
