// A float32 model in half precision: weights, values and, unless they are to stay, inputs and outputs.

import { floatToHalf, largestHalf } from '../../src/half.ts';
import type { Constant } from '../graph/constant.ts';
import type { Attribute, Graph, Node, OnnxModel, Port } from '../graph/graph.ts';
import type { ValueType } from '../graph/type.ts';
import { dataTypes } from '../schema/onnx.ts';

/** What stays in float32 when a model is brought to half precision. */
export interface Float16Options {
  /** Keep inputs and outputs float32, with a Cast behind and in front of them. Default false. */
  readonly keepPorts?: boolean;
  /** Told in one line of numbers that half precision cannot hold. */
  readonly warn?: (message: string) => void;
}

/** Throws nothing: numbers beyond the range of halves become the largest half, with a warning. */
export function toFloat16(model: OnnxModel, options: Float16Options = {}): OnnxModel {
  const graph = convertGraph(model.graph, options);
  return { ...model, graph: options.keepPorts ? castPorts(model.graph, graph) : graph };
}

/**
 * Operators that stay float32, with a Cast on each side: onnxruntime's CPU provider has no float16 kernels for them, and
 * version 1.30 crashes while it makes a session with one.
 */
const keptFloat32 = new Set(['RNN', 'GRU', 'LSTM']);

/** Inputs that ONNX wants in float32 whatever the others are: by operator, their indices. */
const float32Inputs: Readonly<Record<string, readonly number[]>> = { Resize: [2] };

function convertGraph(graph: Graph, options: Float16Options): Graph {
  const kept = new Set(
    graph.nodes.flatMap((node) => (float32Inputs[node.operator] ?? []).map((index) => node.inputs[index] ?? '')),
  );
  const constants = new Map(
    [...graph.constants].map(([name, constant]) => [
      name,
      kept.has(name) ? constant : convertConstant(name, constant, options),
    ]),
  );
  const port = (value: Port): Port => ({
    ...value,
    ...half(value),
    ...(value.doc ? { doc: value.doc.replaceAll('float32', 'float16') } : {}),
  });
  const types = new Map([...graph.types].map(([name, type]) => [name, half(type)]));
  return {
    ...graph,
    inputs: graph.inputs.map(port),
    outputs: graph.outputs.map(port),
    nodes: graph.nodes.flatMap((node) => convertNode(node, graph, types, options)),
    constants,
    types,
  };
}

function half<T extends ValueType>(type: T): T {
  return type.type === 'float32' ? { ...type, type: 'float16' } : type;
}

function convertConstant(name: string, constant: Constant, options: Float16Options): Constant {
  if (constant.type !== 'float32') return constant;
  let isClamped = false;
  const data = new Uint16Array(constant.data.length);
  for (let i = 0; i < data.length; i++) {
    const number = Number(constant.data[i]);
    const isTooLarge = Math.abs(number) > largestHalf && Number.isFinite(number);
    data[i] = floatToHalf(isTooLarge ? Math.sign(number) * largestHalf : number);
    isClamped ||= isTooLarge;
  }
  if (isClamped)
    options.warn?.(`"${name}": numbers beyond ${largestHalf} became ${largestHalf}, the largest of float16`);
  return { type: 'float16', shape: constant.shape, data };
}

function convertNode(node: Node, graph: Graph, types: Map<string, ValueType>, options: Float16Options): Node[] {
  if (keptFloat32.has(node.operator)) return betweenCasts(node, graph, types);

  const entries = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
    if (attribute.type === 'graph') return [name, { type: 'graph', value: convertGraph(attribute.value, options) }];
    if (attribute.type === 'tensor')
      return [name, { type: 'tensor', value: convertConstant(`${node.name}/${name}`, attribute.value, options) }];
    const castsToFloat = node.operator === 'Cast' && name === 'to' && attribute.value === dataTypes.float32;
    return [name, castsToFloat ? { type: 'int', value: dataTypes.float16 } : attribute];
  });
  // Its default is a float32 zero.
  if (node.operator === 'ConstantOfShape' && node.attributes.value === undefined)
    entries.push(['value', { type: 'tensor', value: { type: 'float16', shape: [1], data: Uint16Array.of(0) } }]);
  return [{ ...node, attributes: Object.fromEntries(entries) }];
}

/** The node as it was, its float32 inputs cast from halves and its outputs to halves. */
function betweenCasts(node: Node, graph: Graph, types: Map<string, ValueType>): Node[] {
  const cast = (name: string, from: string, to: string, type: 'float32' | 'float16', like: ValueType): Node => {
    types.set(to, { type, shape: like.shape });
    return {
      name,
      operator: 'Cast',
      domain: '',
      inputs: [from],
      outputs: [to],
      attributes: { to: { type: 'int', value: dataTypes[type] } },
    };
  };
  const before: Node[] = [];
  const inputs = node.inputs.map((input, i) => {
    const type = graph.constants.get(input) ?? graph.types.get(input);
    if (type?.type !== 'float32') return input;
    const name = `${node.name}/Cast_input_${i}`;
    before.push(cast(name, input, name, 'float32', type));
    return name;
  });
  const after: Node[] = [];
  const outputs = node.outputs.map((output, i) => {
    const type = graph.types.get(output);
    if (output === '' || type?.type !== 'float32') return output;
    const name = `${node.name}/Cast_output_${i}`;
    after.push(cast(name, `${name}:float32`, output, 'float16', type));
    types.set(`${name}:float32`, { type: 'float32', shape: type.shape });
    return `${name}:float32`;
  });
  return [...before, { ...node, inputs, outputs }, ...after];
}

/** float32 inputs and outputs around a float16 graph. */
function castPorts(before: Graph, graph: Graph): Graph {
  const types = new Map(graph.types);
  const renamed = new Map<string, string>();
  const casts = (ports: readonly Port[], isInput: boolean): Node[] =>
    ports.flatMap((port) => {
      if (port.type !== 'float32') return [];
      const inner = `${port.name}/float16`;
      renamed.set(port.name, inner);
      types.set(inner, { type: 'float16', shape: port.shape });
      types.set(port.name, { type: 'float32', shape: port.shape });
      const to: Attribute = { type: 'int', value: isInput ? dataTypes.float16 : dataTypes.float32 };
      const [inputs, outputs] = isInput ? [[port.name], [inner]] : [[inner], [port.name]];
      return [{ name: `${port.name}/Cast`, operator: 'Cast', domain: '', inputs, outputs, attributes: { to } }];
    });
  const inputCasts = casts(before.inputs, true);
  const outputCasts = casts(before.outputs, false);
  const rename = (name: string): string => renamed.get(name) ?? name;
  const inner = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  const taken = new Set(inner.map((node) => node.name));
  const unique = (node: Node): Node => (taken.has(node.name) ? { ...node, name: `${node.name}_float16` } : node);
  return {
    ...graph,
    inputs: before.inputs,
    outputs: before.outputs,
    nodes: [...inputCasts.map(unique), ...inner, ...outputCasts.map(unique)],
    types,
  };
}
