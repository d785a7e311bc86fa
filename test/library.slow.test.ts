// docs/library.md: the examples that train.
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { evaluate, exampleUnder } from './library-example.ts';
import { temporaryFolder } from './storage/temporary-folder.ts';

vi.setConfig({ testTimeout: 600_000 });

test('trains, exports, evaluates, verifies and plans as documented', async () => {
  const printed = await evaluate(exampleUnder('Train, export, evaluate, verify, plan'), {
    RUN_FOLDER: join(temporaryFolder(), 'run'),
  });
  const [trained, verdicts, agreement] = printed.split('\n');
  expect(trained).toBe('20 steps; encoder.onnx predictor.onnx auxiliary.onnx');
  expect(verdicts).toMatch(/^cpu: (distinct|coarse|collapsed), wasm: (distinct|coarse|collapsed)$/);
  expect(agreement).toBe('the runtimes agree: true; 2 episodes of plans');
});

test('sweeps a setting over three seeds as documented', async () => {
  const printed = await evaluate(exampleUnder('Sweep a setting'), { RUN_FOLDER: temporaryFolder(), STEPS: '5' });
  const [title, ...rows] = printed.split('\n');
  expect(title).toBe('latentSize  accuracy of three seeds');
  expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(['4', '32']);
  for (const row of rows) expect(row).toMatch(/^ +\d+( +[01]\.\d{3}){3}$/);
});
