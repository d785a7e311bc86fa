// A TensorFlow graph out of the JSON that TensorFlow.js' converter writes (model.json of format `graph-model`): a GraphDef
// whose bytes are base64 and whose constants lie in weight files.
import { FormatError } from '../../src/error.ts';
import { isObject } from '../model/config.ts';
import { WeightData } from '../model/weight-data.ts';
import {
  type AttributeShape,
  type GraphInput,
  type GraphOutput,
  isPlaceholder,
  type NodeAttribute,
  parseReference,
  type TensorFlowFunction,
  type TensorFlowGraph,
  type TensorFlowNode,
  type TensorFlowType,
} from './node.ts';

/** Whether a parsed model.json is a graph model rather than a layers model. */
export function isGraphModel(json: unknown): boolean {
  if (!isObject(json)) return false;
  return json.format === 'graph-model' || (isObject(json.modelTopology) && Array.isArray(json.modelTopology.node));
}

/**
 * @param json the parsed model.json
 * @param readShard the bytes of a weight file beside it, by its plain name
 * @param where what the file is, for error messages
 * @throws FormatError where it is not a graph model, or its parts do not fit together
 */
export function readGraphModel(json: unknown, readShard: (name: string) => Uint8Array, where: string): TensorFlowGraph {
  if (!isObject(json) || !isObject(json.modelTopology) || !Array.isArray(json.modelTopology.node))
    throw new FormatError(`${where}: expected a graph model with a modelTopology of nodes, got none`);
  const nodes = readNodes(json.modelTopology.node, where);
  const data = new WeightData(json.weightsManifest ?? [], readShard, where);
  const signature = signatureOf(json);
  return {
    name: 'graph_model',
    nodes,
    functions: readFunctions(json.modelTopology.library, where),
    inputs: readInputs(nodes, signature?.inputs, where),
    outputs: readOutputs(nodes, signature?.outputs, where),
    constant: (node) => (data.has(node) ? data.read(node) : undefined),
  };
}

/** Newer converters write the signature at the top, older ones into the metadata. */
function signatureOf(json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  if (isObject(json.signature)) return json.signature;
  const metadata = json.userDefinedMetadata;
  return isObject(metadata) && isObject(metadata.signature) ? metadata.signature : undefined;
}

function readNodes(list: readonly unknown[], where: string): Map<string, TensorFlowNode> {
  const nodes = new Map<string, TensorFlowNode>();
  for (const item of list) {
    if (!isObject(item) || typeof item.name !== 'string' || typeof item.op !== 'string')
      throw new FormatError(
        `${where}: expected nodes with a name and an op, got ${JSON.stringify(item)?.slice(0, 80)}`,
      );
    if (nodes.has(item.name))
      throw new FormatError(`${where}: expected nodes of different names, got "${item.name}" twice`);
    const inputs = Array.isArray(item.input) ? item.input.map(String) : [];
    const attributes = isObject(item.attr) ? readAttributes(item.attr) : {};
    nodes.set(item.name, { name: item.name, operation: item.op, inputs, attributes });
  }
  for (const node of nodes.values())
    for (const input of node.inputs)
      if (!nodes.has(parseReference(input).node))
        throw new FormatError(`${where}: expected the input "${input}" of node "${node.name}" to exist, got none`);
  return nodes;
}

function readAttributes(attributes: Readonly<Record<string, unknown>>): Record<string, NodeAttribute> {
  const read = Object.entries(attributes).flatMap(([name, value]): [string, NodeAttribute][] => {
    const attribute = isObject(value) ? readAttribute(value) : undefined;
    return attribute ? [[name, attribute]] : [];
  });
  return Object.fromEntries(read);
}

function readAttribute(value: Readonly<Record<string, unknown>>): NodeAttribute | undefined {
  if (value.type !== undefined) return { type: typeOf(value.type) };
  if (value.shape !== undefined) return { shape: shapeOf(value.shape) };
  if (value.s !== undefined) return { text: textOf(value.s) };
  if (value.i !== undefined) return { number: Number(value.i) };
  if (value.f !== undefined) return { number: Number(value.f) };
  if (typeof value.b === 'boolean') return { flag: value.b };
  if (isObject(value.func)) return { function: String(value.func.name) };
  if (!isObject(value.list)) return undefined;
  const { s, i, f, type } = value.list;
  if (Array.isArray(s) && s.length > 0) return { texts: s.map(textOf) };
  if (Array.isArray(i) && i.length > 0) return { numbers: i.map(Number) };
  if (Array.isArray(f) && f.length > 0) return { numbers: f.map(Number) };
  if (Array.isArray(type) && type.length > 0) return { types: type.map(typeOf) };
  return { numbers: [] };
}

/** Texts are base64 in the files of the converter, and lists of bytes in some made by hand. */
function textOf(value: unknown): string {
  const bytes = Array.isArray(value)
    ? Uint8Array.from(value, Number)
    : Uint8Array.from(atob(String(value)), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** DataType of tensorflow/core/framework/types.proto, by name and number, as TensorFlow.js reads it. */
const floatTypes = new Set(['DT_FLOAT', 'DT_DOUBLE', 'DT_HALF', '1', '2', '19']);
const integerTypes = new Set(['DT_INT32', 'DT_INT64', 'DT_INT8', 'DT_UINT8', '3', '9', '6', '4']);
const booleanTypes = new Set(['DT_BOOL', '10']);

function typeOf(value: unknown): TensorFlowType | 'unsupported' {
  const name = String(value);
  if (floatTypes.has(name)) return 'float32';
  if (integerTypes.has(name)) return 'int32';
  return booleanTypes.has(name) ? 'bool' : 'unsupported';
}

function shapeOf(value: unknown): AttributeShape {
  if (!isObject(value) || value.unknownRank === true) return undefined;
  if (!Array.isArray(value.dim)) return [];
  return value.dim.map((dimension) =>
    isObject(dimension) && dimension.size !== undefined ? Number(dimension.size) : 0,
  );
}

function readInputs(nodes: ReadonlyMap<string, TensorFlowNode>, signature: unknown, where: string): GraphInput[] {
  const placeholders = [...nodes.values()].filter(isPlaceholder);
  const entries: [key: string, node: string, info: unknown][] =
    isObject(signature) && Object.keys(signature).length > 0
      ? Object.entries(signature).map(([key, info]) => [key, nodeOf(info, key), info])
      : placeholders.map(({ name }) => [name, name, undefined]);
  return entries.flatMap(([key, name, info]): GraphInput[] => {
    const node = nodes.get(name);
    // A converter leaves inputs in the signature that nothing in the graph needs.
    if (node === undefined) return [];
    const { dtype, shape } = node.attributes;
    const declared = isObject(info) ? info : {};
    const type =
      dtype && 'type' in dtype ? dtype.type : declared.dtype === undefined ? 'float32' : typeOf(declared.dtype);
    if (type === 'unsupported')
      throw new FormatError(`${where}: expected input "${key}" of numbers or bools, got ${String(declared.dtype)}`, {
        remedy: 'Models that take texts cannot be exported.',
      });
    const own = shape && 'shape' in shape ? shape.shape : undefined;
    const given = declared.tensorShape === undefined ? undefined : shapeOf(declared.tensorShape);
    return [{ key: plainKey(key), node: name, type, shape: narrower(own, given) }];
  });
}

/** Of the placeholder's shape and the signature's, the one that says more. */
function narrower(a: AttributeShape, b: AttributeShape): AttributeShape {
  if (a === undefined || b === undefined || a.length !== b.length) return b ?? a;
  return a.map((size, i) => (size >= 0 ? size : b[i]));
}

function nodeOf(info: unknown, key: string): string {
  return parseReference(isObject(info) && typeof info.name === 'string' ? info.name : key).node;
}

/** Keys are often the name of a tensor: `Identity_1:0`. */
const plainKey = (key: string): string => key.replace(/:0$/, '');

function readOutputs(nodes: ReadonlyMap<string, TensorFlowNode>, signature: unknown, where: string): GraphOutput[] {
  if (isObject(signature) && Object.keys(signature).length > 0)
    return Object.entries(signature).map(([key, info]) => {
      const tensor = isObject(info) && typeof info.name === 'string' ? info.name : key;
      if (!nodes.has(parseReference(tensor).node))
        throw new FormatError(`${where}: expected output "${key}" to be a tensor of the graph, got ${tensor}`);
      return { key: plainKey(key), tensor };
    });
  const used = new Set([...nodes.values()].flatMap(({ inputs }) => inputs.map((input) => parseReference(input).node)));
  return [...nodes.keys()].filter((name) => !used.has(name)).map((name) => ({ key: name, tensor: `${name}:0` }));
}

function readFunctions(library: unknown, where: string): Map<string, TensorFlowFunction> {
  const list = isObject(library) && Array.isArray(library.function) ? library.function : [];
  return new Map(
    list.map((item): [string, TensorFlowFunction] => {
      if (!isObject(item) || !isObject(item.signature) || typeof item.signature.name !== 'string')
        throw new FormatError(
          `${where}: expected functions with a signature, got ${JSON.stringify(item)?.slice(0, 80)}`,
        );
      const argumentsOf = (value: unknown): Readonly<Record<string, unknown>>[] =>
        Array.isArray(value) ? value.filter(isObject) : [];
      const inputs = argumentsOf(item.signature.inputArg).map(({ name }) => String(name));
      const placeholders = inputs.map((name) => ({ name, op: 'Placeholder' }));
      const nodes = readNodes([...placeholders, ...(Array.isArray(item.nodeDef) ? item.nodeDef : [])], where);
      const ret = isObject(item.ret) ? item.ret : {};
      const outputs = argumentsOf(item.signature.outputArg).map(({ name }) => String(ret[String(name)] ?? name));
      return [item.signature.name, { nodes, inputs, outputs }];
    }),
  );
}
