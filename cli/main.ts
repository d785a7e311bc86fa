// The command line: gathers the commands, prints errors in one line, sets exit codes (2 usage, 1 failure, 130 interrupted).
import { Command, CommanderError } from 'commander';
import { describeError, JepaError, UsageError } from '../src/error.ts';
import { packageVersion } from '../src/machine/package.ts';
import { commandGroups, internalCommands } from './commands.ts';
import { hide, layOutHelp } from './help.ts';

const DEBUG = 'print the stack trace of an error';

function buildProgram(): Command {
  const program = new Command('jepa')
    .description('Train JEPA world models, export them to ONNX, and measure whether their latents stay distinct.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .option('--debug', DEBUG)
    .showHelpAfterError('(jepa --help lists the commands)')
    .exitOverride();
  for (const { title, commands } of commandGroups)
    for (const [create, summary] of commands) program.addCommand(prepare(create()).summary(summary).helpGroup(title));
  for (const create of internalCommands) program.addCommand(prepare(hide(create())));
  layOutHelp(program);
  return program;
}

/** What every command and its own have. */
function prepare(command: Command): Command {
  for (const each of [command, ...command.commands])
    each.exitOverride().helpOption('-h, --help', 'print this').option('--debug', DEBUG);
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
    process.stderr.write(`jepa: ${describeError(error)}\n`);
    if (process.argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
    else if (!isExpected)
      process.stderr.write('This is a bug in jepa-onnx: run the command again with --debug and report it.\n');
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

await main();
