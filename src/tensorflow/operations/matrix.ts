// Matrix products, bias, and their gradients.
import type { Graph, GraphTensor } from '../graph.ts';

const T = { type: 'float32' } as const;

function product(graph: Graph, a: GraphTensor, b: GraphTensor, transposeA: boolean, transposeB: boolean): GraphTensor {
  const rank = a.shape.length;
  const rows = transposeA ? a.shape[rank - 1] : a.shape[rank - 2];
  const columns = transposeB ? b.shape[rank - 2] : b.shape[rank - 1];
  const inner = transposeA ? a.shape[rank - 2] : a.shape[rank - 1];
  const innerB = transposeB ? b.shape[rank - 1] : b.shape[rank - 2];
  if (inner !== innerB || b.shape.length !== rank)
    throw new Error(`graph: cannot multiply [${a.shape}] by [${b.shape}]`);
  const output = [{ type: 'float32' as const, shape: [...a.shape.slice(0, -2), rows, columns] }];
  if (rank === 2)
    return graph.add(
      'MatMul',
      [a, b],
      { T, transpose_a: { bool: transposeA }, transpose_b: { bool: transposeB } },
      output,
    )[0];
  return graph.add('BatchMatMulV2', [a, b], { T, adj_x: { bool: transposeA }, adj_y: { bool: transposeB } }, output)[0];
}

/** a b, or a b^T; rank 2, or higher ranks with equal leading axes. */
export function matmul(graph: Graph, a: GraphTensor, b: GraphTensor, transposeB = false): GraphTensor {
  return graph.record([a, b], product(graph, a, b, false, transposeB), (gradient, isWanted) => [
    isWanted(0) ? product(graph, gradient, b, false, !transposeB) : undefined,
    isWanted(1)
      ? transposeB
        ? product(graph, gradient, a, true, false)
        : product(graph, a, gradient, true, false)
      : undefined,
  ]);
}

/** x + bias along the last axis. */
export function biasAdd(graph: Graph, x: GraphTensor, bias: GraphTensor): GraphTensor {
  const format = { data_format: { string: 'NHWC' } };
  const [y] = graph.add('BiasAdd', [x, bias], { T, ...format }, [{ type: 'float32', shape: x.shape }]);
  return graph.record([x, bias], y, (gradient, isWanted) => [
    gradient,
    isWanted(1)
      ? graph.add('BiasAddGrad', [gradient], { T, ...format }, [{ type: 'float32', shape: bias.shape }])[0]
      : undefined,
  ]);
}
