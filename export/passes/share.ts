// The same thing once: equal constants, and equal nodes on equal inputs.
import { bytesOf, type Constant, equalConstants } from '../graph/constant.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { graphsOf } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';

export function shareEqual(graph: Graph, opset: number): Graph {
  return shareNodes(shareConstants(graph), opset);
}

/** Equal constants become the first of them: weights of shared layers, axes, shapes. */
function shareConstants(graph: Graph): Graph {
  const kept = new Map<string, Constant>();
  const renamed = new Map<string, string>();
  const candidates = new Map<string, string[]>();
  for (const [name, constant] of graph.constants) {
    const key = fingerprint(constant);
    const same = candidates.get(key)?.find((other) => {
      const earlier = kept.get(other);
      return earlier !== undefined && equalConstants(earlier, constant);
    });
    if (same !== undefined) {
      renamed.set(name, same);
      continue;
    }
    kept.set(name, constant);
    candidates.set(key, [...(candidates.get(key) ?? []), name]);
  }
  if (renamed.size === 0) return graph;
  const rename = (node: Node): Node => ({ ...node, inputs: node.inputs.map((input) => renamed.get(input) ?? input) });
  // Subgraphs may use a constant by name: those keep their own.
  const inside = new Set(graph.nodes.flatMap(graphsOf).flatMap((inner) => inner.nodes.flatMap((node) => node.inputs)));
  for (const name of renamed.keys()) {
    const constant = graph.constants.get(name);
    if (inside.has(name) && constant) kept.set(name, constant);
  }
  return { ...graph, nodes: graph.nodes.map(rename), constants: kept };
}

/** Type, shape and a hash over a sample of the bytes: equal constants have equal ones. */
function fingerprint(constant: Constant): string {
  const bytes = bytesOf(constant);
  const step = Math.max(1, Math.floor(bytes.length / 1024));
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += step) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return `${constant.type} ${constant.shape.join()} ${hash >>> 0}`;
}

function shareNodes(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  const seen = new Map<string, Node>();
  for (const node of editor.each()) {
    if (graphsOf(node).length > 0 || node.outputs.some((output) => editor.isOutput(output))) continue;
    const key = JSON.stringify([
      node.domain,
      node.operator,
      node.inputs,
      Object.entries(node.attributes).sort(),
      node.outputs.length,
    ]);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, node);
      continue;
    }
    for (const [i, output] of node.outputs.entries()) editor.replaceValue(output, earlier.outputs[i]);
    const current = editor.producerOf(node.outputs[0]);
    if (current) editor.remove(current);
  }
  return editor.finish();
}
