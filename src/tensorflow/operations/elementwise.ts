// Element-wise operations on float32 tensors, with NumPy broadcasting where two tensors meet, and their gradients.

import { elementCount } from '../../shape.ts';
import type { Graph, GraphTensor } from '../graph.ts';

const T = { type: 'float32' } as const;

/** Adds an element-wise node and returns its output; not recorded. */
export function unary(graph: Graph, operation: string, x: GraphTensor): GraphTensor {
  return graph.add(operation, [x], { T }, [{ type: 'float32', shape: x.shape }])[0];
}

/** Adds a broadcasting node of two inputs; not recorded. */
export function binary(graph: Graph, operation: string, a: GraphTensor, b: GraphTensor): GraphTensor {
  return graph.add(operation, [a, b], { T }, [{ type: 'float32', shape: broadcastShape(a.shape, b.shape) }])[0];
}

export function add(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return graph.record([a, b], binary(graph, 'AddV2', a, b), (gradient) => [
    sumToShape(graph, gradient, a.shape),
    sumToShape(graph, gradient, b.shape),
  ]);
}

export function subtract(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return graph.record([a, b], binary(graph, 'Sub', a, b), (gradient, isWanted) => [
    sumToShape(graph, gradient, a.shape),
    isWanted(1) ? sumToShape(graph, unary(graph, 'Neg', gradient), b.shape) : undefined,
  ]);
}

export function multiply(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return graph.record([a, b], binary(graph, 'Mul', a, b), (gradient, isWanted) => [
    isWanted(0) ? sumToShape(graph, binary(graph, 'Mul', gradient, b), a.shape) : undefined,
    isWanted(1) ? sumToShape(graph, binary(graph, 'Mul', gradient, a), b.shape) : undefined,
  ]);
}

export function divide(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  const quotient = binary(graph, 'RealDiv', a, b);
  return graph.record([a, b], quotient, (gradient, isWanted) => {
    const scaled = binary(graph, 'RealDiv', gradient, b);
    return [
      isWanted(0) ? sumToShape(graph, scaled, a.shape) : undefined,
      isWanted(1) ? sumToShape(graph, unary(graph, 'Neg', binary(graph, 'Mul', scaled, quotient)), b.shape) : undefined,
    ];
  });
}

/** x * factor, for a number. */
export function scale(graph: Graph, x: GraphTensor, factor: number): GraphTensor {
  if (factor === 1) return x;
  return multiply(graph, x, graph.constant(factor));
}

export function square(graph: Graph, x: GraphTensor): GraphTensor {
  return graph.record([x], unary(graph, 'Square', x), (gradient) => [
    binary(graph, 'Mul', binary(graph, 'Mul', gradient, x), graph.constant(2)),
  ]);
}

export function sqrt(graph: Graph, x: GraphTensor): GraphTensor {
  const y = unary(graph, 'Sqrt', x);
  return graph.record([x], y, (gradient) => [binary(graph, 'SqrtGrad', y, gradient)]);
}

export function exp(graph: Graph, x: GraphTensor): GraphTensor {
  const y = unary(graph, 'Exp', x);
  return graph.record([x], y, (gradient) => [binary(graph, 'Mul', gradient, y)]);
}

export function cos(graph: Graph, x: GraphTensor): GraphTensor {
  return graph.record([x], unary(graph, 'Cos', x), (gradient) => [
    unary(graph, 'Neg', binary(graph, 'Mul', gradient, unary(graph, 'Sin', x))),
  ]);
}

export function sin(graph: Graph, x: GraphTensor): GraphTensor {
  return graph.record([x], unary(graph, 'Sin', x), (gradient) => [
    binary(graph, 'Mul', gradient, unary(graph, 'Cos', x)),
  ]);
}

/** The same values, with no gradient through them. */
export function stopGradient(graph: Graph, x: GraphTensor): GraphTensor {
  return unary(graph, 'StopGradient', x);
}

/** The shape of a NumPy broadcast. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new Error(`graph: expected shapes that broadcast, got [${a}] and [${b}]`);
    return left === 1 ? right : left;
  });
}

/** Sums the axes along which `shape` was broadcast to `x`'s shape: the gradient of broadcasting. */
export function sumToShape(graph: Graph, x: GraphTensor, shape: readonly number[]): GraphTensor {
  if (x.shape.length === shape.length && x.shape.every((side, axis) => side === shape[axis])) return x;
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((side, axis) =>
    axis < missing || (shape[axis - missing] === 1 && side !== 1) ? [axis] : [],
  );
  const kept = x.shape.flatMap((side, axis) => (axes.includes(axis) ? [] : [side]));
  const attributes = { T, Tidx: { type: 'int32' as const }, keep_dims: { bool: false } };
  const [sum] = graph.add('Sum', [x, graph.constant(axes, 'int32')], attributes, [{ type: 'float32', shape: kept }]);
  if (elementCount(kept) !== elementCount(shape)) throw new Error(`graph: cannot sum [${x.shape}] to [${shape}]`);
  if (kept.length === shape.length) return sum;
  const reshape = { T, Tshape: { type: 'int32' as const } };
  return graph.add('Reshape', [sum, graph.constant(shape, 'int32')], reshape, [{ type: 'float32', shape }])[0];
}
