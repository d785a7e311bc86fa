// The codec on good bytes, on bytes that are wrong in every way that protobuf allows, and its limits.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../export/schema/decode.ts';
import { encode } from '../../../export/schema/encode.ts';
import * as onnx from '../../../export/schema/onnx.ts';
import { FormatError } from '../../../src/error.ts';

const text = fc.oneof(fc.string({ maxLength: 9 }), fc.constantFrom('é', 'encoder/conv1/Conv', '日本', '🙂'));
const bytes = fc.uint8Array({ maxLength: 40 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const float = fc.float({ noNaN: true });

const tensor: fc.Arbitrary<onnx.Tensor> = fc.record({
  dims: fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 4 }),
  dataType: maybe(fc.integer({ min: 0, max: 20 })),
  floatData: fc.array(float, { maxLength: 3 }),
  int32Data: fc.array(fc.integer(), { maxLength: 3 }),
  stringData: fc.array(bytes, { maxLength: 2 }),
  int64Data: fc.array(int64, { maxLength: 3 }),
  name: maybe(text),
  rawData: maybe(bytes),
  doubleData: fc.array(fc.double({ noNaN: true }), { maxLength: 3 }),
  uint64Data: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 3 }),
  docString: maybe(text),
  externalData: fc.array(fc.record({ key: maybe(text), value: maybe(text) }), { maxLength: 2 }),
  dataLocation: maybe(fc.integer({ min: 0, max: 1 })),
});

const attribute: fc.Arbitrary<onnx.Attribute> = fc.record({
  name: maybe(text),
  f: maybe(float),
  i: maybe(int64),
  s: maybe(bytes),
  t: maybe(tensor),
  g: fc.constant(undefined),
  floats: fc.array(float, { maxLength: 3 }),
  ints: fc.array(int64, { maxLength: 3 }),
  strings: fc.array(bytes, { maxLength: 2 }),
  tensors: fc.array(tensor, { maxLength: 1 }),
  graphs: fc.constant([]),
  docString: maybe(text),
  type: maybe(fc.integer({ min: 0, max: 14 })),
});

const node: fc.Arbitrary<onnx.Node> = fc.record({
  input: fc.array(text, { maxLength: 3 }),
  output: fc.array(text, { maxLength: 3 }),
  name: maybe(text),
  opType: maybe(text),
  attribute: fc.array(attribute, { maxLength: 2 }),
  docString: maybe(text),
  domain: maybe(text),
});

/** Absent and undefined are one. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each) =>
      typeof each === 'bigint'
        ? `${each}n`
        : each instanceof Uint8Array
          ? [...each]
          : Object.is(each, -0)
            ? '-0'
            : each,
    ),
  );

const model = (graph: Partial<onnx.Graph>): onnx.Model => ({
  irVersion: 8,
  graph: { node: [], name: 'g', initializer: [], input: [], output: [], valueInfo: [], ...graph },
  opsetImport: [{ domain: '', version: 17 }],
  metadataProps: [],
});

describe('codec', () => {
  test('what is written is read back, and written the same again', () => {
    fc.assert(
      fc.property(node, (value) => {
        const written = encode(onnx.node, value);
        const read = decode(onnx.node, written, 'node');
        expect(plain(read)).toEqual(plain(value));
        expect(encode(onnx.node, read)).toEqual(written);
      }),
      { numRuns: 200 },
    );
  });

  test('integers keep all 64 bits, shapes beyond 2^53 are refused', () => {
    const extremes = [-(2n ** 63n), -1n, 0n, 127n, 128n, 2n ** 32n, 2n ** 63n - 1n];
    const value: onnx.Attribute = { ints: extremes, floats: [], strings: [], tensors: [], graphs: [] };
    expect(decode(onnx.attribute, encode(onnx.attribute, value), 'a').ints).toEqual(extremes);
    // dims = 2^60
    const dims = Uint8Array.of(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    expect(() => decode(onnx.tensor, dims, 't')).toThrow(
      't: expected a dimension or version below 2^53, got 1152921504606846976',
    );
  });

  test('packed and unpacked lists are both read', () => {
    const unpacked = Uint8Array.of(0x08, 2, 0x08, 3);
    const packed = Uint8Array.of(0x0a, 2, 2, 3);
    expect(decode(onnx.tensor, unpacked, 't').dims).toEqual([2, 3]);
    expect(decode(onnx.tensor, packed, 't').dims).toEqual([2, 3]);
  });

  test('a message in two parts is one, and fields that are unknown are skipped', () => {
    const [a, b] = [
      encode(onnx.model, model({ name: 'first' })),
      encode(onnx.model, {
        opsetImport: [],
        metadataProps: [],
        graph: { node: [], initializer: [], input: [], output: [], valueInfo: [], docString: 'second' },
      }),
    ];
    // Field 200, eight bytes of it.
    const unknown = Uint8Array.of(0xc1, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8);
    const read = decode(onnx.model, Uint8Array.of(...a, ...unknown, ...b), 'm');
    expect([read.graph?.name, read.graph?.docString]).toEqual(['first', 'second']);
  });

  test('large weights are views into the bytes that were read, not copies', () => {
    const rawData = new Uint8Array(100_000).fill(7);
    const bytes = encode(onnx.tensor, {
      dims: [100_000],
      dataType: 2,
      floatData: [],
      int32Data: [],
      stringData: [],
      int64Data: [],
      rawData,
      doubleData: [],
      uint64Data: [],
      externalData: [],
    });
    expect(bytes.length).toBe(100_000 + 10);
    expect(decode(onnx.tensor, bytes, 't').rawData?.buffer).toBe(bytes.buffer);
  });
});

const nested = (depth: number): Uint8Array => {
  // Field 7 of a model (its graph), then node > attribute > graph over and over.
  let inner = new Uint8Array(0);
  const wrap = (tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> => {
    const length: number[] = [];
    for (let rest = content.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Uint8Array.of(tag, ...length, ...content);
  };
  for (let i = 0; i < depth; i++) inner = wrap([0x32, 0x2a, 0x0a][i % 3], inner);
  return wrap(0x3a, inner);
};

describe('bytes that are no model', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['text', new TextEncoder().encode('{"hello": 1}'), /^bad: expected .*ModelProto/],
    ['a length past the end', Uint8Array.of(0x3a, 0x7f, 1), /a length of 127 goes past its message's end at 3/],
    ['a length past 2^31', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f), /invalid length encoding/],
    ['a varint of eleven bytes', Uint8Array.of(0x08, ...new Array(10).fill(0xff), 1), /invalid varint encoding/],
    ['a number that is cut off', Uint8Array.of(0x08, 0x80), /index out of range/],
    ['text that is not UTF-8', Uint8Array.of(0x12, 2, 0xc3, 0x28), /malformed bytes/],
    ['a group', Uint8Array.of(0x3b, 0x3c), /expected a field of ModelProto, got tag 59/],
    ['field number 0', Uint8Array.of(0x00, 0x00), /expected a field of ModelProto, got tag 0/],
    [
      'a wire type that the field does not have',
      Uint8Array.of(0x0d, 1, 2, 3, 4),
      /expected wire type 0 for ModelProto\.irVersion, got 5/,
    ],
    ['graphs inside graphs without end', nested(399), /expected at most 100 nested messages, got more/],
  ])('%s', (_, bytes, message) => {
    expect(() => decode(onnx.model, bytes, 'bad')).toThrow(FormatError);
    expect(() => decode(onnx.model, bytes, 'bad')).toThrow(message);
  });

  test('a file of empty nodes takes memory in proportion to it', () => {
    const count = 500_000;
    const nodes = new Uint8Array(2 * count);
    for (let i = 0; i < count; i++) nodes[2 * i] = 0x0a;
    const before = process.memoryUsage().heapUsed;
    const graph = decode(onnx.graph, nodes, 'g');
    const taken = process.memoryUsage().heapUsed - before;
    expect(graph.node).toHaveLength(count);
    // 1 MB of file: an object of three empty lists for every two bytes.
    expect(taken).toBeLessThan(120e6);
  });

  test('more messages than any model has are refused before they fill the memory', () => {
    const nodes = new Uint8Array(2000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
    expect(decode(onnx.graph, nodes, 'g', 1001).node).toHaveLength(1000);
    expect(() => decode(onnx.graph, nodes, 'g', 1000)).toThrow(/expected at most 1000 messages, got more/);
  });
});
