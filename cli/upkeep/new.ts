// `jepa new`: writes a starting point for what a user writes themself.
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function createNewCommand(terminal: Terminal): Command {
  const command = new Command('new').description('write a starting point: an environment of your own');
  command
    .command('environment')
    .description('write a module with a small world of pixels that runs as it is, to be changed into yours')
    .argument('<name>', 'my-env writes my-env.ts')
    .action((name) => runNewEnvironment(terminal, name));
  return command;
}

/** As a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

async function runNewEnvironment(terminal: Terminal, name: string): Promise<void> {
  const { isAbsolute } = await import('node:path');
  const { writeStartingPoint } = await import('../../src/simulation/starting-point.ts');
  const path = writeStartingPoint(name);
  const shown = quoted(isAbsolute(path) ? path : `./${path}`);
  terminal.stdout.write(`${path}: a world that runs as it is. Next:
  jepa train ${shown} --out runs/a
  jepa export runs/a
  jepa evaluate runs/a
  jepa plan runs/a
`);
}
