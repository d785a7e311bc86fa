// Names at the end: a value is called like the node that makes it, constants lose the numbers that rewriting gave them.
import type { Constant } from '../graph/constant.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { graphsOf } from '../graph/graph.ts';
import { usedNames } from './names.ts';

export function nameValues(graph: Graph): Graph {
  // Names inside subgraphs, and those that they use, stay as they are.
  const fixed = new Set(graph.nodes.flatMap(graphsOf).flatMap(namesIn));
  const taken = new Set([
    ...fixed,
    ...graph.inputs.map((input) => input.name),
    ...graph.outputs.map((output) => output.name),
  ]);
  const renamed = new Map<string, string>();
  const claim = (old: string, wish: string): void => {
    if (taken.has(old) && (fixed.has(old) || graph.outputs.some((output) => output.name === old))) return;
    let name = wish;
    for (let i = 1; taken.has(name); i++) name = `${wish}_${i}`;
    taken.add(name);
    renamed.set(old, name);
  };
  const nodeNames = new Set<string>();
  const nodes = graph.nodes.map((node): Node => {
    // A pass may have made a Reshape of what was a Transpose: a node is called after what it is now.
    const wish = `${node.name.slice(0, node.name.lastIndexOf('/') + 1)}${node.operator}`;
    let name = wish;
    for (let i = 1; nodeNames.has(name); i++) name = `${wish}_${i}`;
    nodeNames.add(name);
    return { ...node, name };
  });
  for (const node of nodes) {
    for (const input of node.inputs)
      if (graph.constants.has(input) && !renamed.has(input)) claim(input, withoutNumber(input));
    for (const [i, output] of node.outputs.entries())
      if (output !== '') claim(output, i === 0 ? node.name : `${node.name}:${i}`);
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  return {
    ...graph,
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
    constants: inOrderOfUse(graph.constants, nodes, rename),
    types: new Map([...graph.types].map(([name, type]) => [rename(name), type])),
  };
}

/** Constants as the nodes come to them, so that a layer's weights lie together in the file. */
function inOrderOfUse(
  constants: Graph['constants'],
  nodes: readonly Node[],
  rename: (name: string) => string,
): Graph['constants'] {
  const result = new Map<string, Constant>();
  for (const name of [...nodes.flatMap(usedNames), ...constants.keys()]) {
    const constant = constants.get(name);
    if (constant) result.set(rename(name), constant);
  }
  return result;
}

/** `conv1/kernel_2` was `conv1/kernel` before passes made new versions of it. A layer's own number is before the slash. */
function withoutNumber(name: string): string {
  const at = name.lastIndexOf('/');
  return name.slice(0, at + 1) + name.slice(at + 1).replace(/(?:_\d+)+$/, '');
}

function namesIn(graph: Graph): string[] {
  return [
    ...graph.inputs.map((input) => input.name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap((node) => [...usedNames(node), ...node.outputs, ...graphsOf(node).flatMap(namesIn)]),
  ];
}
