// What a run's folder holds, and where. One place names the files; the formats are their writers' business.
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { FormatError, option, UsageError } from '../error.ts';
import { formatJson } from '../json.ts';
import { recognizeCode } from '../machine/code-permission.ts';
import { writeFileAtomic } from '../storage/atomic-file.ts';
import { describeFolder, listIfPresent, makeFolder, storageError, systemErrorCode } from '../storage/file-system.ts';
import { RUN_LOCK_NAME } from '../storage/run-lock.ts';
import { type Configuration, namedCodeOf, parseConfiguration } from '../training/configuration.ts';

export const RUN_FILES = {
  configuration: 'config.json',
  recording: 'recording.json',
  environment: 'environment.json',
  /** What a simulator was recorded with, where the run is of one; and the recording. */
  simulation: 'simulation.json',
  simulated: 'recording.npz',
  metrics: 'metrics.jsonl',
  measures: 'measures.jsonl',
  tensorboard: 'tb',
  models: 'models',
  export: 'export',
  /** What an encoder out of a module is before training. */
  initialEncoder: 'initial-encoder',
  evaluation: 'evaluation.json',
  report: 'report.html',
  plan: 'plan.json',
} as const;

/** Raised when a key of the configuration changes its meaning; a newer one is refused. */
const CONFIGURATION_FORMAT = 1;

/** The path of one of the run's files. */
export function runPath(runFolder: string, file: keyof typeof RUN_FILES): string {
  return join(runFolder, RUN_FILES[file]);
}

/**
 * Creates the folder of a new run; refuses one that holds anything but the traces of a run that was killed as it began, or
 * what a simulator gave for it.
 * @returns the outermost folder that was made for it; undefined where it was there
 */
export function createRunFolder(runFolder: string): string | undefined {
  if (existsSync(runPath(runFolder, 'configuration')))
    throw new UsageError(`${runFolder}: expected a new folder, got one that already holds a run`, {
      remedy: `Choose another ${option('out')}, or go on with it: jepa train --resume ${runFolder}`,
    });
  const ofSimulator: readonly string[] = [RUN_FILES.simulation, RUN_FILES.simulated];
  const isTrace = (name: string) =>
    name.startsWith(RUN_LOCK_NAME) || name.endsWith('.partial') || ofSimulator.includes(name);
  if (!(listIfPresent(runFolder) ?? []).every(isTrace))
    throw new UsageError(`${runFolder}: expected a new or empty folder, got one with files in it`, {
      remedy: `Choose another ${option('out')}.`,
    });
  try {
    return makeFolder(runFolder);
  } catch (error) {
    throw storageError(runFolder, 'to create the folder of the run', error);
  }
}

/** Throws where `createRunFolder` would; nothing is left of the try. */
export function checkRunFolder(runFolder: string): void {
  removeRunFolder(runFolder, createRunFolder(runFolder));
}

/** Takes back what `createRunFolder` made, as far as nothing is in it. */
export function removeRunFolder(runFolder: string, made: string | undefined): void {
  if (made === undefined) return;
  for (let folder = resolve(runFolder); ; folder = dirname(folder)) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
    if (folder === resolve(made)) return;
  }
}

/** A recording inside of the folder is named from there, so that the folder can be moved; any other by its whole path. */
export function writeConfiguration(runFolder: string, configuration: Configuration): void {
  const { recording } = configuration;
  const inside = recording && relative(runFolder, recording.path);
  const isInside = inside && !inside.startsWith('..') && !isAbsolute(inside);
  const content = {
    format: CONFIGURATION_FORMAT,
    ...configuration,
    ...(recording && { recording: { ...recording, path: isInside ? inside : resolve(recording.path) } }),
  };
  writeFileAtomic(runPath(runFolder, 'configuration'), formatJson(content));
}

/** The configuration that a run was started with. Throws a UsageError where the folder is not a run. */
export function readConfiguration(runFolder: string): Configuration {
  const path = runPath(runFolder, 'configuration');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = systemErrorCode(cause);
    const found =
      code === 'EACCES' && existsSync(path)
        ? `${RUN_FILES.configuration} that may not be read (EACCES)`
        : describeFolder(runFolder, 'without config.json');
    throw new UsageError(`${runFolder}: expected the folder of a run, got ${found}`, {
      remedy: 'Runs are made by: jepa train counting --out FOLDER',
      cause,
    });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${text.length} characters that are not`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null) throw new FormatError(`${path}: expected an object, got ${text}`);
  const { format, ...configuration } = parsed as Record<string, unknown>;
  if (format !== CONFIGURATION_FORMAT)
    throw new FormatError(`${path}: expected format ${CONFIGURATION_FORMAT}, got ${JSON.stringify(format)}`, {
      remedy: 'The run was made by another version of jepa-onnx: use that one.',
    });
  const parsedConfiguration = parseConfiguration(path, configuration);
  recognizeCode(runFolder, namedCodeOf(parsedConfiguration));
  const { recording } = parsedConfiguration;
  return recording
    ? { ...parsedConfiguration, recording: { ...recording, path: resolve(runFolder, recording.path) } }
    : parsedConfiguration;
}
