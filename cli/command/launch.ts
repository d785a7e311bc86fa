// `jepa launch`: prints the script that runs a sweep, or an evaluation in shards, on an engine, or submits it.
import { Command } from 'commander';
import { UsageError } from '../../src/error.ts';
import { parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';

interface LaunchFlags {
  readonly submit?: boolean;
  readonly command?: string;
  readonly image?: string;
  readonly claim?: string;
  readonly allowCode?: boolean;
  readonly shards?: number;
}

export function createLaunchCommand(terminal: Terminal): Command {
  return new Command('launch')
    .description(
      'print the script that runs a sweep, or an evaluation in shards, on SLURM, Ray or Kubernetes, or submit it',
    )
    .argument('<engine>', 'slurm, ray, kubernetes')
    .argument(
      '<folder>',
      'of the sweep, or of jepa evaluate --partial; every machine of the engine must see it by this path',
    )
    .argument('[arguments...]', 'after --: of sbatch, or of every unit or shard on ray and kubernetes')
    .option('--submit', 'write the script into the folder and run it')
    .option('--command <words>', 'what starts jepa on those machines (default: this installation; kubernetes: jepa)')
    .option('--image <name>', 'container of kubernetes (default: node:24)')
    .option('--claim <name>', 'kubernetes: volume claim that holds the folder (default: jepa)')
    .option('--shards <number>', 'of an evaluation: in how many each pass is run', parseWhole('--shards', 1))
    .option('--allow-code', 'let units run what the configuration names: modules')
    .addHelpText(
      'after',
      `
Examples:
  jepa launch slurm sweeps/a
  jepa launch slurm sweeps/a --submit -- --partition=short --time=01:00:00
  jepa launch slurm parts --shards 16 --submit
  jepa launch ray sweeps/a > run.py
  jepa launch kubernetes sweeps/a --image registry.example/jepa:1 --claim shared > job.yaml`,
    )
    .action((engine, folder, given, flags) => runLaunch(terminal, engine, folder, given, flags));
}

async function runLaunch(
  terminal: Terminal,
  engine: string,
  folder: string,
  given: readonly string[],
  flags: LaunchFlags,
): Promise<void> {
  for (const name of ['image', 'claim'] as const)
    if (flags[name] !== undefined && engine !== 'kubernetes')
      throw new UsageError(`--${name}: expected it with kubernetes, got ${engine}`);
  const { launchScript, submitLaunch } = await import('../../pipeline/launch/index.ts');
  const { packageRoot } = await import('../../src/machine/package.ts');
  const { join } = await import('node:path');
  const here = [process.execPath, join(packageRoot(), 'bin', 'jepa.js')];
  const command =
    flags.command?.split(' ').filter((word) => word !== '') ?? (engine === 'kubernetes' ? ['jepa'] : here);
  const { submit, ...options } = flags;
  const launch = launchScript(engine, folder, { ...options, command, arguments: given });
  terminal.stdout.write(submit ? submitLaunch(folder, launch) : launch.script);
}
