// Compiles the binding's two C++ sources (they come with tfjs-node) against the headers of a wheel, and links the result.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { UnavailableError } from '../../error.ts';
import { type CommandResult, outputLine, runCommand } from '../../machine/command.ts';
import { compiler as compilerProgram, describeCalls, findProgram } from '../../machine/program.ts';
import { napiVersion } from './recipe.ts';
import { silencerSource } from './silencer.ts';

const require = createRequire(import.meta.url);

/** Both sources take 16 s on one core here. */
const COMPILE_LIMIT_MS = 15 * 60_000;

const sources = ['tfjs_backend', 'tfjs_binding'];

/** The first C++ compiler that answers: CXX, c++, g++, clang++. */
export async function findCompiler(signal?: AbortSignal): Promise<string> {
  const found = await findProgram(compilerProgram, signal);
  if (found !== undefined) return found.call[0];
  throw new UnavailableError(`no C++ compiler (tried ${describeCalls(compilerProgram)})`, {
    remedy: compilerProgram.remedy,
  });
}

export interface CompileOptions {
  readonly compiler: string;
  /** The folder of the tfjs-node package, for its sources in binding/. */
  readonly tfjsNode: string;
  /** The wheel's `tensorflow/include`. */
  readonly headers: string;
  /** An existing folder for object files and temporary ones. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Compiles the sources side by side and returns the paths of the object files. */
export async function compileBinding(options: CompileOptions): Promise<string[]> {
  const { compiler, tfjsNode, headers, scratch, signal } = options;
  return Promise.all(
    sources.map(async (source) => {
      const object = join(scratch, `${source}.o`);
      const result = await runCommand(
        compiler,
        [
          ...compilerFlags(),
          `-I${headers}`,
          `-I${tfjsNode}`,
          '-c',
          join(tfjsNode, 'binding', `${source}.cc`),
          '-o',
          object,
        ],
        { signal, limitMs: COMPILE_LIMIT_MS, environment: compilerEnvironment(scratch) },
      );
      refuseFailure(compiler, result);
      return object;
    }),
  );
}

/** Compiles and links silencer.ts's addon. */
export async function compileSilencer(
  target: string,
  { compiler, scratch, signal }: Pick<CompileOptions, 'compiler' | 'scratch' | 'signal'>,
): Promise<void> {
  const source = join(scratch, 'silencer.cc');
  await writeFile(source, silencerSource);
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const result = await runCommand(compiler, [...compilerFlags(), ...shared, source, '-o', target], {
    signal,
    limitMs: COMPILE_LIMIT_MS,
    environment: compilerEnvironment(scratch),
  });
  refuseFailure(compiler, result);
}

function compilerFlags(): string[] {
  return ['-std=c++17', '-O2', '-fPIC', `-DNAPI_VERSION=${napiVersion}`, `-I${nodeApiHeaders()}`];
}

export interface LinkOptions {
  readonly compiler: string;
  readonly objects: readonly string[];
  /** The real libraries, in the folder that the binding goes to. */
  readonly libraries: readonly string[];
  readonly binding: string;
  /** An existing folder for temporary files. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Links object files into `binding`, which finds its libraries in its own folder and all of its symbols when it is loaded. */
export async function linkBinding(options: LinkOptions): Promise<void> {
  const { compiler, objects, libraries, binding, scratch, signal } = options;
  const run = async (linkArguments: readonly string[]): Promise<void> => {
    const result = await runCommand(compiler, linkArguments, {
      signal,
      limitMs: COMPILE_LIMIT_MS,
      environment: compilerEnvironment(scratch),
    });
    refuseFailure(compiler, result);
  };
  if (process.platform === 'darwin') {
    await run([
      '-bundle',
      '-undefined',
      'dynamic_lookup',
      ...objects,
      ...libraries,
      '-Wl,-rpath,@loader_path',
      '-o',
      binding,
    ]);
    return;
  }
  // GNU ld takes 9 s for the symbol table of the 788 MB library. Empty stand-ins of the same names give the same binding in
  // a tenth of a second; -z now makes the loader look for every symbol, so that the proof covers what the linker did not.
  const empty = join(scratch, 'empty.cc');
  await writeFile(empty, '');
  const standIns = await Promise.all(
    libraries.map(async (library) => {
      const standIn = join(scratch, basename(library));
      await run(['-shared', '-nostdlib', empty, `-Wl,-soname,${basename(library)}`, '-o', standIn]);
      return standIn;
    }),
  );
  await run([
    ...['-shared', ...objects, '-Wl,-z,now', '-Wl,--no-as-needed', ...standIns],
    ...['-Wl,-rpath,$ORIGIN', '-o', binding],
  ]);
}

/** The compiler's own temporary files go where they are removed with the rest, and its words are English. */
function compilerEnvironment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, TMPDIR: folder, LC_ALL: 'C' };
}

function refuseFailure(compiler: string, result: CommandResult): void {
  if (result.outcome === 'exited' && result.exitCode === 0) return;
  if (result.outcome === 'late') throw new UnavailableError(`${compiler} did not finish in 15 minutes`);
  throw new UnavailableError(`${compiler} failed: ${outputLine(result, /error|No space left/i)}`, {
    remedy: 'Try another compiler (CXX=clang++ jepa setup).',
  });
}

/** Node-API's headers: the npm package, else those that a Node distribution has beside its program. */
function nodeApiHeaders(): string {
  const besideNode = join(dirname(process.execPath), '..', 'include', 'node');
  try {
    return join(dirname(require.resolve('node-api-headers/package.json')), 'include');
  } catch {
    if (existsSync(join(besideNode, 'node_api.h'))) return besideNode;
    throw new UnavailableError('no headers of Node-API (the package node-api-headers is missing)', {
      remedy: 'Install jepa-onnx again.',
    });
  }
}
