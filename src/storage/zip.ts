// Zip archives that nobody vouches for. yauzl reads the directory (strict names and sizes, zip64); what it leaves unchecked
// is checked here: checksums, real lengths, overlaps, doubled names, bombs. Names are labels, never paths.
import { closeSync, createReadStream, createWriteStream, openSync, readSync } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { FormatError } from '../error.ts';
import {
  MAXIMAL_DEFLATE_RATIO,
  MAXIMAL_ZIP_ENTRIES,
  SUSPICIOUS_ARCHIVE_BYTES,
  SUSPICIOUS_ENTRY_BYTES,
  SUSPICIOUS_ZIP_RATIO,
} from './decoding-limit.ts';
import { storageError, systemErrorCode } from './file-system.ts';

const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;

export interface ZipEntry {
  readonly name: string;
  /** Where its bytes begin in the archive. */
  readonly start: number;
  /** Bytes that it takes in the archive. */
  readonly storedBytes: number;
  /** Bytes that it has. */
  readonly bytes: number;
  readonly crc32: number;
  readonly isDeflated: boolean;
}

/**
 * The wanted entries but folders, in the order of the archive; by default all.
 * @throws FormatError for anything that an archive of ours never is.
 */
export async function listZipEntries(
  path: string,
  isWanted: (name: string) => boolean = () => true,
): Promise<ZipEntry[]> {
  let zip: yauzl.ZipFile;
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw zipError(path, error);
  }
  try {
    if (zip.entryCount > MAXIMAL_ZIP_ENTRIES)
      throw new FormatError(`${path}: expected at most ${MAXIMAL_ZIP_ENTRIES} entries, got ${zip.entryCount}`);
    const entries: ZipEntry[] = [];
    const spans: { readonly name: string; readonly start: number; readonly end: number }[] = [];
    const names = new Set<string>();
    for await (const entry of zip.eachEntry()) {
      const {
        fileName: name,
        compressedSize: storedBytes,
        uncompressedSize: bytes,
        relativeOffsetOfLocalHeader,
      } = entry;
      if (names.has(name)) throw new FormatError(`${path}: expected each name once, got ${JSON.stringify(name)} twice`);
      names.add(name);
      if (name.endsWith('/') || !isWanted(name)) continue;
      if (entry.isEncrypted()) throw new FormatError(`${path} ${name}: expected plain bytes, got encrypted ones`);
      const method = entry.compressionMethod;
      if (method !== METHOD_STORED && method !== METHOD_DEFLATED)
        throw new FormatError(`${path} ${name}: expected stored or deflated bytes, got compression method ${method}`);
      checkClaim(`${path} ${name}`, bytes, storedBytes, method);
      const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      spans.push({ name, start: relativeOffsetOfLocalHeader, end: start + storedBytes });
      entries.push({ name, start, storedBytes, bytes, crc32: entry.crc32, isDeflated: method === METHOD_DEFLATED });
    }
    const total = (count: (entry: ZipEntry) => number) => entries.reduce((sum, entry) => sum + count(entry), 0);
    const [bytes, storedBytes] = [total((entry) => entry.bytes), total((entry) => entry.storedBytes)];
    if (bytes > SUSPICIOUS_ARCHIVE_BYTES && bytes > SUSPICIOUS_ZIP_RATIO * storedBytes)
      throw bombError(`${path}`, storedBytes, bytes);
    spans.sort((a, b) => a.start - b.start);
    for (const [i, { name, end }] of spans.entries())
      if (spans[i + 1]?.start < end)
        throw new FormatError(`${path}: expected entries side by side, got ${name} overlapping ${spans[i + 1].name}`);
    return entries;
  } catch (error) {
    throw zipError(path, error);
  } finally {
    zip.close();
  }
}

export interface VerifyOptions {
  /** Where to write it, a path that is free. Default: nowhere. */
  readonly target?: string | undefined;
  /** Whether what is written is on the disk on return, not only on its way. Default false. */
  readonly isDurable?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called with the unpacked bytes of each piece. */
  readonly onBytes?: (byteLength: number) => void;
}

/** Reads an entry to its end and compares length and checksum. Never holds more than a buffer. */
export async function verifyZipEntry(path: string, entry: ZipEntry, options: VerifyOptions = {}): Promise<void> {
  const { target, isDurable = false, signal, onBytes } = options;
  const where = `${path} ${entry.name}`;
  let checksum = 0;
  let length = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.byteLength;
      // Checked here, so that a bomb stops at the size that its entry claims.
      if (length > entry.bytes) return done(new FormatError(`${where}: expected ${entry.bytes} bytes, got more`));
      checksum = crc32(chunk, checksum);
      onBytes?.(chunk.byteLength);
      done(null, target === undefined ? undefined : chunk);
    },
  });
  // A readable that nobody reads would stop the stream.
  if (target === undefined) check.resume();
  if (entry.storedBytes > 0) {
    const source = createReadStream(path, {
      start: entry.start,
      end: entry.start + entry.storedBytes - 1,
      highWaterMark: 1 << 20,
    });
    const inflate = entry.isDeflated ? [createInflateRaw()] : [];
    const sink = target === undefined ? [] : [createWriteStream(target, { flags: 'wx', flush: isDurable })];
    try {
      await pipeline([source, ...inflate, check, ...sink], signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      if (systemErrorCode(error)?.startsWith('Z_'))
        throw new FormatError(`${where}: expected deflated bytes, got ${error instanceof Error ? error.message : ''}`, {
          cause: error,
        });
      throw storageError(where, 'to unpack it', error);
    }
  } else if (target !== undefined) closeSync(openSync(target, 'wx'));
  if (length !== entry.bytes) throw new FormatError(`${where}: expected ${entry.bytes} bytes, got ${length}`);
  if (checksum !== entry.crc32)
    throw new FormatError(
      `${where}: expected CRC-32 ${hexadecimal(entry.crc32)}, got ${hexadecimal(checksum)} (corrupt)`,
    );
}

/** Reads exactly `length` bytes at `position` of a file. */
export function readExactly(
  descriptor: number,
  position: number,
  length: number,
  where: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let offset = 0;
  while (offset < length) {
    const count = readSync(descriptor, bytes, offset, length - offset, position + offset);
    if (count === 0)
      throw new FormatError(`${where}: expected ${length} bytes at ${position}, got ${offset} (truncated)`);
    offset += count;
  }
  return bytes;
}

function checkClaim(where: string, bytes: number, storedBytes: number, method: number): void {
  if (method === METHOD_STORED && bytes !== storedBytes)
    throw new FormatError(`${where}: expected as many bytes as are stored (${storedBytes}), got a claim of ${bytes}`);
  const ratio = bytes / Math.max(1, storedBytes);
  if (ratio > MAXIMAL_DEFLATE_RATIO)
    throw new FormatError(
      `${where}: expected at most ${MAXIMAL_DEFLATE_RATIO} times the ${storedBytes} bytes stored, got a claim of ${bytes}`,
    );
  if (bytes > SUSPICIOUS_ENTRY_BYTES && ratio > SUSPICIOUS_ZIP_RATIO) throw bombError(where, storedBytes, bytes);
}

function bombError(where: string, storedBytes: number, bytes: number): FormatError {
  return new FormatError(
    `${where}: expected at most ${SUSPICIOUS_ZIP_RATIO} times the ${storedBytes} bytes stored, got a claim of ${bytes} (a zip bomb)`,
    { remedy: 'Store it without compression (numpy.savez) if it is meant so.' },
  );
}

/** yauzl's complaints are plain Errors. */
function zipError(path: string, error: unknown): Error {
  if (error instanceof FormatError) return error;
  if (systemErrorCode(error) !== undefined) return storageError(path, 'a readable file', error);
  const message = error instanceof Error ? error.message : String(error);
  return new FormatError(`${path}: expected a zip archive, got one with a fault: ${message}`, { cause: error });
}

function hexadecimal(value: number): string {
  return value.toString(16).padStart(8, '0');
}
