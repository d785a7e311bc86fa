// Reductions over axes, and sums along one.
import type { GraphBuilder } from '../../graph/builder.ts';
import { integerScalar } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import { axisFrom, type NodeContext, type Operation } from '../operation.ts';
import { asNumber } from './elementwise.ts';

function axesOf(node: NodeContext): number[] {
  const rank = node.input(0).shape.length;
  const given = node.integers(1, 'axes');
  return given.map((axis) => axisFrom(node, axis, rank));
}

/** Without axes TensorFlow gives the input back, and ONNX the reduction over everything. */
function reduction(
  operators: string,
  apply: (graph: GraphBuilder, x: Value, axes: number[], keep: boolean) => Value,
): Operation {
  return {
    convert: (node) => {
      const axes = axesOf(node);
      const keep = node.flag('keep_dims') || node.flag('keepdims');
      const x = asNumber(node.graph, node.input(0));
      return axes.length === 0 ? x : apply(node.graph, x, axes, keep);
    },
    documentation: { operators },
  };
}

const reduce = (operator: 'ReduceMax' | 'ReduceMin' | 'ReduceSum' | 'ReduceProd'): Operation =>
  reduction(operator, (graph, x, axes, keep) => graph.reduce(operator, x, axes, keep));

/** Whether all (the least) or any (the greatest) of the bools are true. */
function every(operator: 'ReduceMin' | 'ReduceMax'): Operation {
  return {
    convert: (node) => {
      const axes = axesOf(node);
      const x = node.graph.cast(node.input(0), 'bool');
      if (axes.length === 0) return x;
      const keep = node.flag('keep_dims') || node.flag('keepdims');
      return node.graph.cast(node.graph.reduce(operator, node.graph.cast(x, 'int32'), axes, keep), 'bool');
    },
    documentation: { operators: `Cast, ${operator}` },
  };
}

function argument(operator: 'ArgMax' | 'ArgMin'): Operation {
  return {
    convert: (node) => {
      const x = asNumber(node.graph, node.input(0));
      const axis = axisFrom(node, node.integer(1, 'an axis'), x.shape.length);
      return node.graph.cast(node.graph.node(operator, [x], { axis, keepdims: 0 }), 'int32');
    },
    documentation: { operators: `${operator}, Cast`, notes: 'Of equal elements the first.' },
  };
}

const cumulativeSum: Operation = {
  convert: (node) => {
    const x = asNumber(node.graph, node.input(0));
    const axis = axisFrom(node, node.integer(1, 'an axis'), x.shape.length);
    return node.graph.node('CumSum', [x, node.graph.constant('axis', integerScalar(axis))], {
      exclusive: node.flag('exclusive') ? 1 : 0,
      reverse: node.flag('reverse') ? 1 : 0,
    });
  },
  documentation: { operators: 'CumSum' },
};

export const reductions = {
  Sum: reduce('ReduceSum'),
  Mean: reduction('ReduceMean', (graph, x, axes, keep) =>
    graph.reduce('ReduceMean', graph.cast(x, 'float32'), axes, keep),
  ),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  EuclideanNorm: reduction('ReduceL2', (graph, x, axes, keep) =>
    graph.reduce('ReduceL2', graph.cast(x, 'float32'), axes, keep),
  ),
  All: every('ReduceMin'),
  Any: every('ReduceMax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Cumsum: cumulativeSum,
} as const satisfies Record<string, Operation>;
