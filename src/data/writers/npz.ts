// Writes a recording as NPZ: an array a column, stored without compression so that any row can be read where it lies.
// Layout: PKWARE's APPNOTE.TXT 4.3; sizes above 32 bits in zip64 fields, as NumPy writes and reads them.
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { encodeElements, numberAt } from '../element.ts';
import { encodeNpyHeader, encodeNpyTextHeader } from '../readers/npy.ts';
import { type Column, type Recording, totalRowsOf } from '../recording.ts';
import { LENGTHS_NAME, rowPieces, stepCounts, writtenTypeOf } from './column-rows.ts';

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END = 0x06054b50;
/** Version 4.5 knows zip64. */
const VERSION = 45;
const ZIP64_FIELD = 0x0001;
const IN_ZIP64 = 0xffffffff;

interface WrittenEntry {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly bytes: number;
  readonly offset: number;
}

export async function writeNpz(recording: Recording, path: string): Promise<void> {
  const descriptor = openSync(path, 'wx');
  try {
    let position = 0;
    const write = (bytes: Uint8Array) => {
      let done = 0;
      while (done < bytes.byteLength)
        done += writeSync(descriptor, bytes, done, bytes.byteLength - done, position + done);
      position += bytes.byteLength;
    };
    const entries: WrittenEntry[] = [];
    const writeEntry = async (arrayName: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
      const name = new TextEncoder().encode(`${arrayName}.npy`);
      const offset = position;
      position += localHeader(name, 0, 0).byteLength;
      const start = position;
      let crc = 0;
      for await (const piece of pieces) {
        crc = crc32(piece, crc);
        write(piece);
      }
      const end = position;
      // Checksum and size are known only now.
      position = offset;
      write(localHeader(name, crc, end - start));
      position = end;
      entries.push({ name, crc, bytes: end - start, offset });
    };
    for (const column of recording.columns.values())
      await writeEntry(
        column.name,
        column.labels === undefined
          ? (async function* () {
              yield encodeNpyHeader(writtenTypeOf(column), [totalRowsOf(column), ...column.shape]);
              for await (const { values } of rowPieces(recording, column)) yield encodeElements(values);
            })()
          : textPieces(recording, column, column.labels),
      );
    const lengths = BigInt64Array.from(stepCounts(recording), BigInt);
    await writeEntry(LENGTHS_NAME, [encodeNpyHeader('int64', [lengths.length]), encodeElements(lengths)]);
    const directoryStart = position;
    for (const entry of entries) write(directoryHeader(entry));
    write(endOfDirectory(entries.length, position - directoryStart, directoryStart));
  } finally {
    closeSync(descriptor);
  }
}

/** Text as UTF-32, filled up with zeros, as NumPy has it. */
async function* textPieces(
  recording: Recording,
  column: Column,
  labels: readonly string[],
): AsyncGenerator<Uint8Array> {
  const codes = labels.map((label) => Array.from(label, (letter) => letter.codePointAt(0) ?? 0));
  const letters = Math.max(1, ...codes.map(({ length }) => length));
  yield encodeNpyTextHeader(letters, [totalRowsOf(column)]);
  for await (const { values } of rowPieces(recording, column)) {
    const text = new Uint32Array(values.length * letters);
    for (let row = 0; row < values.length; row++) text.set(codes[numberAt(values, row)], row * letters);
    yield new Uint8Array(text.buffer);
  }
}

/** All headers carry zip64 sizes, so that their length does not depend on them. */
function localHeader(name: Uint8Array, crc: number, bytes: number): Uint8Array {
  const header = Buffer.alloc(30 + name.byteLength + 20);
  header.writeUInt32LE(LOCAL_HEADER, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(IN_ZIP64, 18);
  header.writeUInt32LE(IN_ZIP64, 22);
  header.writeUInt16LE(name.byteLength, 26);
  header.writeUInt16LE(20, 28);
  header.set(name, 30);
  writeSizes(header, 30 + name.byteLength, bytes);
  return header;
}

function directoryHeader({ name, crc, bytes, offset }: WrittenEntry): Uint8Array {
  const header = Buffer.alloc(46 + name.byteLength + 28);
  header.writeUInt32LE(DIRECTORY_HEADER, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(VERSION, 6);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(IN_ZIP64, 20);
  header.writeUInt32LE(IN_ZIP64, 24);
  header.writeUInt16LE(name.byteLength, 28);
  header.writeUInt16LE(28, 30);
  header.writeUInt32LE(IN_ZIP64, 42);
  header.set(name, 46);
  writeSizes(header, 46 + name.byteLength, bytes, offset);
  return header;
}

function writeSizes(header: Buffer, start: number, bytes: number, offset?: number): void {
  header.writeUInt16LE(ZIP64_FIELD, start);
  header.writeUInt16LE(offset === undefined ? 16 : 24, start + 2);
  header.writeBigUInt64LE(BigInt(bytes), start + 4);
  header.writeBigUInt64LE(BigInt(bytes), start + 12);
  if (offset !== undefined) header.writeBigUInt64LE(BigInt(offset), start + 20);
}

function endOfDirectory(count: number, bytes: number, start: number): Uint8Array {
  const end = Buffer.alloc(56 + 20 + 22);
  end.writeUInt32LE(ZIP64_END, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(VERSION, 12);
  end.writeUInt16LE(VERSION, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(bytes), 40);
  end.writeBigUInt64LE(BigInt(start), 48);
  end.writeUInt32LE(ZIP64_LOCATOR, 56);
  end.writeBigUInt64LE(BigInt(start + bytes), 64);
  end.writeUInt32LE(1, 72);
  end.writeUInt32LE(END, 76);
  end.writeUInt16LE(Math.min(count, 0xffff), 84);
  end.writeUInt16LE(Math.min(count, 0xffff), 86);
  end.writeUInt32LE(IN_ZIP64, 88);
  end.writeUInt32LE(IN_ZIP64, 92);
  return end;
}
