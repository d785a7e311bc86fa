// What changes the weights of a training step.
import { numbersOf } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';

/** 1 - a number, in float32 where it is known. */
function complement(node: NodeContext, index: number): Value {
  const { graph } = node;
  const constant = node.constant(index);
  if (constant) return graph.scalar(1 - Number(numbersOf(constant)[0]), 'complement');
  return graph.node('Sub', [graph.scalar(1, 'one'), node.input(index)]);
}

/**
 * Adam (Kingma and Ba, arXiv 1412.6980) as TensorFlow's kernel has it: m += (g - m)(1 - beta1), v += (g^2 - v)(1 - beta2),
 * var -= m rate sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt v + epsilon).
 */
const applyAdam: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [variable, first, second] = node.inputs(0, 3);
    const [rate, epsilon, gradient] = [node.input(5), node.input(8), node.input(9)];
    if (node.flag('use_nesterov')) throw node.unsupported('use_nesterov');
    const toward = (old: Value, target: Value, share: Value): Value =>
      graph.node('Add', [old, graph.node('Mul', [graph.node('Sub', [target, old]), share])]);
    const m = toward(first, gradient, complement(node, 6));
    const v = toward(second, graph.node('Mul', [gradient, gradient]), complement(node, 7));
    const correction = graph.node('Div', [graph.node('Sqrt', [complement(node, 4)]), complement(node, 3)]);
    const length = graph.node('Mul', [rate, correction]);
    const deviation = graph.node('Add', [graph.node('Sqrt', [v]), epsilon]);
    const change = graph.node('Div', [graph.node('Mul', [m, length]), deviation]);
    return [graph.node('Sub', [variable, change]), m, v];
  },
  documentation: {
    operators: 'Sub, Mul, Add, Sqrt, Div',
    notes: 'Of a training step, whose variables are values: it gives the new value and both new moments.',
  },
};

export const optimizers = { ResourceApplyAdam: applyAdam } as const satisfies Record<string, Operation>;
