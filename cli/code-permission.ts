// What the command line says about code that a folder or a file names: `--allow-code`, and the paths that stand on it.
import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

/** Defines a command that writes to this terminal. */
export type CreateCommand = (terminal: Terminal) => Command;

/** A command that opens folders which may name code, with the option that lets that code run. */
export function withAllowCode(create: CreateCommand): CreateCommand {
  return (terminal) =>
    create(terminal)
      .option('--allow-code', 'run what the folder or the configuration file names: programs, modules, simulators')
      .hook('preAction', async (command) => {
        if (command.opts<{ readonly allowCode?: boolean }>().allowCode !== true) return;
        const { permitAllCode } = await import('../src/machine/code-permission.ts');
        permitAllCode((line) => terminal.stderr.write(`jepa: ${line}\n`));
      });
}

/** Lets run what a configuration names by exactly these words, which stand on the command line. */
export async function permitCodeOnCommandLine(
  configuration: import('../src/training/configuration.ts').Configuration,
  words: ReadonlySet<string>,
): Promise<void> {
  const { namedCodeOf } = await import('../src/training/configuration.ts');
  const { permitCode } = await import('../src/machine/code-permission.ts');
  for (const code of namedCodeOf(configuration)) if (words.has(code.name)) permitCode(code);
}

/** The text after `key=`, and every text within, where that is JSON. */
export function wordsOfAssignments(assignments: readonly string[]): Set<string> {
  const words = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') words.add(value);
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) visit(each);
  };
  for (const assignment of assignments) {
    const text = assignment.slice(assignment.indexOf('=') + 1);
    words.add(text);
    try {
      visit(JSON.parse(text));
    } catch {
      // Not JSON: the text itself.
    }
  }
  return words;
}
