// How a protobuf message is described here: one row a field, with its number and kind from the message's definition.
// The codec walks these tables; nothing is parsed or generated at run time.

/**
 * The wire kinds that ONNX uses. `int64` is a JavaScript number and refused above 2^53 (shapes, versions, lengths);
 * `bigint` is the full 64 bits (attribute integers and tensor elements). `string` is UTF-8 and checked, `bytes` is raw.
 */
export type FieldKind = 'int32' | 'int64' | 'bigint' | 'uint64' | 'float' | 'double' | 'string' | 'bytes' | 'message';

export interface FieldSpec {
  readonly number: number;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** Written as one length-delimited run. Both forms are read, as the protobuf specification asks. */
  readonly packed: boolean;
  /** The table of the message in this field; a function, since graphs and attributes hold each other. */
  readonly message?: () => MessageSpec;
}

export interface MessageSpec {
  readonly name: string;
  /** Field name -> row, in ascending field number, which is also the order of writing. */
  readonly fields: ReadonlyMap<string, FieldSpec>;
  readonly byNumber: ReadonlyMap<number, readonly [name: string, field: FieldSpec]>;
}

/** The table of the message type `T`: a missing or misspelt field does not compile. */
export interface MessageOf<T> extends MessageSpec {
  /** Only carries `T`. */
  readonly example?: T;
}

export function message<T>(name: string, fields: { readonly [K in keyof Required<T>]: FieldSpec }): MessageOf<T> {
  const rows = Object.entries<FieldSpec>(fields).sort(([, a], [, b]) => a.number - b.number);
  return {
    name,
    fields: new Map(rows),
    byNumber: new Map(rows.map(([field, spec]) => [spec.number, [field, spec]])),
  };
}

export const one = (number: number, kind: FieldKind): FieldSpec => ({ number, kind, repeated: false, packed: false });
export const many = (number: number, kind: FieldKind): FieldSpec => ({ number, kind, repeated: true, packed: false });
export const packed = (number: number, kind: FieldKind): FieldSpec => ({ number, kind, repeated: true, packed: true });
export const oneOf = (number: number, of: () => MessageSpec): FieldSpec => ({
  number,
  kind: 'message',
  repeated: false,
  packed: false,
  message: of,
});
export const manyOf = (number: number, of: () => MessageSpec): FieldSpec => ({
  number,
  kind: 'message',
  repeated: true,
  packed: false,
  message: of,
});
