// The header of a .npy file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3).
import { FormatError } from '../../error.ts';
import { type ElementType, elementCountOf, isElementType, storedBytesOf } from '../element.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's own limit for headers that nobody vouches for. */
const MAXIMAL_HEADER_BYTES = 10_000;
/** Enough bytes of a file to hold any header that is accepted. */
export const NPY_HEAD_BYTES = MAXIMAL_HEADER_BYTES + 12;

export interface NpyHeader {
  readonly shape: readonly number[];
  /** Undefined for what is no numbers. */
  readonly type: ElementType | undefined;
  /** What else it is, in words. */
  readonly other: string | undefined;
  /** Bytes of an element of text: of UTF-32 where `isUnicode`, else of Latin 1. */
  readonly text: { readonly bytes: number; readonly isUnicode: boolean } | undefined;
  readonly isLittleEndian: boolean;
  readonly isFortranOrder: boolean;
  /** Where the values begin. */
  readonly dataStart: number;
}

/**
 * Parses the header at the start of `head` (the whole file, or its first NPY_HEAD_BYTES). `fileBytes` is what the file has in
 * all: an array that needs more is refused; trailing bytes are let be, as NumPy does.
 */
export function parseNpyHeader(head: Uint8Array, fileBytes: number, where: string): NpyHeader {
  if (head.byteLength === 0) throw new FormatError(`${where}: expected a NumPy array, got an empty file`);
  if (MAGIC.some((byte, i) => head[i] !== byte))
    throw new FormatError(`${where}: expected the magic bytes of a NumPy array, got others`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = head[6];
  if (version !== 1 && version !== 2 && version !== 3)
    throw new FormatError(`${where}: expected NumPy format 1, 2 or 3, got ${version ?? 'the end of the file'}`);
  const prefix = version === 1 ? 10 : 12;
  if (head.byteLength < prefix) throw new FormatError(`${where}: expected a NumPy header, got the end of the file`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAXIMAL_HEADER_BYTES)
    throw new FormatError(`${where}: expected a NumPy header of at most ${MAXIMAL_HEADER_BYTES} bytes, got ${length}`);
  const dataStart = prefix + length;
  if (head.byteLength < dataStart)
    throw new FormatError(`${where}: expected a NumPy header of ${length} bytes, got the end of the file`);
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(head.subarray(prefix, dataStart));
  const header = { ...parseDictionary(text, where), dataStart };

  const count = elementCountOf(header.shape, where);
  const bytes = header.type === undefined ? (header.text?.bytes ?? 0) : storedBytesOf(header.type);
  if (bytes > 0) {
    const available = Math.floor((fileBytes - dataStart) / bytes);
    if (available < count)
      throw new FormatError(
        `${where}: expected ${count} elements of ${header.type ?? header.other}, got ${available} (truncated)`,
      );
  }
  return header;
}

/** One entry of `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, a Python literal of which nothing else is accepted. */
const ENTRY = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([\d,\sL-]*\))\s*(?:,|(?=\}))/y;

function parseDictionary(text: string, where: string): Omit<NpyHeader, 'dataStart'> {
  const structured = /'descr'\s*:\s*\[/.exec(text);
  if (structured !== null)
    return {
      shape: [],
      isFortranOrder: false,
      isLittleEndian: true,
      type: undefined,
      text: undefined,
      other: 'a structure of several fields (store each field as an array of its own)',
    };
  const entry = new RegExp(ENTRY);
  entry.lastIndex = 1;
  const values = new Map<string, string>();
  for (let found = entry.exec(text); found !== null; found = entry.exec(text)) values.set(found[1], found[2]);
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map((key) => values.get(key));
  if (
    descr === undefined ||
    (order !== 'True' && order !== 'False') ||
    !shape?.startsWith('(') ||
    !text.startsWith('{')
  )
    throw new FormatError(
      `${where}: expected a NumPy header of descr, fortran_order and shape, got ${JSON.stringify(text.trim().slice(0, 80))}`,
    );
  const sides = shape
    .slice(1, -1)
    .split(',')
    .map((side) => side.trim().replace(/L$/, ''))
    .filter((side) => side !== '')
    .map(Number);
  const wrong = sides.find((side) => !Number.isSafeInteger(side) || side < 0);
  if (wrong !== undefined) throw new FormatError(`${where}: expected a shape of whole numbers, got ${shape}`);
  return { ...parseDescr(descr, where), isFortranOrder: order === 'True', shape: sides };
}

/** `'<f4'`: byte order, kind, bytes of an element. */
function parseDescr(descr: string, where: string): Pick<NpyHeader, 'type' | 'other' | 'text' | 'isLittleEndian'> {
  const isLittleEndian = descr[1] !== '>';
  const none = { type: undefined, text: undefined, isLittleEndian };
  // NumPy: dates and spans of time with their unit in brackets.
  if (/^'[<>|=][mM]8(\[[^\]]*\])?'$/.test(descr)) return { ...none, other: `times (${descr.slice(2, -1)})` };
  const match = /^'([<>|=])([?a-zA-Z])(\d*)'$/.exec(descr);
  if (match === null) throw new FormatError(`${where}: expected a type of numbers, got ${descr.slice(0, 60)}`);
  const [, , kind, size] = match;
  if (kind === 'O')
    return {
      ...none,
      other:
        'Python objects (a pickle, which may run any program; store numbers: numpy.asarray(x, dtype=numpy.float32))',
    };
  if (kind === 'c') return { ...none, other: 'complex numbers (store their real and imaginary parts)' };
  if (kind === 'V') return { ...none, other: 'raw bytes' };
  if (kind === 'U' || kind === 'S')
    return {
      ...none,
      other: 'text',
      text: { bytes: Number(size) * (kind === 'U' ? 4 : 1), isUnicode: kind === 'U' },
    };
  if (kind === 'f' && Number(size) > 8) return { ...none, other: `floats of ${Number(size) * 8} bits` };
  const kinds: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint', b: 'bool', '?': 'bool' };
  const bits = Number(size) * 8;
  const name = kinds[kind] === 'bool' ? 'bool' : `${kinds[kind] ?? kind}${bits}`;
  if (!isElementType(name) || (name === 'bool' && size !== '1' && size !== ''))
    throw new FormatError(`${where}: expected integers or floats of 8 to 64 bits, got ${descr}`);
  return { type: name, other: undefined, text: undefined, isLittleEndian };
}

/** Header bytes for an array that is stored after them in C order, little-endian; the whole is a multiple of 64 bytes. */
export function encodeNpyHeader(type: ElementType, shape: readonly number[]): Uint8Array {
  return encodeHeader(
    type === 'bool' ? '|b1' : `${storedBytesOf(type) === 1 ? '|' : '<'}${type[0]}${storedBytesOf(type)}`,
    shape,
  );
}

/** The same for text of at most so many letters, each in four bytes. */
export function encodeNpyTextHeader(letters: number, shape: readonly number[]): Uint8Array {
  return encodeHeader(`<U${letters}`, shape);
}

function encodeHeader(kind: string, shape: readonly number[]): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length).fill(0x20);
  bytes.set(MAGIC);
  bytes.set([1, 0, length & 0xff, length >> 8], 6);
  bytes.set(new TextEncoder().encode(dictionary), 10);
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}
