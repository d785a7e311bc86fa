// `jepa quantize` as it is typed: what it prints, and where it is called wrongly.
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { quantizationJsonSchema, quantizationSchema } from '../../../src/evaluation/schema/quantization.ts';
import { formatJson } from '../../../src/json.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name);

const jepa = jepaWith(['quantize']);

describe('jepa quantize', () => {
  test('writes a file that is certified, and says so', async () => {
    const folder = temporaryFolder();
    const encoder = join(folder, 'numbers.onnx');
    copyFileSync(fixture('numbers.onnx'), encoder);
    const argv = ['--data', fixture('numbers.npz'), '--classes', 'column:label', '--keep', 'none', '--json'];
    const { code, stdout, stderr } = await jepa(encoder, ...argv);
    expect(stderr).toContain('judging');
    expect(code).toBe(0);
    const record = quantizationSchema.parse(JSON.parse(stdout));
    expect(record.calibrations.map(({ method, weightBits }) => `${method} ${weightBits}`)).toEqual(
      [8, 7].flatMap((bits) => ['min-max', 'percentile', 'entropy'].map((method) => `${method} ${bits}`)),
    );
    expect(record.units.every(({ level }) => level === 'int8')).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([
      'numbers.int8.onnx',
      'numbers.int8.quantization.html',
      'numbers.int8.quantization.json',
      'numbers.onnx',
    ]);
  });

  test.each([
    [[fixture('numbers.onnx'), '--keep', 'coarse'], "option '--keep <verdict>' argument 'coarse' is invalid"],
    [
      [fixture('quarters-int8.onnx'), '--data', fixture('labelled.npz')],
      'quarters-int8.onnx: expected a file in float32, got QuantizeLinear',
    ],
    [
      [fixture('quarters.onnx'), '--data', fixture('labelled.npz'), '--out', 'x.txt'],
      '--out: expected a file that ends with .onnx, got x.txt',
    ],
  ])('refuses %j in one line', async (argv, message) => {
    const { code, stderr } = await jepa(...argv);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
    expect(
      stderr
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('jepa: ')),
    ).toHaveLength(1);
  });
});

test('docs/schema/quantization.schema.json is the schema of the code (vitest -u writes it)', async () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'schema', 'quantization.schema.json');
  await expect(formatJson(quantizationJsonSchema())).toMatchFileSnapshot(path);
});
