// `jepa doctor`: what this machine has and what it lacks, with the reason and the remedy for each. Every runtime is opened
// in a process of its own, so that one that crashes, or that talks to stderr, is a line of the report and no more.

import { join } from 'node:path';
import { Command, Option } from 'commander';
import { describeError, JepaError, UnavailableError } from '../../src/error.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { packageRoot, packageVersion } from '../../src/machine/package.ts';
import type { FoundProgram } from '../../src/machine/program.ts';
import { type FoundPython, pythonPackageNames } from '../../src/machine/python.ts';
import type { CudaPiece } from '../../src/runtimes/cuda/piece.ts';
import type { RuntimeDescription } from '../../src/runtimes/runtime.ts';
import { collect } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { counted } from '../text/counted.ts';
import { withDashes } from '../text/option.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly require: readonly string[];
  readonly probe?: string;
}

/** A part of the machine that is there, or not there for a reason. */
interface Missing {
  readonly reason: string;
  readonly remedy?: string;
}

interface TensorFlowReport extends Partial<Missing> {
  readonly isAvailable: boolean;
  /** The version of tfjs-node, undefined where the package is missing. */
  readonly tfjsNode?: string;
  readonly tensorflowVersion?: string;
  /** How tfjs-node came to its library. */
  readonly source?: string;
  readonly folder?: string;
  readonly threads?: number;
}

interface RuntimeReport extends Partial<Missing> {
  readonly runtime: string;
  readonly isAvailable: boolean;
  readonly version?: string;
  readonly provider?: string;
  readonly threads?: number;
}

/** What `--json` prints. */
export interface Report {
  readonly format: 1;
  readonly version: string;
  readonly machine: Machine;
  readonly tensorflow: TensorFlowReport;
  readonly runtimes: readonly RuntimeReport[];
  readonly programs: readonly FoundProgram[];
  /** Optional: what simulators are recorded with. */
  readonly python?: FoundPython;
  /** What a run on CUDA is made of, where there could be one (Linux x64). */
  readonly cuda?: readonly CudaPiece[];
  readonly cache: { readonly folder: string; readonly byteLength: number; readonly freeByteLength: number | undefined };
}

/** A runtime that hangs (a driver, say) must not hang the report. */
const PROBE_LIMIT_MS = 60_000;

export function createDoctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('say what this machine has: TensorFlow, the runtimes, programs, with a remedy for what is missing')
    .option('--json', 'print the report as JSON')
    .option(
      '--require <name>',
      'exit with 1 unless this part works (tensorflow, cpu, chromium, ...); repeatable',
      collect,
      [],
    )
    .addOption(new Option('--probe <runtime>', 'open one runtime and print its description').hideHelp())
    .action((flags) => runDoctor(terminal, flags));
}

async function runDoctor(terminal: Terminal, flags: DoctorFlags): Promise<void> {
  if (flags.probe !== undefined) {
    await probe(terminal, flags.probe);
    return;
  }
  const { runtimeNames, unknownRuntime } = await import('../../src/runtimes/index.ts');
  const { programs } = await import('../../src/machine/program.ts');
  const names = ['tensorflow', ...runtimeNames, ...programs.map((program) => program.name)];
  for (const name of flags.require)
    if (!names.includes(name)) throw unknownRuntime('--require', name, names, 'a part of the report');

  const report = await inspect(runtimeNames);
  terminal.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : formatReport(report));

  for (const name of flags.require) {
    const part = partOf(report, name);
    if (part?.isAvailable) continue;
    throw new UnavailableError(`doctor: expected ${name}, got none: ${part?.reason ?? 'unknown'}`, {
      ...(part?.remedy === undefined ? {} : { remedy: part.remedy }),
    });
  }
}

function partOf(report: Report, name: string): ({ readonly isAvailable: boolean } & Partial<Missing>) | undefined {
  if (name === 'tensorflow') return report.tensorflow;
  return (
    report.runtimes.find((runtime) => runtime.runtime === name) ??
    report.programs.find((program) => program.name === name)
  );
}

async function inspect(runtimeNames: readonly string[]): Promise<Report> {
  const { describeMachine } = await import('../../src/machine/machine.ts');
  const { inspectProgram, programs } = await import('../../src/machine/program.ts');
  const { cacheRoot } = await import('../../src/machine/cache-folder.ts');
  const { folderByteLength } = await import('../../src/machine/command.ts');
  const { statfs } = await import('node:fs/promises');
  const folder = cacheRoot();
  const { inspectCuda } = await import('../../src/runtimes/cuda/piece.ts');
  const hasCuda = process.platform === 'linux' && process.arch === 'x64';
  const { inspectPython } = await import('../../src/machine/python.ts');
  const [tensorflow, runtimes, found, python, disk, cuda] = await Promise.all([
    inspectTensorFlow(),
    Promise.all(runtimeNames.map(inspectRuntime)),
    Promise.all(programs.map(inspectProgram)),
    inspectPython(),
    statfs(folder).catch(() => undefined),
    hasCuda ? inspectCuda() : undefined,
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
  const { availableParallelism } = await import('node:os');
  const { findPackage, tfjsNodePackage } = await import('../../src/machine/optional-package.ts');
  const { findNatives } = await import('../../src/tensorflow/native/find.ts');
  const { proveBinding } = await import('../../src/tensorflow/native/prove.ts');
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

async function inspectRuntime(runtime: string): Promise<RuntimeReport> {
  const { outputLine, runCommand } = await import('../../src/machine/command.ts');
  const entry = join(packageRoot(), 'bin', 'jepa.js');
  const result = await runCommand(process.execPath, [entry, 'doctor', '--probe', runtime], { limitMs: PROBE_LIMIT_MS });
  const line = result.stdout.split('\n').find((text) => text.startsWith(PROBE_MARK));
  if (line !== undefined) return JSON.parse(line.slice(PROBE_MARK.length)) as RuntimeReport;
  const reason =
    result.outcome === 'late'
      ? 'it did not open within a minute'
      : `its process ended with ${result.endedBy ?? `code ${result.exitCode}`}: ${outputLine(result)}`;
  return { runtime, isAvailable: false, reason };
}

/** Before the result of a probe, since a native library may write to stdout too. */
const PROBE_MARK = 'jepa-probe: ';

async function probe(terminal: Terminal, name: string): Promise<void> {
  const { openRuntime } = await import('../../src/runtimes/index.ts');
  let report: RuntimeReport;
  try {
    const runtime = await openRuntime(name);
    const { version, provider, threads }: RuntimeDescription = runtime.describe();
    report = { runtime: name, isAvailable: true, version, provider, threads };
  } catch (error) {
    const message = (error instanceof JepaError ? error.message : describeError(error)).replace(`${name}: `, '');
    const remedy = error instanceof JepaError ? error.remedy : undefined;
    report = { runtime: name, isAvailable: false, reason: message, ...(remedy === undefined ? {} : { remedy }) };
  }
  terminal.stdout.write(`${PROBE_MARK}${JSON.stringify(report)}\n`);
  // An open runtime (threads of WebAssembly, a GPU's) would keep the process alive.
  terminal.endsAtOnce = true;
}

/** The report for a person. */
export function formatReport(report: Report): string {
  const { version, machine, tensorflow, runtimes, programs, python, cuda = [], cache } = report;
  const gigabytes = (byteLength: number): string => `${(byteLength / 1e9).toFixed(1)} GB`;
  const system = [machine.system, machine.release, machine.architecture, machine.libc].filter((part) => part).join(' ');
  const lines = [
    `jepa-onnx   ${version}`,
    `Node        ${machine.node.version} (${machine.node.path})`,
    `system      ${system}`,
    `processor   ${machine.processor}, ${counted(machine.threads, 'thread')}${machine.instructions.length > 0 ? `, ${machine.instructions.join(' ')}` : ''}`,
    `memory      ${gigabytes(machine.memoryByteLength)}, ${gigabytes(machine.freeMemoryByteLength)} free`,
    `cache       ${cache.folder}, ${gigabytes(cache.byteLength)}${cache.freeByteLength === undefined ? '' : `, ${gigabytes(cache.freeByteLength)} free on its disk`}`,
    '',
    ...formatPart(
      'tensorflow',
      tensorflow,
      `${tensorflow.tensorflowVersion} under tfjs-node ${tensorflow.tfjsNode}, ${counted(tensorflow.threads ?? 0, 'thread')}, ` +
        `native by ${tensorflow.source} (${tensorflow.folder})`,
    ),
    ...runtimes.flatMap((runtime) =>
      formatPart(
        runtime.runtime,
        runtime.runtime === 'cuda' && lacksDriver(cuda) ? withoutDriver(runtime) : runtime,
        `${runtime.version}, ${runtime.provider}, ${counted(runtime.threads ?? 0, 'thread')}`,
      ).concat(runtime.runtime === 'cuda' && !runtime.isAvailable ? formatCuda(cuda) : []),
    ),
    ...programs.flatMap((program) =>
      formatPart(program.name, program, program.version ?? '', ` (needed for ${program.neededFor})`),
    ),
    ...(python === undefined
      ? []
      : formatPart('python', python, describePython(python), ' (optional: needed for simulators, gym:NAME)')),
  ];
  return `${lines.join('\n')}\n`;
}

/** `3.11.2 (python3) with gymnasium 1.2.0, without minari, h5py` */
function describePython({ program, version, packages }: FoundPython): string {
  const has = Object.entries(packages).map(([name, found]) => `${name} ${found}`);
  const lacks = pythonPackageNames.filter((name) => !Object.hasOwn(packages, name));
  const parts = [
    ...(has.length > 0 ? [`with ${has.join(', ')}`] : []),
    ...(lacks.length > 0 ? [`without ${lacks.join(', ')}`] : []),
  ];
  return `${version} (${program}) ${parts.join('; ')}`;
}

function lacksDriver(pieces: readonly CudaPiece[]): boolean {
  return pieces.some(({ name, isAvailable }) => name === 'driver' && !isAvailable);
}

function withoutDriver(runtime: RuntimeReport): RuntimeReport {
  if (runtime.isAvailable) return runtime;
  return {
    ...runtime,
    reason: 'no NVIDIA driver',
    remedy: 'With an NVIDIA GPU: install its driver, then jepa setup --cuda.',
  };
}

/** Each missing piece; those with one remedy together. */
function formatCuda(pieces: readonly CudaPiece[]): string[] {
  const missing = pieces.filter((piece) => !piece.isAvailable);
  // Without a driver nothing else of it is worth a line: most machines have no such GPU.
  if (lacksDriver(pieces)) return [];
  return missing.map(
    ({ name, reason, remedy }) => `${' '.repeat(11)}      lacks ${name}: ${reason}${remedy ? ` -> ${remedy}` : ''}`,
  );
}

function formatPart(
  name: string,
  part: { readonly isAvailable: boolean } & Partial<Missing>,
  found: string,
  note = '',
): string[] {
  const title = name.padEnd(11);
  if (part.isAvailable) return [`${title} yes  ${found}`];
  const remedy = part.remedy === undefined ? [] : [`${' '.repeat(11)}      -> ${withDashes(part.remedy)}`];
  return [`${title} no   ${part.reason}${note}`, ...remedy];
}
