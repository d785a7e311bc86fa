// Quantisation in the QDQ form: float -> 8-bit integers -> float, around operators that the runtime then fuses.
import type { TensorType } from '../graph/type.ts';
import { type Call, int, type Operator } from './operator.ts';

const attributes: Operator['attributes'] = {
  axis: int,
  block_size: { type: 'int', since: 21 },
  output_dtype: { type: 'int', since: 21 },
  saturate: { type: 'int', since: 19 },
};

function quantizedType(call: Call): TensorType {
  return call.optional(2)?.type ?? 'uint8';
}

export const quantization = {
  QuantizeLinear: {
    since: 17,
    inputs: [2, 3],
    outputs: [1, 1],
    attributes,
    infer: (call) => [{ type: quantizedType(call), shape: call.input(0).shape }],
  },
  DequantizeLinear: {
    since: 17,
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { axis: int, block_size: { type: 'int', since: 21 } },
    infer: (call) => [{ type: call.input(1).type, shape: call.input(0).shape }],
  },
} as const satisfies Record<string, Operator>;
