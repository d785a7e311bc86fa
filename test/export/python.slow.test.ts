// Python's onnx and onnxruntime on every model of the conformance suite, at the oldest and the newest opset, and on the
// three precisions: a second opinion on what is written, by those whom it is written for.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { newestOpset, oldestOpset } from '../../export/graph/graph.ts';
import {
  buildOnnx,
  calibratedValues,
  decodeModel,
  describeModel,
  encodeModel,
  exportOnnx,
  prepareForQuantization,
  quantizableUnits,
  quantizedValues,
  quantizeModel,
  testDataFiles,
  toFloat16,
  toInt8,
} from '../../export/index.ts';
import { findPython, runPython } from '../python/python.ts';
import { families } from './conformance/families.ts';
import { predict, randomInputs, randomizeWeights, useCpu } from './harness.ts';
import { uNet } from './networks.ts';

const python = findPython('onnx', 'onnxruntime', 'numpy');

function writeCase(folder: string, bytes: Uint8Array, model?: tf.LayersModel, limit?: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), bytes);
  if (model === undefined) return;
  const inputs = randomInputs(model, 2, 6, limit);
  const { graph } = decodeModel(bytes, 'm');
  const named = (ports: readonly { name: string }[], tensors: ReturnType<typeof predict>) =>
    tensors.map((tensor, i) => ({ ...tensor, name: ports[i].name }));
  mkdirSync(join(folder, 'test_data_set_0'));
  for (const { path, bytes: content } of testDataFiles(
    named(graph.inputs, inputs),
    named(graph.outputs, predict(model, inputs)),
  ))
    writeFileSync(join(folder, path), content);
}

describe.skipIf(python === undefined)("Python's onnx", () => {
  test('passes and runs every exported model', async () => {
    await useCpu();
    const root = mkdtempSync(join(tmpdir(), 'jepa-onnx-python-'));
    let count = 0;
    try {
      for (const cases of Object.values(families))
        for (const { name, build, options, reference } of cases) {
          const model = build();
          randomizeWeights(model);
          const expected = reference?.() ?? model;
          if (expected !== model) expected.setWeights(model.getWeights());
          // A fixed batch has no room for two rows.
          const runs = model.inputs.every((input) => input.shape[0] === null);
          for (const opset of [oldestOpset, newestOpset]) {
            const folder = join(root, `${String(count).padStart(4, '0')} ${name} opset ${opset}`.replaceAll('/', '_'));
            writeCase(
              folder,
              exportOnnx(model, { layout: 'model', opset }),
              runs ? expected : undefined,
              options?.limit,
            );
            count += 1;
          }
          model.dispose();
        }
      const network = uNet(16);
      randomizeWeights(network);
      const model = buildOnnx(describeModel(network));
      const ranges = new Map(quantizedValues(model).map((value) => [value, { min: -3, max: 3 }]));
      writeCase(join(root, 'float16'), encodeModel(toFloat16(model)));
      writeCase(join(root, 'float16 inside'), encodeModel(toFloat16(model, { keepPorts: true })));
      writeCase(join(root, 'int8'), encodeModel(toInt8(model, ranges)));
      const prepared = prepareForQuantization(model, 'u-net');
      const units = quantizableUnits(prepared);
      const around = new Map(calibratedValues(prepared, units).map((value) => [value, { min: -3, max: 3 }]));
      for (const isSymmetric of [false, true]) {
        const levels = new Map(
          units.map(({ name }, i) => [name, (['int8', 'int8', 'weights', 'half'] as const)[i % 4]]),
        );
        const quantized = quantizeModel(prepared, units, { levels, ranges: around, isSymmetric });
        writeCase(join(root, `levels ${isSymmetric ? 'symmetric' : 'by range'}`), encodeModel(quantized));
      }
      const result = runPython(python ?? '', 'onnx_models.py', root);
      expect(result).toMatchObject({ models: count + 5, faults: [] });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
