// The command line in a process of its own: its streams, its signals, its exit code. All else is program.ts.
import { listenForInterruptions } from './interruption.ts';
import { createProgram } from './program.ts';

const { terminal, run } = createProgram({ stdout: process.stdout, stderr: process.stderr });
listenForInterruptions(terminal);
process.exitCode = await run(process.argv.slice(2));
if (terminal.endsAtOnce) process.stdout.write('', () => process.exit());
