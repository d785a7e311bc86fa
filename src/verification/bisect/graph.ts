// What a bisection must know of a file: its nodes, and models cut out of them. export/check/excerpt.ts reads it from the bytes.
import type { ElementType, RuntimeTensor } from '../../runtimes/runtime.ts';

export interface GraphNode {
  /** The node's own name; where it has none, that of its first output. */
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  /** Of values that it reads, those that graphs inside of it take from outside among them; '' where one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The same for nodes of one operator with the same attributes. */
  readonly kind: string;
}

export interface GraphConstant {
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** A value with its type, where that is known. */
export interface CutValue {
  readonly name: string;
  readonly type?: ElementType | undefined;
  readonly shape?: readonly number[] | undefined;
}

/** Some nodes of the file under names of their own: so one model may hold the same node, or value, several times. */
export interface CutPart {
  /** Places in `nodes`, rising. */
  readonly nodes: readonly number[];
  /** Values that are called otherwise in the cut; constants keep their names. */
  readonly rename?: ReadonlyMap<string, string> | undefined;
}

export interface Cut {
  readonly parts: readonly CutPart[];
  readonly inputs: readonly CutValue[];
  readonly outputs: readonly CutValue[];
}

export interface FileGraph {
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Weights, by name. */
  readonly constants: ReadonlyMap<string, GraphConstant>;
  /** A weight's elements; undefined for a name that is none, or a type that runtimes do not take. */
  constant(name: string): RuntimeTensor | undefined;
  /** The bytes of a model of these nodes and the weights that they read. */
  cut(cut: Cut): Uint8Array;
}
