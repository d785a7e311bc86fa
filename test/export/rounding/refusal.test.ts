// What the certificate does not speak of is refused by name: nothing is passed over in silence.
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../export/graph/builder.ts';
import { floats, integers } from '../../../export/graph/constant.ts';
import type { Value } from '../../../export/graph/graph.ts';
import { toFloat16 } from '../../../export/index.ts';
import { openRounding } from '../../../export/rounding/index.ts';
import { modelOf, randomEncoder } from './random-graph.ts';

function open(make: (builder: GraphBuilder, x: Value) => Value, shape: readonly number[] = [1, 4]) {
  const builder = new GraphBuilder(17);
  const x = builder.input('x', { type: 'float32', shape });
  return openRounding(modelOf(builder, make(builder, x)), 'net.onnx');
}

const feed = (data: readonly number[]) => ({ x: { type: 'float32', shape: [1, data.length], data } }) as const;

describe('a rounding certificate refuses', () => {
  test('half precision, with the name of what is in it', () => {
    const half = toFloat16(randomEncoder('perceptron', 1).model);
    expect(() => openRounding(half, 'half.onnx')).toThrow(
      /^half\.onnx: expected float32, got float16 \((initializer|node) /,
    );
  });

  test('an operator without a row, with its node', () => {
    expect(() => open((builder, x) => builder.node('CumSum', [x, builder.constant('axis', integers([1]))]))).toThrow(
      'net.onnx: expected operators whose rounding is bounded here, got CumSum (node CumSum)',
    );
  });

  test('a function where it is not defined', () => {
    const net = open((builder, x) => builder.node('Log', [x]));
    expect(() => net.evaluate(feed([1, 2, 0, 3]))).toThrow(
      'net.onnx: expected numbers where the function is defined and smooth on every runtime, got 0, known to 0.0e+0 (node Log, Log)',
    );
  });

  test('numbers beyond float32', () => {
    const net = open((builder, x) => builder.node('Exp', [x]));
    expect(() => net.evaluate(feed([1, 100, 0, 3]))).toThrow(
      /^net\.onnx: expected numbers that stay within float32, got 2\.688\d+e\+43/,
    );
  });

  test('a layer norm of numbers that are all the same', () => {
    const net = open((builder, x) =>
      builder.node('LayerNormalization', [x, builder.constant('scale', floats([4], [1, 1, 1, 1]))], { epsilon: 1e-12 }),
    );
    expect(() => net.evaluate(feed([3, 3, 3, 3]))).toThrow(/expected a variance above the rounding of its squares/);
  });

  test('an input that is not fed', () => {
    const net = open((builder, x) => builder.node('Relu', [x]));
    expect(() => net.evaluate({})).toThrow('net.onnx: expected an input "x", got none');
  });
});

test('numbers far below 1 are bounded too, on runtimes that flush them to zero', () => {
  const net = open((builder, x) => builder.node('Mul', [x, builder.constant('tiny', floats([], [2 ** -100]))]));
  const { values, radius } = net.evaluate(feed([2 ** -40, 1, 0, -(2 ** -30)]));
  // 2^-140 is subnormal: a runtime may give 0.
  expect(values[0]).toBe(2 ** -140);
  expect(radius[0]).toBeGreaterThan(2 ** -126);
});
