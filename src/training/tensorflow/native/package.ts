// tfjs-node's JavaScript for installations that lost it: npm drops an optional package whose install script fails, and
// tfjs-node's fails wherever its bucket is out of reach. The same npm fetches it once more, without scripts.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UnavailableError } from '../../../error.ts';
import { writeFolderAtomic } from '../../../storage/atomic-file.ts';
import { outputLine, runCommand } from './command.ts';
import { tfjsNodeCacheFolder, tfjsNodeVersion } from './recipe.ts';

/** npm's own time limits and retries come first. */
const LIMIT_MS = 10 * 60_000;

/** Fetches tfjs-node and what it needs into the cache and returns the package's folder. */
export async function fetchTfjsNode(root: string, signal?: AbortSignal): Promise<string> {
  const target = tfjsNodeCacheFolder(root);
  await writeFolderAtomic(
    target,
    async (folder) => {
      await writeFile(join(folder, 'package.json'), `${JSON.stringify({ private: true })}\n`);
      const temporary = join(folder, 'npm');
      await mkdir(temporary);
      const [program, ...first] = npmCommand();
      const result = await runCommand(
        program,
        [
          ...[...first, 'install', `@tensorflow/tfjs-node@${tfjsNodeVersion}`, '--save-exact', '--ignore-scripts'],
          ...['--prefix', folder, '--no-global', '--no-audit', '--no-fund', '--no-package-lock', '--no-progress'],
        ],
        { folder, signal, limitMs: LIMIT_MS, environment: environmentForNpm() },
      );
      if (result.outcome === 'missing')
        throw new UnavailableError('the package @tensorflow/tfjs-node is missing, and so is npm to fetch it', {
          remedy: `Install @tensorflow/tfjs-node@${tfjsNodeVersion} beside jepa-onnx with install scripts off.`,
        });
      if (result.outcome !== 'exited' || result.exitCode !== 0)
        throw new UnavailableError(
          `the package @tensorflow/tfjs-node is missing and npm cannot fetch it: ${outputLine(result, /npm (?:error|ERR!) (?!code|errno|syscall)/)}`,
          { remedy: `Run npm install --ignore-scripts @tensorflow/tfjs-node@${tfjsNodeVersion}.` },
        );
      const packageFolder = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
      if (!existsSync(join(packageFolder, 'dist', 'index.js')))
        throw new UnavailableError('npm reported success but @tensorflow/tfjs-node is not there');
    },
    { replace: true },
  );
  return join(target, 'node_modules', '@tensorflow', 'tfjs-node');
}

/** npm as it was started for us, else the one beside this Node, else the one on the path. */
function npmCommand(): readonly [string, ...string[]] {
  const started = process.env.npm_execpath;
  if (started !== undefined && /^np[mx]-cli\.[cm]?js$/.test(basename(started))) {
    const cli = join(dirname(started), 'npm-cli.js');
    if (existsSync(cli)) return [process.execPath, cli];
  }
  const besideNode = [
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => existsSync(path));
  return besideNode === undefined ? ['npm'] : [process.execPath, besideNode];
}

/** The user's npm settings, without those that an `npm run` or `npx` around us has set for its own project. */
function environmentForNpm(): NodeJS.ProcessEnv {
  const own =
    /^npm_(?:package_|lifecycle_|config_(?:global|local_prefix|prefix|location|package|call|workspace|dry_run)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name) && name !== 'INIT_CWD'));
}
