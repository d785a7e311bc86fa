import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/error.ts';
import { decodeSafetensors, encodeSafetensors, type NamedArray } from '../../src/storage/safetensors.ts';
import { pythonArrays, pythonMetadata } from './safetensors-python.ts';

/** A file with this header (padded as given), and `byteLength` bytes of arrays. */
function fileOf(header: string, byteLength = 0, claimedHeaderBytes?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.byteLength + byteLength);
  new DataView(bytes.buffer).setBigUint64(0, claimedHeaderBytes ?? BigInt(text.byteLength), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (type: string, shape: string, begin: number, end: number) =>
  `{"dtype":"${type}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;

/** Each broken file with the exact message of its refusal. */
const broken: readonly (readonly [what: string, file: Uint8Array, message: string])[] = [
  ['no bytes', new Uint8Array(0), 'f: expected at least 8 bytes, got 0 bytes'],
  ['7 bytes', new Uint8Array(7), 'f: expected at least 8 bytes, got 7 bytes'],
  [
    'a header of 2^40 bytes',
    fileOf('{}', 0, 1n << 40n),
    'f: expected a header of at most 100000000 bytes, got a length of 1099511627776',
  ],
  [
    'a header over the limit by one',
    fileOf('{}', 0, 100_000_001n),
    'f: expected a header of at most 100000000 bytes, got a length of 100000001',
  ],
  [
    'a header at the limit that is not there',
    fileOf('{}', 0, 100_000_000n),
    'f: expected a header of 100000000 bytes, got 2 bytes (truncated)',
  ],
  ['a header past the end', fileOf('{}', 0, 3n), 'f: expected a header of 3 bytes, got 2 bytes (truncated)'],
  ['a header of no bytes', fileOf('', 0), 'f: expected a header that starts with {, got ""'],
  ['a leading space', fileOf(' {}'), 'f: expected a header that starts with {, got " "'],
  ['an array as header', fileOf('[]'), 'f: expected a header that starts with {, got "["'],
  [
    'an overlap',
    fileOf(`{"a":${entry('U8', '4', 0, 4)},"b":${entry('U8', '4', 2, 6)}}`, 6),
    'f: expected array b to begin at byte 4, got 2 (an overlap)',
  ],
  [
    'a hole',
    fileOf(`{"a":${entry('U8', '4', 0, 4)},"b":${entry('U8', '4', 5, 9)}}`, 9),
    'f: expected array b to begin at byte 4, got 5 (a hole)',
  ],
  [
    'a hole at the start',
    fileOf(`{"a":${entry('U8', '4', 4, 8)}}`, 8),
    'f: expected array a to begin at byte 0, got 4 (a hole)',
  ],
  [
    'trailing bytes',
    fileOf(`{"a":${entry('U8', '4', 0, 4)}}`, 5),
    'f: expected 4 bytes of arrays, got 5 bytes (trailing bytes)',
  ],
  [
    'truncated arrays',
    fileOf(`{"a":${entry('F32', '4', 0, 16)}}`, 15),
    'f: expected 16 bytes of arrays, got 15 bytes (truncated)',
  ],
  [
    'a shape that disagrees with the bytes',
    fileOf(`{"a":${entry('F32', '2,3', 0, 20)}}`, 20),
    'f: expected array a with 24 bytes for shape [2, 3] of F32, got 20 bytes',
  ],
  [
    '2^80 elements',
    fileOf(`{"a":${entry('F32', '1048576,1048576,1048576,1048576', 0, 4)}}`, 4),
    'f: expected array a of at most 2^53 bytes, got shape [1048576, 1048576, 1048576, 1048576] of F32',
  ],
  [
    'a negative side',
    fileOf(`{"a":${entry('U8', '-4', 0, 4)}}`, 4),
    'f: expected array a with a shape of whole numbers, got [-4]',
  ],
  [
    'a fractional side',
    fileOf(`{"a":${entry('U8', '1.5', 0, 4)}}`, 4),
    'f: expected array a with a shape of whole numbers, got [1.5]',
  ],
  [
    'offsets in the wrong order',
    fileOf(`{"a":${entry('U8', '4', 4, 0)}}`, 4),
    'f: expected array a with 4 bytes for shape [4] of U8, got -4 bytes',
  ],
  [
    'one offset',
    fileOf('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0]}}', 4),
    'f: expected array a with two byte offsets, got [0]',
  ],
  [
    'an unknown type',
    fileOf(`{"a":${entry('F33', '1', 0, 4)}}`, 4),
    'f: expected array a of a known type (BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64), got "F33"',
  ],
  [
    'a type that objects inherit',
    fileOf(`{"a":${entry('constructor', '1', 0, 4)}}`, 4),
    'f: expected array a of a known type (BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64), got "constructor"',
  ],
  ['an array that is no object', fileOf('{"a":4}'), 'f: expected array a as an object, got 4'],
  ['metadata that is no object', fileOf('{"__metadata__":[]}'), 'f: expected __metadata__ as an object, got []'],
  [
    'metadata that is no string',
    fileOf('{"__metadata__":{"step":5}}'),
    'f: expected __metadata__ step as a string, got 5',
  ],
  [
    'one name twice',
    fileOf(`{"a":${entry('U8', '4', 0, 4)},"\\u0061":${entry('U8', '4', 0, 4)}}`, 4),
    'f: expected each key of the header once, got "a" twice',
  ],
  [
    'one metadata key twice',
    fileOf('{"__metadata__":{"k":"1","k":"2"}}'),
    'f: expected each key of the header once, got "k" twice',
  ],
];

describe('a broken safetensors file is refused by its own message', () => {
  test.each(broken)('%s', (_what, file, message) => {
    let thrown: unknown;
    try {
      decodeSafetensors(file, 'f');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FormatError);
    expect((thrown as Error).message).toBe(message);
  });

  test('junk instead of JSON, and bytes that are no UTF-8', () => {
    expect(() => decodeSafetensors(fileOf('{"a"'), 'f')).toThrow(/^f: expected a header in JSON, got /);
    const invalid = fileOf('{"a":1}');
    invalid[10] = 0xff;
    expect(() => decodeSafetensors(invalid, 'f')).toThrow(/^f: expected a header in JSON, got /);
  });
});

test('a file as the specification lays it out is read, wherever the arrays stand in memory', () => {
  const file = fileOf(`{"odd":${entry('U8', '3', 0, 3)},"x":${entry('F32', '1,2', 3, 11)}}`, 11);
  new DataView(file.buffer, file.byteLength - 8).setFloat32(0, 1.5, true);
  new DataView(file.buffer, file.byteLength - 8).setFloat32(4, Number.NaN, true);
  file.set([7, 8, 9], file.byteLength - 11);
  const { arrays, metadata } = decodeSafetensors(Buffer.from(file));
  expect(metadata.size).toBe(0);
  expect(arrays.get('odd')).toEqual({ elementType: 'U8', shape: [3], values: new Uint8Array([7, 8, 9]) });
  expect(arrays.get('x')).toEqual({ elementType: 'F32', shape: [1, 2], values: new Float32Array([1.5, Number.NaN]) });
});

test("a file of Python's safetensors 0.8.0 reads as the same arrays, and they are written as the same bytes", () => {
  const file = readFileSync(new URL('../fixtures/storage/python.safetensors', import.meta.url));
  expect(decodeSafetensors(file)).toEqual({ arrays: pythonArrays, metadata: pythonMetadata });
  expect(Buffer.from(encodeSafetensors(pythonArrays, pythonMetadata)).equals(file)).toBe(true);
});

test('names that objects inherit are ordinary names, and pollute nothing', () => {
  const array: NamedArray = { shape: [], values: new Int32Array([5]) };
  const bytes = encodeSafetensors(
    new Map([
      ['__proto__', array],
      ['constructor', array],
      ['1', array],
      ['0', array],
    ]),
    new Map([['__proto__', 'text']]),
  );
  const { arrays, metadata } = decodeSafetensors(bytes);
  expect([...arrays.keys()].sort()).toEqual(['0', '1', '__proto__', 'constructor']);
  expect([...metadata]).toEqual([['__proto__', 'text']]);
  expect(Reflect.get({}, 'dtype')).toBeUndefined();
});

test('what cannot be written is refused before it is written', () => {
  const write = (name: string, array: NamedArray) => () => encodeSafetensors(new Map([[name, array]]));
  expect(write('a', { shape: [2, 2], values: new Float32Array(3) })).toThrow(
    'safetensors a: expected 4 values for shape [2, 2], got 3',
  );
  expect(write('__metadata__', { shape: [1], values: new Float32Array(1) })).toThrow(
    'safetensors: expected a name of an array, got "__metadata__"',
  );
  expect(write('a', { shape: [1], values: new Float32Array(1), elementType: 'BF16' })).toThrow(
    'safetensors a: expected Uint16Array for BF16, got Float32Array',
  );
});

/** Any array of the format, NaN payloads included: made of bytes. */
const anyArray: fc.Arbitrary<Required<NamedArray>> = fc
  .record({
    elementType: fc.constantFrom('F32', 'F64', 'I32', 'I64', 'U8', 'BOOL', 'F16', 'BF16', 'U64', 'I16', 'U32', 'I8'),
    shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    fill: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ elementType, shape, fill }) => {
    const count = shape.reduce((product, side) => product * side, 1);
    const bytes = Uint8Array.from({ length: count * 8 }, (_, i) => (fill + i * 37) % 256).buffer;
    const classes = { F32: Float32Array, F64: Float64Array, I32: Int32Array, I64: BigInt64Array, U8: Uint8Array };
    const more = { BOOL: Uint8Array, F16: Uint16Array, BF16: Uint16Array, U64: BigUint64Array, I16: Int16Array };
    const values = new { ...classes, ...more, U32: Uint32Array, I8: Int8Array }[elementType](bytes, 0, count);
    return { elementType, shape, values };
  });

const bytesOf = ({ values }: NamedArray) => [...new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];

test('whatever is written is read back: every name, type, shape and bit', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
        anyArray,
        { maxKeys: 8 },
      ),
      fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { maxKeys: 3 }),
      (arrays, metadata) => {
        const written = encodeSafetensors(new Map(Object.entries(arrays)), new Map(Object.entries(metadata)));
        const read = decodeSafetensors(written);
        expect(read.metadata).toEqual(new Map(Object.entries(metadata)));
        expect(read.arrays.size).toBe(Object.keys(arrays).length);
        for (const [name, array] of Object.entries(arrays)) {
          const found = read.arrays.get(name);
          expect(found?.elementType).toBe(array.elementType);
          expect(found?.shape).toEqual(array.shape);
          expect(found && bytesOf(found)).toEqual(bytesOf(array));
        }
      },
    ),
    { numRuns: 25 },
  );
});

test('a flipped byte anywhere is either refused or changes values only: it never throws anything but a FormatError', () => {
  const original = encodeSafetensors(
    new Map<string, NamedArray>([
      ['weight', { shape: [2, 2], values: new Float32Array([1, 2, 3, 4]) }],
      ['step', { shape: [1], values: new BigInt64Array([7n]) }],
    ]),
    new Map([['format', 'pt']]),
  );
  let refused = 0;
  for (let i = 0; i < original.byteLength; i++)
    for (const flip of [0x01, 0x20, 0xff]) {
      const file = original.slice();
      file[i] ^= flip;
      try {
        decodeSafetensors(file);
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(FormatError);
      }
    }
  expect(refused).toBeGreaterThan(original.byteLength);
});

test('the order in which arrays are given does not change the bytes', () => {
  const one: NamedArray = { shape: [1], values: new Float32Array([1]) };
  const two: NamedArray = { shape: [1], values: new BigInt64Array([2n]) };
  const a = encodeSafetensors(new Map([['x', one], ['y', two]])); // biome-ignore format: one line
  const b = encodeSafetensors(new Map([['y', two], ['x', one]])); // biome-ignore format: one line
  expect(a).toEqual(b);
});
