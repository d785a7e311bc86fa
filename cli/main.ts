// The command line: gathers the commands, prints errors in one line, sets exit codes: 2 where the call is wrong in itself (an
// argument that names no file is), 1 where what was asked for failed, 130 where it was interrupted.
import { Command, CommanderError } from 'commander';
import { describeError, JepaError, UsageError } from '../src/error.ts';
import { packageVersion } from '../src/machine/package.ts';
import { commands } from './commands.ts';

function buildProgram(): Command {
  const program = new Command('jepa')
    .description('Train JEPA world models, export them to ONNX, and measure whether their latents stay distinct.')
    .version(packageVersion())
    .option('--debug', 'print the stack trace of an error')
    .exitOverride();
  for (const create of commands) {
    const command = create();
    for (const each of [command, ...command.commands])
      each.exitOverride().configureOutput({ outputError }).option('--debug', 'print the stack trace of an error');
    program.addCommand(command);
  }
  return program.configureOutput({ outputError });
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
    process.stderr.write(`jepa: ${describeError(error)}\n`);
    if (process.argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
    else if (!isExpected)
      process.stderr.write('This is a bug in jepa-onnx: run the command again with --debug and report it.\n');
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

await main();
