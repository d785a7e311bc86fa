// Reading what a runtime is asked to load, with the errors that a person can act on.
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { FormatError, JepaError, UsageError } from '../error.ts';
import { containedPath, externalLocations } from './external-data.ts';

export interface ModelFile {
  /** The name in messages: the last two parts of the path, or `model` for bytes. */
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** @throws JepaError where there is no such file, FormatError where it is empty. */
export function readModelFile(model: Uint8Array | string): ModelFile {
  if (typeof model !== 'string') return checkLength({ where: 'model', bytes: model });
  const where = checkModelPath(model);
  return { where, bytes: readFileSync(model) };
}

/** The most that Node reads at once, and that a protobuf message may have. */
const MAXIMAL_BYTES = 2 ** 31 - 1;

/** The name of a model in messages, once its file is known to be there and not empty. */
export function checkModelPath(path: string): string {
  const where = join(basename(dirname(path)), basename(path));
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile())
    throw new JepaError(`${where}: expected a model file, found none at ${path}`, {
      remedy: 'Name a run or an export folder that was written whole.',
    });
  if (status.size === 0)
    throw new FormatError(`${where}: expected a model, got an empty file`, { remedy: 'Write or fetch it again.' });
  if (status.size > MAXIMAL_BYTES)
    throw new FormatError(`${where}: expected at most ${MAXIMAL_BYTES} bytes in one file, got ${status.size}`, {
      remedy: 'Write the weights to a file beside the model (external data).',
    });
  return where;
}

export interface ExternalFile {
  /** As the model names it. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** The paths of the files that a model names, all in its own folder. */
export function externalFilePaths(path: string, locations: readonly string[], where: string): string[] {
  return locations.map((location) =>
    containedPath(
      dirname(path),
      location,
      (why) =>
        new FormatError(
          `${where}: expected its weights in a plain file of its own folder, got "${location}" (${why})`,
          {
            remedy: 'Put the data file beside the model, under the name that it was written with.',
          },
        ),
    ),
  );
}

/** The files of weights that the model names, from its own folder: for runtimes that open no files. */
export function readExternalFiles(path: string, model: Uint8Array, where: string): ExternalFile[] {
  const locations = externalLocations(model);
  return externalFilePaths(path, locations, where).map((file, i) => {
    const { size } = statSync(file);
    if (size > MAXIMAL_BYTES)
      throw new FormatError(
        `${where}: expected at most ${MAXIMAL_BYTES} bytes of weights for this runtime, got ${size}`,
        { remedy: 'Use the runtime cpu.' },
      );
    return { path: locations[i], data: readFileSync(file) };
  });
}

/** To protobuf, zero bytes are a valid, empty message. */
function checkLength(file: ModelFile): ModelFile {
  if (file.bytes.length === 0)
    throw new FormatError(`${file.where}: expected a model, got an empty file`, { remedy: 'Write or fetch it again.' });
  return file;
}

/** The threads asked for, or every core. */
export function threadCount(where: string, threads: number | undefined): number {
  if (threads === undefined) return availableParallelism();
  if (Number.isInteger(threads) && threads > 0) return threads;
  throw new UsageError(`${where}: expected threads to be a positive integer, got ${threads}`);
}
