// The table of a training's places.
import { expect, test } from 'vitest';
import { renderTrainingVerification } from '../../../cli/text/training-verification.ts';

test('steps are thinned out towards the end, and the last one is always there', () => {
  const rows = Array.from({ length: 23 }, (_, i) => ({
    step: i + 1,
    places: {
      tensorflow: { loss: 2, lossError: 0, weightError: 0 },
      'onnx:cpu': { loss: 2.5, lossError: 0.25, weightError: 0.001 },
    },
  }));
  const text = renderTrainingVerification({
    reference: 'tensorflow',
    places: { tensorflow: '2.21.0', 'onnx:cpu': 'onnxruntime-node 1.30.0' },
    rows,
    run: 'a',
    origins: {
      'onnx:cpu': {
        compared: 7,
        first: { node: 'Mul_3', operation: 'Mul', error: 2e-4, inputError: 3e-7 },
        largest: { node: 'Sum:1', operation: 'Sum', error: null, inputError: 0.5 },
      },
      'onnx:wasm': {
        compared: 7,
        first: null,
        largest: { node: 'Exp', operation: 'Exp', error: 1e-6, inputError: 0 },
      },
    },
  });
  expect(text).toBe(
    `tensorflow: 2.21.0
onnx:cpu: onnxruntime-node 1.30.0
step  loss on tensorflow  loss on onnx:cpu  off by  weights
   1            2.000000          2.500000  2.5e-1   1.0e-3
   2            2.000000          2.500000  2.5e-1   1.0e-3
   5            2.000000          2.500000  2.5e-1   1.0e-3
  10            2.000000          2.500000  2.5e-1   1.0e-3
  20            2.000000          2.500000  2.5e-1   1.0e-3
  23            2.000000          2.500000  2.5e-1   1.0e-3
off by: of the reference's loss; weights: largest difference over the largest change since the start
onnx:cpu: in the first step Mul_3 (Mul), 2.0e-4 from 3.0e-7 in its inputs is the first beyond rounding; the largest is that of Sum:1 (Sum), infinite from 5.0e-1 in its inputs
onnx:wasm: none of 7 tensors of the first step is beyond rounding; the largest difference is that of Exp (Exp), 1.0e-6 from 0.0e+0 in its inputs
`,
  );
});
