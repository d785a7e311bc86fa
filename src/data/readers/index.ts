// Opens a recording of whatever format, by what the path is and what the file begins with, not by its name alone.
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { FormatError, JepaError, UsageError } from '../../error.ts';
import { checkRowElements } from '../../storage/decoding-limit.ts';
import { readFolder, storageError, systemErrorCode } from '../../storage/file-system.ts';
import { openInDecoder } from '../decoding/recording-decoder.ts';
import { imageLayoutOf } from '../image/layout.ts';
import { presentImages } from '../image/recording.ts';
import type { OpenOptions, Recording, RecordingHandle } from '../recording.ts';
import { explainForeignFile, explainForeignFolder, isLfsPointer } from './foreign-file.ts';

/**
 * Opens the recording at `path`. What other libraries decode is decoded in a thread of its own, with limits of time and
 * memory. Throws a UsageError where there is none, a FormatError where it is not what it should be.
 */
export async function openRecording(path: string, options: OpenOptions = {}): Promise<Recording> {
  const handle = { path, options };
  const reader = await findReader(path);
  return reader.isForeign ? openInDecoder(handle) : open(reader, handle);
}

/** Opens a recording in this thread: again, by its handle, in a thread that is watched. */
export async function reopenRecording(handle: RecordingHandle): Promise<Recording> {
  return open(await findReader(handle.path), handle);
}

async function open(reader: Reader, handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const recording = await explained(path, reader, 'a recording', () => reader.open(handle));
  try {
    for (const { name, shape, type } of recording.columns.values())
      checkRowElements(`${path} ${name}`, shape, imageLayoutOf(shape, type) !== undefined);
  } catch (error) {
    await recording.dispose();
    throw error;
  }
  const { read } = recording;
  return presentImages(
    {
      ...recording,
      read: (name, from, to) =>
        explained(`${path} ${name}`, reader, `rows ${from} to ${to - 1}`, () => read(name, from, to)),
    },
    handle.options.imageSize,
  );
}

/** Whatever a decoder of others throws is a fault of the file: it says where. */
async function explained<Result>(
  where: string,
  { isForeign }: Reader,
  expected: string,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof JepaError) throw error;
    if (systemErrorCode(error) !== undefined) throw storageError(where, expected, error);
    if (!isForeign) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${where}: expected ${expected}, got a fault: ${message.split('\n')[0]}`, { cause: error });
  }
}

interface Reader {
  open(handle: RecordingHandle): Promise<Recording>;
  /** Whether decoders of others see the bytes. Arrays of NumPy are read by this project alone. */
  readonly isForeign: boolean;
}

async function findReader(path: string): Promise<Reader> {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw storageError(`recording ${path}`, 'a file or a folder', error);
  }
  if (stats === undefined)
    throw new UsageError(`recording ${path}: expected a file or a folder, got nothing there`, {
      remedy: 'Check the path.',
    });
  if (stats.isDirectory()) return findFolderReader(path);
  if (!stats.isFile()) throw new UsageError(`recording ${path}: expected a file or a folder, got neither`);
  const head = readHead(path);
  const startsWith = (...magic: readonly number[]) => magic.every((byte, i) => head[i] === byte);
  if (startsWith(0x50, 0x4b)) return { open: (await import('./npz.ts')).openNpz, isForeign: false };
  if (startsWith(0x89, 0x48, 0x44, 0x46)) return { open: (await import('./hdf5.ts')).openHdf5, isForeign: true };
  if (startsWith(0x50, 0x41, 0x52, 0x31)) return { open: (await import('./parquet.ts')).openParquet, isForeign: true };
  if (head.byteLength === 0)
    throw new FormatError(`recording ${path}: expected a recording, got an empty file`, {
      remedy: 'Write or fetch it again.',
    });
  const extension = extname(path).toLowerCase();
  if (['.csv', '.jsonl'].includes(extension) && !isLfsPointer(head))
    return { open: (await import('./image-folder.ts')).openTableFile, isForeign: true };
  throw explainForeignFile(path, extension, head);
}

async function findFolderReader(path: string): Promise<Reader> {
  const names = new Set(readFolder(`recording ${path}`, path));
  const isThere = (...parts: readonly string[]) =>
    names.has(parts[0]) && statSync(join(path, ...parts), { throwIfNoEntry: false }) !== undefined;
  const inner = [['data', 'main_data.hdf5'], ['main_data.hdf5']].find((parts) => isThere(...parts));
  if (inner !== undefined) {
    const { openHdf5 } = await import('./hdf5.ts');
    // Opened again by the folder, which is what the user named.
    return {
      open: async (handle) => ({ ...(await openHdf5({ ...handle, path: join(path, ...inner) })), path, handle }),
      isForeign: true,
    };
  }
  if (isThere('meta', 'info.json')) return { open: (await import('./lerobot.ts')).openLerobot, isForeign: true };
  const { findStepTable, openImageFolder } = await import('./image-folder.ts');
  if (findStepTable(path) !== undefined) return { open: openImageFolder, isForeign: true };
  const { findRecordingFiles, openFileFolder } = await import('./file-folder.ts');
  const files = findRecordingFiles(path);
  if (files.length > 0) {
    const reader = await findReader(files[0]);
    return { open: (handle) => openFileFolder(handle, files, reader.open), isForeign: reader.isForeign };
  }
  const { findClassFolders, openClassFolder } = await import('./class-folder.ts');
  if (findClassFolders(path).length > 0) return { open: openClassFolder, isForeign: true };
  throw explainForeignFolder(path, [...names]);
}

/** Enough for the text of a Git LFS pointer. */
const HEAD_BYTES = 64;

function readHead(path: string): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  try {
    const descriptor = openSync(path, 'r');
    try {
      return head.subarray(0, readSync(descriptor, head, 0, head.byteLength, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw storageError(`recording ${path}`, 'a readable file', error);
  }
}
