// Named arrays as the bytes of a safetensors file (https://github.com/huggingface/safetensors, format of version 0.8), and
// back. Pure functions on bytes, so that they run in a browser too; files are written by others (atomic-file.ts).
// Layout: u64 little-endian header length, JSON header, then the arrays without gaps in between.
import { FormatError } from '../error.ts';
import { elementCount } from '../shape.ts';
import { findDuplicateKey } from './json-keys.ts';

/** The header's size limit, that of the reference implementation. Larger ones are refused before anything is allocated. */
export const MAXIMAL_HEADER_BYTES = 100_000_000;
/** The header's length prefix. */
const PREFIX_BYTES = 8;
/** The writer pads the header to this, so that the arrays can be mapped without a copy. */
const ALIGNMENT_BYTES = 8;
const METADATA_KEY = '__metadata__';

/** In the order of the reference, which writes the last first. */
const ARRAY_CLASSES = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

/** Element types as the format names them. F16 and BF16 are kept as their 16 bits, BOOL as bytes. */
export type ElementType = keyof typeof ARRAY_CLASSES;

export type ElementArray = InstanceType<(typeof ARRAY_CLASSES)[ElementType]>;

/** Values with a shape, row-major. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: ElementArray;
  /** Default: what the class of `values` says (Float32Array: F32, Uint8Array: U8, ...). */
  readonly elementType?: ElementType;
}

export interface Safetensors {
  readonly arrays: Map<string, Required<NamedArray>>;
  readonly metadata: Map<string, string>;
}

/** Writes by element type, largest first, then by name, as the reference does: the same arrays give the same bytes. */
export function encodeSafetensors(
  arrays: ReadonlyMap<string, NamedArray>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const entries = [...arrays].map(([name, array]) => {
    const elementType = array.elementType ?? elementTypeOf(array.values);
    if (name === METADATA_KEY) throw new FormatError(`safetensors: expected a name of an array, got "${name}"`);
    if (!(array.values instanceof ARRAY_CLASSES[elementType]))
      throw new FormatError(
        `safetensors ${name}: expected ${ARRAY_CLASSES[elementType].name} for ${elementType}, got ${array.values.constructor.name}`,
      );
    const count = elementCount(array.shape);
    if (count !== array.values.length)
      throw new FormatError(
        `safetensors ${name}: expected ${count} values for shape [${array.shape.join(', ')}], got ${array.values.length}`,
      );
    return { name, elementType, shape: array.shape, values: array.values };
  });
  const rank = (elementType: ElementType) => Object.keys(ARRAY_CLASSES).indexOf(elementType);
  entries.sort((a, b) => rank(b.elementType) - rank(a.elementType) || compareBytewise(a.name, b.name));

  // Built as text, since an object would reorder names that look like numbers and take __proto__ for something else.
  const fields: string[] = [];
  if (metadata.size > 0) {
    const pairs = [...metadata].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    fields.push(`"${METADATA_KEY}":{${pairs.join(',')}}`);
  }
  let offset = 0;
  for (const { name, elementType, shape, values } of entries) {
    const end = offset + values.byteLength;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${elementType}","shape":[${shape.join(',')}],"data_offsets":[${offset},${end}]}`,
    );
    offset = end;
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(header.byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  if (headerBytes > MAXIMAL_HEADER_BYTES)
    throw new FormatError(
      `safetensors: expected a header of at most ${MAXIMAL_HEADER_BYTES} bytes, got ${headerBytes} bytes`,
    );
  const bytes = new Uint8Array(PREFIX_BYTES + headerBytes + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(header, PREFIX_BYTES);
  bytes.fill(0x20, PREFIX_BYTES + header.byteLength, PREFIX_BYTES + headerBytes);
  offset = PREFIX_BYTES + headerBytes;
  for (const { values } of entries) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/**
 * Reads all arrays, each a copy of its own. `where` opens every error message. Throws a FormatError, before allocating
 * anything, for whatever the format forbids: holes, overlaps, trailing bytes, shapes that disagree with their bytes.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'safetensors'): Safetensors {
  const { entries, metadata, dataStart } = decodeHeader(bytes, where);
  const arrays = new Map<string, Required<NamedArray>>();
  for (const { name, elementType, shape, begin, end } of entries) {
    // Copied, since the arrays may stand at any byte of the file and a typed array only at multiples of its element.
    const content = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    arrays.set(name, { elementType, shape, values: new ARRAY_CLASSES[elementType](content.buffer) });
  }
  return { arrays, metadata };
}

interface Entry {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly Entry[];
  readonly metadata: Map<string, string>;
  /** Where the arrays begin in the file. */
  readonly dataStart: number;
}

function decodeHeader(bytes: Uint8Array, where: string): Header {
  const fail = (expected: string, got: string): never => {
    throw new FormatError(`${where}: expected ${expected}, got ${got}`);
  };
  if (bytes.byteLength < PREFIX_BYTES) fail(`at least ${PREFIX_BYTES} bytes`, `${bytes.byteLength} bytes`);
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (headerLength > BigInt(MAXIMAL_HEADER_BYTES))
    fail(`a header of at most ${MAXIMAL_HEADER_BYTES} bytes`, `a length of ${headerLength}`);
  const dataStart = PREFIX_BYTES + Number(headerLength);
  if (dataStart > bytes.byteLength)
    fail(`a header of ${headerLength} bytes`, `${bytes.byteLength - PREFIX_BYTES} bytes (truncated)`);

  const parsed = parseHeader(bytes.subarray(PREFIX_BYTES, dataStart), fail);
  const metadata = new Map<string, string>();
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === METADATA_KEY) {
      if (!isObject(value)) return fail(`${METADATA_KEY} as an object`, describe(value));
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') return fail(`${METADATA_KEY} ${key} as a string`, describe(text));
        metadata.set(key, text);
      }
    } else entries.push(parseEntry(name, value, fail));
  }

  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered)
      fail(`array ${name} to begin at byte ${covered}`, `${begin} (${begin < covered ? 'an overlap' : 'a hole'})`);
    covered = end;
  }
  const available = bytes.byteLength - dataStart;
  if (covered !== available)
    fail(`${covered} bytes of arrays`, `${available} bytes (${available < covered ? 'truncated' : 'trailing bytes'})`);
  return { entries, metadata, dataStart };
}

type Fail = (expected: string, got: string) => never;

function parseHeader(header: Uint8Array, fail: Fail): object {
  // The format asks for this, so that nothing but JSON with an object at its top is ever taken for a header.
  if (header[0] !== 0x7b) fail('a header that starts with {', describe(String.fromCharCode(...header.subarray(0, 1))));
  let text = '';
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    parsed = JSON.parse(text);
  } catch (error) {
    fail('a header in JSON', error instanceof Error ? error.message : String(error));
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) fail('each key of the header once', `${JSON.stringify(duplicate)} twice`);
  return isObject(parsed) ? parsed : fail('a header that is an object', describe(parsed));
}

function parseEntry(name: string, value: unknown, fail: Fail): Entry {
  if (!isObject(value)) return fail(`array ${name} as an object`, describe(value));
  const dtype: unknown = Reflect.get(value, 'dtype');
  const shape: unknown = Reflect.get(value, 'shape');
  const offsets: unknown = Reflect.get(value, 'data_offsets');
  if (!isElementType(dtype))
    return fail(`array ${name} of a known type (${Object.keys(ARRAY_CLASSES).join(', ')})`, describe(dtype));
  if (!isArrayOfSizes(shape)) return fail(`array ${name} with a shape of whole numbers`, describe(shape));
  if (!isArrayOfSizes(offsets) || offsets.length !== 2)
    return fail(`array ${name} with two byte offsets`, describe(offsets));
  const [begin, end] = offsets;
  const wanted = elementCount(shape) * ARRAY_CLASSES[dtype].BYTES_PER_ELEMENT;
  if (!Number.isSafeInteger(wanted))
    return fail(`array ${name} of at most 2^53 bytes`, `shape [${shape.join(', ')}] of ${dtype}`);
  if (end - begin !== wanted)
    return fail(
      `array ${name} with ${wanted} bytes for shape [${shape.join(', ')}] of ${dtype}`,
      `${end - begin} bytes`,
    );
  return { name, elementType: dtype, shape, begin, end };
}

function elementTypeOf(values: ElementArray): ElementType {
  // BOOL, F16 and BF16 share a class with U8 and U16, and are taken only when they are named.
  for (const elementType of ['F32', 'F64', 'I32', 'U8', 'I8', 'U16', 'I16', 'U32', 'U64', 'I64'] as const)
    if (values instanceof ARRAY_CLASSES[elementType]) return elementType;
  throw new FormatError(`safetensors: expected a typed array, got ${describe(values)}`);
}

function isElementType(value: unknown): value is ElementType {
  return typeof value === 'string' && Object.hasOwn(ARRAY_CLASSES, value);
}

function isArrayOfSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The order of the names' UTF-8 bytes, which is that of their code points. */
function compareBytewise(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i].codePointAt(0) ?? 0) - (right[i].codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
