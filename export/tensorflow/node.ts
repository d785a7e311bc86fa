// A TensorFlow graph as the exporter sees it: nodes by name, whoever wrote them. It is made from the JSON of a TensorFlow.js
// graph model (graph-model.ts) or from a graph under construction (built-graph.ts), and knows nothing of either.
import type { Constant } from '../graph/constant.ts';
import type { TensorType } from '../graph/type.ts';

/** The types that TensorFlow.js computes in: it reads every integer as int32 and every other number as float32. */
export type TensorFlowType = Extract<TensorType, 'float32' | 'int32' | 'bool'>;

/** -1 is a size that is only known at run time; no list at all, a rank that is. */
export type AttributeShape = readonly number[] | undefined;

export type NodeAttribute =
  | { readonly type: TensorFlowType | 'unsupported' }
  | { readonly types: readonly (TensorFlowType | 'unsupported')[] }
  | { readonly shape: AttributeShape }
  | { readonly number: number }
  | { readonly numbers: readonly number[] }
  | { readonly flag: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly function: string };

export interface TensorFlowNode {
  readonly name: string;
  readonly operation: string;
  /** `node`, `node:1` for a further output, `^node` for one that only has to run before. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, NodeAttribute>>;
}

export interface GraphInput {
  /** The name to be used outside. */
  readonly key: string;
  /** The node that stands for it: a placeholder. */
  readonly node: string;
  /** uint8: pixels of a graph that was built here. */
  readonly type: TensorFlowType | 'uint8';
  readonly shape: AttributeShape;
}

export interface GraphOutput {
  readonly key: string;
  /** `node:0`. */
  readonly tensor: string;
}

/** A graph that another one calls: the branch of a condition, the body of a loop. */
export interface TensorFlowFunction {
  readonly nodes: ReadonlyMap<string, TensorFlowNode>;
  /** Names of the placeholders that stand for the arguments. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface TensorFlowGraph {
  readonly name: string;
  readonly nodes: ReadonlyMap<string, TensorFlowNode>;
  readonly functions: ReadonlyMap<string, TensorFlowFunction>;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly GraphOutput[];
  /** The elements of a Const node. */
  constant(node: string): Constant | undefined;
}

/** A reference to a tensor taken apart. */
export interface TensorReference {
  readonly node: string;
  /** Which output; within the outputs of `group` where there is one. */
  readonly output: number;
  /** The output's name, as functions write references: `topk:indices:0`. */
  readonly group?: string;
  /** The node only has to run before: it gives nothing. */
  readonly isControl: boolean;
}

export function parseReference(reference: string): TensorReference {
  if (reference.startsWith('^')) return { node: reference.slice(1), output: 0, isControl: true };
  const [node, second, third] = reference.split(':');
  if (second === undefined) return { node, output: 0, isControl: false };
  if (third === undefined && /^\d+$/.test(second)) return { node, output: Number(second), isControl: false };
  return { node, output: Number(third ?? 0), group: second, isControl: false };
}

/** Operations that stand for something outside the graph. */
export const isPlaceholder = ({ operation }: TensorFlowNode): boolean => operation.startsWith('Placeholder');
