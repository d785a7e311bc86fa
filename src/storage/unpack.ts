// Takes the few needed files out of a zip archive (a Python wheel, say), streaming, each checked against its size and CRC-32.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FormatError } from '../error.ts';
import { listZipEntries, verifyZipEntry } from './zip.ts';

export interface UnpackOptions {
  /** Where an entry goes, as a path below `folder`; undefined leaves it out. */
  readonly place: (entryName: string) => string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the uncompressed bytes written so far. */
  readonly onBytes?: (byteLength: number) => void;
}

/** SHA-256 of a file, in hexadecimal. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}

/**
 * Unpacks the chosen entries of the zip file at `archive` into `folder`, durable on return, and gives their names.
 * @throws FormatError where the file is no whole zip, or an entry's bytes are not what the archive says they are.
 */
export async function unpackEntries(archive: string, folder: string, options: UnpackOptions): Promise<string[]> {
  const { place, signal, onBytes } = options;
  let byteLength = 0;
  try {
    const entries = await listZipEntries(archive, (name) => place(name) !== undefined);
    for (const entry of entries) {
      signal?.throwIfAborted();
      const target = join(folder, place(entry.name) ?? '');
      await mkdir(dirname(target), { recursive: true });
      await verifyZipEntry(archive, entry, {
        target,
        isDurable: true,
        signal,
        onBytes: (chunkLength) => {
          byteLength += chunkLength;
          onBytes?.(byteLength);
        },
      });
    }
    return entries.map((entry) => entry.name);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.message, { remedy: error.remedy ?? 'Download it again.', cause: error });
  }
}
