import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FormatError, UsageError } from '../../src/error.ts';
import { holdsExport, readExportDescription, writeExportDescription } from '../../src/storage/export-description.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-export-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const description = {
  run: 'a',
  step: 1000,
  configuration: { environment: { name: 'counting' }, seed: 0 },
  encoder: {
    file: 'encoder.onnx',
    input: { name: 'observation', layout: 'nchw', type: 'float32', height: 64, width: 64, channels: 3 },
    output: { name: 'latent', size: 64 },
  },
  predictor: {
    file: 'predictor.onnx',
    inputs: { latent: 'latent', action: 'action' },
    actionSize: 2,
    output: { name: 'next_latent' },
  },
} as const;

describe('export description', () => {
  test('reads back what was written, with what a later version adds', () => {
    writeExportDescription(folder, { ...description, licence: 'Apache-2.0' });
    expect(readExportDescription(folder)).toEqual({ format: 1, ...description, licence: 'Apache-2.0' });
  });

  test('a folder without one is a usage error with the remedy', () => {
    expect(() => readExportDescription(folder)).toThrow(UsageError);
    expect(() => readExportDescription(folder)).toThrow(/expected an export with its export\.json, found none at/);
  });

  test('an export of an earlier version is told apart, with what to do', () => {
    writeExportDescription(folder, description);
    writeFileSync(join(folder, 'encoder.onnx'), '');
    expect(holdsExport(folder)).toBe(true);
    renameSync(join(folder, 'export.json'), join(folder, 'model.json'));
    expect(holdsExport(folder)).toBe(true);
    expect(() => readExportDescription(folder)).toThrow(/found one of an earlier version, described in model\.json/);
    rmSync(join(folder, 'encoder.onnx'));
    // A saved model of TensorFlow.js is none.
    expect(holdsExport(folder)).toBe(false);
  });

  test.each([
    ['text that is not JSON', '{', 'expected JSON, got 1 characters that are not'],
    ['a newer format', JSON.stringify({ ...description, format: 2 }), 'got format: '],
    [
      'a model outside of the folder',
      JSON.stringify({ ...description, format: 1, encoder: { ...description.encoder, file: '../encoder.onnx' } }),
      'got encoder.file: expected the name of an .onnx file in the same folder',
    ],
    ['no predictor', JSON.stringify({ ...description, format: 1, predictor: undefined }), 'got predictor: '],
  ])('%s is refused', (_, text, message) => {
    writeFileSync(join(folder, 'export.json'), text);
    expect(() => readExportDescription(folder)).toThrow(FormatError);
    expect(() => readExportDescription(folder)).toThrow(message);
  });
});
