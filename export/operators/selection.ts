// Operators that choose elements or put them in places: the largest, those that are not zero, boxes, scattered updates.
import { unknownDimension } from '../graph/dimension.ts';
import { axisOf, int, type Operator, sameType, text } from './operator.ts';

export const selection = {
  TopK: {
    since: 17,
    inputs: [2, 2],
    outputs: [2, 2],
    attributes: { axis: int, largest: int, sorted: int },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const axis = axisOf(call, call.int('axis', -1), shape.length);
      const count = call.values(1)?.[0] ?? unknownDimension;
      const result = shape.map((size, i) => (i === axis ? count : size));
      return [
        { type, shape: result },
        { type: 'int64', shape: result },
      ];
    },
  },
  NonZero: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => [{ type: 'int64', shape: [call.input(0).shape.length, unknownDimension] }],
  },
  NonMaxSuppression: {
    since: 17,
    inputs: [2, 5],
    outputs: [1, 1],
    attributes: { center_point_box: int },
    infer: (call) => {
      call.rank(0, 3);
      call.rank(1, 3);
      return [{ type: 'int64', shape: [unknownDimension, 3] }];
    },
  },
  ScatterElements: {
    since: 17,
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { axis: int, reduction: text },
    infer: (call) => [{ type: sameType(call, 0, 2), shape: call.input(0).shape }],
  },
  ScatterND: {
    since: 17,
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { reduction: text },
    infer: (call) => [{ type: sameType(call, 0, 2), shape: call.input(0).shape }],
  },
} as const satisfies Record<string, Operator>;
