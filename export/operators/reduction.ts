// Reductions over axes. From opset 18 on (ReduceSum: 13) the axes are an input rather than an attribute.
import type { Dimension, Shape, TensorType } from '../graph/type.ts';
import { axisOf, type Call, int, type Operator } from './operator.ts';

/** The axes that a reduction removes, or undefined where they are computed in the graph. */
export function reducedAxes(call: Call): number[] | undefined {
  const rank = call.input(0).shape.length;
  const given = call.types.length > 1 && call.optional(1) ? call.values(1) : call.ints('axes');
  const isAsked = call.types.length > 1 && call.optional(1) !== undefined;
  if (isAsked && given === undefined) return undefined;
  if (given === undefined || given.length === 0)
    return call.int('noop_with_empty_axes', 0) !== 0 ? [] : Array.from({ length: rank }, (_, i) => i);
  return given.map((axis) => axisOf(call, Number(axis), rank));
}

function reduce(axesInputSince: number): Operator {
  return {
    since: 17,
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: {
      axes: { type: 'ints', until: axesInputSince - 1 },
      keepdims: int,
      noop_with_empty_axes: { type: 'int', since: axesInputSince },
    },
    infer: (call) => {
      const { type, shape } = call.input(0);
      if (call.opset < axesInputSince && call.types.length > 1)
        throw call.fail('axes as an attribute', 'axes as an input');
      const axes = reducedAxes(call);
      if (axes === undefined) throw call.fail('axes that are known', 'axes computed in the graph');
      return [{ type, shape: withoutAxes(shape, axes, call.int('keepdims', 1) !== 0) }];
    },
  };
}

function withoutAxes(shape: Shape, axes: readonly number[], keep: boolean): Dimension[] {
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]));
}

function argument(): Operator {
  return {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: int, keepdims: int, select_last_index: int },
    infer: (call) => {
      const { shape } = call.input(0);
      const axis = axisOf(call, call.int('axis', 0), shape.length);
      const type: TensorType = 'int64';
      return [{ type, shape: withoutAxes(shape, [axis], call.int('keepdims', 1) !== 0) }];
    },
  };
}

export const reduction = {
  ReduceSum: reduce(13),
  ReduceMean: reduce(18),
  ReduceMax: reduce(18),
  ReduceMin: reduce(18),
  ReduceProd: reduce(18),
  ReduceL2: reduce(18),
  ReduceSumSquare: reduce(18),
  ReduceLogSumExp: reduce(18),
  ArgMax: argument(),
  ArgMin: argument(),
  CumSum: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { exclusive: int, reverse: int },
    infer: (call) => [{ type: call.input(0).type, shape: call.input(0).shape }],
  },
} as const satisfies Record<string, Operator>;
