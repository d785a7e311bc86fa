// Programs of the machine that some feature calls or needs, and whether they answer.
import { firstLine, runCommand } from './command.ts';

export interface Program {
  /** The name in `jepa doctor`. */
  readonly name: string;
  readonly neededFor: string;
  readonly remedy: string;
  /** Calls to try, the first that answers counts. */
  readonly calls: readonly (readonly [program: string, ...programArguments: string[]])[];
}

export interface FoundProgram {
  readonly name: string;
  readonly neededFor: string;
  readonly isAvailable: boolean;
  /** What it says of itself, in one line. */
  readonly version?: string;
  readonly reason?: string;
  readonly remedy?: string;
}

const PROBE_LIMIT_MS = 30_000;

export const pip: Program = {
  name: 'pip',
  neededFor: "setting TensorFlow up from TensorFlow's wheel",
  remedy: 'Install Python 3 with pip.',
  calls: [
    ['python3', '-m', 'pip', '--version'],
    ['python', '-m', 'pip', '--version'],
    ['pip3', '--version'],
    ['pip', '--version'],
  ],
};

export const compiler: Program = {
  name: 'compiler',
  neededFor: "setting TensorFlow up from TensorFlow's wheel",
  remedy: process.platform === 'darwin' ? 'Run xcode-select --install.' : 'Install a C++ compiler (g++ or clang++).',
  calls: [
    ...(process.env.CXX ? [[process.env.CXX, '--version'] as const] : []),
    ['c++', '--version'],
    ['g++', '--version'],
    ['clang++', '--version'],
  ],
};

export const programs: readonly Program[] = [
  pip,
  compiler,
  {
    name: 'chromium',
    neededFor: 'the tests in a browser',
    remedy: 'Install chromium.',
    calls: [
      ['chromium', '--version'],
      ['chromium-browser', '--version'],
      ['google-chrome', '--version'],
    ],
  },
  {
    name: 'ffmpeg',
    neededFor: 'recordings whose images are videos',
    remedy: 'Install ffmpeg.',
    calls: [['ffmpeg', '-version']],
  },
];

/** The call of `program` that answers, without its last argument (the question for the version); undefined where none does. */
export async function findProgram(
  program: Program,
  signal?: AbortSignal,
): Promise<{ readonly call: readonly [string, ...string[]]; readonly version: string } | undefined> {
  for (const [file, ...rest] of program.calls) {
    const result = await runCommand(file, rest, { signal, limitMs: PROBE_LIMIT_MS });
    if (result.outcome === 'exited' && result.exitCode === 0)
      return { call: [file, ...rest.slice(0, -1)], version: firstLine(result.stdout) };
  }
  return undefined;
}

/** `python3 -m pip, pip3`: the calls that were tried. */
export function describeCalls({ calls }: Program): string {
  return calls.map((call) => call.slice(0, -1).join(' ')).join(', ');
}

/** Whether the machine has `program`, for a report. */
export async function inspectProgram(program: Program): Promise<FoundProgram> {
  const { name, neededFor, remedy } = program;
  const found = await findProgram(program);
  return found === undefined
    ? { name, neededFor, isAvailable: false, reason: `none of these answers: ${describeCalls(program)}`, remedy }
    : { name, neededFor, isAvailable: true, version: found.version };
}
