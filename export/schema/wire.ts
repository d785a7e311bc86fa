// What reading (decode.ts) and writing (encode.ts) of ONNX messages share. The two are over protobufjs's wire reader and writer,
// and the only importers of protobufjs in export/.
//
// A table-driven codec rather than generated code: it is shorter than one generated message, needs no code generation and
// no `eval` (a page with a strict content security policy can run it), writes weights straight into the result without
// copying them through a growing buffer, and holds every limit that foreign bytes must meet in one place.
//
// Writing follows the ONNX schema's proto2 form (ascending field numbers; `dims` and `ints` not packed), so the bytes of a
// file equal what Python's onnx package writes for the same message.
import type { FieldSpec } from './message.ts';

export type Wire = Record<string, unknown>;

/** All empty lists. */
export const nothing: readonly unknown[] = Object.freeze([]);
export const wireTypes = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

export function wireTypeOf(field: FieldSpec): number {
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
