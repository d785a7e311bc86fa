// The command line: gathers the commands, prints errors in one line, sets exit codes (2 usage, 1 failure, 75 locked by a living
// process; 130, 143 and 129 interrupted).
import { Command, CommanderError } from 'commander';
import { describeError, JepaError, UsageError } from '../src/error.ts';
import { CodeRefusedError } from '../src/machine/code-permission.ts';
import { packageVersion } from '../src/machine/package.ts';
import { LockedError } from '../src/storage/held-lock.ts';
import { commands } from './commands.ts';
import { listenForInterruptions } from './interruption.ts';

function buildProgram(): Command {
  const program = new Command('jepa')
    .description('Train JEPA world models, export them to ONNX, and measure whether their latents stay distinct.')
    .version(packageVersion())
    .option('--debug', 'print the stack trace of an error')
    .showHelpAfterError('(jepa --help lists the commands)')
    .exitOverride();
  for (const create of commands) {
    const command = create();
    command.exitOverride().option('--debug', 'print the stack trace of an error');
    for (const nested of command.commands) nested.exitOverride().option('--debug', 'print the stack trace of an error');
    program.addCommand(command);
  }
  return program;
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
    process.stderr.write(`jepa: ${describeError(error)}${advice}\n`);
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
