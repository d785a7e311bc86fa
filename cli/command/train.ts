// `jepa train`: trains a world model into a run's folder, or goes on with one.
import { Command, Option } from 'commander';
import { UsageError } from '../../src/error.ts';
import { collect, parseWhole } from '../parse/number.ts';
import { noteRecorded, recordOptionsOf, simulationFlagNames, withSimulationFlags } from '../parse/simulation.ts';
import { configurationOf, partsOf, type TrainFlags } from '../parse/train-configuration.ts';
import type { Terminal } from '../terminal.ts';
import { createTrainingProgress } from '../text/progress.ts';
import { ensureRuntimePackages, loadTensorFlowForCommand } from '../upkeep/tensorflow.ts';
import { parseImageSize } from './data.ts';

export function createTrainCommand(terminal: Terminal): Command {
  const command = new Command('train')
    .description('train a world model: encoder, latent transition model, auxiliary head')
    .argument(
      '[environment]',
      'counting, or another of ours (jepa bisimulation --help lists them); a simulator: ./my-env.ts, gym:CartPole-v1',
    )
    .option(
      '--data <path>',
      'train on a recording instead: a file or a folder (jepa data inspect PATH says which flags)',
    )
    .option('--map <parts>', "the recording's parts and their columns: observation=pixels+proprio,action=act,reward=r")
    .option('--image-size <HxW>', "bring all the recording's images to this height and width", parseImageSize)
    .option('--skip-odd-episodes', 'leave out episodes of the recording with numbers that are not finite')
    .option('--ffmpeg <program>', "program that decodes the recording's videos (default: ffmpeg)")
    .option('--out <folder>', 'folder of the new run')
    .option('--resume <folder>', 'go on with the run in this folder, bit for bit as if it had not stopped')
    .option('--preset <name>', 'small (a minute on two cores) or paper (a night)', 'small')
    .option(
      '--auxiliary <names>',
      'auxiliary functions, comma-separated: reward, value, state, random-projection, random-transformer, none, and columns of a recording as column:NAME (default: reward)',
    )
    .option('--seed <number>', 'seed of all randomness (default: 0)', parseWhole('--seed', 0))
    .option('--threads <number>', 'threads of TensorFlow (default: all cores)', parseWhole('--threads', 1))
    .addOption(
      new Option(
        '--on <place>',
        'where to train: TensorFlow, or its graph in onnxruntime; auto: what can be had',
      ).choices(['tensorflow', 'onnx:cpu', 'onnx:wasm', 'onnx:webgpu', 'onnx:cuda', 'auto']),
    )
    .addOption(new Option('--stop-on <event>', 'stop where the latents collapse (default: warn)').choices(['collapse']))
    .option('--config <file>', 'YAML or JSON with configuration keys; overrides the preset')
    .option('--set <key=value>', 'one configuration key, such as optimization.steps=500; repeatable', collect, []);
  return withSimulationFlags(command, '--episode-steps')
    .addHelpText(
      'after',
      `
Examples:
  jepa train counting --out runs/a
  jepa train counting --out runs/b --auxiliary none --seed 1
  jepa train counting --out runs/c --set optimization.steps=3000 --set environment.target=0
  jepa train --data demonstrations.hdf5 --out runs/d
  jepa train --data episodes.npz --map observation=image+speed,action=move --auxiliary column:score --out runs/e
  jepa train ./my-env.ts --episodes 500 --out runs/f
  jepa train gym:CartPole-v1 --out runs/g
  jepa train counting --out runs/h --on onnx:cpu
  jepa train --resume runs/a
  jepa train --resume runs/a --set optimization.steps=3200`,
    )
    .action((environment, flags, command) => runTrain(terminal, environment, flags, command));
}

const recordingFlags = ['data', 'map', 'imageSize', 'skipOddEpisodes', 'ffmpeg'] as const;
/** Of the recording of a simulator only its size is the user's to choose. */
const foreignToSimulators = recordingFlags.filter((name) => name !== 'imageSize');

async function runTrain(
  terminal: Terminal,
  environment: string | undefined,
  flags: TrainFlags,
  command: Command,
): Promise<void> {
  const given = (names: readonly string[]) => names.filter((name) => command.getOptionValueSource(name) === 'cli');
  const longOf = (name: string) => command.options.find((option) => option.attributeName() === name)?.long ?? name;
  if (flags.resume !== undefined) {
    const others = given([
      'out',
      'preset',
      'auxiliary',
      'seed',
      'threads',
      'config',
      ...recordingFlags,
      ...simulationFlagNames,
    ]);
    const beside = environment ?? others.filter((name) => name !== 'data').map(longOf)[0];
    if (beside !== undefined)
      throw new UsageError(`--resume: expected the configuration of the run itself, got ${beside} beside it`, {
        remedy: 'Drop it, or start a new run with --out.',
      });
    await resume(terminal, flags.resume, flags.data, parseProlongation(flags.set), flags.on);
    return;
  }
  if (environment === undefined && flags.data === undefined && flags.config === undefined)
    throw new UsageError('train: expected an environment, got none', {
      remedy: 'For example: jepa train counting --out runs/a, or with a recording: jepa train --data PATH --out runs/a',
    });
  if (environment !== undefined && flags.data !== undefined)
    throw new UsageError(`train: expected an environment or --data, got both, ${environment} and ${flags.data}`);
  const { isSimulatorName } = await import('../../src/simulation/index.ts');
  const isSimulator = environment !== undefined && isSimulatorName(environment);
  const [ofSimulators] = isSimulator ? [] : given(simulationFlagNames);
  if (ofSimulators !== undefined)
    throw new UsageError(
      `${longOf(ofSimulators)}: expected a simulator (./my-env.ts, gym:ID), got ${environment ?? flags.data ?? 'none'}`,
    );
  const [stray] = flags.data === undefined ? given(isSimulator ? foreignToSimulators : recordingFlags) : [];
  if (stray !== undefined && environment !== undefined)
    throw new UsageError(`${longOf(stray)}: expected a recording with --data, got the environment ${environment}`);
  if (flags.out === undefined)
    throw new UsageError('train: expected --out, got none', {
      remedy: `For example: jepa train ${environment ?? `--data ${flags.data ?? 'PATH'}`} --out runs/a`,
    });
  if (isSimulator) {
    await trainOnSimulator(terminal, environment, flags.out, flags);
    return;
  }
  await trainConfigured(terminal, environment, flags.out, flags);
}

/** Records the simulator into the run's folder, and trains on that recording as on any other. */
async function trainOnSimulator(
  terminal: Terminal,
  simulator: string,
  runFolder: string,
  flags: TrainFlags,
): Promise<void> {
  const { resolveConfiguration } = await import('../../src/training/presets.ts');
  const { runPath } = await import('../../src/run/folder.ts');
  const flagsOf = (data: string, map?: string): TrainFlags => ({ ...flags, data, map, imageSize: undefined });
  // A wrong preset or key costs no simulation.
  const { seed } = resolveConfiguration(await partsOf(undefined, flagsOf(runPath(runFolder, 'simulated'))));
  const work = await import('../../pipeline/train/simulator.ts');
  const options = {
    ...(await recordOptionsOf(terminal, { ...flags, seed })),
    onFolder: (takeBack: () => void) => terminal.cleanUpWhenInterrupted(takeBack),
  };
  await work.trainOnSimulator(simulator, runFolder, options, async ({ path, map, ...counts }) => {
    noteRecorded(terminal, simulator, path, counts);
    await trainConfigured(terminal, undefined, runFolder, flagsOf(path, map));
  });
}

async function trainConfigured(
  terminal: Terminal,
  environment: string | undefined,
  runFolder: string,
  flags: TrainFlags,
): Promise<void> {
  const { configuration, recording } = await configurationOf(terminal, environment, flags);
  try {
    await trainNewRun(terminal, runFolder, configuration, { recording, on: flags.on });
  } finally {
    await recording?.dispose();
  }
}

function noteUnlessUndefined(terminal: Terminal, note: string | undefined): void {
  if (note !== undefined) terminal.stderr.write(`jepa: ${note}\n`);
}

type Configuration = import('../../src/training/configuration.ts').Configuration;

/** Trains `configuration` into `runFolder`, with progress on stderr. Sets the exit code where it was interrupted. */
async function trainNewRun(
  terminal: Terminal,
  runFolder: string,
  configuration: Configuration,
  given: Pick<RunOptions, 'recording' | 'on'> = {},
): Promise<boolean> {
  const { createRunFolder, removeRunFolder } = await import('../../src/run/folder.ts');
  const made = createRunFolder(runFolder);
  try {
    return await withTraining(terminal, runFolder, configuration, given.on ?? 'tensorflow', async (options) => {
      const { trainRun } = await import('../../pipeline/train/run.ts');
      return trainRun(runFolder, configuration, { ...given, ...options });
    });
  } catch (error) {
    // Without TensorFlow nothing was begun: no empty folder stays behind.
    removeRunFolder(runFolder, made);
    throw error;
  }
}

const PROLONGATION = 'optimization.steps=';

/** Of a run that goes on only the number of its steps can be another. */
function parseProlongation(assignments: readonly string[]): number | undefined {
  const other = assignments.find((assignment) => !assignment.startsWith(PROLONGATION));
  if (other !== undefined)
    throw new UsageError(`--resume: expected the configuration of the run itself, got --set ${other} beside it`, {
      remedy: `Only the steps can be others: --set ${PROLONGATION}N. For all else start a new run with --out.`,
    });
  const text = assignments.at(-1)?.slice(PROLONGATION.length);
  return text === undefined ? undefined : parseWhole('--set optimization.steps', 1)(text);
}

async function resume(
  terminal: Terminal,
  runFolder: string,
  recordingPath: string | undefined,
  steps: number | undefined,
  on: TrainingPlaceChoice | undefined,
): Promise<void> {
  const { readConfiguration } = await import('../../src/run/folder.ts');
  const configuration = readConfiguration(runFolder);
  const { finishedSteps, resumeRun } = await import('../../pipeline/train/resume.ts');
  const { placeOfRun } = await import('../../pipeline/train/provenance.ts');
  const finished = finishedSteps(runFolder);
  if (finished !== undefined && (steps === undefined || steps === finished)) {
    terminal.stdout.write(`${runFolder}: finished before, with ${finished} steps; nothing was trained\n`);
    terminal.stderr.write(
      `jepa: to prolong it: jepa train --resume ${runFolder} --set ${PROLONGATION}${2 * finished}\n`,
    );
    return;
  }
  const { optimization } = configuration;
  const goal = steps === undefined ? configuration : { ...configuration, optimization: { ...optimization, steps } };
  await withTraining(terminal, runFolder, goal, on ?? placeOfRun(runFolder), async (options) => {
    return resumeRun(runFolder, { ...options, recordingPath, steps });
  });
}

type RunOptions = import('../../pipeline/train/run.ts').RunOptions;
type TrainingPlaceChoice = import('../../pipeline/train/place.ts').TrainingPlaceChoice;
type TrainingOutcome = import('../../src/training/trainer.ts').TrainingOutcome;

/** What the place needs is set up: a set-up shows its progress, and is stopped otherwise than a training. */
async function preparePlace(
  terminal: Terminal,
  choice: TrainingPlaceChoice,
  threads: number,
): Promise<TrainingPlaceChoice> {
  if (choice !== 'auto' && choice !== 'tensorflow') {
    await ensureRuntimePackages(terminal, [choice.slice('onnx:'.length)]);
    return choice;
  }
  try {
    await loadTensorFlowForCommand(terminal, { threads });
    return 'tensorflow';
  } catch (error) {
    const { placeInstead } = await import('../../pipeline/train/place.ts');
    const { name, note } = placeInstead(choice, error);
    noteUnlessUndefined(terminal, note);
    return preparePlace(terminal, name, threads);
  }
}

async function withTraining(
  terminal: Terminal,
  runFolder: string,
  configuration: Configuration,
  choice: TrainingPlaceChoice,
  work: (options: RunOptions) => Promise<TrainingOutcome>,
): Promise<boolean> {
  const { threads, optimization } = configuration;
  const on = await preparePlace(terminal, choice, threads);
  const progress = createTrainingProgress(optimization.steps, terminal.stderr);
  const stop = new AbortController();
  let exitCode = 0;
  const release = terminal.stopWhenInterrupted((code) => {
    exitCode = code;
    progress.note('stopping after this step; once more to stop at once, without a checkpoint');
    stop.abort();
    return true;
  });
  try {
    const outcome = await work({
      on,
      signal: stop.signal,
      onStep: progress.step,
      onNote: progress.note,
    });
    progress.finish();
    if (outcome.isInterrupted) {
      terminal.exitCode = exitCode;
      terminal.stderr.write(
        `jepa: interrupted at step ${outcome.step}; go on with: jepa train --resume ${runFolder}\n`,
      );
      return false;
    }
    terminal.stdout.write(`${runFolder}: trained ${outcome.step} steps\n`);
    return true;
  } finally {
    progress.finish();
    release();
  }
}
