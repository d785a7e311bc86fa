// The graph as ONNX messages, and back from a decoded file.
import { FormatError } from '../../src/error.ts';
import { decode } from '../schema/decode.ts';
import { encode } from '../schema/encode.ts';
import * as onnx from '../schema/onnx.ts';
import type { Constant } from './constant.ts';
import { bytesOf } from './constant.ts';
import { unknownDimension } from './dimension.ts';
import { type Attribute, type Graph, graphsOf, type Node, type OnnxModel, type Port } from './graph.ts';
import { constantOfTensor, type ReadExternal } from './tensor-message.ts';
import type { Dimension, TensorType, ValueType } from './type.ts';

/** A model as the bytes of an ONNX file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return encode(onnx.model, modelMessage(model));
}

/** A model whose weights are in a file of their own. */
export interface SplitModel {
  readonly bytes: Uint8Array;
  /** The data file's content, piece after piece. */
  readonly data: readonly Uint8Array[];
}

/** Weights smaller than this stay in the model: shapes and scalars must be readable without the data file. */
const smallestExternal = 1024;
/** Offsets in the data file, so that runtimes can map weights into memory: the page size that ONNX recommends. */
const externalAlignment = 4096;

/** @param dataFile the plain name of the file that will lie beside the model */
export function encodeSplitModel(model: OnnxModel, dataFile: string): SplitModel {
  const data: Uint8Array[] = [];
  let offset = 0;
  const store: StoreTensor = (constant, name) => {
    const bytes = bytesOf(constant);
    if (bytes.length < smallestExternal) return tensorMessage(constant, name);
    const padding = (externalAlignment - (offset % externalAlignment)) % externalAlignment;
    if (padding > 0) data.push(new Uint8Array(padding));
    offset += padding;
    data.push(bytes);
    const entry = { location: dataFile, offset: String(offset), length: String(bytes.length) };
    offset += bytes.length;
    return {
      ...tensorMessage({ ...constant, data: new Uint8Array(0) }, name),
      rawData: undefined,
      externalData: Object.entries(entry).map(([key, value]) => ({ key, value })),
      dataLocation: onnx.externalLocation,
    };
  };
  return { bytes: encode(onnx.model, modelMessage(model, store)), data };
}

/** Bytes of all constants, those in subgraphs too. */
export function constantBytes(graph: Graph): number {
  const own = [...graph.constants.values()].reduce((sum, constant) => sum + constant.data.byteLength, 0);
  return graph.nodes.flatMap(graphsOf).reduce((sum, inner) => sum + constantBytes(inner), own);
}

type StoreTensor = (constant: Constant, name: string) => onnx.Tensor;

/**
 * An ONNX file as a graph.
 *
 * @param where what the bytes are, for error messages
 * @param readExternal gives the bytes of a weight that is in another file; without it such weights are refused
 * @throws FormatError where the bytes are no model
 */
export function decodeModel(bytes: Uint8Array, where: string, readExternal?: ReadExternal): OnnxModel {
  return modelOf(decode(onnx.model, bytes, where), where, readExternal);
}

const text = new TextEncoder();
const empty: readonly never[] = [];

export function modelMessage(model: OnnxModel, store: StoreTensor = tensorMessage): onnx.Model {
  const metadata = Object.entries(model.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    irVersion: model.irVersion,
    producerName: model.producer.name,
    producerVersion: model.producer.version,
    ...(model.doc ? { docString: model.doc } : {}),
    graph: graphMessage(model.graph, store),
    opsetImport: [{ domain: '', version: model.opset }, ...domainMessages(model.domains)],
    metadataProps: metadata.map(([key, value]) => ({ key, value })),
  };
}

function domainMessages(domains: Readonly<Record<string, number>>): onnx.OperatorSetId[] {
  return Object.entries(domains)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([domain, version]) => ({ domain, version }));
}

function graphMessage(graph: Graph, store: StoreTensor): onnx.Graph {
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const valueInfo = graph.nodes
    .flatMap((node) => node.outputs)
    .filter((name) => name !== '' && !outputs.has(name))
    .flatMap((name) => {
      const type = graph.types.get(name);
      return type ? [portMessage({ name, ...type })] : [];
    });
  return {
    node: graph.nodes.map((node) => nodeMessage(node, store)),
    name: graph.name,
    initializer: [...graph.constants].map(([name, constant]) => store(constant, name)),
    ...(graph.doc ? { docString: graph.doc } : {}),
    input: graph.inputs.map(portMessage),
    output: graph.outputs.map(portMessage),
    valueInfo,
  };
}

function nodeMessage(node: Node, store: StoreTensor): onnx.Node {
  return {
    input: node.inputs,
    output: node.outputs,
    name: node.name,
    opType: node.operator,
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeMessage(name, attribute, store)),
    ...(node.domain ? { domain: node.domain } : {}),
  };
}

const noAttribute = { floats: empty, ints: empty, strings: empty, tensors: empty, graphs: empty };

function attributeMessage(name: string, attribute: Attribute, store: StoreTensor): onnx.Attribute {
  const base = { name, ...noAttribute, type: onnx.attributeTypes[attribute.type] };
  switch (attribute.type) {
    case 'int':
      return { ...base, i: BigInt(attribute.value) };
    case 'float':
      return { ...base, f: attribute.value };
    case 'string':
      return { ...base, s: text.encode(attribute.value) };
    case 'ints':
      return { ...base, ints: attribute.value.map(BigInt) };
    case 'floats':
      return { ...base, floats: attribute.value };
    case 'strings':
      return { ...base, strings: attribute.value.map((value) => text.encode(value)) };
    case 'tensor':
      return { ...base, t: tensorMessage(attribute.value) };
    case 'graph':
      return { ...base, g: graphMessage(attribute.value, store) };
  }
}

export function tensorMessage(constant: Constant, name?: string): onnx.Tensor {
  return {
    dims: constant.shape,
    dataType: onnx.dataTypes[constant.type],
    floatData: empty,
    int32Data: empty,
    stringData: empty,
    int64Data: empty,
    ...(name === undefined ? {} : { name }),
    rawData: bytesOf(constant),
    doubleData: empty,
    uint64Data: empty,
    externalData: empty,
  };
}

function portMessage(port: Port): onnx.ValueInfo {
  return {
    name: port.name,
    type: { tensorType: { elemType: onnx.dataTypes[port.type], shape: { dim: port.shape.map(dimensionMessage) } } },
    ...(port.doc ? { docString: port.doc } : {}),
  };
}

function dimensionMessage(dimension: Dimension): onnx.Dimension {
  if (typeof dimension === 'number') return { dimValue: dimension };
  return dimension === unknownDimension ? {} : { dimParam: dimension };
}

// ------------------------------------------------------------------------------------------------------- back from a file

const typeNames = new Map<number, TensorType>(
  Object.entries(onnx.dataTypes).map(([name, number]) => [number, name as TensorType]),
);
const attributeNames = new Map<number, Attribute['type'] | 'tensors' | 'graphs'>(
  Object.entries(onnx.attributeTypes).map(([name, number]) => [number, name as Attribute['type']]),
);

/** The element type of a number in the file; throws where it is none that is known here. */
export function tensorTypeOf(number: number | undefined, where: string): TensorType {
  const type = typeNames.get(number ?? 0);
  if (type === undefined) throw new FormatError(`${where}: expected a known element type, got ${number ?? 'none'}`);
  return type;
}

export function modelOf(message: onnx.Model, where: string, readExternal?: ReadExternal): OnnxModel {
  if (message.graph === undefined)
    throw new FormatError(`${where}: expected an ONNX model with a graph, got none`, {
      remedy: 'The file is empty, truncated or not ONNX.',
    });
  const domains = new Map(message.opsetImport.map(({ domain, version }) => [domain ?? '', version ?? 0]));
  const opset = domains.get('') ?? domains.get('ai.onnx') ?? 0;
  domains.delete('');
  domains.delete('ai.onnx');
  return {
    graph: graphOf(message.graph, where, readExternal),
    opset,
    domains: Object.fromEntries(domains),
    irVersion: message.irVersion ?? 0,
    producer: { name: message.producerName ?? '', version: message.producerVersion ?? '' },
    ...(message.docString ? { doc: message.docString } : {}),
    metadata: Object.fromEntries(message.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
  };
}

function graphOf(message: onnx.Graph, where: string, readExternal?: ReadExternal): Graph {
  const types = new Map<string, ValueType>();
  for (const info of [...message.valueInfo, ...message.input, ...message.output]) {
    const type = typeOf(info, where);
    if (type) types.set(info.name ?? '', type);
  }
  const constants = new Map<string, Constant>();
  for (const tensor of message.initializer) {
    const name = tensor.name ?? '';
    if (constants.has(name))
      throw new FormatError(`${where}: expected initializers of different names, got "${name}" twice`);
    constants.set(name, constantOfTensor(tensor, `${where}: initializer "${name}"`, readExternal));
  }
  const ports = (infos: readonly onnx.ValueInfo[]): Port[] =>
    infos.map((info) => {
      const type = types.get(info.name ?? '');
      if (type === undefined)
        throw new FormatError(`${where}: expected "${info.name}" to be a tensor of known type and shape, got none`, {
          remedy: 'Add the shapes to the file: onnx.shape_inference.infer_shapes.',
        });
      return { name: info.name ?? '', ...type, ...(info.docString ? { doc: info.docString } : {}) };
    });
  return {
    name: message.name ?? '',
    ...(message.docString ? { doc: message.docString } : {}),
    // Before IR version 4 initializers had to be listed as inputs too: they are defaults there, not inputs.
    inputs: ports(message.input.filter((info) => !constants.has(info.name ?? ''))),
    outputs: ports(message.output),
    nodes: message.node.map((node) => nodeOf(node, where, readExternal)),
    constants,
    types,
  };
}

function typeOf(info: onnx.ValueInfo, where: string): ValueType | undefined {
  const tensor = info.type?.tensorType;
  if (tensor?.shape === undefined) return undefined;
  const shape = tensor.shape.dim.map(
    (dimension): Dimension => dimension.dimValue ?? (dimension.dimParam ? dimension.dimParam : unknownDimension),
  );
  return { type: tensorTypeOf(tensor.elemType, `${where}: value "${info.name ?? ''}"`), shape };
}

function nodeOf(message: onnx.Node, where: string, readExternal?: ReadExternal): Node {
  const entries = message.attribute.map((attribute): [string, Attribute] => [
    attribute.name ?? '',
    attributeOf(attribute, `${where}: node "${message.name ?? ''}", attribute "${attribute.name ?? ''}"`, readExternal),
  ]);
  return {
    name: message.name ?? '',
    operator: message.opType ?? '',
    domain: message.domain === 'ai.onnx' ? '' : (message.domain ?? ''),
    inputs: message.input,
    outputs: message.output,
    attributes: Object.fromEntries(entries),
  };
}

function attributeOf(message: onnx.Attribute, where: string, readExternal?: ReadExternal): Attribute {
  const decoder = new TextDecoder();
  const type = attributeNames.get(message.type ?? 0);
  switch (type) {
    case 'int':
      return { type, value: Number(message.i ?? 0n) };
    case 'float':
      return { type, value: message.f ?? 0 };
    case 'string':
      return { type, value: decoder.decode(message.s ?? new Uint8Array()) };
    case 'ints':
      return { type, value: message.ints.map(Number) };
    case 'floats':
      return { type, value: message.floats };
    case 'strings':
      return { type, value: message.strings.map((value) => decoder.decode(value)) };
    case 'tensor':
      if (message.t === undefined) throw new FormatError(`${where}: expected a tensor, got none`);
      return { type, value: constantOfTensor(message.t, where, readExternal) };
    case 'graph':
      if (message.g === undefined) throw new FormatError(`${where}: expected a graph, got none`);
      return { type, value: graphOf(message.g, where, readExternal) };
    default:
      throw new FormatError(`${where}: expected an attribute type that is known here, got ${message.type ?? 'none'}`);
  }
}
