// The passes that make a converted graph lean, in their order.
import type { Graph } from '../graph/graph.ts';

export function optimize(graph: Graph, _opset: number): Graph {
  return graph;
}
