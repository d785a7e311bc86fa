// ONNX models on disk, with their weights in a second file where one file cannot hold them. The only part of the exporter
// that needs Node; nothing here is imported by index.ts.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { FormatError, JepaError } from '../src/error.ts';
import { containedPath } from '../src/runtimes/external-data.ts';
import { writeFileAtomic } from '../src/storage/atomic-file.ts';
import type { FileGraph } from '../src/verification/bisect/graph.ts';
import { openFileGraph } from './check/excerpt.ts';
import type { OnnxModel } from './graph/graph.ts';
import { constantBytes, decodeModel, encodeModel, encodeSplitModel } from './graph/serialize.ts';
import type { ExternalData } from './graph/tensor-message.ts';
import { maximumMessageBytes } from './schema/encode.ts';

/** What nodes, names and types may take beside the weights in a model of one file. */
const reservedBytes = 64 * 2 ** 20;

export interface WriteOptions {
  /** Weights above this many bytes go into a data file. Default: what fits into protobuf's 2 GiB. For tests. */
  readonly largestSingleFile?: number;
}

/** The files that a model is written to: one, or the model and its data. */
export function modelFiles(path: string, model: OnnxModel, options: WriteOptions = {}): string[] {
  const limit = options.largestSingleFile ?? maximumMessageBytes - reservedBytes;
  return constantBytes(model.graph) > limit ? [path, `${path}.data`] : [path];
}

/**
 * Writes a model, each file in one step. With a data file, an earlier model of the same name goes first and the new one
 * comes last, so that no model is ever beside the data of another.
 * @throws JepaError of one line where the disk refuses
 */
export function writeModel(path: string, model: OnnxModel, options: WriteOptions = {}): void {
  if (modelFiles(path, model, options).length === 1) {
    writeFileAtomic(path, encodeModel(model));
    return;
  }
  const { bytes, data } = encodeSplitModel(model, `${basename(path)}.data`);
  rmSync(path, { force: true });
  writeFileAtomic(`${path}.data`, data);
  writeFileAtomic(path, bytes);
}

/**
 * Reads a model and the weights beside it. Data files must be plain files in the model's folder: no way out of it, no
 * symbolic or hard links, nothing beyond the file's end.
 * @throws FormatError where it is not an ONNX model, or its data are not such files
 */
export function readModel(path: string): OnnxModel {
  const where = basename(path);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile()) throw new JepaError(`${where}: expected a model file, found none at ${path}`);
  if (stats.size > maximumMessageBytes)
    throw new FormatError(`${where}: expected at most ${maximumMessageBytes} bytes, got ${stats.size}`);
  return decodeModel(readFileSync(path), where, (data, of) => readExternal(dirname(path), data, of));
}

/** A file's nodes, and models cut out of it: the weights beside it are read where a cut needs them. */
export function readFileGraph(path: string): FileGraph {
  return openFileGraph(readFileSync(path), basename(path), (data, of) => readExternal(dirname(path), data, of));
}

/** The bytes of one weight from a file in `folder`. */
export function readExternal(folder: string, { location, offset, length }: ExternalData, where: string): Uint8Array {
  const refuse = (why: string): FormatError =>
    new FormatError(
      `${where}: expected external data in a plain file of the model's folder, got "${location}" (${why})`,
    );
  const path = containedPath(folder, location, refuse);
  // The file that was looked at must be the one that is opened, whatever happens in between.
  const looked = lstatSync(path);
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const opened = fstatSync(descriptor);
    if (opened.ino !== looked.ino || opened.dev !== looked.dev) throw refuse('it changed while it was opened');
    if (offset + length > opened.size)
      throw new FormatError(
        `${where}: expected bytes ${offset} to ${offset + length} of "${location}", got a file of ${opened.size} bytes`,
      );
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(descriptor, bytes, filled, Math.min(length - filled, 2 ** 30), offset + filled);
      if (count === 0) throw new FormatError(`${where}: expected ${length} bytes of "${location}", got ${filled}`);
      filled += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Whether any of the files is there already. */
export function existing(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
