// `jepa bisimulation`: which observations a latent must tell apart, by which action words, before anything is trained.
import { Command } from 'commander';
import type { Auxiliary } from '../src/auxiliary/index.ts';
import type { BisimulationReport, PairReport } from '../src/bisimulation/index.ts';
import type { Environment } from '../src/environments/index.ts';
import { UsageError } from '../src/error.ts';
import { collect, parseWhole } from './parse.ts';

interface BisimulationFlags {
  readonly auxiliary?: string;
  readonly set: readonly string[];
  readonly config?: string;
  readonly pair: readonly string[];
  readonly tolerance?: number;
  readonly metric?: number;
  readonly observations: number;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Rows that the text lists before it refers to --json. */
const LISTED_CLASSES = 20;

export function createBisimulationCommand(): Command {
  return new Command('bisimulation')
    .description('list which observations a latent must tell apart, and the shortest action words that show it')
    .argument('<environment>', 'counting, rooms or door-key')
    .option('--auxiliary <names>', 'auxiliary functions, comma-separated (default: reward)')
    .option('--pair <a,b>', 'two states by name or number: what tells them apart; repeatable', collect, [])
    .option('--tolerance <number>', 'auxiliary values within this are equal (default: 0)', parseNumber('--tolerance'))
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
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      `
Environments: counting, rooms, door-key
Auxiliaries:  reward, value, state, random-projection, random-transformer, module, none

Examples:
  jepa bisimulation counting --pair 3,5
  jepa bisimulation rooms --pair "r0c0 cloud 0,r6c6 cloud 3" --metric 0.9
  jepa bisimulation counting --set environment.target=0 --json
  jepa bisimulation counting --set 'auxiliary=[{"kind":"value","discount":0.9}]'`,
    )
    .action(runBisimulation);
}

async function runBisimulation(environmentName: string, flags: BisimulationFlags): Promise<void> {
  const { environment, auxiliaries, seed } = await partsOf(environmentName, flags);
  try {
    const report = auxiliaries.some(({ of }) => of === 'pixels')
      ? await reportOfImages(environment, auxiliaries, flags, seed)
      : await reportOfStates(environment, auxiliaries, flags);
    const names = auxiliaries.map(({ name }) => name);
    if (flags.json) {
      const record = { environment: { name: environment.name, ...environment.options }, auxiliaries: names, ...report };
      process.stdout.write(`${JSON.stringify(record)}\n`);
    } else process.stdout.write(describeReport(environment, names, report));
  } finally {
    for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
  }
}

async function partsOf(environmentName: string, flags: BisimulationFlags) {
  const { createAuxiliaries, environmentContext, parseAuxiliary } = await import('../src/auxiliary/index.ts');
  const { createEnvironment } = await import('../src/environments/index.ts');
  const { resolveConfiguration } = await import('../src/training/presets.ts');
  const file =
    flags.config === undefined ? undefined : await (await import('./config-file.ts')).readConfigFile(flags.config);
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
  const { name, ...options } = configuration.environment;
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
  const { reportBisimulation, systemOfEnvironment } = await import('../src/bisimulation/index.ts');
  return reportBisimulation(systemOfEnvironment(environment, auxiliaries), {
    actionNames: environment.actionNames,
    stateName: environment.stateName,
    pairs: pair.map((text) => parsePair(text, environment)),
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
  const { reportObserved, systemFromTransitions } = await import('../src/bisimulation/index.ts');
  const { sampleTransitions } = await import('../src/bisimulation/sample.ts');
  const sample = await sampleTransitions(environment, auxiliaries, { count: observations, seed });
  const recorded = systemFromTransitions(sample, { tolerance, omitContradictions: true });
  const imageOf = new Map<number, number>();
  recorded.stateOf.forEach((state, image) => {
    if (!imageOf.has(state)) imageOf.set(state, image);
  });
  return reportObserved(recorded, {
    actionNames: environment.actionNames,
    stateName: (state) => `an image of ${environment.stateName(sample.states[imageOf.get(state) ?? 0])}`,
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

function parsePair(text: string, environment: Environment): [number, number] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length !== 2)
    throw new UsageError(`--pair: expected two states with a comma between them, got "${text}"`, {
      remedy: 'For example: --pair 3,5',
    });
  const names = Array.from({ length: environment.stateCount }, (_, state) => environment.stateName(state));
  const [first, second] = parts.map((part) => {
    const state = names.indexOf(part);
    if (state >= 0) return state;
    if (/^\d+$/.test(part) && Number(part) < names.length) return Number(part);
    throw new UsageError(
      `--pair: expected the name of a state, such as "${names[0]}", or a number below ${names.length}, got "${part}"`,
      { remedy: `jepa bisimulation ${environment.name} --json lists the classes with an example each.` },
    );
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

function describeReport(environment: Environment, auxiliaries: readonly string[], report: BisimulationReport): string {
  const isComplete = report.kind === 'complete';
  const { classes, actions } = report;
  const unit = isComplete ? 'states' : 'sampled images';
  const lines = [
    `${environment.name} with ${auxiliaries.length > 0 ? `auxiliary ${auxiliaries.join(', ')}` : 'no auxiliary'}: ` +
      `${report.states} ${unit}, ${actions.length} actions (${actions.join(', ')})`,
    headline(report),
    '',
  ];
  if (report.omittedTransitions)
    lines.splice(
      1,
      0,
      `${report.omittedTransitions} transitions left out: one image and action led to images that must differ, so no encoder follows them`,
    );
  const width = Math.max(4, ...classes.map(({ size }) => String(size).length));
  lines.push(`  ${'size'.padStart(width)}  example`);
  for (const { size, example } of classes.slice(0, LISTED_CLASSES))
    lines.push(`  ${String(size).padStart(width)}  ${example.name}`);
  if (classes.length > LISTED_CLASSES)
    lines.push(`  ... and ${classes.length - LISTED_CLASSES} more (--json lists all)`);
  if (report.wordLengths && report.wordLengths.length > 0) {
    lines.push('', 'pairs of classes by the length of their shortest distinguishing word:');
    for (const { length, pairs } of report.wordLengths.slice(0, LISTED_CLASSES)) lines.push(`  ${length}: ${pairs}`);
    const last = report.wordLengths[report.wordLengths.length - 1];
    if (report.wordLengths.length > LISTED_CLASSES) lines.push('  ...', `  ${last.length}: ${last.pairs}`);
  }
  if (report.pairs.length > 0) lines.push('', ...report.pairs.map(describePair));
  return `${lines.join('\n')}\n`;
}

function describePair({ states, verdict, word, ends, gap, distance }: PairReport): string {
  const pair = `${states[0].name} and ${states[1].name}`;
  const apart = distance === undefined ? '' : `; bisimulation distance ${distance.toPrecision(6)}`;
  if (verdict !== 'apart' || !word || !ends || gap === null) return `${pair}: ${verdict}${apart}`;
  const value = `the auxiliary differs by ${gap.toPrecision(4)}`;
  return word.length === 0
    ? `${pair}: ${value} at once${apart}`
    : `${pair}: after ${word.join(' ')} at ${ends[0].name} and ${ends[1].name}, ${value}${apart}`;
}

function headline({ kind, classes, states }: BisimulationReport): string {
  if (kind === 'observed')
    return classes.length === states
      ? 'no two of them can be merged: each is a class of its own'
      : `${classes.length} classes that these transitions allow to be merged at once (another order may merge others)`;
  return classes.length === 1
    ? '1 bisimulation class: all latents may be the same'
    : `${classes.length} bisimulation classes: latents of different classes must differ`;
}
