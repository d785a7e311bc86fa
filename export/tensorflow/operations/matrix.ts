// Products of matrices, and the order of axes.
import { transposed } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { fusionOf } from './convolution.ts';

/** An operand, its last two axes swapped where the node says so; a constant is swapped when the file is written. */
function operand(node: NodeContext, index: number, isSwapped: boolean): Value {
  if (!isSwapped) return node.input(index);
  const constant = node.constant(index);
  const rank = constant?.shape.length ?? node.input(index).shape.length;
  const order = [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
  return constant
    ? node.graph.constant('kernel', transposed(constant, order))
    : node.graph.transpose(node.input(index), order);
}

function product(node: NodeContext, left: string, right: string): Value {
  return node.graph.node('MatMul', [operand(node, 0, node.flag(left)), operand(node, 1, node.flag(right))]);
}

const matMul: Operation = {
  convert: (node) => product(node, 'transpose_a', 'transpose_b'),
  documentation: { operators: 'MatMul' },
};

const batchMatMul: Operation = {
  convert: (node) => product(node, 'adj_x', 'adj_y'),
  documentation: { operators: 'MatMul' },
};

const fusedMatMul: Operation = {
  convert: (node) => {
    const { bias, activate } = fusionOf(node);
    const [a, b] = [operand(node, 0, node.flag('transpose_a')), operand(node, 1, node.flag('transpose_b'))];
    if (bias === undefined) return activate(node.graph.node('MatMul', [a, b]));
    if (a.shape.length === 2 && b.shape.length === 2 && bias.shape.length === 1)
      return activate(node.graph.node('Gemm', [a, b, bias]));
    return activate(node.graph.node('Add', [node.graph.node('MatMul', [a, b]), bias]));
  },
  documentation: { operators: 'Gemm, or MatMul and Add; activation' },
};

const transpose: Operation = {
  convert: (node) => node.graph.transpose(node.input(0), node.integers(1, 'a permutation')),
  documentation: { operators: 'Transpose' },
};

const einsum: Operation = {
  convert: (node) => {
    const equation = node.text('equation', '');
    if (!/^[a-zA-Z, ]+->[a-zA-Z ]*$/.test(equation)) throw node.unsupported(`the equation "${equation}"`);
    return node.graph.node('Einsum', node.inputs(), { equation });
  },
  documentation: { operators: 'Einsum', notes: 'Equations with an ellipsis, or without an arrow, are refused.' },
};

export const matrix = {
  MatMul: matMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  _FusedMatMul: fusedMatMul,
  Transpose: transpose,
  Einsum: einsum,
} as const satisfies Record<string, Operation>;
