// The program `jepa`: gathers the commands, prints errors in one line, and says the exit code: 2 where the call is wrong in
// itself (an argument that names no file is), 1 where what was asked for failed, 75 where a living process has the run, 130,
// 143 and 129 where it was interrupted.
import { Command, CommanderError } from 'commander';
import { describeError, JepaError, UsageError } from '../src/error.ts';
import { CodeRefusedError } from '../src/machine/code-permission.ts';
import { packageVersion } from '../src/machine/package.ts';
import { printable } from '../src/printable.ts';
import { storageError, systemErrorCode } from '../src/storage/file-system.ts';
import { LockedError } from '../src/storage/held-lock.ts';
import { commandGroups, internalCommands } from './commands.ts';
import { hide, layOutHelp } from './help.ts';
import { InterruptedError } from './interruption.ts';
import { createTerminal, EXIT_TRY_AGAIN, type Terminal } from './terminal.ts';
import { withDashes } from './text/option.ts';

const DEBUG = 'print the stack trace of an error';

export interface Program {
  readonly terminal: Terminal;
  /** Runs the command that `argv` (without the program's own name) says. Never rejects. @returns the exit code */
  run(argv: readonly string[]): Promise<number>;
}

/** A program for one run. It reads the environment and the working folder of this process, and writes to these streams. */
export function createProgram(streams: Pick<Terminal, 'stdout' | 'stderr'>): Program {
  const terminal = createTerminal(streams);
  return {
    terminal,
    async run(argv) {
      try {
        const command = await createRootCommand(terminal, argv[0]);
        await command.parseAsync(argv, { from: 'user' });
        return terminal.exitCode;
      } catch (error) {
        return report(terminal, error, argv.includes('--debug'));
      }
    },
  };
}

/** With the command that `named` names; with all of them where it names none, or one that speaks of the others. */
async function createRootCommand(terminal: Terminal, named: string | undefined): Promise<Command> {
  const program = prepare(terminal, new Command('jepa'))
    .description('Train JEPA world models, export them to ONNX, and measure whether their latents stay distinct.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a command');
  const names = [...commandGroups.flatMap(({ commands }) => commands), ...internalCommands].map(([name]) => name);
  const isAlone = named !== 'completion' && names.some((name) => name === named);
  const isWanted = (name: string) => !isAlone || name === named;
  for (const { title, commands } of commandGroups)
    for (const [name, load, summary] of commands)
      if (isWanted(name)) {
        const create = await load();
        program.addCommand(prepare(terminal, create(terminal)).summary(summary).helpGroup(title));
      }
  for (const [name, load] of internalCommands)
    if (isWanted(name)) {
      const create = await load();
      program.addCommand(prepare(terminal, hide(create(terminal))));
    }
  layOutHelp(program);
  return program;
}

/** What every command and its own have. */
function prepare(terminal: Terminal, command: Command): Command {
  const widthOf = ({ isTTY, columns }: Terminal['stdout']) => (isTTY ? columns : undefined);
  for (const each of [command, ...command.commands])
    each
      .exitOverride()
      .configureOutput({
        outputError,
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => terminal.stderr.write(text),
        getOutHelpWidth: () => widthOf(terminal.stdout) ?? DEFAULT_WIDTH,
        getErrHelpWidth: () => widthOf(terminal.stderr) ?? DEFAULT_WIDTH,
      })
      .helpOption('-h, --help', 'print this')
      .option('--debug', DEBUG);
  return command;
}

/** Of help that no terminal shows. */
const DEFAULT_WIDTH = 80;

/** What commander says of arguments, in the form of all other errors: `jepa: unknown option '--sed'. Did you mean --seed?` */
function outputError(text: string, write: (text: string) => void): void {
  const [message, hint] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const [, near] = /^\(Did you mean (.+)\?\)$/.exec(hint ?? '') ?? [];
  write(`jepa: ${message?.replace(/\.$/, '')}. ${near === undefined ? 'See: jepa --help' : `Did you mean ${near}?`}\n`);
}

/** Says in one line why a command failed. @returns the exit code */
function report(terminal: Terminal, thrown: unknown, isDebugged: boolean): number {
  const error = ofMachine(thrown);
  // Commander has printed its message already; help and version end with 0, anything else is a usage error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof InterruptedError) {
    terminal.endsAtOnce = true;
    return error.exitCode;
  }
  const isExpected = error instanceof JepaError;
  const advice = error instanceof CodeRefusedError ? ' Where you trust it: the same command with --allow-code.' : '';
  // What a file is called, or holds, must not draw on the terminal.
  const message = printable(withDashes(describeError(error)), { keepLines: true });
  terminal.stderr.write(`jepa: ${message}${advice}\n`);
  if (isDebugged && error instanceof Error) terminal.stderr.write(`${error.stack ?? ''}\n`);
  else if (!isExpected)
    terminal.stderr.write('This is a bug in jepa-onnx: run the command again with --debug and report it.\n');
  return exitCodeOf(error, terminal.failureCode);
}

/** What the system says of a path or a disk that was named is no bug, whoever did not expect it. ENOENT may be one. */
const MACHINE_CODES = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'ENOTDIR', 'EEXIST'];

function ofMachine(error: unknown): unknown {
  if (!(error instanceof Error) || !MACHINE_CODES.includes(systemErrorCode(error) ?? '')) return error;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'jepa';
  return storageError(path, 'a path that can be used', error);
}

function exitCodeOf(error: unknown, failureCode: number): number {
  if (error instanceof LockedError) return EXIT_TRY_AGAIN;
  return error instanceof UsageError ? 2 : failureCode;
}
