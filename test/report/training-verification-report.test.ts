// The report of a training in several places: what it says of the growth of the difference and of what starts it.
import { expect, test } from 'vitest';
import { renderReport } from '../../src/report/page.ts';
import { trainingVerificationReport } from '../../src/report/training-verification-report.ts';
import type { TrainingVerification } from '../../src/verification/training.ts';

const same = { lossError: 0, weightError: 0 };
const record: TrainingVerification = {
  run: 'a',
  reference: 'tensorflow',
  places: { tensorflow: '2.21.0', 'onnx:cpu': 'onnxruntime-node 1.30.0' },
  rows: [
    { step: 1, places: { tensorflow: { loss: 4, ...same }, 'onnx:cpu': { loss: 4, lossError: 0, weightError: 0.5 } } },
    {
      step: 2,
      places: { tensorflow: { loss: 3, ...same }, 'onnx:cpu': { loss: 3, lossError: 1e-6, weightError: 0.1 } },
    },
  ],
  origins: {
    'onnx:cpu': {
      compared: 120,
      first: { node: 'BiasAddGrad_2', operation: 'BiasAddGrad', error: 0.25, inputError: 4e-7 },
      largest: { node: 'BiasAddGrad_2', operation: 'BiasAddGrad', error: 0.25, inputError: 4e-7 },
    },
  },
};

test('the picture is the growth, without what is 0, and the answer names the node', () => {
  const { answer, picture } = trainingVerificationReport(record, 'test');
  expect(picture).toMatchObject({
    kind: 'lines',
    y: { scale: 'log' },
    series: [
      { name: 'onnx:cpu, loss', points: [[2, 1e-6]] },
      {
        name: 'onnx:cpu, weights',
        points: [
          [1, 0.5],
          [2, 0.1],
        ],
      },
    ],
  });
  expect(answer).toMatchObject({
    headline: 'The same training',
    sentences: [
      'Over 2 steps on the same batches no loss is further from that on tensorflow than 1.00 × 10⁻⁶ of it.',
      'onnx:cpu: in the first step BiasAddGrad_2 (BiasAddGrad) is the first beyond rounding, 0.250 of its scale from 4.00 × 10⁻⁷ in what it is computed from.',
    ],
  });
});

test('losses that part are said to', () => {
  const [first, second] = record.rows;
  const parted = { ...second.places['onnx:cpu'], lossError: 0.01 };
  const rows = [first, { ...second, places: { ...second.places, 'onnx:cpu': parted } }];
  expect(trainingVerificationReport({ ...record, rows }, 'test').answer).toMatchObject({
    tone: 'fair',
    headline: 'Trainings that drift apart',
  });
});

test('the page draws it', async () => {
  const page = await renderReport(trainingVerificationReport(record, 'test'));
  expect(page).toContain('<svg');
  expect(page).toContain('first beyond rounding');
});
