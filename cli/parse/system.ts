// What `jepa bisimulation` and `jepa foresee` look at: an environment with auxiliaries, or a recording, as the command line says it.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../../src/error.ts';
import { permitCodeOnCommandLine, wordsOfAssignments } from '../code-permission.ts';
import { parseImageSize } from '../command/data.ts';
import { collect, parseNonNegative, parseWhole } from './number.ts';

/** What the flags of `withSystemFlags` are parsed to. */
export interface SystemFlags {
  readonly auxiliary?: string;
  readonly set: readonly string[];
  readonly config?: string;
  readonly tolerance?: number;
  readonly observations: number;
  readonly seed?: number;
  readonly map?: string;
  readonly imageSize?: readonly [number, number];
  readonly ffmpeg?: string;
}

export function withSystemFlags(command: Command): Command {
  return command
    .option(
      '--auxiliary <names>',
      'auxiliary functions, or columns of a recording, comma-separated; none (default: reward)',
    )
    .option('--tolerance <number>', 'values within this are equal (default: 0)', parseNonNegative('--tolerance'))
    .option(
      '--observations <number>',
      'images sampled where an auxiliary is a function of the pixels',
      parseWhole('--observations', 2),
      256,
    )
    .option('--seed <number>', 'seed of auxiliaries and of what is drawn (default: 0)', parseWhole('--seed', 0))
    .option('--config <file>', 'the configuration of a training: its environment and auxiliaries')
    .option('--set <key=value>', 'one configuration key, such as environment.target=0; repeatable', collect, [])
    .option('--map <parts>', "a recording's parts and their columns: action=act,reward=r,state=label")
    .option('--image-size <HxW>', 'bring all images of a recording to this height and width', parseImageSize)
    .option('--ffmpeg <program>', 'program that decodes videos (default: ffmpeg)');
}

/** Whether the subject is a recording: no environment of ours has that name, and there is such a file. */
export async function isRecording(subject: string): Promise<boolean> {
  const { environmentNames } = await import('../../src/environments/index.ts');
  return !environmentNames.includes(subject) && existsSync(subject);
}

/** Names with commas between them; `none` is none. */
export function namesOf(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== 'none');
}

/** Open as the flags say, with the roles that they give columns; whoever asked for it disposes it. */
export async function openSystemRecording(path: string, { map, imageSize, ffmpeg }: SystemFlags) {
  const { openRecording } = await import('../../src/data/readers/index.ts');
  const { parseMap } = await import('../../src/data/role-name.ts');
  const { roles, structure } = map === undefined ? { roles: {}, structure: {} } : parseMap(map);
  const { observation, action } = roles;
  return { roles, recording: await openRecording(path, { structure, observation, action, imageSize, ffmpeg }) };
}

/** Flags that mean something only for the other kind of subject. */
export function refuseFlags(command: Command, names: readonly string[], wanted: string, subject: string): void {
  const given = names.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === given)?.long ?? given;
  throw new UsageError(`${flag}: expected ${wanted}, got ${subject}`);
}

/** The environment and the auxiliaries that a command line names. @param onPixels called before auxiliaries of the pixels are made */
export async function partsOf(
  environmentName: string,
  flags: Pick<SystemFlags, 'config' | 'set' | 'auxiliary' | 'seed'>,
  onPixels: () => void = () => {},
) {
  const { createAuxiliaries, environmentContext, parseAuxiliary } = await import('../../src/auxiliary/index.ts');
  const { createEnvironment } = await import('../../src/environments/index.ts');
  const { resolveConfiguration } = await import('../../src/training/presets.ts');
  const { requireEnvironmentConfiguration } = await import('../../src/training/configuration.ts');
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
  await permitCodeOnCommandLine(configuration, wordsOfAssignments(flags.set));
  const { name, ...options } = requireEnvironmentConfiguration('bisimulation', configuration);
  const environment = createEnvironment(name, options);
  // Auxiliaries of the pixels are computed by plain tfjs, which is fast enough here and needs no set-up; this stops its advice.
  const isOfPixels = configuration.auxiliary.some(({ kind }) => kind.startsWith('random-'));
  if (isOfPixels) onPixels();
  if (isOfPixels || configuration.auxiliary.some(({ kind }) => kind === 'module'))
    (await import('@tensorflow/tfjs')).enableProdMode();
  const context = environmentContext(environment, configuration.seed);
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, context);
  return { environment, auxiliaries, seed: configuration.seed };
}
