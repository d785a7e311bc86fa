// Reading what a runtime is asked to load, with the errors that a person can act on.
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { FormatError, JepaError, UsageError } from '../error.ts';

export interface ModelFile {
  /** The name in messages: the last two parts of the path, or `model` for bytes. */
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** @throws JepaError where there is no such file, FormatError where it is empty. */
export function readModelFile(model: Uint8Array | string): ModelFile {
  if (typeof model !== 'string') return checkLength({ where: 'model', bytes: model });
  const where = join(basename(dirname(model)), basename(model));
  if (!statSync(model, { throwIfNoEntry: false })?.isFile())
    throw new JepaError(`${where}: expected a model file, found none at ${model}`, {
      remedy: 'Name a run or an export folder that was written whole.',
    });
  return checkLength({ where, bytes: readFileSync(model) });
}

/** To protobuf, zero bytes are a valid, empty message. */
function checkLength(file: ModelFile): ModelFile {
  if (file.bytes.length === 0) throw new FormatError(`${file.where}: expected a model, got an empty file`);
  return file;
}

/** The threads asked for, or every core. */
export function threadCount(where: string, threads: number | undefined): number {
  if (threads === undefined) return availableParallelism();
  if (Number.isInteger(threads) && threads > 0) return threads;
  throw new UsageError(`${where}: expected threads to be a positive integer, got ${threads}`);
}
