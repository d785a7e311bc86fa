// `jepa record`: rolls a policy out in a simulator and writes what was seen as a recording.
import { Command } from 'commander';
import { UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { parseWhole } from '../parse/number.ts';
import { noteRecorded, recordOptionsOf, type SimulationFlags, withSimulationFlags } from '../parse/simulation.ts';
import type { Terminal } from '../terminal.ts';
import { parseImageSize } from './data.ts';

export function createRecordCommand(terminal: Terminal): Command {
  const command = new Command('record')
    .description("record a simulator: a module of your own, an environment of Python's Gymnasium, or a built-in one")
    .argument('<simulator>', './my-env.ts (jepa new environment my-env writes one), gym:CartPole-v1, or counting')
    .option('--out <file>', 'the recording; its ending says the format: .npz, .h5, .hdf5 or .parquet', 'recording.npz')
    .option('--seed <number>', 'seed of the episodes and of the policy', parseWhole('--seed', 0), 0)
    .option('--image-size <HxW>', 'bring all images to this height and width', parseImageSize)
    .option('--json', 'print what was recorded as JSON');
  return withSimulationFlags(command, '--steps')
    .addHelpText(
      'after',
      `
Examples:
  jepa record ./my-env.ts --episodes 500 --out episodes.npz
  jepa record gym:CartPole-v1 --out cartpole.h5
  jepa record gym:CartPole-v1 --render --image-size 64x64 --out frames.npz
  jepa record ./my-env.ts --policy ./my-policy.ts --random-share 0.1 --out better.npz
  jepa record gym:CartPole-v1 --policy planner:runs/a@avoid:terminations --random-share 0.2 --out planned.npz
  jepa record gym:FrozenLake-v1 --option is_slippery=false --out lake.parquet
  jepa record counting --option target=3 --out counting.h5`,
    )
    .action((simulator, flags) => runRecord(terminal, simulator, flags));
}

async function runRecord(
  terminal: Terminal,
  simulator: string,
  flags: SimulationFlags & { readonly out: string; readonly json?: boolean },
): Promise<void> {
  const { existsSync } = await import('node:fs');
  // An hour of simulation is not thrown away for a name.
  if (existsSync(flags.out))
    throw new UsageError(`--out: expected a path that is free, got ${flags.out}, which exists`, {
      remedy: 'Choose another name, or remove this one first.',
    });
  const { recordSimulator } = await import('../../src/simulation/record-simulator.ts');
  const options = await recordOptionsOf(terminal, flags);
  const { map, provenance, ...counts } = await recordSimulator(simulator, flags.out, options);
  noteRecorded(terminal, simulator, flags.out, counts);
  const next = `jepa train --data ${flags.out}${map === undefined ? '' : ` --map ${map}`} --out runs/a`;
  terminal.stdout.write(
    flags.json
      ? formatJson({
          format: 1,
          path: flags.out,
          ...provenance,
          ...counts,
          ...(map === undefined ? {} : { map }),
          command: next,
        })
      : `To train on it: ${next}\n`,
  );
}
