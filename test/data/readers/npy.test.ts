import { describe, expect, test } from 'vitest';
import { encodeNpyHeader, parseNpyHeader } from '../../../src/data/readers/npy.ts';
import { FormatError } from '../../../src/error.ts';

/** A file of version 1 with this header and so many bytes of values. */
function fileOf(header: string, byteLength: number, version = 1): Uint8Array {
  const text = Buffer.from(header, 'utf8');
  const prefix = version === 1 ? 10 : 12;
  const file = Buffer.alloc(prefix + text.byteLength + byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  if (version === 1) file.writeUInt16LE(text.byteLength, 8);
  else file.writeUInt32LE(text.byteLength, 8);
  file.set(text, prefix);
  return file;
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
const parse = (file: Uint8Array) => parseNpyHeader(file, file.byteLength, 'a.npy');

describe('a broken .npy file is refused by its own message', () => {
  test.each([
    ['an empty file', new Uint8Array(0), 'a.npy: expected a NumPy array, got an empty file'],
    ['junk', Buffer.from('no array here'), 'a.npy: expected the magic bytes of a NumPy array, got others'],
    ['a later format', fileOf('', 0, 4), 'a.npy: expected NumPy format 1, 2 or 3, got 4'],
    [
      'too few values',
      fileOf(header("'<f4'", '(100,)'), 380),
      'a.npy: expected 100 elements of float32, got 95 (truncated)',
    ],
    ['a negative side', fileOf(header("'<f4'", '(-1,)'), 40), 'a.npy: expected a shape of whole numbers, got (-1,)'],
    [
      '72.8 TiB and no values',
      fileOf(header("'<f8'", '(10000000000000,)'), 0),
      'a.npy: expected 10000000000000 elements of float64, got 0 (truncated)',
    ],
    [
      'more elements than can be counted',
      fileOf(header("'<f8'", '(4294967296, 4294967296)'), 0),
      'a.npy: expected at most 2^53 elements, got shape [4294967296, 4294967296]',
    ],
    [
      'a header that runs code',
      fileOf('__import__("os")\n', 0),
      'a.npy: expected a NumPy header of descr, fortran_order and shape',
    ],
    [
      'a header without a shape',
      fileOf("{'descr': '<f4', 'fortran_order': False}", 4),
      'a.npy: expected a NumPy header of descr',
    ],
    [
      'a cut header',
      fileOf(header("'<f4'", '(1,)'), 0).subarray(0, 30),
      /a\.npy: expected a NumPy header of \d+ bytes, got the end of the file/,
    ],
    [
      'a header of 16 MB',
      fileOf(`${' '.repeat(1 << 24)}`, 0, 2),
      'a.npy: expected a NumPy header of at most 10000 bytes, got 16777216',
    ],
  ])('%s', (_what, file, message) => {
    expect(() => parse(file)).toThrow(FormatError);
    expect(() => parse(file)).toThrow(message);
  });
});

test.each([
  ["'<f4'", 'float32', true, 1],
  ["'>f8'", 'float64', false, 2],
  ["'<f2'", 'float16', true, 3],
  ["'|u1'", 'uint8', true, 1],
  ["'|b1'", 'bool', true, 1],
  ["'>i8'", 'int64', false, 1],
])('%s is %s', (descr, type, isLittleEndian, version) => {
  expect(parse(fileOf(header(descr, '(2, 3)', 'True'), 100, version))).toMatchObject({
    type,
    isLittleEndian,
    shape: [2, 3],
    isFortranOrder: true,
  });
});

test('a number alone and text have their own answers, and trailing bytes do no harm', () => {
  expect(parse(fileOf(header("'<i4'", '()'), 400))).toMatchObject({ shape: [], type: 'int32' });
  expect(parse(fileOf(header("'<U3'", '(2,)'), 24))).toMatchObject({
    type: undefined,
    text: { bytes: 12, isUnicode: true },
  });
});

test.each([
  ["'|O'", /Python objects \(a pickle, which may run any program/],
  ["[('x', '<f4'), ('y', '<f4')]", /a structure of several fields/],
  ["'<c8'", /complex numbers/],
  ["'<M8[ns]'", /times \(M8\[ns\]\)/],
  ["'<f16'", /floats of 128 bits/],
])('%s is no numbers, and has a name', (descr, other) => {
  const { type, other: found } = parse(fileOf(header(descr, '(5,)'), 80));
  expect(type).toBeUndefined();
  expect(found).toMatch(other);
});

test('a header that is written here is read here, and aligns the values to 64 bytes', () => {
  for (const shape of [[], [7], [3, 4, 5], [1e9, 3]]) {
    const bytes = encodeNpyHeader('int64', shape);
    expect(bytes.byteLength % 64).toBe(0);
    const parsed = parseNpyHeader(bytes, 1e15, 'a.npy');
    expect(parsed).toEqual({
      type: 'int64',
      other: undefined,
      text: undefined,
      isLittleEndian: true,
      isFortranOrder: false,
      shape,
      dataStart: bytes.byteLength,
    });
  }
});
