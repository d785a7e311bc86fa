// A graph as the converters build it and the passes rewrite it: names, nodes and constants, without protobuf.
import type { Constant } from './constant.ts';
import type { TensorType, ValueType } from './type.ts';

/** A named value of a graph. Immutable: a pass that changes a type makes a new one. */
export interface Value extends ValueType {
  readonly name: string;
}

/** A graph input or output, with what a person is told about it. */
export interface Port extends Value {
  readonly doc?: string;
}

export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: Constant }
  | { readonly type: 'graph'; readonly value: Graph };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly name: string;
  readonly operator: string;
  /** '' is ONNX's own domain. */
  readonly domain: string;
  /** Names of values; '' where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface Graph {
  readonly name: string;
  readonly doc?: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Constant>;
  /** Type of every value, inputs and node outputs included, constants excepted. */
  readonly types: ReadonlyMap<string, ValueType>;
}

/** A whole model: the graph and what the file says around it. */
export interface OnnxModel {
  readonly graph: Graph;
  readonly opset: number;
  /** Versions of further operator domains that the graph uses, by name. */
  readonly domains: Readonly<Record<string, number>>;
  readonly irVersion: number;
  readonly producer: { readonly name: string; readonly version: string };
  readonly doc?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The IR version that came with an opset (ONNX's version table): the oldest that may carry it. */
export function irVersionOf(opset: number): number {
  if (opset >= 23) return 11;
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return 8;
}

export const oldestOpset = 17;
export const newestOpset = 23;

export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'float' ? attribute.value : fallback;
}

export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute?.type === 'string' ? attribute.value : fallback;
}

export function graphsOf(node: Node): Graph[] {
  return Object.values(node.attributes).flatMap((attribute) => (attribute.type === 'graph' ? [attribute.value] : []));
}

export type { TensorType, ValueType };
