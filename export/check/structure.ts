// The structural check of a model: what Python's onnx.checker does with full_check, and what it misses (an unknown opset,
// types that were declared wrong). It infers every type again and compares with what the file declares.
import { FormatError } from '../../src/error.ts';
import { sizeOf } from '../graph/constant.ts';
import { isDifferent } from '../graph/dimension.ts';
import {
  type Graph,
  graphsOf,
  irVersionOf,
  type Node,
  newestOpset,
  type OnnxModel,
  oldestOpset,
} from '../graph/graph.ts';
import { decodeModel } from '../graph/serialize.ts';
import { describeType, type ValueType } from '../graph/type.ts';
import { inferGraph } from '../operators/infer.ts';

/** The newest IR version that this package knows. */
const newestIrVersion = 13;

/**
 * Checks a whole model: versions, unique names, order, operators of the opset with their attributes, types and shapes.
 * @param where what the model is, for error messages
 * @throws FormatError (or JepaError of inference) at the first fault, naming the node or value
 */
export function checkModel(model: OnnxModel, where: string): void {
  const fail = (expected: string, got: string): FormatError =>
    new FormatError(`${where}: expected ${expected}, got ${got}`);
  if (model.opset < oldestOpset || model.opset > newestOpset)
    throw fail(`opset ${oldestOpset} to ${newestOpset}`, String(model.opset));
  if (model.irVersion < irVersionOf(model.opset) || model.irVersion > newestIrVersion)
    throw fail(
      `IR version ${irVersionOf(model.opset)} to ${newestIrVersion} for opset ${model.opset}`,
      String(model.irVersion),
    );
  const { graph } = model;
  if (graph.name === '') throw fail('a named graph', 'none');
  if (graph.outputs.length === 0) throw fail('a graph with outputs', 'none');
  checkNames(graph, new Set(), new Set(), fail);
  checkDomains(graph, model.domains, fail);
  checkConstants(graph, fail);
  checkTypes(graph, model.opset, fail);
}

/** Decodes and checks. Returns the model. */
export function checkOnnx(bytes: Uint8Array, where: string): OnnxModel {
  const model = decodeModel(bytes, where);
  checkModel(model, where);
  return model;
}

type Fail = (expected: string, got: string) => FormatError;

/** Every value is made once, also across subgraphs, and every node has a name of its own. */
function checkNames(graph: Graph, values: Set<string>, nodes: Set<string>, fail: Fail): void {
  const claim = (name: string, what: string): void => {
    if (name === '') throw fail(`a name for every ${what}`, 'an empty one');
    if (values.has(name)) throw fail('every value to be made once', `${what} "${name}" twice`);
    values.add(name);
  };
  for (const input of graph.inputs) claim(input.name, 'graph input');
  for (const name of graph.constants.keys()) claim(name, 'initializer');
  for (const node of graph.nodes) {
    if (node.name === '' || nodes.has(node.name))
      throw fail('a name of its own for every node', node.name === '' ? 'an empty one' : `"${node.name}" twice`);
    nodes.add(node.name);
    for (const output of node.outputs) if (output !== '') claim(output, 'node output');
    for (const inner of graphsOf(node)) checkNames(inner, values, nodes, fail);
  }
}

function checkDomains(graph: Graph, domains: Readonly<Record<string, number>>, fail: Fail): void {
  for (const node of graph.nodes) {
    if (node.domain !== '' && !Object.hasOwn(domains, node.domain))
      throw fail(`an imported operator set for domain "${node.domain}" of node ${node.name}`, 'none');
    for (const inner of graphsOf(node)) checkDomains(inner, domains, fail);
  }
}

function checkConstants(graph: Graph, fail: Fail): void {
  for (const [name, constant] of graph.constants)
    if (constant.data.length !== sizeOf(constant.shape))
      throw fail(`${sizeOf(constant.shape)} elements in initializer "${name}"`, String(constant.data.length));
  for (const inner of graph.nodes.flatMap(graphsOf)) checkConstants(inner, fail);
}

function checkTypes(graph: Graph, opset: number, fail: Fail): void {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) producers.set(output, node);
  inferGraph(graph, opset, graph.inputs, undefined, (name, inferred) => {
    const declared = graph.types.get(name);
    if (declared === undefined) throw fail(`a declared type for "${name}"`, 'none');
    if (!agree(declared, inferred))
      throw fail(
        `"${name}" of node ${producers.get(name)?.name} as ${describeType(inferred)}`,
        `${describeType(declared)} in the file`,
      );
  });
}

function agree(declared: ValueType, inferred: ValueType): boolean {
  return (
    declared.type === inferred.type &&
    declared.shape.length === inferred.shape.length &&
    !declared.shape.some((size, axis) => isDifferent(size, inferred.shape[axis]))
  );
}
