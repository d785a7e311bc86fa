// What a row of the operation table is: one TensorFlow operation, and how it is written in ONNX. Rows keep TensorFlow's
// semantics as TensorFlow.js 4.22 computes them, with transposes wherever ONNX wants another layout: the passes make the
// graph lean afterwards.
import { JepaError } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { type Constant, numbersOf } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { type Dimension, describeType } from '../graph/type.ts';
import { UnsupportedLayerError } from '../layers/converter.ts';
import { emptyList, type PendingList } from './list.ts';
import type { NodeAttribute, TensorFlowFunction, TensorFlowNode, TensorFlowType } from './node.ts';

/** One row of the table. */
export interface Operation {
  /** One value for each output; those that nothing can read may be left out at the end. */
  readonly convert: (node: NodeContext) => Value | Flow | readonly (Value | Flow)[];
  /** Names of the outputs, in order, as functions refer to them. Absent: one output, or a list under one name. */
  readonly outputs?: readonly string[];
  readonly documentation: {
    /** ONNX operators it becomes. */
    readonly operators: string;
    /** What of it is refused, and anything that may surprise. */
    readonly notes?: string;
  };
}

/** What one tensor of the graph is while it is converted. */
export interface Flow {
  readonly value?: Value;
  /** Its elements, where they are known when the file is written. */
  readonly constant?: Constant;
  /** A list that nothing has been put into yet. */
  readonly pending?: PendingList;
}

/** What a row needs of the conversion around it. */
export interface Surroundings {
  readonly graph: GraphBuilder;
  readonly functions: ReadonlyMap<string, TensorFlowFunction>;
  /** The outputs of a function, converted in place into `graph`. */
  call(called: TensorFlowFunction, inputs: readonly Flow[], graph: GraphBuilder): readonly Flow[];
  warn(message: string): void;
}

/** One node, as its row sees it. */
export class NodeContext {
  readonly node: TensorFlowNode;
  readonly graph: GraphBuilder;
  readonly around: Surroundings;
  readonly #flows: readonly Flow[];
  readonly #made = new Map<number, Value>();

  constructor(node: TensorFlowNode, flows: readonly Flow[], around: Surroundings) {
    this.node = node;
    this.graph = around.graph;
    this.around = around;
    this.#flows = flows;
  }

  get where(): string {
    return `node "${this.node.name}" (${this.node.operation})`;
  }

  get inputCount(): number {
    return this.#flows.length;
  }

  /** An error that names the node, what it has that cannot be exported, and what to do. */
  unsupported(what: string, remedy = 'Report this model if ONNX can express it.'): UnsupportedLayerError {
    return new UnsupportedLayerError(`${this.where}: expected something that ONNX can express, got ${what}`, {
      remedy,
    });
  }

  flow(index: number): Flow {
    const flow = this.#flows[index];
    if (flow === undefined)
      throw new JepaError(`${this.where}: expected an input ${index}, got ${this.#flows.length} inputs`);
    return flow;
  }

  has(index: number): boolean {
    return index < this.#flows.length;
  }

  /** An input as a value of the graph; a constant becomes one here. */
  input(index: number): Value {
    const { value, constant, pending } = this.flow(index);
    if (value) return value;
    if (pending) return emptyList(this.graph, pending);
    const made = this.#made.get(index);
    if (made) return made;
    if (constant === undefined) throw new JepaError(`${this.where}: expected input ${index} to be a tensor, got none`);
    const name = this.node.inputs[index]?.split(':')[0].split('/').at(-1) ?? 'value';
    const placed = this.graph.constant(name, constant);
    this.#made.set(index, placed);
    return placed;
  }

  /** The inputs from `start` up to `end`. */
  inputs(start = 0, end = this.#flows.length): Value[] {
    return Array.from({ length: end - start }, (_, i) => this.input(start + i));
  }

  /** The elements of an input where they are known when the file is written. */
  constant(index: number): Constant | undefined {
    const { constant, value } = this.flow(index);
    return constant ?? (value && this.graph.constantOf(value));
  }

  /** The elements of an integer input, some of which may be names of sizes; undefined where they are computed. */
  dimensions(index: number): readonly Dimension[] | undefined {
    const constant = this.constant(index);
    return constant ? numbersOf(constant) : this.flow(index).value?.content;
  }

  /** The elements of an integer input that must be known. */
  integers(index: number, what: string): number[] {
    const found = this.dimensions(index);
    if (found?.every((size) => typeof size === 'number')) return found.map(Number);
    throw this.unsupported(
      `${what} computed from its inputs${this.has(index) ? ` (${describeType(this.input(index))})` : ''}`,
      'Fix the sizes that it is computed from: give the dynamic axes a size.',
    );
  }

  integer(index: number, what: string): number {
    return this.integers(index, what)[0];
  }

  /** The same as int64, which ONNX takes for shapes and positions. */
  int64(value: Value): Value {
    const constant = this.graph.constantOf(value);
    if (constant)
      return this.graph.constant('value', {
        type: 'int64',
        shape: constant.shape,
        data: BigInt64Array.from(numbersOf(constant), (element) => BigInt(Math.trunc(element))),
      });
    return this.graph.cast(value, 'int64');
  }

  // --------------------------------------------------------------------------------------------------------- attributes

  #attribute(name: string): NodeAttribute | undefined {
    return Object.hasOwn(this.node.attributes, name) ? this.node.attributes[name] : undefined;
  }

  number(name: string, fallback: number): number {
    const attribute = this.#attribute(name);
    return attribute && 'number' in attribute ? attribute.number : fallback;
  }

  numbers(name: string, fallback: readonly number[] = []): readonly number[] {
    const attribute = this.#attribute(name);
    return attribute && 'numbers' in attribute ? attribute.numbers : fallback;
  }

  flag(name: string, fallback = false): boolean {
    const attribute = this.#attribute(name);
    return attribute && 'flag' in attribute ? attribute.flag : fallback;
  }

  text(name: string, fallback: string): string {
    const attribute = this.#attribute(name);
    return attribute && 'text' in attribute ? attribute.text : fallback;
  }

  texts(name: string): readonly string[] {
    const attribute = this.#attribute(name);
    return attribute && 'texts' in attribute ? attribute.texts : [];
  }

  type(name: string, fallback: TensorFlowType): TensorFlowType {
    const attribute = this.#attribute(name);
    if (attribute === undefined || !('type' in attribute)) return fallback;
    if (attribute.type === 'unsupported') throw this.unsupported(`a type in ${name} that is no number and no bool`);
    return attribute.type;
  }

  shape(name: string): readonly number[] | undefined {
    const attribute = this.#attribute(name);
    return attribute && 'shape' in attribute ? attribute.shape : undefined;
  }

  function(name: string): TensorFlowFunction {
    const attribute = this.#attribute(name);
    const called = attribute && 'function' in attribute ? this.around.functions.get(attribute.function) : undefined;
    if (called === undefined)
      throw new JepaError(`${this.where}: expected ${name} to be a function of the graph, got none`);
    return called;
  }
}

/** An axis counted from the front. */
export function axisFrom(node: NodeContext, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new JepaError(`${node.where}: expected an axis in -${rank}..${rank - 1}, got ${axis}`);
  return axis < 0 ? axis + rank : axis;
}
