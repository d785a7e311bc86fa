// ONNX's own recurrent operators, and Scan for every recurrence that they cannot express.
import { type Dimension, describeShape, type ValueType } from '../graph/type.ts';
import { type Call, float, floatsSpec, int, ints, type Operator, required, text, texts, unify } from './operator.ts';

/** @param gates how many times the hidden size the weights are wide; @param states how many states a step carries */
function recurrent(gates: number, states: number, attributes: Operator['attributes']): Operator {
  return {
    since: 17,
    inputs: [3, states === 2 ? 8 : 6],
    outputs: [0, 1 + states],
    attributes: {
      activation_alpha: floatsSpec,
      activation_beta: floatsSpec,
      activations: texts,
      clip: float,
      direction: text,
      hidden_size: required(int),
      layout: int,
      ...attributes,
    },
    infer: (call) => {
      const { type, shape } = call.rank(0, 3);
      const hidden = call.int('hidden_size', 0);
      const directions = call.text('direction', 'forward') === 'bidirectional' ? 2 : 1;
      expectShape(call, 1, [directions, gates * hidden, shape[2]]);
      expectShape(call, 2, [directions, gates * hidden, hidden]);
      if (call.optional(3)) expectShape(call, 3, [directions, 2 * gates * hidden]);
      if (call.optional(4)) expectShape(call, 4, [shape[1]]);
      for (const index of states === 2 ? [5, 6] : [5])
        if (call.optional(index)) expectShape(call, index, [directions, shape[1], hidden]);
      const sequence: ValueType = { type, shape: [shape[0], directions, shape[1], hidden] };
      const state: ValueType = { type, shape: [directions, shape[1], hidden] };
      return [sequence, state, state].slice(0, call.outputCount);
    },
  };
}

function expectShape(call: Call, index: number, shape: readonly Dimension[]): void {
  const given = call.rank(index, shape.length).shape;
  for (const [axis, size] of shape.entries()) unify(call, `axis ${axis} of input ${index}`, size, given[axis]);
}

export const recurrence = {
  RNN: recurrent(1, 1, {}),
  GRU: recurrent(3, 1, { linear_before_reset: int }),
  LSTM: recurrent(4, 2, { input_forget: int }),
  Scan: {
    since: 17,
    inputs: [1, Number.POSITIVE_INFINITY],
    outputs: [1, Number.POSITIVE_INFINITY],
    attributes: {
      body: required({ type: 'graph' }),
      num_scan_inputs: required(int),
      scan_input_axes: ints,
      scan_input_directions: ints,
      scan_output_axes: ints,
      scan_output_directions: ints,
    },
    infer: (call) => {
      const scanned = call.int('num_scan_inputs', 0);
      const states = call.types.length - scanned;
      const axes = call.ints('scan_input_axes') ?? new Array<number>(scanned).fill(0);
      let length: Dimension | undefined;
      const inner = call.types.map((_, i): ValueType => {
        const { type, shape } = call.input(i);
        if (i < states) return { type, shape };
        const axis = axes[i - states];
        length = length === undefined ? shape[axis] : unify(call, 'the scanned axis', length, shape[axis]);
        return { type, shape: shape.filter((_, j) => j !== axis) };
      });
      const results = call.inferGraph(call.graph('body'), inner);
      if (results.length !== call.outputCount)
        throw call.fail(`${results.length} outputs, as many as the body has`, String(call.outputCount));
      const outputAxes = call.ints('scan_output_axes') ?? new Array<number>(results.length - states).fill(0);
      return results.map((result, i): ValueType => {
        if (i < states) {
          const { shape } = inner[i];
          if (result.shape.length !== shape.length)
            throw call.fail(`state ${i} to keep its shape ${describeShape(shape)}`, describeShape(result.shape));
          return {
            type: result.type,
            shape: shape.map((size, axis) => unify(call, `state ${i}`, size, result.shape[axis])),
          };
        }
        const axis = outputAxes[i - states];
        return { type: result.type, shape: [...result.shape.slice(0, axis), length ?? 0, ...result.shape.slice(axis)] };
      });
    },
  },
} as const satisfies Record<string, Operator>;
