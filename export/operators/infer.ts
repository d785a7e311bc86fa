// Inference over one node and over a whole graph: the builder calls it for everything it makes, the checker for everything
// that is in a file.
import { JepaError } from '../../src/error.ts';
import type { Constant } from '../graph/constant.ts';
import { isDifferent } from '../graph/dimension.ts';
import type { Attributes, Graph } from '../graph/graph.ts';
import { describeType, type ValueType } from '../graph/type.ts';
import { operators } from './index.ts';
import { Call } from './operator.ts';

/** What inference sees of the values around a node. */
export interface Scope {
  /** Undefined where there is no such value. */
  typeOf(name: string): ValueType | undefined;
  constantOf(name: string): Constant | undefined;
}

export interface NodeCall {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  readonly outputCount: number;
}

/** Integer tensors up to this size carry their elements along in their type. */
const contentLimit = 64;

export function typeOfConstant(constant: Constant): ValueType {
  const isSmallInteger =
    constant.data.length <= contentLimit && (constant.type === 'int64' || constant.type === 'int32');
  const content = isSmallInteger ? { content: Array.from<number | bigint, number>(constant.data, Number) } : {};
  return { type: constant.type, shape: constant.shape, ...content };
}

/**
 * The types of a node's outputs.
 * @throws JepaError naming the node where it does not exist in this opset, or its inputs or attributes do not fit
 */
export function inferNode(node: NodeCall, opset: number, scope: Scope): readonly ValueType[] {
  const fail = (expected: string, got: string): JepaError =>
    new JepaError(`node ${node.name} (${node.operator}): expected ${expected}, got ${got}`);
  const operator = operators.get(node.operator);
  if (operator === undefined) throw fail('an operator that is known here', node.operator);
  if (operator.since > opset) throw fail(`opset ${operator.since} or newer`, `opset ${opset}`);
  const [least, most] = operator.inputs;
  if (node.inputs.length < least || node.inputs.length > most)
    throw fail(`${least} to ${most} inputs`, String(node.inputs.length));
  const [leastOut, mostOut] = operator.outputs;
  if (node.outputCount < leastOut || node.outputCount > mostOut)
    throw fail(`${leastOut} to ${mostOut} outputs`, String(node.outputCount));
  for (const [name, attribute] of Object.entries(node.attributes)) {
    const spec = operator.attributes[name];
    if (spec === undefined) throw fail(`attributes ${Object.keys(operator.attributes).join(', ') || '(none)'}`, name);
    if (spec.type !== attribute.type) throw fail(`attribute ${name} of type ${spec.type}`, attribute.type);
    if (opset < (spec.since ?? 0) || opset > (spec.until ?? opset))
      throw fail(`no attribute ${name} at opset ${opset}`, name);
  }
  for (const [name, spec] of Object.entries(operator.attributes))
    if (spec.required && node.attributes[name] === undefined) throw fail(`attribute ${name}`, 'none');
  const types = node.inputs.map((input, index) => {
    if (input === '') return undefined;
    const type = scope.typeOf(input);
    if (type === undefined) throw fail(`input ${index} to be defined before it is used`, `"${input}"`);
    return type;
  });
  const constants = node.inputs.map((input) => scope.constantOf(input));
  const call = new Call({
    node: node.name,
    operator: node.operator,
    opset,
    types,
    constants,
    attributes: node.attributes,
    outputCount: node.outputCount,
    inferGraph: (graph, inputs) => inferGraph(graph, opset, inputs, scope),
  });
  return operator.infer(call);
}

/**
 * The types of a graph's outputs, given those of its inputs; names of the scopes around it are visible inside.
 * @param visit called with the types found for every node, in order
 */
export function inferGraph(
  graph: Graph,
  opset: number,
  inputs: readonly ValueType[],
  outer?: Scope,
  visit?: (name: string, type: ValueType) => void,
): readonly ValueType[] {
  const types = new Map<string, ValueType>();
  for (const [i, input] of graph.inputs.entries()) {
    const given = inputs[i];
    if (given === undefined || given.type !== input.type || given.shape.length !== input.shape.length)
      throw new JepaError(
        `graph ${graph.name}: expected input ${input.name} as ${describeType(input)}, got ${given ? describeType(given) : 'none'}`,
      );
    types.set(input.name, given);
  }
  for (const [name, constant] of graph.constants) types.set(name, typeOfConstant(constant));
  const scope: Scope = {
    typeOf: (name) => types.get(name) ?? outer?.typeOf(name),
    constantOf: (name) => graph.constants.get(name) ?? (types.has(name) ? undefined : outer?.constantOf(name)),
  };
  for (const node of graph.nodes) {
    const results =
      node.domain === ''
        ? inferNode({ ...node, outputCount: node.outputs.length }, opset, scope)
        : node.outputs.map((output) => graph.types.get(output));
    for (const [i, output] of node.outputs.entries()) {
      const result = results[i];
      if (output === '' || result === undefined) continue;
      types.set(output, result);
      visit?.(output, result);
    }
  }
  return graph.outputs.map((output) => {
    const result = types.get(output.name);
    if (result === undefined)
      throw new JepaError(`graph ${graph.name}: expected output ${output.name} to be computed, got no such value`);
    const fits =
      result.type === output.type &&
      result.shape.length === output.shape.length &&
      !result.shape.some((size, axis) => isDifferent(size, output.shape[axis]));
    if (!fits)
      throw new JepaError(
        `graph ${graph.name}: expected output ${output.name} as ${describeType(output)}, got ${describeType(result)}`,
      );
    return result;
  });
}
