// `jepa bisimulation`: which observations a latent must tell apart, by which action words, before anything is trained.
import { Command } from 'commander';
import type { NamedPair } from '../../pipeline/bisimulation/pair.ts';
import type { BisimulationReport } from '../../src/bisimulation/index.ts';
import { UsageError } from '../../src/error.ts';
import { parseNonNegative } from '../parse/number.ts';
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
import { describeDistributions, describeReport } from '../text/bisimulation.ts';
import { noteTo } from '../text/option.ts';

interface BisimulationFlags extends SystemFlags {
  readonly pair: readonly NamedPair[];
  readonly metric?: number;
  readonly epsilon?: number;
  readonly json?: boolean;
}

export function createBisimulationCommand(terminal: Terminal): Command {
  const command = new Command('bisimulation')
    .description('list which observations a latent must tell apart, and the shortest action words that show it')
    .argument(
      '<environment|recording>',
      'counting, exogenous, line, rooms or door-key; or a recording, a file or a folder',
    )
    .option('--pair <a,b>', 'two states by name or number: what tells them apart; repeatable', collectPair, [])
    .option(
      '--epsilon <distance>',
      'of a recording whose actions slip: compare pairs by the distributions of what follows, within this total variation',
      parseNonNegative('--epsilon'),
    )
    .option('--metric <discount>', 'the bisimulation metric with this discount, as well', parseNonNegative('--metric'));
  return withSystemFlags(command)
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      `
Environments: counting, exogenous, line, rooms, door-key
Auxiliaries:  reward, value, state, random-projection, random-transformer, module, none

Examples:
  jepa bisimulation counting --pair 3,5
  jepa bisimulation rooms --pair "r0c0 cloud 0,r6c6 cloud 3" --metric 0.9
  jepa bisimulation counting --set environment.target=0 --json
  jepa bisimulation counting --set 'auxiliary=[{"kind":"value","discount":0.9}]'
  jepa bisimulation episodes.npz --map action=move,state=cell --pair 3,7

What recorded transitions guarantee, and what they leave open: docs/bisimulation.md`,
    )
    .action((subject, flags, command) => runBisimulation(terminal, subject, flags, command));
}

function collectPair(text: string, before: readonly NamedPair[]): NamedPair[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length !== 2)
    throw new UsageError(`--pair: expected two states with a comma between them, got "${text}"`, {
      remedy: 'For example: --pair 3,5',
    });
  return [...before, [parts[0], parts[1]]];
}

async function runBisimulation(
  terminal: Terminal,
  subject: string,
  flags: BisimulationFlags,
  command: Command,
): Promise<void> {
  if (await isRecording(subject)) {
    await runRecording(terminal, subject, flags, command);
    return;
  }
  refuseFlags(command, ['map', 'imageSize', 'ffmpeg'], 'a recording', subject);
  const { bisimulationOfEnvironment, requireStates } = await import('../../pipeline/bisimulation/environment.ts');
  const { pair: pairs, metric, tolerance, observations: images } = flags;
  const { environment, auxiliaries, seed } = await partsOf(subject, flags, () => requireStates({ pairs, metric }));
  try {
    const options = { auxiliaries, pairs, metric, tolerance, images, seed };
    const { report, unit } = await bisimulationOfEnvironment(environment, options);
    const record = { environment: { name: environment.name, ...environment.options } };
    const names = auxiliaries.map(({ name }) => name);
    print(terminal, flags, record, { subject: environment.name, unit, auxiliaries: names }, report);
  } finally {
    for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
  }
}

function print(
  terminal: Terminal,
  flags: BisimulationFlags,
  record: Readonly<Record<string, unknown>>,
  about: { readonly subject: string; readonly unit: string; readonly auxiliaries: readonly string[] },
  report: BisimulationReport,
): void {
  terminal.stdout.write(
    flags.json
      ? `${JSON.stringify({ ...record, auxiliaries: about.auxiliaries, ...report })}\n`
      : describeReport(about, report),
  );
}

async function runRecording(
  terminal: Terminal,
  path: string,
  flags: BisimulationFlags,
  command: Command,
): Promise<void> {
  refuseFlags(command, ['set', 'config', 'seed', 'observations'], 'an environment', path);
  const { bisimulationOfRecording } = await import('../../pipeline/bisimulation/recording.ts');
  const { pair: pairs, metric, tolerance, epsilon } = flags;
  const { recording, roles } = await openSystemRecording(path, flags);
  try {
    const auxiliaries = namesOf(flags.auxiliary ?? 'reward');
    const { report, observations, actionNames, stochastic } = await bisimulationOfRecording(recording, {
      ...{ roles, auxiliary: auxiliaries, pairs, metric, tolerance, epsilon },
      onNote: noteTo(terminal.stderr),
    });
    const record = {
      recording: { path, format: recording.format, observations },
      ...(stochastic ? { stochastic } : {}),
    };
    print(terminal, flags, record, { subject: path, unit: 'observations', auxiliaries }, report);
    if (stochastic && !flags.json) terminal.stdout.write(describeDistributions(stochastic, actionNames));
  } finally {
    await recording.dispose();
  }
}
