// What is found of a machine, as `jepa doctor --json` prints it.
import type { Machine } from '../../src/machine/machine.ts';
import type { FoundProgram } from '../../src/machine/program.ts';
import type { FoundPython } from '../../src/machine/python.ts';
import type { CudaPiece } from '../../src/runtimes/cuda/piece.ts';

/** Why a part of the machine cannot be used, and what to do about it. */
export interface Missing {
  readonly reason: string;
  readonly remedy?: string;
}

/** A part of the machine: it is there, or it is not for a reason. */
export interface MachinePart extends Partial<Missing> {
  readonly isAvailable: boolean;
}

/** Native TensorFlow. */
export interface TensorFlowReport extends MachinePart {
  /** The version of tfjs-node, undefined where the package is missing. */
  readonly tfjsNode?: string;
  readonly tensorflowVersion?: string;
  /** How tfjs-node came to its library. */
  readonly source?: string;
  readonly folder?: string;
  readonly threads?: number;
}

/** A runtime, opened in a process of its own. */
export interface RuntimeReport extends MachinePart {
  readonly runtime: string;
  readonly version?: string;
  readonly provider?: string;
  readonly threads?: number;
}

/** What this machine has and what it lacks. */
export interface MachineReport {
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
  /** `freeByteLength`: undefined where the system does not say. */
  readonly cache: { readonly folder: string; readonly byteLength: number; readonly freeByteLength: number | undefined };
}

/** Every part of a report that can be asked for by name. */
export function machineParts({ tensorflow, runtimes, programs }: MachineReport): ReadonlyMap<string, MachinePart> {
  return new Map<string, MachinePart>([
    ['tensorflow', tensorflow],
    ...programs.map((program) => [program.name, program] as const),
    ...runtimes.map((runtime) => [runtime.runtime, runtime] as const),
  ]);
}
