// What a file that nobody vouches for may cost before it is refused: all limits on decoding, in one place, each with its
// reason. They are compared with what a file claims before anything is allocated; the watchdog (guarded-worker.ts) has the
// last ones, for what no claim shows.
import { FormatError } from '../error.ts';

const MEBI = 1024 ** 2;
const GIBI = 1024 ** 3;

/** Deflate cannot shrink by more (RFC 1951: 258 bytes in 2 bits), so a larger claim is a lie. */
export const MAXIMAL_DEFLATE_RATIO = 1032;

/** Pixels of one encoded image: the limit of sharp and libvips, 16384 x 16383. */
export const MAXIMAL_PIXELS = 268_402_689;

/**
 * Numbers of one row of a table or a recording: a 4K image of 16 channels has half as many. Statistics keep five doubles for
 * each of them.
 */
export const MAXIMAL_ROW_ELEMENTS = 1 << 28;

/** Numbers of one row that is no image. Of these every one has its own statistics: 40 bytes each. */
export const MAXIMAL_VECTOR_ELEMENTS = 1 << 22;

/** Rows that a table may claim whatever its size; above, only so many for each of its bytes (run-length coding shrinks that far). */
const UNSUSPICIOUS_ROWS = 10_000_000;
const ROWS_PER_BYTE = 1000;

/** A page or an array that claims more than this must not claim too many times what it takes in the file. */
export const SUSPICIOUS_PAGE_BYTES = 64 * MEBI;
export const SUSPICIOUS_PAGE_RATIO = 1000;
/** Keras has the same limits for arrays of HDF5. */
export const SUSPICIOUS_ARRAY_BYTES = 4 * GIBI;
export const SUSPICIOUS_ARRAY_RATIO = 1000;

/** A column of text that is held in memory, to be classes. */
export const MAXIMAL_TEXT_BYTES = 256 * MEBI;

/** More entries than any archive of arrays or any wheel has; the directory of a larger one is not even read. */
export const MAXIMAL_ZIP_ENTRIES = 65_536;
/** An entry that claims more than this must not claim too many times what it takes in the file; nor all entries together. */
export const SUSPICIOUS_ENTRY_BYTES = 4 * GIBI;
export const SUSPICIOUS_ARCHIVE_BYTES = GIBI;
export const SUSPICIOUS_ZIP_RATIO = 100;

/** The most that is asked of the HDF5 library at once; its memory ends at 2 GiB. */
export const MAXIMAL_READ_BYTES = GIBI;

/** Digits that a template of file names may ask for: more than any number of files has. */
export const MAXIMAL_TEMPLATE_DIGITS = 20;

/** Heap of a thread that decodes, as Node gives a program by itself on large machines. */
export const WORKER_HEAP_MEGABYTES = 4096;
/** What all of the process may grow by during one piece of decoding, beside so many times the file. */
const GROWTH_BYTES = 4 * GIBI;
const GROWTH_PER_BYTE = 8;

/** Seconds without a sign of life after which decoding is given up: good files of this size take some hundredth of it. */
const SILENT_SECONDS = 15;
/** Slower than the slowest decoder on a busy machine. */
const BYTES_PER_SECOND = 2 * MEBI;
/** Lengthens the time for slow machines. */
export const SECONDS_VARIABLE = 'JEPA_ONNX_DECODE_SECONDS';

export interface DecodingLimits {
  readonly seconds: number;
  readonly growthBytes: number;
}

/** Of a file of `byteLength`. */
export function decodingLimits(byteLength: number, variable = process.env[SECONDS_VARIABLE]): DecodingLimits {
  const given = Number(variable ?? '');
  return {
    seconds: given > 0 ? given : SILENT_SECONDS + byteLength / BYTES_PER_SECOND,
    growthBytes: GROWTH_BYTES + GROWTH_PER_BYTE * byteLength,
  };
}

/** Throws a FormatError for a shape of one row that no recording has. */
export function checkRowElements(where: string, shape: readonly number[], isImage: boolean): void {
  const most = isImage ? MAXIMAL_ROW_ELEMENTS : MAXIMAL_VECTOR_ELEMENTS;
  const count = shape.reduce((product, side) => product * side, 1);
  if (!(count <= most))
    throw new FormatError(
      `${where}: expected at most ${most} numbers in a row, got a claim of ${count} (shape [${shape.join(', ')}])`,
    );
}

/** Throws a FormatError for a number of rows that a file of this size cannot hold. */
export function checkRowCount(where: string, rowCount: number, byteLength: number): void {
  const isNumber = Number.isSafeInteger(rowCount) && rowCount >= 0;
  if (!isNumber || (rowCount > UNSUSPICIOUS_ROWS && rowCount > ROWS_PER_BYTE * byteLength))
    throw new FormatError(
      `${where}: expected at most ${ROWS_PER_BYTE} rows for each of the file's ${byteLength} bytes, got a claim of ${rowCount}`,
    );
}
