// NPZ: a zip archive of NumPy arrays. Stored arrays are read where they lie; deflated ones can only be read from their
// start, so they are unpacked once into a temporary folder. Every checksum is compared before a number is used.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from '../../error.ts';
import { elementCount } from '../../shape.ts';
import { MAXIMAL_TEXT_BYTES } from '../../storage/decoding-limit.ts';
import { storageError } from '../../storage/file-system.ts';
import { makeScratch, removeScratch } from '../../storage/scratch.ts';
import { listZipEntries, readExactly, verifyZipEntry } from '../../storage/zip.ts';
import { numberTexts } from '../class-column.ts';
import { allocate, decodeElements, type ElementArray, storedBytesOf } from '../element.ts';
import { type FlatArray, openFlatRecording } from '../flat-layout.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import { guessRoles } from '../role-name.ts';
import { NPY_HEAD_BYTES, type NpyHeader, parseNpyHeader } from './npy.ts';

/** The arrays of an archive, whatever they mean. Whoever opened them disposes them. */
export interface NpzArrays {
  readonly arrays: readonly FlatArray[];
  /** What was left out, one line each. */
  readonly notes: readonly string[];
  /** Where compressed arrays lie unpacked. */
  readonly unpackedFolder: string | undefined;
  dispose(): void;
}

export async function openNpz(handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const opened = await openNpzArrays(handle);
  const { arrays, notes, unpackedFolder, dispose } = opened;
  try {
    return await openFlatRecording(path, 'NPZ', arrays, {
      handle: { ...handle, prepared: { unpackedFolder } },
      notes,
      dispose,
    });
  } catch (error) {
    dispose();
    throw error;
  }
}

/** @throws FormatError where it is no archive of arrays of numbers, or an array is not whole */
export async function openNpzArrays(handle: RecordingHandle): Promise<NpzArrays> {
  const { path } = handle;
  const entries = await listZipEntries(path);
  const needsUnpacking = entries.some((entry) => entry.isDeflated);
  const isPrepared = handle.prepared !== undefined;
  const unpackedFolder = handle.prepared?.unpackedFolder ?? (needsUnpacking ? makeScratch('npz') : undefined);
  const removeUnpacked = () => {
    if (!isPrepared && unpackedFolder !== undefined) removeScratch(unpackedFolder);
  };

  try {
    const arrays: FlatArray[] = [];
    const notes: string[] = [];
    for (const [index, entry] of entries.entries()) {
      if (!entry.name.endsWith('.npy')) {
        notes.push(`${entry.name}: not an array, left out`);
        continue;
      }
      const isUnpacked = entry.isDeflated && unpackedFolder !== undefined;
      // By its number: a name from an archive is never a path.
      const file = isUnpacked ? join(unpackedFolder, `${index}.npy`) : path;
      if (!isPrepared) await verifyZipEntry(path, entry, { target: isUnpacked ? file : undefined });
      const region = { file, start: isUnpacked ? 0 : entry.start, bytes: entry.bytes, where: `${path} ${entry.name}` };
      const name = entry.name.slice(0, -'.npy'.length);
      const array = openNpyArray(name, region);
      if (typeof array === 'string') {
        // What nobody needs is left out; what is observed, done or rewarded is not.
        if (Object.values(guessRoles([name])).some((columns) => columns !== undefined))
          throw new FormatError(`${path} ${entry.name}: expected plain numbers, got ${array}`);
        notes.push(`${name}: ${array}, left out`);
      } else arrays.push(array);
    }
    if (arrays.length === 0)
      throw new FormatError(
        `${path}: expected NumPy arrays of numbers, got an archive of ${entries.length} other entries`,
      );
    return { arrays, notes, unpackedFolder, dispose: removeUnpacked };
  } catch (error) {
    removeUnpacked();
    throw error;
  }
}

/** A .npy file inside another file. */
interface Region {
  readonly file: string;
  readonly start: number;
  readonly bytes: number;
  readonly where: string;
}

/** A .npy array, in an archive or a file of its own; what it is instead, where it holds neither numbers nor classes as text. */
export function openNpyArray(name: string, region: Region): FlatArray | string {
  const head = withFile(region, (descriptor) =>
    readExactly(descriptor, region.start, Math.min(region.bytes, NPY_HEAD_BYTES), region.where),
  );
  const header = parseNpyHeader(head, region.bytes, region.where);
  const { type, shape } = header;
  if (type === undefined) return openTextArray(name, region, header) ?? header.other ?? 'no numbers';
  const read = (from: number, to: number): ElementArray =>
    withFile(region, (descriptor) =>
      header.isFortranOrder && shape.length > 1
        ? readFortranRows(descriptor, region, { ...header, type }, from, to)
        : readRows(descriptor, region, { ...header, type }, from, to),
    );
  return { name, type, shape, read };
}

/**
 * Text of one value a row, or of one value alone, as numbers of its different values; undefined where it is too long or too varied for
 * classes.
 */
function openTextArray(name: string, region: Region, header: NpyHeader): FlatArray | undefined {
  const { text, shape, isLittleEndian, dataStart } = header;
  const [rowCount = 1] = shape;
  if (text === undefined || shape.length > 1 || rowCount * text.bytes > MAXIMAL_TEXT_BYTES) return undefined;
  const bytes = withFile(region, (descriptor) =>
    readExactly(descriptor, region.start + dataStart, rowCount * text.bytes, region.where),
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = Array.from({ length: rowCount }, (_, row) => {
    const start = row * text.bytes;
    const step = text.isUnicode ? 4 : 1;
    const letters = Array.from({ length: text.bytes / step }, (_letter, i) => {
      const code = text.isUnicode ? view.getUint32(start + 4 * i, isLittleEndian) : bytes[start + i];
      if (code > 0x10ffff)
        throw new FormatError(`${region.where} row ${row}: expected text, got the code ${code}, which is no letter`);
      return String.fromCodePoint(code);
    });
    // NumPy fills up with zeros.
    return letters.join('').replace(/\0+$/, '');
  });
  const numbered = numberTexts(texts);
  if (numbered === undefined) return undefined;
  const { labels, values } = numbered;
  return { name, type: 'int32', shape, labels, read: (from, to) => values.slice(from, to) };
}

type NumericHeader = NpyHeader & { readonly type: NonNullable<NpyHeader['type']> };

function readRows(descriptor: number, region: Region, header: NumericHeader, from: number, to: number): ElementArray {
  const { type, shape, isLittleEndian } = header;
  const rowBytes = elementCount(shape.slice(1)) * storedBytesOf(type);
  const position = region.start + header.dataStart + from * rowBytes;
  return decodeElements(type, readExactly(descriptor, position, (to - from) * rowBytes, region.where), isLittleEndian);
}

/** In Fortran order the first index runs fastest: each place of a row is a run over all rows. */
function readFortranRows(
  descriptor: number,
  region: Region,
  header: NumericHeader,
  from: number,
  to: number,
): ElementArray {
  const { type, shape, isLittleEndian } = header;
  const [rowCount, ...sides] = shape;
  const rowSize = elementCount(sides);
  const size = storedBytesOf(type);
  const rows = allocate(type, (to - from) * rowSize);
  for (let place = 0; place < rowSize; place++) {
    const position = region.start + header.dataStart + (place * rowCount + from) * size;
    const run = decodeElements(
      type,
      readExactly(descriptor, position, (to - from) * size, region.where),
      isLittleEndian,
    );
    const offset = rowMajorOffset(place, sides);
    for (let n = 0; n < to - from; n++) rows[n * rowSize + offset] = run[n];
  }
  return rows;
}

/** From the place in a column-major row to that in a row-major one. */
function rowMajorOffset(place: number, sides: readonly number[]): number {
  let rest = place;
  const indices = sides.map((side) => {
    const index = rest % side;
    rest = Math.floor(rest / side);
    return index;
  });
  return indices.reduce((offset, index, axis) => offset * sides[axis] + index, 0);
}

function withFile<Result>(region: Region, use: (descriptor: number) => Result): Result {
  let descriptor: number;
  try {
    descriptor = openSync(region.file, 'r');
  } catch (error) {
    throw storageError(region.where, 'a readable file', error);
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
