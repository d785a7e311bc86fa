// The node list of a TensorFlow graph that this project builds itself (a training step): the same rows export it.
import type { Graph, GraphAttribute } from '../../src/tensorflow/graph.ts';
import type { Constant } from '../graph/constant.ts';
import type { NodeAttribute, TensorFlowGraph, TensorFlowNode, TensorFlowType } from './node.ts';

/** The attribute of a constant that says what it is the quotient of. */
export const QUOTIENT = 'quotient';

/**
 * @param graph whose placeholders become the inputs, in the order in which they were made
 * @param outputs tensors of the graph by the name that they are to have outside
 */
export function describeBuiltGraph(graph: Graph, outputs: Readonly<Record<string, string>>): TensorFlowGraph {
  const constants = new Map<string, Constant>();
  const nodes = graph.nodes.map(({ name, operation, inputs, attributes }): [string, TensorFlowNode] => {
    const value = attributes.value;
    if (value && 'tensor' in value) constants.set(name, value.tensor);
    const read = Object.entries(attributes).flatMap(([key, attribute]): [string, NodeAttribute][] => {
      const made = attributeOf(attribute);
      return made ? [[key, made]] : [];
    });
    const quotient = graph.quotients.get(name);
    if (quotient) read.push([QUOTIENT, { numbers: quotient }]);
    return [name, { name, operation, inputs, attributes: Object.fromEntries(read) }];
  });
  return {
    name: 'graph',
    nodes: new Map(nodes),
    functions: new Map(),
    inputs: [...graph.placeholders].map(([key, { type, shape }]) => ({ key, node: key, type, shape })),
    outputs: Object.entries(outputs).map(([key, tensor]) => ({ key, tensor })),
    constant: (node) => constants.get(node),
  };
}

function attributeOf(attribute: GraphAttribute): NodeAttribute | undefined {
  if ('type' in attribute) return { type: typeOf(attribute.type) };
  if ('shape' in attribute) return { shape: attribute.shape };
  if ('int' in attribute) return { number: attribute.int };
  if ('ints' in attribute) return { numbers: attribute.ints };
  if ('float' in attribute) return { number: attribute.float };
  if ('bool' in attribute) return { flag: attribute.bool };
  if ('string' in attribute) return { text: attribute.string };
  return undefined;
}

/** Rows compute in float32, int32 and bool; pixels are only ever cast. */
function typeOf(type: string): TensorFlowType | 'unsupported' {
  if (type === 'float32' || type === 'int32' || type === 'bool') return type;
  return type === 'uint8' ? 'int32' : 'unsupported';
}
