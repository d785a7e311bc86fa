// `jepa` in the process of the test: what a command prints and ends with, without the second that a process of its own takes.
import { register } from 'tsx/esm/api';
import { vi } from 'vitest';
// It keeps the working folder in which it is first loaded: that must not be one that a test removes.
import 'esbuild';
import { createProgram, type Program } from '../../cli/program.ts';
import { forbidAllCode, type NamedCode, permitCode } from '../../src/machine/code-permission.ts';

// Nor must that of tsx's thread, which loads another esbuild when a first module is imported through it.
await register({ namespace: 'loads the thread' }).unregister();

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Given {
  /** The working folder of the command. Default: that of the tests. */
  readonly cwd?: string;
  /** Variables of the environment, besides those of the tests; undefined: without this one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Code that is as good as named on the command line. */
  readonly permitted?: readonly NamedCode[];
  /** Is given the program before it runs: to interrupt it, say. */
  readonly onStart?: (program: Program) => void;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs one command; those of one file run one after the other, since a process has one working folder and one environment. */
export function jepa(argv: readonly string[], given: Given = {}): Promise<Ended> {
  const ended = last.then(() => run(argv, given));
  last = ended;
  return ended;
}

/** `jepa` with arguments that all calls of a file have in common. */
export function jepaWith(first: readonly string[], given: Given = {}): (...argv: readonly string[]) => Promise<Ended> {
  return (...argv) => jepa([...first, ...argv], given);
}

async function run(argv: readonly string[], { cwd, env = {}, permitted = [], onStart }: Given): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
  };
  const restore = [intercept(streams), changeFolder(cwd), changeEnvironment(env)];
  // What one command was allowed, another is not.
  forbidAllCode();
  for (const code of permitted) permitCode(code);
  try {
    const program = createProgram(streams);
    onStart?.(program);
    const code = await program.run(argv);
    return { code, ...written };
  } finally {
    for (const each of restore.reverse()) each();
  }
}

type Streams = Readonly<Record<'stdout' | 'stderr', { write(text: string): unknown }>>;

/** What a library prints by itself is seen by a user too, and so by the tests. */
function intercept(streams: Streams): () => void {
  const spies = [
    ...(['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((text) => {
        streams[name].write(String(text));
        return true;
      }),
    ),
    ...(['log', 'info', 'warn', 'error'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...parts) => {
        streams[name === 'log' || name === 'info' ? 'stdout' : 'stderr'].write(`${parts.map(String).join(' ')}\n`);
      }),
    ),
  ];
  return () => {
    for (const spy of spies) spy.mockRestore();
  };
}

function changeFolder(folder: string | undefined): () => void {
  if (folder === undefined) return () => {};
  const before = process.cwd();
  process.chdir(folder);
  return () => process.chdir(before);
}

function changeEnvironment(changes: Readonly<Record<string, string | undefined>>): () => void {
  const before = { ...process.env };
  Object.assign(process.env, changes);
  for (const [name, value] of Object.entries(changes)) if (value === undefined) delete process.env[name];
  return () => {
    // Set-ups of native libraries leave variables of their own, which stay: the libraries have read them.
    for (const name of Object.keys(changes))
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  };
}
