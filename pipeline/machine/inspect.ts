// What this machine has and what it lacks: TensorFlow, runtimes, programs, Python, CUDA, the cache.
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { JepaError } from '../../src/error.ts';
import { cacheRoot } from '../../src/machine/cache-folder.ts';
import { folderByteLength } from '../../src/machine/command.ts';
import { describeMachine } from '../../src/machine/machine.ts';
import { findPackage, tfjsNodePackage } from '../../src/machine/optional-package.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { inspectProgram, programs } from '../../src/machine/program.ts';
import { inspectPython } from '../../src/machine/python.ts';
import { inspectCuda } from '../../src/runtimes/cuda/piece.ts';
import { runtimeNames } from '../../src/runtimes/index.ts';
import { findNatives } from '../../src/tensorflow/native/find.ts';
import { proveBinding } from '../../src/tensorflow/native/prove.ts';
import { inspectRuntime } from './probe.ts';
import type { MachineReport, Missing, TensorFlowReport } from './report.ts';

/** Names of the parts that `machineParts` finds in a report. */
export const machinePartNames: readonly string[] = ['tensorflow', ...runtimeNames, ...programs.map(({ name }) => name)];

/** Looks at everything; starts a process for each runtime and program. What is missing is an answer, not an error. */
export async function inspectMachine(): Promise<MachineReport> {
  const folder = cacheRoot();
  const mayHaveCuda = process.platform === 'linux' && process.arch === 'x64';
  const [tensorflow, runtimes, found, python, disk, cuda] = await Promise.all([
    inspectTensorFlow(),
    Promise.all(runtimeNames.map(inspectRuntime)),
    Promise.all(programs.map(inspectProgram)),
    inspectPython(),
    statfs(folder).catch(() => undefined),
    mayHaveCuda ? inspectCuda() : undefined,
  ]);
  return {
    format: 1,
    version: packageVersion(),
    machine: describeMachine(),
    tensorflow,
    runtimes,
    programs: found,
    python,
    ...(cuda === undefined ? {} : { cuda }),
    cache: {
      folder,
      byteLength: folderByteLength(folder),
      freeByteLength: disk === undefined ? undefined : disk.bavail * disk.bsize,
    },
  };
}

async function inspectTensorFlow(): Promise<TensorFlowReport> {
  if (findPackage(tfjsNodePackage) === undefined)
    return {
      isAvailable: false,
      reason: `the package ${tfjsNodePackage.name} is missing (npm drops it when its install script fails)`,
      remedy: 'Run jepa setup, which fetches it.',
    };
  const tfjsNode = tfjsNodePackage.version;
  let failure: Missing = { reason: 'no native library is set up', remedy: 'Run jepa setup.' };
  for (const native of findNatives()) {
    try {
      const tensorflowVersion = await proveBinding(native.binding);
      const threads = Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
      const { source, folder } = native;
      return { isAvailable: true, tfjsNode, tensorflowVersion, source, folder, threads };
    } catch (error) {
      if (!(error instanceof JepaError)) throw error;
      failure = { reason: `${native.folder}: ${error.message}`, remedy: error.remedy ?? 'Run jepa setup --force.' };
    }
  }
  return { isAvailable: false, tfjsNode, ...failure };
}
