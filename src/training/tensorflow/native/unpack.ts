// Takes the few needed entries out of a wheel (a zip), streaming, each checked against its size and CRC-32.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, type Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { FormatError } from '../../../error.ts';
import { systemErrorCode } from '../../../storage/file-system.ts';

/** Compression methods of the zip format. */
const STORED = 0;
const DEFLATED = 8;

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
  if (entry.isEncrypted() || ![STORED, DEFLATED].includes(entry.compressionMethod))
    throw damaged(entry.fileName, `encrypted, or packed with method ${entry.compressionMethod}`);
  // The packed bytes: inflating is ours, because yauzl's own stream lets a damaged one end the process with an uncaught
  // error once the pipeline has been torn down.
  const source = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, { decodeFileData: false }, (error, stream) =>
      error ? reject(damaged(entry.fileName, error)) : resolve(stream),
    );
  });
  const unpacker = entry.compressionMethod === STORED ? new PassThrough() : createInflateRaw();
  let checksum = 0;
  let byteLength = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      byteLength += chunk.byteLength;
      // Checked on the way: a small archive must not fill the disk.
      if (byteLength > entry.uncompressedSize)
        done(damaged(entry.fileName, `more than ${entry.uncompressedSize} bytes`));
      else done(null, chunk);
      options.onBytes(chunk.byteLength);
    },
    flush(done) {
      if (byteLength !== entry.uncompressedSize)
        done(damaged(entry.fileName, `${byteLength} bytes instead of ${entry.uncompressedSize}`));
      else if (checksum !== entry.crc32)
        done(damaged(entry.fileName, `CRC-32 ${hex(checksum)} instead of ${hex(entry.crc32)}`));
      else done();
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
    await pipeline(source, unpacker, check, sink, options.signal ? { signal: options.signal } : {});
    await file.sync();
  } catch (error) {
    throw systemErrorCode(error)?.startsWith('Z_') ? damaged(entry.fileName, error) : error;
  } finally {
    await file.close();
  }
}

function damaged(name: string, cause: unknown): FormatError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new FormatError(`${name}: expected a whole zip archive, got a damaged one: ${found}`, {
    remedy: 'Download it again.',
    cause,
  });
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
