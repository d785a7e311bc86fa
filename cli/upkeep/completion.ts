// `jepa completion`: a script for the user's shell that completes commands, options and values. It is made from the
// commands themselves, so that it cannot lag behind them.
import { Argument, Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function createCompletionCommand(terminal: Terminal): Command {
  return new Command('completion')
    .description('print what makes your shell complete commands and options with Tab')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  echo 'eval "$(jepa completion bash)"' >> ~/.bashrc
  jepa completion zsh > "\${fpath[1]}/_jepa"
  jepa completion fish > ~/.config/fish/completions/jepa.fish

It takes effect in the next shell.`,
    )
    .action((shell, _flags, command) => printCompletion(terminal, shell, command));
}

async function printCompletion(terminal: Terminal, shell: 'bash' | 'zsh' | 'fish', command: Command): Promise<void> {
  const { completionWords } = await import('./completion-words.ts');
  const { completionScripts } = await import('./completion-script.ts');
  const { environmentNames } = await import('../../src/environments/index.ts');
  terminal.stdout.write(completionScripts[shell](completionWords(command.parent ?? command, { environmentNames })));
}
