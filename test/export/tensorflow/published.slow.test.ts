// Graph models that others published, from their npm packages: fetched by `npm pack` into a folder that git ignores, never
// committed. Each file is compared with stock TensorFlow.js, and passes Python's onnx and onnxruntime where there are any.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareModel, fetchPackage, graphModels, publishedPackages } from '../../../bench/graph-models.ts';
import { findPython, runPython } from '../../python/python.ts';

/** What does not convert yet: RobustVideoMatting pads for its dilations by amounts that it computes. */
const refused = ['rvm'];

const python = findPython('onnx', 'onnxruntime', 'numpy');
const root = mkdtempSync(join(tmpdir(), 'jepa-published-'));

const models = publishedPackages.flatMap((name) => {
  const { folder, license } = fetchPackage(name);
  process.stderr.write(`${name}: licence ${license}\n`);
  return graphModels(folder);
});

beforeAll(() => mkdirSync(join(root, 'models')));
afterAll(() => rmSync(root, { recursive: true }));

describe('published graph models', () => {
  test('are there', () => expect(models.length).toBeGreaterThanOrEqual(43));

  test.each(models.filter(({ name }) => !refused.includes(name)))('$name agrees with TensorFlow.js', async (model) => {
    const { relativeError, bytes } = await compareModel(model);
    // Where TensorFlow.js' own backends are further apart than that: 1.4e-3 on the segmentation of blazepose-lite.
    const isDeep = /^blazepose-(full|heavy|lite)$/.test(model.name);
    expect(relativeError).toBeLessThan(isDeep ? 1.4e-3 : 1e-4);
    const folder = join(root, 'models', model.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.onnx'), bytes);
  });

  test.each(models.filter(({ name }) => refused.includes(name)))('$name is refused by name', async (model) => {
    await expect(compareModel(model)).rejects.toThrow(/expected the rank of input/);
  });

  test.skipIf(python === undefined)("pass Python's onnx.checker and strict shape inference, and open there", () => {
    const report = runPython(String(python), 'onnx_models.py', join(root, 'models'));
    expect(report).toMatchObject({ faults: [], models: models.length - refused.length });
  });
});
