// Facts of this machine that decide what runs on it and how fast.
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';

export interface Machine {
  readonly node: { readonly version: string; readonly path: string };
  readonly system: string;
  readonly release: string;
  readonly architecture: string;
  /** `glibc 2.36`, `musl`, or undefined where the system has no choice of C library. */
  readonly libc: string | undefined;
  readonly processor: string;
  /** Logical processors that this process may use. */
  readonly threads: number;
  /** Vector and matrix instructions that TensorFlow and onnxruntime use, where the system tells (Linux). */
  readonly instructions: readonly string[];
  readonly memoryByteLength: number;
  readonly freeMemoryByteLength: number;
}

const interestingInstructions = [
  ...['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx_vnni', 'amx_tile', 'amx_int8', 'amx_bf16'],
  ...['asimd', 'asimddp', 'bf16', 'sve'],
];

export function describeMachine(): Machine {
  return {
    node: { version: process.versions.node, path: process.execPath },
    system: platform(),
    release: release(),
    architecture: arch(),
    libc: describeLibc(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: availableParallelism(),
    instructions: readInstructions(),
    memoryByteLength: totalmem(),
    freeMemoryByteLength: freemem(),
  };
}

/** The version of glibc that this process runs on, or undefined where the C library is another one. */
export function glibcVersion(): string | undefined {
  const report: unknown = process.report?.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined;
  const { header } = report;
  if (typeof header !== 'object' || header === null || !('glibcVersionRuntime' in header)) return undefined;
  return typeof header.glibcVersionRuntime === 'string' ? header.glibcVersionRuntime : undefined;
}

function describeLibc(): string | undefined {
  if (platform() !== 'linux') return undefined;
  const glibc = glibcVersion();
  return glibc === undefined ? 'musl' : `glibc ${glibc}`;
}

function readInstructions(): string[] {
  if (platform() !== 'linux') return [];
  try {
    // `flags` on x86, `Features` on arm.
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const flags = new Set(line.split(' '));
    return interestingInstructions.filter((name) => flags.has(name));
  } catch {
    return [];
  }
}
