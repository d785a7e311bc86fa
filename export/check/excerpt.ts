// Models cut out of a file: any nodes of it, with their weights, as a model of its own. It works on the messages of the file, so
// that nothing of a foreign file is lost: functions, domains and attributes pass as they are.
import { createHash } from 'node:crypto';
import { FormatError } from '../../src/error.ts';
import type { RuntimeTensor } from '../../src/runtimes/runtime.ts';
import type { Cut, CutValue, FileGraph, GraphConstant, GraphNode } from '../../src/verification/bisect/graph.ts';
import { bytesOf } from '../graph/constant.ts';
import { tensorTypeOf } from '../graph/serialize.ts';
import { byteSize, constantOfTensor, elementCount, type ReadExternal } from '../graph/tensor-message.ts';
import { decode } from '../schema/decode.ts';
import { encode } from '../schema/encode.ts';
import * as onnx from '../schema/onnx.ts';

/**
 * @param where what the bytes are, for error messages
 * @param readExternal gives the bytes of weights that are in another file
 * @throws FormatError where the bytes are no model
 */
export function openFileGraph(bytes: Uint8Array, where: string, readExternal?: ReadExternal): FileGraph {
  const model = decode(onnx.model, bytes, where);
  const { graph } = model;
  if (graph === undefined)
    throw new FormatError(`${where}: expected an ONNX model with a graph, got none`, {
      remedy: 'The file is empty, truncated or not ONNX.',
    });
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const infos = new Map(
    [...graph.valueInfo, ...graph.input, ...graph.output].map((info) => [info.name ?? '', info] as const),
  );
  const freeInputs = graph.node.map(inputsOf);
  const nodes = graph.node.map((node, i): GraphNode => {
    const [first = ''] = node.output;
    return {
      name: node.name || first,
      operator: node.opType ?? '',
      domain: node.domain === 'ai.onnx' ? '' : (node.domain ?? ''),
      inputs: freeInputs[i],
      outputs: node.output,
      kind: kindOf(node),
    };
  });
  /** A weight as a message with its bytes inside. */
  const inlined = (name: string): onnx.Tensor | undefined => {
    const tensor = tensors.get(name);
    if (tensor === undefined) return undefined;
    if (tensor.dataLocation !== onnx.externalLocation && tensor.externalData.length === 0) return tensor;
    const constant = constantOfTensor(tensor, `${where}: initializer "${name}"`, readExternal);
    return { ...tensor, externalData: [], dataLocation: undefined, rawData: bytesOf(constant) };
  };
  const cutModel = ({ parts, inputs, outputs }: Cut): Uint8Array => {
    const cutNodes: onnx.Node[] = [];
    const constants = new Map<string, onnx.Tensor>();
    const fed = new Set(inputs.map(({ name }) => name));
    for (const { nodes: places, rename = new Map() } of parts)
      for (const place of places) {
        cutNodes.push(renamed(graph.node[place], rename));
        for (const name of freeInputs[place]) {
          if (rename.has(name) || fed.has(name) || constants.has(name)) continue;
          const tensor = inlined(name);
          if (tensor !== undefined) constants.set(name, tensor);
        }
      }
    return encode(onnx.model, {
      ...model,
      docString: undefined,
      metadataProps: [],
      graph: {
        name: graph.name || 'excerpt',
        node: cutNodes,
        initializer: [...constants.values()],
        sparseInitializer: graph.sparseInitializer ?? [],
        input: inputs.map((value) => infoOf(value, infos)),
        output: outputs.map((value) => infoOf(value, infos)),
        valueInfo: [],
      },
    });
  };
  return {
    nodes,
    inputs: graph.input.map(({ name }) => name ?? '').filter((name) => !tensors.has(name)),
    outputs: graph.output.map(({ name }) => name ?? ''),
    constants: new Map([...tensors].map(([name, tensor]) => [name, constantSize(tensor, `${where}: "${name}"`)])),
    constant: (name) => {
      const tensor = inlined(name);
      return tensor === undefined ? undefined : runtimeTensor(tensor, `${where}: initializer "${name}"`);
    },
    cut: cutModel,
  };
}

function runtimeTensor(tensor: onnx.Tensor, where: string): RuntimeTensor | undefined {
  if (tensor.dataType === onnx.dataTypes.string || tensor.dataType === onnx.dataTypes.bfloat16) return undefined;
  const { type, shape, data } = constantOfTensor(tensor, where);
  return type === 'string' || type === 'bfloat16' ? undefined : { type, shape, data };
}

function constantSize(tensor: onnx.Tensor, where: string): GraphConstant {
  const elements = elementCount(tensor.dims, where);
  const known = Object.values<number>(onnx.dataTypes).includes(tensor.dataType ?? 0);
  // Types that are not known here (4 and 8 bits of floating point) have at most a byte an element.
  return {
    shape: tensor.dims,
    byteLength: elements * (known ? byteSize(tensorTypeOf(tensor.dataType, where)) : 1),
  };
}

/** What a node reads, of graphs inside of it what they do not make themselves. */
function inputsOf(node: onnx.Node): string[] {
  const found = [...node.input];
  for (const inner of innerGraphs(node))
    for (const name of freeValues(inner)) if (!found.includes(name)) found.push(name);
  return found;
}

function innerGraphs(node: onnx.Node): onnx.Graph[] {
  return node.attribute.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs]);
}

function freeValues(graph: onnx.Graph): Set<string> {
  const own = new Set([...graph.input, ...graph.initializer].map(({ name }) => name ?? ''));
  const free = new Set<string>();
  for (const node of graph.node) {
    for (const name of inputsOf(node)) if (name !== '' && !own.has(name)) free.add(name);
    for (const name of node.output) own.add(name);
  }
  for (const { name = '' } of graph.output) if (!own.has(name)) free.add(name);
  return free;
}

function renamed(node: onnx.Node, names: ReadonlyMap<string, string>): onnx.Node {
  if (names.size === 0) return node;
  const rename = (name: string) => names.get(name) ?? name;
  return {
    ...node,
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute: node.attribute.map((attribute) => ({
      ...attribute,
      ...(attribute.g ? { g: renamedGraph(attribute.g, names) } : {}),
      graphs: attribute.graphs.map((inner) => renamedGraph(inner, names)),
    })),
  };
}

/** Only what it takes from outside is renamed. */
function renamedGraph(graph: onnx.Graph, names: ReadonlyMap<string, string>): onnx.Graph {
  const free = freeValues(graph);
  const own = new Map([...names].filter(([name]) => free.has(name)));
  if (own.size === 0) return graph;
  return {
    ...graph,
    node: graph.node.map((node) => renamed(node, own)),
    output: graph.output.map((info) => ({ ...info, name: own.get(info.name ?? '') ?? info.name })),
  };
}

/** Type and shape as they are given, else as the file says, else none: runtimes infer it. */
function infoOf({ name, type, shape }: CutValue, infos: ReadonlyMap<string, onnx.ValueInfo>): onnx.ValueInfo {
  if (type === undefined) return infos.get(name) ?? { name };
  return {
    name,
    type: {
      tensorType: {
        elemType: onnx.dataTypes[type],
        ...(shape === undefined ? {} : { shape: { dim: shape.map((dimValue) => ({ dimValue })) } }),
      },
    },
  };
}

function kindOf({ opType, domain, attribute, overload }: onnx.Node): string {
  const bytes = encode(onnx.node, { opType, domain, attribute, overload, input: [], output: [] });
  return createHash('sha1').update(bytes).digest('hex');
}
