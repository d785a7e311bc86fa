// Names in a graph and in the graphs inside its nodes: which are used, which are renamed.
import { type Attribute, type Graph, graphsOf, type Node } from '../graph/graph.ts';

/** A name next to a node's: `conv1/shape` beside `conv1/Reshape`. */
export function beside(node: Node, name: string): string {
  return `${node.name.slice(0, node.name.lastIndexOf('/') + 1)}${name}`;
}

/** Inputs of a node, and names that its subgraphs take from the graph around them. */
export function usedNames(node: Node): string[] {
  return [...node.inputs.filter((name) => name !== ''), ...graphsOf(node).flatMap(freeNames)];
}

function freeNames(graph: Graph): string[] {
  const own = new Set([...graph.inputs.map((input) => input.name), ...graph.constants.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const used = [...graph.nodes.flatMap(usedNames), ...graph.outputs.map((output) => output.name)];
  return [...new Set(used)].filter((name) => !own.has(name));
}

/** The node with one name replaced by another among its inputs, and inside its subgraphs. */
export function renameInputs(node: Node, from: string, to: string): Node {
  const rename = (name: string): string => (name === from ? to : name);
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([key, attribute]): [string, Attribute] => [
      key,
      attribute.type === 'graph' && freeNames(attribute.value).includes(from)
        ? {
            type: 'graph',
            value: { ...attribute.value, nodes: attribute.value.nodes.map((inner) => renameInputs(inner, from, to)) },
          }
        : attribute,
    ]),
  );
  return { ...node, inputs: node.inputs.map(rename), attributes };
}

/** Adds every name that a graph has, those of its nodes too. */
export function collectNames(graph: Graph, names: Set<string>): void {
  for (const name of [...graph.inputs.map((input) => input.name), ...graph.constants.keys()]) names.add(name);
  for (const node of graph.nodes) {
    names.add(node.name);
    for (const output of node.outputs) names.add(output);
    for (const inner of graphsOf(node)) collectNames(inner, names);
  }
}
