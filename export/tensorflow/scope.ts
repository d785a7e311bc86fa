// Where nodes of a TensorFlow graph are converted: what is known there already, and what is known around it.
import { JepaError } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { ControlFlow } from './control-flow.ts';
import { emptyList } from './list.ts';
import { parseReference, type TensorFlowNode } from './node.ts';
import type { Flow } from './operation.ts';

export type Nodes = ReadonlyMap<string, TensorFlowNode>;

export class Scope {
  readonly graph: GraphBuilder;
  readonly nodes: Nodes;
  readonly control: ControlFlow;
  readonly outer: Scope | undefined;
  readonly #flows = new Map<string, readonly Flow[]>();

  constructor(graph: GraphBuilder, nodes: Nodes, control: ControlFlow, outer?: Scope) {
    this.graph = graph;
    this.nodes = nodes;
    this.control = control;
    this.outer = outer;
  }

  /** A scope inside this one, in the same graph or in one that sees it. */
  inside(graph: GraphBuilder): Scope {
    return new Scope(graph, this.nodes, this.control, this);
  }

  set(node: string, flows: readonly Flow[]): void {
    this.#flows.set(node, flows);
  }

  flows(node: string): readonly Flow[] | undefined {
    return this.#flows.get(node) ?? this.outer?.flows(node);
  }
}

/** What converts nodes: conditions and loops ask it for their parts. */
export interface Evaluator {
  evaluate(scope: Scope, tensors: readonly string[]): Flow[];
}

/** A flow as a value of a graph. */
export function tensorOf(graph: GraphBuilder, flow: Flow, tensor: string): Value {
  if (flow.value) return flow.value;
  if (flow.constant) return graph.constant(parseReference(tensor).node.split('/').at(-1) ?? 'value', flow.constant);
  if (flow.pending) return emptyList(graph, flow.pending);
  throw new JepaError(`expected "${tensor}" to be a tensor, got none`);
}
