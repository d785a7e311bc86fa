// Opens a recording of whatever format, by what the path is and what the file begins with, not by its name alone.
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { FormatError, UsageError } from '../../error.ts';
import { storageError } from '../../storage/file-system.ts';
import { presentImages } from '../image/recording.ts';
import type { OpenOptions, Recording, RecordingHandle } from '../recording.ts';

/** Opens the recording at `path`. Throws a UsageError where there is none, a FormatError where it is not what it should be. */
export async function openRecording(path: string, options: OpenOptions = {}): Promise<Recording> {
  return reopenRecording({ path, options });
}

/** Opens a recording again, in another thread, by its handle. */
export async function reopenRecording(handle: RecordingHandle): Promise<Recording> {
  const open = await findReader(handle.path);
  return presentImages(await open(handle), handle.options.imageSize);
}

type Open = (handle: RecordingHandle) => Promise<Recording>;

async function findReader(path: string): Promise<Open> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new UsageError(`recording ${path}: expected a file or a folder, got nothing there`, {
      remedy: 'Check the path.',
    });
  if (stats.isDirectory()) return findFolderReader(path);
  const head = readHead(path);
  const startsWith = (...magic: readonly number[]) => magic.every((byte, i) => head[i] === byte);
  if (startsWith(0x50, 0x4b)) return (await import('./npz.ts')).openNpz;
  if (startsWith(0x89, 0x48, 0x44, 0x46)) return (await import('./hdf5.ts')).openHdf5;
  if (startsWith(0x50, 0x41, 0x52, 0x31)) return (await import('./parquet.ts')).openParquet;
  const extension = extname(path).toLowerCase();
  if (head.byteLength === 0) throw new FormatError(`recording ${path}: expected a recording, got an empty file`);
  throw new FormatError(
    `recording ${path}: expected NPZ, HDF5 or Parquet, or a folder of LeRobot or of images, got ${extension || 'a file'} that begins with ${JSON.stringify(String.fromCharCode(...head.subarray(0, 8)))}`,
  );
}

async function findFolderReader(path: string): Promise<Open> {
  const inner = [join(path, 'data', 'main_data.hdf5'), join(path, 'main_data.hdf5')].find((file) => existsSync(file));
  if (inner !== undefined) {
    const { openHdf5 } = await import('./hdf5.ts');
    // Opened again by the folder, which is what the user named.
    return async (handle) => ({ ...(await openHdf5({ ...handle, path: inner })), path, handle });
  }
  if (existsSync(join(path, 'meta', 'info.json'))) return (await import('./lerobot.ts')).openLerobot;
  const { findStepTable, openImageFolder } = await import('./image-folder.ts');
  if (findStepTable(path) !== undefined) return openImageFolder;
  const { findRecordingFiles, openFileFolder } = await import('./file-folder.ts');
  const files = findRecordingFiles(path);
  if (files.length > 0) {
    const open = await findReader(files[0]);
    return (handle) => openFileFolder(handle, files, open);
  }
  throw new FormatError(
    `recording ${path}: expected a LeRobot, Minari or image folder, or one of recordings, got ${readdirSync(path).slice(0, 5).join(', ')}`,
  );
}

function readHead(path: string): Uint8Array {
  const head = new Uint8Array(16);
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
