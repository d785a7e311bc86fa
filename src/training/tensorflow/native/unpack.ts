// Takes the few needed entries out of a wheel (a zip), streaming, each checked against its size and CRC-32.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { FormatError } from '../../../error.ts';

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
  let zip: yauzl.ZipFile;
  try {
    zip = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(archive, {
      lazyEntries: true,
      autoClose: false,
    });
  } catch (error) {
    throw damaged(archive, error);
  }
  const unpacked: string[] = [];
  let byteLength = 0;
  try {
    for (const entry of await listEntries(zip, archive)) {
      const place = options.place(entry.fileName);
      if (place === undefined || entry.fileName.endsWith('/')) continue;
      options.signal?.throwIfAborted();
      await unpackEntry(zip, entry, join(folder, place), {
        signal: options.signal,
        onBytes: (chunkLength) => {
          byteLength += chunkLength;
          options.onBytes?.(byteLength);
        },
      });
      unpacked.push(entry.fileName);
    }
  } finally {
    zip.close();
  }
  return unpacked;
}

function listEntries(zip: yauzl.ZipFile, archive: string): Promise<yauzl.Entry[]> {
  const entries: yauzl.Entry[] = [];
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.once('error', (error) => reject(damaged(archive, error)));
    zip.once('end', () => resolve(entries));
    zip.readEntry();
  });
}

async function unpackEntry(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  path: string,
  options: { readonly signal: AbortSignal | undefined; readonly onBytes: (chunkLength: number) => void },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const source = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(damaged(entry.fileName, error)) : resolve(stream)));
  });
  let checksum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      options.onBytes(chunk.byteLength);
      done(null, chunk);
    },
    flush(done) {
      const isWhole = checksum === entry.crc32;
      done(
        isWhole
          ? null
          : new FormatError(`${entry.fileName}: expected CRC-32 ${hex(entry.crc32)}, got ${hex(checksum)}`, {
              remedy: 'Download the wheel again.',
            }),
      );
    },
  });
  const file = await open(path, 'wx');
  try {
    const sink = new Writable({
      highWaterMark: 1 << 20,
      write(chunk: Buffer, _encoding, done) {
        file.writeFile(chunk).then(() => done(), done);
      },
    });
    await pipeline(source, check, sink, options.signal ? { signal: options.signal } : {});
    await file.sync();
  } catch (error) {
    throw isZlibError(error) ? damaged(entry.fileName, error) : error;
  } finally {
    await file.close();
  }
}

function isZlibError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // yauzl's own complaints about sizes carry no code.
  return !('code' in error) ? !(error instanceof FormatError) : String(error.code).startsWith('Z_');
}

function damaged(name: string, cause: unknown): FormatError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new FormatError(`${name}: expected a whole zip archive, got one that is damaged (${words})`, {
    remedy: 'Download it again.',
    cause,
  });
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
