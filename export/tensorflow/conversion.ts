// Walks a TensorFlow graph from its outputs back and asks each node's row for its part of the ONNX graph. Constants stay
// constants until a row wants them as values, and integers that are known stay known.
import { JepaError, nearestName } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Constant } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { UnsupportedLayerError } from '../layers/converter.ts';
import { describeControlFlow, isControlFlow } from './control-flow.ts';
import { parseReference, type TensorFlowFunction, type TensorFlowGraph, type TensorFlowNode } from './node.ts';
import { type Flow, NodeContext } from './operation.ts';
import { operations } from './operations/index.ts';
import { type Evaluator, type Nodes, Scope, tensorOf } from './scope.ts';
import { convertExit, convertMerge } from './structured.ts';

export class TensorFlowConversion implements Evaluator {
  readonly #source: TensorFlowGraph;
  readonly #warn: (message: string) => void;

  constructor(source: TensorFlowGraph, warn: (message: string) => void) {
    this.#source = source;
    this.#warn = warn;
  }

  /**
   * The graph's outputs, given one value for each of its inputs.
   * @throws UnsupportedLayerError that lists every operation without a row, with the nodes that hold it
   */
  convert(graph: GraphBuilder, inputs: readonly Value[]): Value[] {
    const missing = unsupportedOperations(this.#source);
    if (missing.size > 0) throw unsupportedError(missing);
    const scope = new Scope(graph, this.#source.nodes, describeControlFlow(this.#source.nodes));
    for (const [i, { node }] of this.#source.inputs.entries()) scope.set(node, [{ value: inputs[i] }]);
    return this.evaluate(
      scope,
      this.#source.outputs.map(({ tensor }) => tensor),
    ).map((flow, i) => tensorOf(scope.graph, flow, this.#source.outputs[i].tensor));
  }

  /** The given tensors, with everything that they need. */
  evaluate(scope: Scope, tensors: readonly string[]): Flow[] {
    for (const name of this.#order(scope, tensors)) scope.set(name, this.#convertNode(scope, scope.nodes.get(name)));
    return tensors.map((tensor) => this.#flowOf(scope, tensor));
  }

  #flowOf(scope: Scope, tensor: string): Flow {
    const { node, output, group } = parseReference(tensor);
    const flows = scope.flows(node) ?? [];
    const index = group === undefined ? output : this.#outputIndex(scope, node, group, output);
    const flow = flows[index];
    if (flow === undefined)
      throw new UnsupportedLayerError(
        `node "${node}" (${scope.nodes.get(node)?.operation}): expected output ${index}, got ${flows.length} outputs`,
        { remedy: 'Report this model if ONNX can express it.' },
      );
    return flow;
  }

  #outputIndex(scope: Scope, node: string, group: string, output: number): number {
    const names = operations.get(scope.nodes.get(node)?.operation ?? '')?.outputs;
    const at = names?.indexOf(group) ?? -1;
    return at < 0 ? output : at;
  }

  /** The nodes that the tensors need and that are not there yet, inputs first. */
  #order(scope: Scope, tensors: readonly string[]): string[] {
    const order: string[] = [];
    const done = new Set<string>();
    const open = new Set<string>();
    const stack = tensors.map((tensor) => ({ name: parseReference(tensor).node, isExpanded: false })).reverse();
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (done.has(top.name) || scope.flows(top.name) !== undefined) {
        stack.pop();
        continue;
      }
      if (top.isExpanded) {
        stack.pop();
        done.add(top.name);
        open.delete(top.name);
        order.push(top.name);
        continue;
      }
      if (open.has(top.name))
        throw new UnsupportedLayerError(`node "${top.name}": expected a graph without cycles, got one through it`);
      open.add(top.name);
      top.isExpanded = true;
      const needed = this.#needs(scope, top.name).filter((name) => !done.has(name));
      for (const name of needed.reverse()) stack.push({ name, isExpanded: false });
    }
    return order;
  }

  #needs(scope: Scope, name: string): string[] {
    const node = scope.nodes.get(name);
    if (node === undefined) throw new JepaError(`expected a node "${name}" in the graph, got none`);
    const special = isControlFlow(node) ? scope.control.needs(node) : undefined;
    const tensors = special ?? node.inputs;
    return tensors.map(parseReference).flatMap((reference) => (reference.isControl ? [] : [reference.node]));
  }

  #convertNode(scope: Scope, node: TensorFlowNode | undefined): readonly Flow[] {
    if (node === undefined) return [];
    if (node.operation === 'Const') return [{ constant: this.#constantOf(node) }];
    if (node.operation === 'NoOp' || node.operation === 'Assert') return [];
    const path =
      scope.outer && scope.graph !== scope.outer.graph ? (node.name.split('/').at(-1) ?? node.name) : node.name;
    return scope.graph.within(path, () => {
      if (node.operation === 'Merge') return convertMerge(this, scope, node);
      if (node.operation === 'Exit') return convertExit(this, scope, node);
      if (isControlFlow(node)) return this.#passed(scope, node);
      return this.#applyRow(scope, node);
    });
  }

  /** Enter, Switch, LoopCond and NextIteration hand on what they get; where it goes is up to Merge and Exit. */
  #passed(scope: Scope, node: TensorFlowNode): readonly Flow[] {
    const flow = this.#flowOf(scope, node.inputs[0]);
    return [flow, flow];
  }

  #applyRow(scope: Scope, node: TensorFlowNode): readonly Flow[] {
    const row = operations.get(node.operation);
    if (row === undefined) throw unsupportedError(new Map([[node.operation, [node.name]]]));
    const tensors = node.inputs.filter((input) => !parseReference(input).isControl);
    const given = tensors.map((tensor) => this.#flowOf(scope, tensor));
    const attributes = { ...node.attributes, ...elementShape(scope.nodes, node) };
    const context = new NodeContext({ ...node, inputs: tensors, attributes }, given, {
      graph: scope.graph,
      functions: this.#source.functions,
      call: (called, inputs, graph) => this.#call(called, inputs, graph),
      warn: this.#warn,
    });
    const result = row.convert(context);
    const flows = isList(result) ? result : [result];
    return flows.map((flow) => ('name' in flow ? withConstant(scope.graph, flow) : flow));
  }

  #constantOf(node: TensorFlowNode): Constant {
    const constant = this.#source.constant(node.name);
    if (constant === undefined)
      throw new JepaError(`node "${node.name}" (Const): expected its elements among the weights, got none`);
    return constant;
  }

  #call(called: TensorFlowFunction, inputs: readonly Flow[], graph: GraphBuilder): readonly Flow[] {
    const scope = new Scope(graph, called.nodes, describeControlFlow(called.nodes));
    for (const [i, name] of called.inputs.entries()) scope.set(name, [inputs[i]]);
    return this.evaluate(scope, called.outputs);
  }
}

/** What the elements of a TensorArray are like is sometimes only said where they are gathered in the end. */
function elementShape(nodes: Nodes, { name, operation }: TensorFlowNode): TensorFlowNode['attributes'] {
  if (operation !== 'TensorArrayV3') return {};
  const gather = [...nodes.values()].find(
    (node) => node.operation === 'TensorArrayGatherV3' && parseReference(node.inputs[0]).node === name,
  );
  return gather?.attributes.element_shape ? { element_shape: gather.attributes.element_shape } : {};
}

function isList(result: Value | Flow | readonly (Value | Flow)[]): result is readonly (Value | Flow)[] {
  return Array.isArray(result);
}

/** Integers that are known become constants: what uses them can be worked out when the file is written. */
function withConstant(graph: GraphBuilder, value: Value): Flow {
  const constant = graph.constantOf(value);
  if (constant) return { value, constant };
  const { content, shape, type } = value;
  const isKnown =
    content?.every((element) => typeof element === 'number') && shape.every((size) => typeof size === 'number');
  if (!isKnown || type !== 'int32') return { value };
  return { value, constant: { type, shape: shape.map(Number), data: Int32Array.from(content ?? [], Number) } };
}

/** Operations that the outputs need and that have no row, with the nodes that hold them. */
export function unsupportedOperations(source: TensorFlowGraph): Map<string, string[]> {
  const missing = new Map<string, string[]>();
  const visit = (nodes: Nodes, tensors: readonly string[], prefix: string, inputs: ReadonlySet<string>): void => {
    const seen = new Set<string>();
    const stack = tensors.map((tensor) => parseReference(tensor).node);
    for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
      const node = nodes.get(name);
      if (node === undefined || seen.has(name) || inputs.has(name)) continue;
      seen.add(name);
      const isKnown = operations.has(node.operation) || isControlFlow(node) || passive.has(node.operation);
      if (!isKnown) missing.set(node.operation, [...(missing.get(node.operation) ?? []), `${prefix}${name}`]);
      for (const input of node.inputs) {
        const reference = parseReference(input);
        if (!reference.isControl) stack.push(reference.node);
      }
      for (const attribute of Object.values(node.attributes)) {
        const called = 'function' in attribute ? source.functions.get(attribute.function) : undefined;
        if (called) visit(called.nodes, called.outputs, `${prefix}${name}/`, new Set(called.inputs));
      }
    }
  };
  visit(
    source.nodes,
    source.outputs.map(({ tensor }) => tensor),
    '',
    new Set(source.inputs.map(({ node }) => node)),
  );
  return missing;
}

const passive = new Set(['Const', 'NoOp', 'Assert']);

/** At most so many nodes of an operation are named: the list is for a person. */
const namedNodes = 3;

export function unsupportedError(missing: ReadonlyMap<string, readonly string[]>): UnsupportedLayerError {
  const known = [...operations.keys()];
  const list = [...missing].map(([operation, nodes]) => {
    const near = nearestName(operation, known);
    const names = nodes.slice(0, namedNodes).map((name) => `"${name}"`);
    const more = nodes.length > namedNodes ? ` and ${nodes.length - namedNodes} more` : '';
    return `${operation}${near && missing.size === 1 ? ` (near: ${near})` : ''} in ${names.join(', ')}${more}`;
  });
  return new UnsupportedLayerError(`graph model: expected operations that can be exported, got ${list.join('; ')}`, {
    remedy: 'docs/export-operations.md lists those that can.',
  });
}
