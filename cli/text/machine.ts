// The report of `jepa doctor` for a person.
import type { MachinePart, MachineReport, RuntimeReport } from '../../pipeline/machine/report.ts';
import { type FoundPython, pythonPackageNames } from '../../src/machine/python.ts';
import type { CudaPiece } from '../../src/runtimes/cuda/piece.ts';
import { counted } from './counted.ts';
import { withDashes } from './option.ts';

/** A line for each part, and the remedy under each that is missing. */
export function describeMachineReport(report: MachineReport): string {
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

function formatPart(name: string, part: MachinePart, found: string, note = ''): string[] {
  const title = name.padEnd(11);
  if (part.isAvailable) return [`${title} yes  ${found}`];
  const remedy = part.remedy === undefined ? [] : [`${' '.repeat(11)}      -> ${withDashes(part.remedy)}`];
  return [`${title} no   ${part.reason}${note}`, ...remedy];
}
