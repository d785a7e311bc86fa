// `jepa quickstart`: the whole path once, with the commands that a person would type: train, export, evaluate.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { createEvaluateCommand } from './evaluate.ts';
import { createExportCommand } from './export.ts';
import { createTrainCommand } from './train.ts';

interface QuickstartFlags {
  readonly out?: string;
  readonly seed: number;
  readonly auxiliary: string;
}

export function createQuickstartCommand(terminal: Terminal): Command {
  return new Command('quickstart')
    .description('train, export and evaluate the counting environment, and write a report')
    .option('--out <folder>', 'folder of the run (default: runs/quickstart, or the next free number)')
    .option('--seed <number>', 'seed of all randomness', parseWhole('--seed', 0), 0)
    .option('--auxiliary <names>', 'auxiliary functions; none shows a collapse', 'reward')
    .action((flags) => runQuickstart(terminal, flags));
}

async function runQuickstart(terminal: Terminal, flags: QuickstartFlags): Promise<void> {
  const run = flags.out ?? freeFolder(join('runs', 'quickstart'));
  const seed = flags.seed === 0 ? [] : ['--seed', String(flags.seed)];
  const auxiliary = flags.auxiliary === 'reward' ? [] : ['--auxiliary', flags.auxiliary];
  const lines: readonly (readonly [create: (terminal: Terminal) => Command, ...argv: string[]])[] = [
    [createTrainCommand, 'counting', '--out', run, ...seed, ...auxiliary],
    [createExportCommand, run],
    [createEvaluateCommand, run, '--runtime', 'cpu,wasm'],
  ];
  for (const [create, ...argv] of lines) {
    const command = create(terminal).exitOverride();
    terminal.stdout.write(`\n$ jepa ${[command.name(), ...argv].join(' ')}\n`);
    await command.parseAsync(argv, { from: 'user' });
    if (terminal.exitCode !== 0) return;
  }
  terminal.stdout.write(`\nReport: ${join(run, 'report.html')}\n`);
}

function freeFolder(base: string): string {
  if (!existsSync(base)) return base;
  let number = 2;
  while (existsSync(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
