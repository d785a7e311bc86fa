// ONNX messages to bytes.
import protobuf from 'protobufjs/minimal.js';
import { FormatError } from '../../src/error.ts';
import type { FieldSpec, MessageOf, MessageSpec } from './message.ts';
import { nothing, type Wire, wireTypeOf, wireTypes } from './wire.ts';

/** protobuf's limit for one message: its lengths are signed 32-bit numbers. */
export const maximumMessageBytes = 2 ** 31 - 1;

/** A long of protobufjs: two signed halves. */
function toHalves(value: bigint) {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false };
}

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
