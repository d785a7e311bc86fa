// The ONNX messages: names, field numbers and kinds are facts of the ONNX IR specification (onnx/onnx, `onnx.proto`,
// IR version 11), written down by hand as types and tables. Training and device configurations are
// kept out of the model here; fields of theirs in a foreign file are skipped by the codec. Functions and sparse weights are bytes that pass through.
import { type MessageOf, many, manyOf, message, one, oneOf, packed } from './message.ts';

/** TensorProto.DataType, the part that has a meaning here. */
export const dataTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** AttributeProto.AttributeType. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;

/** TensorProto.DataLocation: the elements are in `external_data`, not in the message. */
export const externalLocation = 1;

export interface StringEntry {
  readonly key?: string;
  readonly value?: string;
}

export interface OperatorSetId {
  readonly domain?: string;
  readonly version?: number;
}

export interface Tensor {
  readonly dims: readonly number[];
  readonly dataType?: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly bigint[];
  readonly name?: string;
  readonly rawData?: Uint8Array;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly bigint[];
  readonly docString?: string;
  readonly externalData: readonly StringEntry[];
  readonly dataLocation?: number;
}

export interface Dimension {
  readonly dimValue?: number;
  readonly dimParam?: string;
  readonly denotation?: string;
}

export interface TensorShape {
  readonly dim: readonly Dimension[];
}

export interface TensorTypeMessage {
  readonly elemType?: number;
  readonly shape?: TensorShape;
}

/** TypeProto; sequences, maps and optionals of foreign files are skipped and leave `tensorType` undefined. */
export interface TypeMessage {
  readonly tensorType?: TensorTypeMessage;
  readonly denotation?: string;
}

export interface ValueInfo {
  readonly name?: string;
  readonly type?: TypeMessage;
  readonly docString?: string;
}

export interface Attribute {
  readonly name?: string;
  readonly f?: number;
  readonly i?: bigint;
  readonly s?: Uint8Array;
  readonly t?: Tensor;
  readonly g?: Graph;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly Tensor[];
  readonly graphs: readonly Graph[];
  readonly docString?: string;
  readonly type?: number;
}

export interface Node {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly attribute: readonly Attribute[];
  readonly docString?: string;
  readonly domain?: string;
  /** Which of several functions of one name. */
  readonly overload?: string;
}

export interface Graph {
  readonly node: readonly Node[];
  readonly name?: string;
  readonly initializer: readonly Tensor[];
  readonly docString?: string;
  readonly input: readonly ValueInfo[];
  readonly output: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
  /** SparseTensorProto, as its bytes. */
  readonly sparseInitializer?: readonly Uint8Array[];
}

export interface Model {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: number;
  readonly docString?: string;
  readonly graph?: Graph;
  readonly opsetImport: readonly OperatorSetId[];
  readonly metadataProps: readonly StringEntry[];
  /** FunctionProto, as its bytes. */
  readonly functions?: readonly Uint8Array[];
}

export const stringEntry = message<StringEntry>('StringStringEntryProto', {
  key: one(1, 'string'),
  value: one(2, 'string'),
});

export const operatorSetId = message<OperatorSetId>('OperatorSetIdProto', {
  domain: one(1, 'string'),
  version: one(2, 'int64'),
});

export const tensor = message<Tensor>('TensorProto', {
  dims: many(1, 'int64'),
  dataType: one(2, 'int32'),
  floatData: packed(4, 'float'),
  int32Data: packed(5, 'int32'),
  stringData: many(6, 'bytes'),
  int64Data: packed(7, 'bigint'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: packed(10, 'double'),
  uint64Data: packed(11, 'uint64'),
  docString: one(12, 'string'),
  externalData: manyOf(13, () => stringEntry),
  dataLocation: one(14, 'int32'),
});

const dimension = message<Dimension>('TensorShapeProto.Dimension', {
  dimValue: one(1, 'int64'),
  dimParam: one(2, 'string'),
  denotation: one(3, 'string'),
});

const tensorShape = message<TensorShape>('TensorShapeProto', { dim: manyOf(1, () => dimension) });

const tensorType = message<TensorTypeMessage>('TypeProto.Tensor', {
  elemType: one(1, 'int32'),
  shape: oneOf(2, () => tensorShape),
});

const type = message<TypeMessage>('TypeProto', {
  tensorType: oneOf(1, () => tensorType),
  denotation: one(6, 'string'),
});

export const valueInfo = message<ValueInfo>('ValueInfoProto', {
  name: one(1, 'string'),
  type: oneOf(2, () => type),
  docString: one(3, 'string'),
});

export const attribute: MessageOf<Attribute> = message<Attribute>('AttributeProto', {
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'bigint'),
  s: one(4, 'bytes'),
  t: oneOf(5, () => tensor),
  g: oneOf(6, () => graph),
  floats: many(7, 'float'),
  ints: many(8, 'bigint'),
  strings: many(9, 'bytes'),
  tensors: manyOf(10, () => tensor),
  graphs: manyOf(11, () => graph),
  docString: one(13, 'string'),
  type: one(20, 'int32'),
});

export const node: MessageOf<Node> = message<Node>('NodeProto', {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: manyOf(5, () => attribute),
  docString: one(6, 'string'),
  domain: one(7, 'string'),
  overload: one(8, 'string'),
});

export const graph: MessageOf<Graph> = message<Graph>('GraphProto', {
  node: manyOf(1, () => node),
  name: one(2, 'string'),
  initializer: manyOf(5, () => tensor),
  docString: one(10, 'string'),
  input: manyOf(11, () => valueInfo),
  output: manyOf(12, () => valueInfo),
  valueInfo: manyOf(13, () => valueInfo),
  sparseInitializer: many(15, 'bytes'),
});

export const model = message<Model>('ModelProto', {
  irVersion: one(1, 'int64'),
  producerName: one(2, 'string'),
  producerVersion: one(3, 'string'),
  domain: one(4, 'string'),
  modelVersion: one(5, 'int64'),
  docString: one(6, 'string'),
  graph: oneOf(7, () => graph),
  opsetImport: manyOf(8, () => operatorSetId),
  metadataProps: manyOf(14, () => stringEntry),
  functions: many(25, 'bytes'),
});
