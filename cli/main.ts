// The command line: gathers the commands, prints errors in one line, sets exit codes: 2 where the call is wrong in itself (an
// argument that names no file is), 1 where what was asked for failed, 75 where a living process has the run, 130, 143 and 129
// where it was interrupted.
import { Command, CommanderError } from 'commander';
import { describeError, JepaError, UsageError } from '../src/error.ts';
import { CodeRefusedError } from '../src/machine/code-permission.ts';
import { packageVersion } from '../src/machine/package.ts';
import { printable } from '../src/printable.ts';
import { LockedError } from '../src/storage/held-lock.ts';
import { commandGroups, internalCommands } from './commands.ts';
import { hide, layOutHelp } from './help.ts';
import { listenForInterruptions } from './interruption.ts';
import { withDashes } from './text/option.ts';

const DEBUG = 'print the stack trace of an error';

function buildProgram(): Command {
  const program = new Command('jepa')
    .description('Train JEPA world models, export them to ONNX, and measure whether their latents stay distinct.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .option('--debug', DEBUG)
    .exitOverride()
    .configureOutput({ outputError });
  for (const { title, commands } of commandGroups)
    for (const [create, summary] of commands) program.addCommand(prepare(create()).summary(summary).helpGroup(title));
  for (const create of internalCommands) program.addCommand(prepare(hide(create())));
  layOutHelp(program);
  return program;
}

/** What commander says of arguments, in the form of all other errors: `jepa: unknown option '--sed'. Did you mean --seed?` */
function outputError(text: string, write: (text: string) => void): void {
  const [message, hint] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const [, near] = /^\(Did you mean (.+)\?\)$/.exec(hint ?? '') ?? [];
  write(`jepa: ${message}. ${near === undefined ? 'See: jepa --help' : `Did you mean ${near}?`}\n`);
}

/** What every command and its own have. */
function prepare(command: Command): Command {
  for (const each of [command, ...command.commands])
    each
      .exitOverride()
      .configureOutput({ outputError })
      .helpOption('-h, --help', 'print this')
      .option('--debug', DEBUG);
  return command;
}

async function main(): Promise<void> {
  try {
    await buildProgram().parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message already; help and version end with 0, anything else is a usage error.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const isExpected = error instanceof JepaError;
    const advice = error instanceof CodeRefusedError ? ' Where you trust it: the same command with --allow-code.' : '';
    // What a file is called, or holds, must not draw on the terminal.
    const message = printable(withDashes(describeError(error)), { keepLines: true });
    process.stderr.write(`jepa: ${message}${advice}\n`);
    if (process.argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
    else if (!isExpected)
      process.stderr.write('This is a bug in jepa-onnx: run the command again with --debug and report it.\n');
    process.exitCode = exitCodeOf(error);
  }
}

/** EX_TEMPFAIL of sysexits.h, which engines take for "try again later": a living process has the run. */
const EXIT_LOCKED = 75;

function exitCodeOf(error: unknown): number {
  if (error instanceof LockedError) return EXIT_LOCKED;
  return error instanceof UsageError ? 2 : 1;
}

listenForInterruptions();
await main();
