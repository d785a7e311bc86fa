// `jepa bisimulation`: which observations a latent must tell apart, by which action words, before anything is trained.
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { Auxiliary } from '../../src/auxiliary/index.ts';
import type { BisimulationReport, StochasticPair } from '../../src/bisimulation/index.ts';
import type { Environment } from '../../src/environments/index.ts';
import { UsageError } from '../../src/error.ts';
import { permitCodeOnCommandLine, wordsOfAssignments } from '../code-permission.ts';
import { collect, parseWhole } from '../parse/number.ts';
import type { Terminal } from '../terminal.ts';
import { describeReport } from '../text/bisimulation.ts';
import { parseImageSize } from './data.ts';

interface BisimulationFlags {
  readonly auxiliary?: string;
  readonly set: readonly string[];
  readonly config?: string;
  readonly pair: readonly string[];
  readonly tolerance?: number;
  readonly metric?: number;
  readonly epsilon?: number;
  readonly observations: number;
  readonly seed?: number;
  readonly map?: string;
  readonly imageSize?: readonly [number, number];
  readonly ffmpeg?: string;
  readonly json?: boolean;
}

export function createBisimulationCommand(terminal: Terminal): Command {
  return new Command('bisimulation')
    .description('list which observations a latent must tell apart, and the shortest action words that show it')
    .argument('<environment|recording>', 'counting, exogenous, rooms or door-key; or a recording, a file or a folder')
    .option('--auxiliary <names>', 'auxiliary functions, or columns of a recording, comma-separated (default: reward)')
    .option('--pair <a,b>', 'two states by name or number: what tells them apart; repeatable', collect, [])
    .option('--tolerance <number>', 'auxiliary values within this are equal (default: 0)', parseNumber('--tolerance'))
    .option(
      '--epsilon <distance>',
      'of a recording whose actions slip: compare pairs by the distributions of what follows, within this total variation',
      parseNumber('--epsilon'),
    )
    .option('--metric <discount>', 'the bisimulation metric with this discount, as well', parseNumber('--metric'))
    .option(
      '--observations <number>',
      'images sampled where an auxiliary is a function of the pixels',
      parseWhole('--observations', 2),
      256,
    )
    .option('--seed <number>', 'seed of auxiliaries and sampled images (default: 0)', parseWhole('--seed', 0))
    .option('--config <file>', 'the configuration of a training: its environment and auxiliaries')
    .option('--set <key=value>', 'one configuration key, such as environment.target=0; repeatable', collect, [])
    .option('--map <parts>', "a recording's parts and their columns: action=act,reward=r,state=label")
    .option('--image-size <HxW>', 'bring all images of a recording to this height and width', parseImageSize)
    .option('--ffmpeg <program>', 'program that decodes videos (default: ffmpeg)')
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      `
Environments: counting, exogenous, rooms, door-key
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
  const { environmentNames } = await import('../../src/environments/index.ts');
  if (!environmentNames.includes(subject) && existsSync(subject)) {
    await runRecording(terminal, subject, flags, command);
    return;
  }
  refuseFlags(command, ['map', 'imageSize', 'ffmpeg'], 'a recording', subject);
  const { environment, auxiliaries, seed } = await partsOf(subject, flags);
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

/** Flags that mean something only for the other kind of subject. */
export function refuseFlags(command: Command, names: readonly string[], wanted: string, subject: string): void {
  const given = names.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === given)?.long ?? given;
  throw new UsageError(`${flag}: expected ${wanted}, got ${subject}`);
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
  const { openRecording } = await import('../../src/data/readers/index.ts');
  const { parseMap } = await import('../../src/data/role-name.ts');
  const { roles, structure } = flags.map === undefined ? { roles: {}, structure: {} } : parseMap(flags.map);
  const { imageSize, ffmpeg, tolerance } = flags;
  const recording = await openRecording(path, {
    structure,
    observation: roles.observation,
    action: roles.action,
    imageSize,
    ffmpeg,
  });
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

/** The environment and the auxiliaries that a command line names, of `jepa bisimulation` and `jepa foresee`. */
export async function partsOf(
  environmentName: string,
  flags: Pick<BisimulationFlags, 'config' | 'set' | 'auxiliary' | 'seed'> &
    Partial<Pick<BisimulationFlags, 'pair' | 'metric'>>,
) {
  const { createAuxiliaries, environmentContext, parseAuxiliary } = await import('../../src/auxiliary/index.ts');
  const { createEnvironment } = await import('../../src/environments/index.ts');
  const { resolveConfiguration } = await import('../../src/training/presets.ts');
  const { requireEnvironmentConfiguration } = await import('../../src/training/configuration.ts');
  const file =
    flags.config === undefined
      ? undefined
      : await (await import('../parse/config-file.ts')).readConfigFile(flags.config);
  const configuration = resolveConfiguration({
    preset: 'small',
    environment: environmentName,
    file,
    assignments: flags.set,
    flags: {
      auxiliary: flags.auxiliary?.split(',').map((name) => parseAuxiliary('--auxiliary', name.trim())),
      seed: flags.seed,
    },
    threads: 1,
  });
  await permitCodeOnCommandLine(configuration, wordsOfAssignments(flags.set));
  const { name, ...options } = requireEnvironmentConfiguration('bisimulation', configuration);
  const environment = createEnvironment(name, options);
  // Auxiliaries of the pixels are computed by plain tfjs, which is fast enough here and needs no set-up; this stops its advice.
  const isOfPixels = configuration.auxiliary.some(({ kind }) => kind.startsWith('random-'));
  if (isOfPixels) requireImageFlags(flags);
  if (isOfPixels || configuration.auxiliary.some(({ kind }) => kind === 'module'))
    (await import('@tensorflow/tfjs')).enableProdMode();
  const context = environmentContext(environment, configuration.seed);
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, context);
  return { environment, auxiliaries, seed: configuration.seed };
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
  requireImageFlags(flags);
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
function requireImageFlags({ pair = [], metric }: Partial<Pick<BisimulationFlags, 'pair' | 'metric'>>): void {
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

function parseNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < 0)
      throw new UsageError(`${option}: expected a number of at least 0, got "${text}"`);
    return value;
  };
}
