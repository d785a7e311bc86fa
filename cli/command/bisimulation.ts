// `jepa bisimulation`: which observations a latent must tell apart, by which action words, before anything is trained.
import { Command } from 'commander';
import type { Auxiliary } from '../../src/auxiliary/index.ts';
import type { BisimulationReport, StochasticPair } from '../../src/bisimulation/index.ts';
import type { Environment } from '../../src/environments/index.ts';
import { UsageError } from '../../src/error.ts';
import { collect, parseNonNegative } from '../parse/number.ts';
import {
  isRecording,
  openSystemRecording,
  partsOf,
  refuseFlags,
  type SystemFlags,
  withSystemFlags,
} from '../parse/system.ts';
import type { Terminal } from '../terminal.ts';
import { describeReport } from '../text/bisimulation.ts';

interface BisimulationFlags extends SystemFlags {
  readonly pair: readonly string[];
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
    .option('--pair <a,b>', 'two states by name or number: what tells them apart; repeatable', collect, [])
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
  const { environment, auxiliaries, seed } = await partsOf(subject, flags, () => requireImageFlags(flags));
  try {
    const isOfPixels = auxiliaries.some(({ of }) => of === 'pixels');
    const report = isOfPixels
      ? await reportOfImages(environment, auxiliaries, flags, seed)
      : await reportOfStates(environment, auxiliaries, flags);
    const record = { environment: { name: environment.name, ...environment.options } };
    const names = auxiliaries.map(({ name }) => name);
    print(
      terminal,
      flags,
      record,
      { subject: environment.name, unit: isOfPixels ? 'sampled images' : 'states', auxiliaries: names },
      report,
    );
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

/** What the transitions of a recording guarantee; where every action was taken in every state, the largest bisimulation. */
async function runRecording(
  terminal: Terminal,
  path: string,
  flags: BisimulationFlags,
  command: Command,
): Promise<void> {
  refuseFlags(command, ['set', 'config', 'seed', 'observations'], 'an environment', path);
  const bisimulation = await import('../../src/bisimulation/index.ts');
  const { readRecordedEpisodes } = await import('../../src/bisimulation/recorded-episodes.ts');
  const { tolerance } = flags;
  const { recording, roles } = await openSystemRecording(path, flags);
  try {
    const auxiliaries = (flags.auxiliary ?? 'reward')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== 'none');
    const episodes = await readRecordedEpisodes(recording, { roles, auxiliary: auxiliaries, tolerance });
    const recorded = bisimulation.systemFromTransitions(episodes, { tolerance, omitContradictions: true });
    const firstOf = firstObservations(recorded.stateOf);
    const options = {
      actionNames: episodes.actionNames,
      stateName: (state: number) => episodes.names[firstOf[state]],
      pairs: flags.pair.map((text) => {
        const [first, second] = parsePair(text, episodes.names, path);
        return [recorded.stateOf[first], recorded.stateOf[second]] as const;
      }),
      tolerance,
    };
    const { contradiction, omittedCount } = recorded;
    const nameOf = (observation: number) => episodes.names[observation];
    if (contradiction)
      terminal.stderr.write(
        `${omittedCount} transitions contradict more frequent ones (${nameOf(contradiction.from)} leads by ${episodes.actionNames[contradiction.action]} to ` +
          `${contradiction.to.map(nameOf).join(' and to ')}): no encoder has zero loss, and nothing is guaranteed; see --epsilon\n`,
      );
    const isComplete = !contradiction && !recorded.system.next.includes(bisimulation.UNOBSERVED);
    if (!isComplete) refuseFlags(command, ['metric'], 'every action in every state', 'a recording without some');
    const report = isComplete
      ? bisimulation.reportBisimulation(recorded.system, { ...options, discount: flags.metric })
      : bisimulation.reportObserved(recorded, options);
    const slips = flags.epsilon === undefined ? undefined : compareSlips(flags.epsilon);
    const record = {
      recording: { path, format: recording.format, observations: episodes.observationCount },
      ...(slips ? { stochastic: slips } : {}),
    };
    print(terminal, flags, record, { subject: path, unit: 'observations', auxiliaries }, report);
    if (slips && !flags.json) terminal.stdout.write(describeSlips(slips, (action) => episodes.actionNames[action]));

    function compareSlips(epsilon: number) {
      const system = bisimulation.stochasticSystem(episodes, { epsilon });
      return {
        epsilon,
        classes: system.classCount,
        pairs: flags.pair.map((text) => {
          const [first, second] = parsePair(text, episodes.names, path);
          return { observations: [nameOf(first), nameOf(second)], ...system.compare(first, second) };
        }),
      };
    }
  } finally {
    await recording.dispose();
  }
}

interface Slips {
  readonly epsilon: number;
  readonly classes: number;
  readonly pairs: readonly (StochasticPair & { readonly observations: readonly string[] })[];
}

function describeSlips({ epsilon, classes, pairs }: Slips, actionName: (action: number) => string): string {
  const lines = pairs.map(({ observations, verdict, action, interval, repeats }) => {
    const named = observations.join(' and ');
    if (action === undefined || interval === undefined)
      return `${named}: ${verdict === 'apart' ? 'the auxiliary differs' : `the same within ${epsilon}`}`;
    const range = interval.map((value) => value.toFixed(2)).join(' to ');
    const more = verdict === 'undecided' && repeats !== undefined ? `; ${repeats} repeats in each would decide` : '';
    return `${named}: ${verdict}, what follows ${actionName(action)} differs by ${range}${more}`;
  });
  return [`by distributions within ${epsilon}: ${classes} classes that are certainly apart`, ...lines, ''].join('\n');
}

/** [states]: the first observation of each. */
function firstObservations(stateOf: Int32Array): number[] {
  const first: number[] = [];
  stateOf.forEach((state, observation) => {
    first[state] ??= observation;
  });
  return first;
}

/** Auxiliaries of the state: the whole environment, exactly. */
async function reportOfStates(
  environment: Environment,
  auxiliaries: readonly Auxiliary[],
  { pair, tolerance, metric }: BisimulationFlags,
): Promise<BisimulationReport> {
  const { reportBisimulation, systemOfEnvironment } = await import('../../src/bisimulation/index.ts');
  return reportBisimulation(systemOfEnvironment(environment, auxiliaries), {
    actionNames: environment.actionNames,
    stateName: environment.stateName,
    pairs: pair.map((text) => parsePair(text, stateNames(environment), environment.name)),
    tolerance,
    discount: metric,
  });
}

/** Auxiliaries of the pixels: a sample of images, and what it guarantees. */
async function reportOfImages(
  environment: Environment,
  auxiliaries: readonly Auxiliary[],
  flags: BisimulationFlags,
  seed: number,
): Promise<BisimulationReport> {
  const { tolerance, observations } = flags;
  const { reportObserved, systemFromTransitions } = await import('../../src/bisimulation/index.ts');
  const { sampleTransitions } = await import('../../src/bisimulation/sample.ts');
  const sample = await sampleTransitions(environment, auxiliaries, { count: observations, seed });
  const recorded = systemFromTransitions(sample, { tolerance, omitContradictions: true });
  const imageOf = firstObservations(recorded.stateOf);
  return reportObserved(recorded, {
    actionNames: environment.actionNames,
    stateName: (state) => `an image of ${environment.stateName(sample.states[imageOf[state]])}`,
    tolerance,
  });
}

/** A pair of states, or a distance of them, means nothing where each of their images has its own auxiliary value. */
function requireImageFlags({ pair, metric }: BisimulationFlags): void {
  if (pair.length === 0 && metric === undefined) return;
  throw new UsageError(
    `--${pair.length > 0 ? 'pair' : 'metric'}: expected auxiliaries of the state, got one of the pixels`,
    { remedy: 'A state has many images, each with its own auxiliary value.' },
  );
}

function stateNames(environment: Environment): string[] {
  return Array.from({ length: environment.stateCount }, (_, state) => environment.stateName(state));
}

/** Two states by name, or by number where no state has that name. */
function parsePair(text: string, names: readonly string[], subject: string): [number, number] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length !== 2)
    throw new UsageError(`--pair: expected two states with a comma between them, got "${text}"`, {
      remedy: 'For example: --pair 3,5',
    });
  // Where names are numbers themselves, a number is a name.
  const hasNumbers = !/^-?\d+$/.test(names[0]);
  const [first, second] = parts.map((part) => {
    const state = names.indexOf(part);
    if (state >= 0) return state;
    if (hasNumbers && /^\d+$/.test(part) && Number(part) < names.length) return Number(part);
    const alternative = hasNumbers ? `, or a number below ${names.length}` : '';
    throw new UsageError(`--pair: expected the name of a state, such as "${names[0]}"${alternative}, got "${part}"`, {
      remedy: `jepa bisimulation ${subject} --json lists the classes with an example each.`,
    });
  });
  return [first, second];
}
