// Outputs whose scale is known beforehand.
import type { Node, OnnxModel } from '../graph/graph.ts';

/** What gives numbers in 0..1 whatever it gets. */
const bounded = new Set(['Sigmoid', 'HardSigmoid', 'Softmax']);

/** What only moves, repeats or leaves out elements. */
const moving = new Set([
  'Identity',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Slice',
  'Gather',
  'Split',
  'Expand',
  'Tile',
  'Resize',
  'MaxPool',
]);

/**
 * The outputs that a sigmoid or a softmax gives: shares and probabilities. An error of 1e-8 in one that happens to be 1e-9
 * on a random input is rounding (onnxruntime's sigmoid ends there), so such an output is compared on the scale of 1.
 */
export function unitOutputs({ graph }: OnnxModel): string[] {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) producers.set(output, node);
  const isUnit = (value: string): boolean => {
    let node = producers.get(value);
    while (node && moving.has(node.operator)) node = producers.get(node.inputs[0]);
    if (node?.operator === 'Concat') return node.inputs.every(isUnit);
    return node !== undefined && bounded.has(node.operator);
  };
  return graph.outputs.map(({ name }) => name).filter(isUnit);
}
