// ONNX messages to bytes and back, over protobufjs's wire reader and writer: the only importer of protobufjs in export/.
//
// A table-driven codec rather than generated code: it is shorter than one generated message, needs no code generation and
// no `eval` (a page with a strict content security policy can run it), writes weights straight into the result without
// copying them through a growing buffer, and holds every limit that foreign bytes must meet in one place.
//
// Writing follows the ONNX schema's proto2 form (ascending field numbers; `dims` and `ints` not packed), so the bytes of a
// file equal what Python's onnx package writes for the same message.
import protobuf from 'protobufjs/minimal.js';
import { FormatError } from '../../src/error.ts';
import type { FieldSpec, MessageOf, MessageSpec } from './message.ts';

/** Nested messages: protobuf's own default limit. A graph inside a graph takes four levels. */
const maximumDepth = 100;
/** Submessages of one file: a node takes about ten, and models of 100,000 nodes exist. Bounds memory at some 1 GB. */
const maximumMessages = 8_000_000;
/** protobuf's limit for one message: its lengths are signed 32-bit numbers. */
export const maximumMessageBytes = 2 ** 31 - 1;

type Wire = Record<string, unknown>;

const nothing: readonly unknown[] = Object.freeze([]);
const wireTypes = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

function wireTypeOf(field: FieldSpec): number {
  switch (field.kind) {
    case 'float':
      return wireTypes.fixed32;
    case 'double':
      return wireTypes.fixed64;
    case 'string':
    case 'bytes':
    case 'message':
      return wireTypes.delimited;
    default:
      return wireTypes.varint;
  }
}

/** A long of protobufjs: two signed halves. */
interface Halves {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

function toBigInt(value: number | Halves, unsigned: boolean): bigint {
  if (typeof value === 'number') return BigInt(value);
  const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
  return unsigned ? bits : BigInt.asIntN(64, bits);
}

function toHalves(value: bigint): Halves {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false };
}

// ---------------------------------------------------------------------------------------------------------------- reading

interface Decoding {
  readonly reader: protobuf.Reader;
  /** What the bytes are, for messages: `model.onnx`. */
  readonly where: string;
  readonly utf8: TextDecoder;
  readonly messageLimit: number;
  messages: number;
}

/**
 * Reads one message. Never crashes, hangs or takes memory out of proportion on foreign bytes: depth, lengths and the
 * number of messages are bounded, text is checked, and `bytes` fields are views into `bytes`, not copies.
 * @param where what the bytes are, for error messages
 * @param messageLimit how many messages there may be in all
 * @throws FormatError where the bytes are not this message
 */
export function decode<T>(
  spec: MessageOf<T>,
  bytes: Uint8Array,
  where: string,
  messageLimit: number = maximumMessages,
): T {
  const reader = new protobuf.Reader(bytes);
  const state: Decoding = { reader, where, utf8: new TextDecoder('utf-8', { fatal: true }), messageLimit, messages: 0 };
  try {
    // The one boundary where untyped bytes become a typed message: the table is checked against T by the compiler.
    return decodeMessage(spec, state, bytes.length, 0) as T;
  } catch (error) {
    const remedy = isPointer(bytes)
      ? 'It is a pointer of Git LFS, not the file: git lfs pull.'
      : 'The file is truncated, damaged or not ONNX.';
    if (error instanceof FormatError)
      throw error.remedy === undefined ? new FormatError(error.message, { remedy, cause: error }) : error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new FormatError(
      `${where}: expected an ONNX ${spec.name}, got malformed bytes near offset ${reader.pos} (${cause})`,
      {
        remedy,
        cause: error,
      },
    );
  }
}

/** What a clone without Git LFS has in place of a large file. */
function isPointer(bytes: Uint8Array): boolean {
  const begin = 'version https://git-lfs';
  return new TextDecoder('latin1').decode(bytes.subarray(0, begin.length)) === begin;
}

function decodeMessage(spec: MessageSpec, state: Decoding, end: number, depth: number, into?: Wire): Wire {
  const { reader, where } = state;
  if (depth > maximumDepth)
    throw new FormatError(`${where}: expected at most ${maximumDepth} nested messages, got more`);
  if (++state.messages > state.messageLimit)
    throw new FormatError(`${where}: expected at most ${state.messageLimit} messages, got more`);
  const result: Wire = into ?? emptyMessage(spec);
  while (reader.pos < end) {
    const tag = reader.tag();
    const wireType = tag & 7;
    const row = spec.byNumber.get(tag >>> 3);
    if (wireType === 3 || wireType === 4 || wireType > 5 || tag >>> 3 === 0)
      throw new FormatError(`${where}: expected a field of ${spec.name}, got tag ${tag} at offset ${reader.pos}`);
    if (row === undefined) {
      reader.skipType(wireType);
      continue;
    }
    const [name, field] = row;
    const isPackedRun = field.repeated && wireType === wireTypes.delimited && wireTypeOf(field) !== wireTypes.delimited;
    if (!isPackedRun && wireType !== wireTypeOf(field))
      throw new FormatError(
        `${where}: expected wire type ${wireTypeOf(field)} for ${spec.name}.${name}, got ${wireType} at offset ${reader.pos}`,
      );
    if (isPackedRun) {
      const runEnd = lengthEnd(reader, end);
      const list = listOf(result, name);
      while (reader.pos < runEnd) list.push(readScalar(field, state, runEnd));
    } else if (field.message) {
      const childEnd = lengthEnd(reader, end);
      const previous = field.repeated ? undefined : result[name];
      // A repeated occurrence of a single message field merges into the first, as the protobuf specification asks.
      const child = decodeMessage(field.message(), state, childEnd, depth + 1, isWire(previous) ? previous : undefined);
      if (field.repeated) listOf(result, name).push(child);
      else result[name] = child;
    } else {
      const value = readScalar(field, state, end);
      if (field.repeated) listOf(result, name).push(value);
      else result[name] = value;
    }
  }
  if (reader.pos !== end)
    throw new FormatError(
      `${where}: expected ${spec.name} to end at offset ${end}, got a field that ends at ${reader.pos}`,
    );
  return result;
}

function isWire(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null;
}

/** All repeated fields share one frozen empty list until something is in them: an empty message costs two bytes in a file. */
function emptyMessage(spec: MessageSpec): Wire {
  const result: Wire = {};
  for (const [name, field] of spec.fields) if (field.repeated) result[name] = nothing;
  return result;
}

function listOf(result: Wire, name: string): unknown[] {
  const present = result[name];
  if (Array.isArray(present) && present !== nothing) return present;
  const list: unknown[] = [];
  result[name] = list;
  return list;
}

function lengthEnd(reader: protobuf.Reader, limit: number): number {
  const length = reader.size();
  const end = reader.pos + length;
  if (end > limit) throw new RangeError(`a length of ${length} goes past its message's end at ${limit}`);
  return end;
}

function readScalar(field: FieldSpec, state: Decoding, limit: number): unknown {
  const { reader, where } = state;
  switch (field.kind) {
    case 'int32':
      return reader.int32();
    case 'int64': {
      const value = toBigInt(reader.int64(), false);
      const number = Number(value);
      if (!Number.isSafeInteger(number))
        throw new FormatError(`${where}: expected a dimension or version below 2^53, got ${value}`);
      return number;
    }
    case 'bigint':
      return toBigInt(reader.int64(), false);
    case 'uint64':
      return toBigInt(reader.uint64(), true);
    case 'float':
      return reader.float();
    case 'double':
      return reader.double();
    case 'string':
    case 'bytes': {
      const end = lengthEnd(reader, limit);
      const bytes = reader.buf.subarray(reader.pos, end);
      reader.pos = end;
      return field.kind === 'bytes' ? bytes : state.utf8.decode(bytes);
    }
    case 'message':
      throw new FormatError(`${where}: expected a scalar field, got a message`);
  }
}

// ---------------------------------------------------------------------------------------------------------------- writing

/** Payloads from this size on are copied once, straight into the result. */
const largeBytes = 4096;

interface Encoding {
  readonly writer: protobuf.Writer;
  /** Where in the writer's own bytes a large payload goes. */
  readonly holes: { readonly position: number; readonly payload: Uint8Array }[];
  readonly sizes: Map<unknown, number>;
  readonly utf8: TextEncoder;
}

/**
 * Writes one message; equal messages give equal bytes.
 * @throws FormatError where the message would not fit into protobuf's 2 GiB
 */
export function encode<T extends object>(spec: MessageOf<T>, value: T): Uint8Array {
  const state: Encoding = { writer: new protobuf.Writer(), holes: [], sizes: new Map(), utf8: new TextEncoder() };
  const total = sizeOfMessage(spec, value as Wire, state);
  if (total > maximumMessageBytes)
    throw new FormatError(`${spec.name}: expected at most ${maximumMessageBytes} bytes, got ${total}`, {
      remedy: 'Keep the weights in an external data file.',
    });
  writeMessage(spec, value as Wire, state);
  const head = state.writer.finish(true);
  const result = new Uint8Array(total);
  let from = 0;
  let to = 0;
  for (const { position, payload } of state.holes) {
    result.set(head.subarray(from, position), to);
    to += position - from;
    from = position;
    result.set(payload, to);
    to += payload.length;
  }
  result.set(head.subarray(from), to);
  return result;
}

function valuesOf(field: FieldSpec, value: unknown): readonly unknown[] {
  if (value === undefined) return nothing;
  if (field.repeated) return Array.isArray(value) ? value : nothing;
  return [value];
}

function sizeOfMessage(spec: MessageSpec, value: Wire, state: Encoding): number {
  let size = 0;
  for (const [name, field] of spec.fields) {
    const values = valuesOf(field, value[name]);
    if (values.length === 0) continue;
    const tagSize = varintSize(field.number << 3);
    if (field.packed) {
      const run = values.reduce<number>((sum, item) => sum + sizeOfValue(field, item, state), 0);
      state.sizes.set(values, run);
      size += tagSize + varintSize(run) + run;
    } else {
      for (const item of values) {
        const itemSize = sizeOfValue(field, item, state);
        size += tagSize + itemSize + (wireTypeOf(field) === wireTypes.delimited ? varintSize(itemSize) : 0);
      }
    }
  }
  state.sizes.set(value, size);
  return size;
}

function sizeOfValue(field: FieldSpec, value: unknown, state: Encoding): number {
  if (field.message) return sizeOfMessage(field.message(), value as Wire, state);
  switch (field.kind) {
    case 'float':
      return 4;
    case 'double':
      return 8;
    case 'bytes':
      return (value as Uint8Array).length;
    case 'string':
      return utf8Size(value as string, state.utf8);
    case 'bigint':
    case 'uint64':
      return bigVarintSize(value as bigint);
    default:
      return bigVarintSize(BigInt(value as number));
  }
}

function utf8Size(text: string, encoder: TextEncoder): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return encoder.encode(text).length;
  return text.length;
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function bigVarintSize(value: bigint): number {
  if (value < 0n) return 10;
  let size = 1;
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}

function writeMessage(spec: MessageSpec, value: Wire, state: Encoding): void {
  const { writer } = state;
  for (const [name, field] of spec.fields) {
    const values = valuesOf(field, value[name]);
    if (values.length === 0) continue;
    if (field.packed) {
      writer.uint32((field.number << 3) | wireTypes.delimited).uint32(state.sizes.get(values) ?? 0);
      for (const item of values) writeValue(field, item, state);
    } else {
      for (const item of values) {
        writer.uint32((field.number << 3) | wireTypeOf(field));
        writeValue(field, item, state);
      }
    }
  }
}

function writeValue(field: FieldSpec, value: unknown, state: Encoding): void {
  const { writer } = state;
  if (field.message) {
    writer.uint32(state.sizes.get(value) ?? 0);
    writeMessage(field.message(), value as Wire, state);
    return;
  }
  switch (field.kind) {
    case 'float':
      writer.float(value as number);
      break;
    case 'double':
      writer.double(value as number);
      break;
    case 'string':
      writer.bytes(state.utf8.encode(value as string));
      break;
    case 'bytes': {
      const payload = value as Uint8Array;
      if (payload.length < largeBytes) {
        writer.bytes(payload);
      } else {
        writer.uint32(payload.length);
        state.holes.push({ position: writer.len, payload });
      }
      break;
    }
    case 'bigint':
    case 'uint64':
      writer.int64(toHalves(value as bigint) as never);
      break;
    default:
      writer.int64(value as number);
  }
}
