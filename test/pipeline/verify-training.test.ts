// The same first steps in two places: the losses agree, a place that is missing is left out, and the run stays as it was.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyTraining } from '../../pipeline/verify/training.ts';
import { createRunFolder, writeConfiguration } from '../../src/run/folder.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-verify-training-'));
  const assignments = [
    ...['optimization.steps=4', 'optimization.batchSize=4', 'measureEvery=0', 'model.latentSize=6'],
    'model.encoder.convolutions=[{"filters":4,"kernel":8,"stride":8}]',
    ...['model.encoder.hidden=8', 'model.predictor={"width":8,"depth":1}', 'model.auxiliary={"width":8,"depth":1}'],
  ];
  const configuration = resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1, assignments });
  createRunFolder(join(folder, 'run'));
  writeConfiguration(join(folder, 'run'), configuration);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('losses on onnxruntime are those of the reference, step by step', async () => {
  const run = join(folder, 'run');
  const before = readdirSync(run);
  const record = await verifyTraining(run, { places: ['onnx:cpu', 'onnx:wasm'], steps: 9 });
  expect(record.reference).toBe('onnx:cpu');
  expect(record.rows.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  for (const { places } of record.rows) {
    expect(places['onnx:cpu']).toMatchObject({ lossError: 0, weightError: 0 });
    expect(places['onnx:wasm'].lossError).toBeLessThan(1e-4);
    expect(places['onnx:wasm'].loss).toBeGreaterThan(0);
  }
  expect(Object.keys(record.origins)).toEqual(['onnx:wasm']);
  const { compared, largest } = record.origins['onnx:wasm'];
  expect(compared).toBeGreaterThan(100);
  expect(largest.error).toBeGreaterThan(0);
  expect(readdirSync(run)).toEqual(before);
});

test('one place is nothing to compare', async () => {
  await expect(verifyTraining(join(folder, 'run'), { places: ['onnx:cpu'] })).rejects.toThrow(
    '`runtimes`: expected two places or more (tensorflow, onnx:cpu, onnx:wasm, onnx:webgpu, onnx:cuda), got onnx:cpu',
  );
});
