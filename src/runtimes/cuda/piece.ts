// The pieces that a run on CUDA needs, and which of them this machine lacks. Each is asked for as the loader itself would
// find it, in a child process, because the path of libraries is read when a process starts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../machine/command.ts';
import { findPackage, onnxruntimeNodePackage } from '../../machine/optional-package.ts';
import { type CudaLibrary, cudaEnvironment, libraryPath, readCuda } from './library.ts';
import { cudaLibraries, driverLibrary, providerLibraries } from './recipe.ts';

export interface CudaPiece {
  /** `driver`, or the file's name. */
  readonly name: string;
  readonly isAvailable: boolean;
  readonly reason?: string;
  readonly remedy?: string;
}

const LIMIT_MS = 30_000;
const SETUP_REMEDY = 'Run jepa setup --cuda.';

/** A file that is no addon is loaded all the same before Node complains that it did not register one. */
const script = `
  const reasons = process.argv.slice(1).map((name) => {
    try { process.dlopen({ exports: {} }, name); return ''; }
    catch (error) { return /self-register/.test(error.message) ? '' : error.message.split('\\n')[0]; }
  });
  process.stdout.write(JSON.stringify(reasons));`;

/** Why each library cannot be loaded by a process of this environment; empty where it can. */
export async function loadReasons(names: readonly string[], environment: NodeJS.ProcessEnv): Promise<string[]> {
  const result = await runCommand(process.execPath, ['--eval', script, '--', ...names], {
    environment,
    limitMs: LIMIT_MS,
  });
  if (result.outcome === 'exited' && result.exitCode === 0) return JSON.parse(result.stdout);
  const ending = result.endedBy ?? `code ${result.exitCode}`;
  // A library that ends the process: one by one, to name it.
  if (names.length > 1) return (await Promise.all(names.map((name) => loadReasons([name], environment)))).flat();
  return names.map(() => `a process that loads it ends with ${ending}`);
}

/** The driver first: without it nothing else matters. */
export async function inspectCuda(library: CudaLibrary | undefined = readCuda()): Promise<CudaPiece[]> {
  const environment = cudaEnvironment({}, library);
  const names = [driverLibrary, ...cudaLibraries.map((each) => each.library)];
  const [driverReason, ...reasons] = await loadReasons(names, environment);
  return [
    driverReason === ''
      ? { name: 'driver', isAvailable: true }
      : { name: 'driver', isAvailable: false, reason: driverReason, remedy: 'Install the NVIDIA driver.' },
    ...providerLibraries.map((name) => inspectProvider(name, library)),
    ...cudaLibraries.map(({ library: name, project }, index) =>
      reasons[index] === ''
        ? { name, isAvailable: true }
        : {
            name,
            isAvailable: false,
            reason: reasons[index],
            remedy: `${SETUP_REMEDY.slice(0, -1)}, which brings ${project}.`,
          },
    ),
  ];
}

function inspectProvider(name: string, library: CudaLibrary | undefined): CudaPiece {
  const installed = findPackage(onnxruntimeNodePackage);
  const folders = [library?.libraryFolder, installed && join(installed, libraryPath)].filter(
    (each) => each !== undefined,
  );
  if (folders.some((folder) => existsSync(join(folder, name)))) return { name, isAvailable: true };
  return { name, isAvailable: false, reason: 'it is not beside libonnxruntime.so.1', remedy: SETUP_REMEDY };
}
