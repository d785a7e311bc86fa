// `jepa foresee`: before training, what this data and this auxiliary will force apart, what may vanish, and how many labels save it.

import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { UsageError, unknownName } from '../../src/error.ts';
import { collect, parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { describeComparison, describeForesight } from '../text/foresight.ts';
import { partsOf, refuseFlags } from './bisimulation.ts';
import { parseImageSize } from './data.ts';

interface ForeseeFlags {
  readonly auxiliary?: string;
  readonly task?: string;
  readonly factors?: string;
  readonly set: readonly string[];
  readonly config?: string;
  readonly tolerance?: number;
  readonly observations: number;
  readonly seed?: number;
  readonly map?: string;
  readonly imageSize?: readonly [number, number];
  readonly ffmpeg?: string;
  readonly against?: string;
  readonly json?: boolean;
}

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'none');

export function createForeseeCommand(terminal: Terminal): Command {
  return new Command('foresee')
    .description(
      'before training: which pairs will be forced apart, which may merge, what of the state may vanish, how many labels save it',
    )
    .argument('[environment|recording]', 'counting, exogenous, rooms or door-key; or a recording, a file or a folder')
    .option(
      '--auxiliary <names>',
      'auxiliary functions, or columns of a recording, comma-separated; none (default: reward)',
    )
    .option(
      '--task <name>',
      'what the latents are wanted for: reward, a column of a recording, or none (default: reward)',
    )
    .option('--factors <columns>', 'columns of a recording that say what an observation is made of, comma-separated')
    .option('--tolerance <number>', 'values within this are equal (default: 0)', (text) => parseTolerance(text))
    .option(
      '--observations <number>',
      'images sampled where an auxiliary is of the pixels',
      parseWhole('--observations', 2),
      256,
    )
    .option('--seed <number>', 'seed of auxiliaries, sampled images and labels (default: 0)', parseWhole('--seed', 0))
    .option('--config <file>', 'the configuration of a training: its environment and auxiliaries')
    .option('--set <key=value>', 'one configuration key, such as environment.target=0; repeatable', collect, [])
    .option('--map <parts>', "a recording's parts and their columns: action=act,reward=r,state=label")
    .option('--image-size <HxW>', 'bring all images of a recording to this height and width', parseImageSize)
    .option('--ffmpeg <program>', 'program that decodes videos (default: ffmpeg)')
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
  const { environmentNames } = await import('../../src/environments/index.ts');
  if (!environmentNames.includes(subject) && existsSync(subject)) await runRecording(terminal, subject, flags, command);
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
  const { openRecording } = await import('../../src/data/readers/index.ts');
  const { parseMap } = await import('../../src/data/role-name.ts');
  const { roles, structure } = flags.map === undefined ? { roles: {}, structure: {} } : parseMap(flags.map);
  const { imageSize, ffmpeg, tolerance, seed, task } = flags;
  const { observation, action } = roles;
  const recording = await openRecording(path, { structure, observation, action, imageSize, ffmpeg });
  try {
    const auxiliaries = names(flags.auxiliary ?? 'reward');
    const foreseen = await foreseeRecording(recording, {
      roles,
      auxiliary: auxiliaries,
      task,
      factors: names(flags.factors ?? ''),
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

function parseTolerance(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`--tolerance: expected a number of at least 0, got "${text}"`);
}
