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
`,
  );
});
