// Bytes to ONNX messages: every limit that foreign bytes must meet is in this file.
import protobuf from 'protobufjs/minimal.js';
import { FormatError } from '../../src/error.ts';
import type { FieldSpec, MessageOf, MessageSpec } from './message.ts';
import { nothing, type Wire, wireTypeOf, wireTypes } from './wire.ts';

/** Nested messages: protobuf's own default limit. A graph inside a graph takes four levels. */
const maximumDepth = 100;
/** Submessages of one file: a node takes about ten, and models of 100,000 nodes exist. Bounds memory at some 1 GB. */
const maximumMessages = 8_000_000;
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
