// What the exporter knows of an ONNX operator: its arity, attributes and how types and shapes follow from the inputs.
// One table of these serves the graph builder (shapes of everything it makes), and the checker (the same over a finished
// file). Facts from the ONNX operator specification, opsets 17 to 23.
import { JepaError } from '../../src/error.ts';
import type { Constant } from '../graph/constant.ts';
import { numbersOf } from '../graph/constant.ts';
import { isDifferent, unknownDimension } from '../graph/dimension.ts';
import type { Attribute, Attributes, Graph } from '../graph/graph.ts';
import {
  type Dimension,
  describeShape,
  describeType,
  type Shape,
  type TensorType,
  type ValueType,
} from '../graph/type.ts';

export interface AttributeSpec {
  readonly type: Attribute['type'];
  readonly required?: boolean;
  /** First and last opset that has it. */
  readonly since?: number;
  readonly until?: number;
}

export interface Operator {
  /** First opset that has the operator in the form described here (17 stands for "17 or older"). */
  readonly since: number;
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: readonly [least: number, most: number];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** One type for each output. Throws JepaError where the inputs do not fit. */
  readonly infer: (call: Call) => readonly ValueType[];
}

/** One use of an operator, for inference. */
export class Call {
  readonly node: string;
  readonly operator: string;
  readonly opset: number;
  readonly types: readonly (ValueType | undefined)[];
  readonly constants: readonly (Constant | undefined)[];
  readonly attributes: Attributes;
  readonly outputCount: number;
  /** Types of a subgraph's outputs, given those of its inputs. */
  readonly inferGraph: (graph: Graph, inputs: readonly ValueType[]) => readonly ValueType[];

  constructor(
    fields: Omit<Call, 'fail' | 'input' | 'optional' | 'rank' | 'int' | 'float' | 'ints' | 'text' | 'values' | 'graph'>,
  ) {
    this.node = fields.node;
    this.operator = fields.operator;
    this.opset = fields.opset;
    this.types = fields.types;
    this.constants = fields.constants;
    this.attributes = fields.attributes;
    this.outputCount = fields.outputCount;
    this.inferGraph = fields.inferGraph;
  }

  fail(expected: string, got: string): JepaError {
    return new JepaError(`node ${this.node} (${this.operator}): expected ${expected}, got ${got}`);
  }

  input(index: number): ValueType {
    const type = this.types[index];
    if (type === undefined) throw this.fail(`an input ${index}`, 'none');
    return type;
  }

  optional(index: number): ValueType | undefined {
    return this.types[index];
  }

  /** The input's type, which must have this rank. */
  rank(index: number, rank: number): ValueType {
    const type = this.input(index);
    if (type.shape.length !== rank) throw this.fail(`input ${index} of rank ${rank}`, describeType(type));
    return type;
  }

  int(name: string, fallback: number): number {
    const attribute = this.attributes[name];
    return attribute?.type === 'int' ? attribute.value : fallback;
  }

  float(name: string, fallback: number): number {
    const attribute = this.attributes[name];
    return attribute?.type === 'float' ? attribute.value : fallback;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.attributes[name];
    return attribute?.type === 'ints' ? attribute.value : undefined;
  }

  text(name: string, fallback: string): string {
    const attribute = this.attributes[name];
    return attribute?.type === 'string' ? attribute.value : fallback;
  }

  graph(name: string): Graph {
    const attribute = this.attributes[name];
    if (attribute?.type !== 'graph') throw this.fail(`a graph attribute ${name}`, 'none');
    return attribute.value;
  }

  /** The elements of a small integer input, where they are known. */
  values(index: number): readonly Dimension[] | undefined {
    const constant = this.constants[index];
    if (constant) return numbersOf(constant);
    return this.types[index]?.content;
  }
}

/** The axis counted from the front; throws where the rank has no such axis. */
export function axisOf(call: Call, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw call.fail(`an axis in -${rank}..${rank - 1}`, String(axis));
  return axis < 0 ? axis + rank : axis;
}

/** The end of a slice that means "to the last element". */
export const farEnd = 2 ** 31 - 1;

/** The axes of an input that lists them, counted from the front; undefined where they are computed in the graph. */
export function axesInput(call: Call, index: number, rank: number): number[] | undefined {
  return call.values(index)?.map((axis) => axisOf(call, Number(axis), rank));
}

export function withContent(type: TensorType, shape: Shape, content: readonly Dimension[] | undefined): ValueType {
  return { type, shape, ...(content ? { content } : {}) };
}

/** numpy's broadcasting of two shapes. */
export function broadcast(call: Call, a: Shape, b: Shape): Dimension[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left === 1) return right;
    if (right === 1 || left === right) return left;
    if (isDifferent(left, right))
      throw call.fail('shapes that broadcast', `${describeShape(a)} and ${describeShape(b)}`);
    return typeof left === 'number' ? left : right;
  });
}

/** The one element type that all given inputs share. */
export function sameType(call: Call, ...indices: readonly number[]): TensorType {
  const { type } = call.input(indices[0]);
  for (const index of indices) {
    const other = call.optional(index);
    if (other && other.type !== type) throw call.fail(`input ${index} of type ${type}`, describeType(other));
  }
  return type;
}

/** The same dimension twice: the known one of the two; throws where they differ. */
export function unify(call: Call, what: string, a: Dimension, b: Dimension): Dimension {
  if (isDifferent(a, b)) throw call.fail(`equal sizes of ${what}`, `${a} and ${b}`);
  if (a === unknownDimension || (typeof a === 'string' && typeof b === 'number')) return b;
  return a;
}

export const int: AttributeSpec = { type: 'int' };
export const float: AttributeSpec = { type: 'float' };
export const ints: AttributeSpec = { type: 'ints' };
export const text: AttributeSpec = { type: 'string' };
export const texts: AttributeSpec = { type: 'strings' };
export const floatsSpec: AttributeSpec = { type: 'floats' };
export const required = (spec: AttributeSpec): AttributeSpec => ({ ...spec, required: true });
