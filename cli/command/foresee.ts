// `jepa foresee`: before training, what this data and this auxiliary will force apart, what may vanish, and how many labels save it.

import { Command } from 'commander';
import { UsageError, unknownName } from '../../src/error.ts';
import {
  isRecording,
  namesOf,
  openSystemRecording,
  partsOf,
  refuseFlags,
  type SystemFlags,
  withSystemFlags,
} from '../parse/system.ts';
import type { Terminal } from '../terminal.ts';
import { describeComparison, describeForesight } from '../text/foresight.ts';

interface ForeseeFlags extends SystemFlags {
  readonly task?: string;
  readonly factors?: string;
  readonly against?: string;
  readonly json?: boolean;
}

export function createForeseeCommand(terminal: Terminal): Command {
  const command = new Command('foresee')
    .description(
      'before training: which pairs will be forced apart, which may merge, what of the state may vanish, how many labels save it',
    )
    .argument(
      '[environment|recording]',
      'counting, exogenous, line, rooms or door-key; or a recording, a file or a folder',
    )
    .option(
      '--task <name>',
      'what the latents are wanted for: reward, a column of a recording, or none (default: reward)',
    )
    .option('--factors <columns>', 'columns of a recording that say what an observation is made of, comma-separated');
  return withSystemFlags(command)
    .option('--against <run>', 'an exported run of an environment: what was foreseen of it, beside what happened')
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      `
Examples:
  jepa foresee counting
  jepa foresee exogenous --auxiliary none
  jepa foresee rooms --set environment.reward=dense
  jepa foresee episodes.npz --map action=move,state=cell --auxiliary none --factors row,column
  jepa foresee --against runs/a

What each line means, and what training then did: docs/foresight.md`,
    )
    .action((subject, flags, command) => runForesee(terminal, subject, flags, command));
}

async function runForesee(
  terminal: Terminal,
  subject: string | undefined,
  flags: ForeseeFlags,
  command: Command,
): Promise<void> {
  if (flags.against !== undefined) {
    if (subject !== undefined)
      throw new UsageError(
        `foresee: expected either a subject or --against, got both, ${subject} and ${flags.against}`,
      );
    await runAgainst(terminal, flags.against, flags, command);
    return;
  }
  if (subject === undefined)
    throw new UsageError('foresee: expected an environment or a recording, got none', {
      remedy: 'For example: jepa foresee counting --auxiliary none',
    });
  if (await isRecording(subject)) await runRecording(terminal, subject, flags, command);
  else await runEnvironment(terminal, subject, flags, command);
}

async function runEnvironment(
  terminal: Terminal,
  subject: string,
  flags: ForeseeFlags,
  command: Command,
): Promise<void> {
  refuseFlags(command, ['map', 'imageSize', 'ffmpeg', 'factors'], 'a recording', subject);
  const { task } = flags;
  if (task !== undefined && task !== 'reward' && task !== 'none')
    throw unknownName('--task', 'what an environment is wanted for', task, ['reward', 'none']);
  const { foreseeEnvironment } = await import('../../pipeline/foresee/environment.ts');
  const { environment, auxiliaries, seed } = await partsOf(subject, flags);
  try {
    const foreseen = await foreseeEnvironment(environment, {
      auxiliaries,
      task,
      seed,
      tolerance: flags.tolerance,
      images: flags.observations,
    });
    const { foresight, broken, nuisances, unit, stateOf } = foreseen;
    const about = { auxiliaries: auxiliaries.map(({ name }) => name), foresight, broken, nuisances };
    const nameOf = (state: number) => environment.stateName(stateOf[state]);
    if (flags.json)
      print(terminal, { environment: { name: environment.name, ...environment.options }, unit, ...about });
    else terminal.stdout.write(describeForesight({ subject: environment.name, unit, nameOf, ...about }));
  } finally {
    for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
  }
}

async function runRecording(terminal: Terminal, path: string, flags: ForeseeFlags, command: Command): Promise<void> {
  refuseFlags(command, ['set', 'config', 'observations'], 'an environment', path);
  const { foreseeRecording } = await import('../../pipeline/foresee/recording.ts');
  const { tolerance, seed, task } = flags;
  const { recording, roles } = await openSystemRecording(path, flags);
  try {
    const auxiliaries = namesOf(flags.auxiliary ?? 'reward');
    const foreseen = await foreseeRecording(recording, {
      roles,
      auxiliary: auxiliaries,
      task,
      factors: flags.factors === undefined ? [] : namesOf(flags.factors),
      tolerance,
      seed,
    });
    const { foresight, broken, observations, forcedTogether, taskMixed } = foreseen;
    const about = { auxiliaries, foresight, broken };
    if (flags.json) {
      print(terminal, {
        recording: { path, format: recording.format, observations },
        forcedTogether,
        taskMixed,
        ...about,
      });
      return;
    }
    const notes =
      forcedTogether === 0
        ? []
        : [
            `${forcedTogether} of ${observations} observations share a latent with another by force: one action led to several${taskMixed > 0 ? `; over ${taskMixed} of these latents ${foresight.task?.name} differs, and is lost` : ''}`,
          ];
    terminal.stdout.write(
      describeForesight({
        subject: path,
        unit: 'observations',
        nameOf: (state) => foreseen.names[state],
        notes,
        ...about,
      }),
    );
  } finally {
    await recording.dispose();
  }
}

async function runAgainst(terminal: Terminal, run: string, flags: ForeseeFlags, command: Command): Promise<void> {
  refuseFlags(
    command,
    ['auxiliary', 'task', 'factors', 'set', 'config', 'map', 'imageSize', 'ffmpeg', 'tolerance', 'observations'],
    'a subject',
    `--against ${run}`,
  );
  const { compareForesight } = await import('../../pipeline/foresee/happened.ts');
  const { foresight, comparison } = await compareForesight(run, { seed: flags.seed });
  if (flags.json) print(terminal, { ...comparison, foresight: foresight.foresight });
  else terminal.stdout.write(describeComparison(comparison));
}

function print(terminal: Terminal, record: unknown): void {
  terminal.stdout.write(`${JSON.stringify(record)}\n`);
}
