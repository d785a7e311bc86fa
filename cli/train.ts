// `jepa train`: trains a world model into a run's folder, or goes on with one.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { Command, Option } from 'commander';
import { UsageError } from '../src/error.ts';
import { packageVersion } from './package.ts';
import { collect, parseWhole } from './parse.ts';
import { createTrainingProgress } from './progress.ts';
import { loadTensorFlowForCommand } from './tensorflow.ts';

interface TrainFlags {
  readonly out?: string;
  readonly resume?: string;
  readonly preset?: string;
  readonly auxiliary?: string;
  readonly seed?: number;
  readonly threads?: number;
  readonly config?: string;
  readonly stopOn?: string;
  readonly set: readonly string[];
}

export function createTrainCommand(): Command {
  return new Command('train')
    .description('train a world model: encoder, latent transition model, auxiliary head')
    .argument('[environment]', 'counting, or another environment (jepa bisimulation --help lists them)')
    .option('--out <folder>', 'folder of the new run')
    .option('--resume <folder>', 'go on with the run in this folder, bit for bit as if it had not stopped')
    .option('--preset <name>', 'small (a minute on two cores) or paper (a night)', 'small')
    .option(
      '--auxiliary <names>',
      'auxiliary functions, comma-separated: reward, value, state, random-projection, random-transformer, none (default: reward)',
    )
    .option('--seed <number>', 'seed of all randomness (default: 0)', parseWhole('--seed', 0))
    .option('--threads <number>', 'threads of TensorFlow (default: all cores)', parseWhole('--threads', 1))
    .addOption(new Option('--stop-on <event>', 'stop where the latents collapse (default: warn)').choices(['collapse']))
    .option('--config <file>', 'YAML or JSON with configuration keys; overrides the preset')
    .option('--set <key=value>', 'one configuration key, such as optimization.steps=500; repeatable', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  jepa train counting --out runs/a
  jepa train counting --out runs/b --auxiliary none --seed 1
  jepa train counting --out runs/c --set optimization.steps=3000 --set environment.target=0
  jepa train --resume runs/a`,
    )
    .action(runTrain);
}

async function runTrain(environment: string | undefined, flags: TrainFlags, command: Command): Promise<void> {
  if (flags.resume !== undefined) {
    const given = ['out', 'preset', 'auxiliary', 'seed', 'threads', 'config', 'set'].filter(
      (name) => command.getOptionValueSource(name) === 'cli',
    );
    if (environment !== undefined || given.length > 0)
      throw new UsageError(
        `--resume: expected the configuration of the run itself, got ${environment ?? `--${given[0]}`} beside it`,
        { remedy: 'Drop it, or start a new run with --out.' },
      );
    await resume(flags.resume);
    return;
  }
  if (environment === undefined)
    throw new UsageError('train: expected an environment, got none', {
      remedy: 'For example: jepa train counting --out runs/a',
    });
  if (flags.out === undefined)
    throw new UsageError('train: expected --out, got none', {
      remedy: `For example: jepa train ${environment} --out runs/a`,
    });
  const configuration = await configurationOf(environment, flags);
  await trainNewRun(flags.out, configuration);
}

type Configuration = import('../src/training/configuration.ts').Configuration;

async function configurationOf(environment: string, flags: TrainFlags): Promise<Configuration> {
  const { resolveConfiguration } = await import('../src/training/presets.ts');
  const { parseAuxiliary } = await import('../src/auxiliary/index.ts');
  const { createEnvironment } = await import('../src/environments/index.ts');
  const file =
    flags.config === undefined ? undefined : await (await import('./config-file.ts')).readConfigFile(flags.config);
  const configuration = resolveConfiguration({
    preset: flags.preset ?? 'small',
    environment,
    file,
    assignments: flags.set,
    flags: {
      auxiliary: flags.auxiliary
        ?.split(',')
        .map((name) => parseAuxiliary('--auxiliary', name.trim()))
        .filter(({ kind }) => kind !== 'none'),
      seed: flags.seed,
      threads: flags.threads,
      ...(flags.stopOn === 'collapse' ? { collapse: { action: 'stop' } } : {}),
    },
    threads: availableParallelism(),
  });
  // Checked now, so that a wrong option costs no set-up; the defaults that it fills in are recorded.
  const { name, ...options } = configuration.environment;
  return { ...configuration, environment: { name, ...createEnvironment(name, options).options } };
}

/** Trains `configuration` into `runFolder`, with progress on stderr. Sets the exit code where it was interrupted. */
export async function trainNewRun(runFolder: string, configuration: Configuration): Promise<boolean> {
  const { createRunFolder } = await import('../src/training/run-folder.ts');
  const isNew = !existsSync(runFolder);
  createRunFolder(runFolder);
  try {
    return await withTraining(runFolder, configuration, async (options) => {
      const { trainRun } = await import('../models/train-run.ts');
      return trainRun(runFolder, configuration, options);
    });
  } catch (error) {
    // Without TensorFlow nothing was begun: no empty folder stays behind.
    if (isNew && readdirSync(runFolder).length === 0) rmdirSync(runFolder);
    throw error;
  }
}

async function resume(runFolder: string): Promise<void> {
  const { readConfiguration } = await import('../src/training/run-folder.ts');
  const configuration = readConfiguration(runFolder);
  await withTraining(runFolder, configuration, async (options) => {
    const { resumeRun } = await import('../models/train-run.ts');
    return resumeRun(runFolder, options);
  });
}

type RunOptions = import('../models/train-run.ts').RunOptions;
type TrainingOutcome = import('../src/training/trainer.ts').TrainingOutcome;

async function withTraining(
  runFolder: string,
  configuration: Configuration,
  work: (options: RunOptions) => Promise<TrainingOutcome>,
): Promise<boolean> {
  const { threads, optimization } = configuration;
  const tensorflow = await loadTensorFlowForCommand({ threads });
  const { loadedTensorFlow } = await import('../src/training/tensorflow/load.ts');
  const progress = createTrainingProgress(optimization.steps);
  const stop = new AbortController();
  let exitCode = 0;
  const interrupt = (name: NodeJS.Signals): void => {
    const code = name === 'SIGINT' ? 130 : 143;
    if (stop.signal.aborted) process.exit(code);
    exitCode = code;
    progress.note('stopping after this step; once more to stop at once, without a checkpoint');
    stop.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const outcome = await work({
      signal: stop.signal,
      onStep: progress.step,
      onNote: progress.note,
      provenance: {
        package: `jepa-onnx ${packageVersion()}`,
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        cpu: cpus()[0]?.model ?? 'unknown',
        tfjs: tensorflow.version.tfjs,
        tensorflow: loadedTensorFlow()?.tensorflowVersion ?? 'unknown',
        threads,
      },
    });
    progress.finish();
    if (outcome.isInterrupted) {
      process.exitCode = exitCode;
      process.stderr.write(`jepa: interrupted at step ${outcome.step}; go on with: jepa train --resume ${runFolder}\n`);
      return false;
    }
    process.stdout.write(`${runFolder}: trained ${outcome.step} steps\n`);
    return true;
  } finally {
    progress.finish();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
