// `jepa convert` and `jepa inspect` on graph models: what is written, what is refused, and what the user is told.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifactsOf, floats, type GraphParts, ints, node } from '../../export/tensorflow/graph-json.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith([]);

const root = mkdtempSync(join(tmpdir(), 'jepa-convert-graph-'));

function write(name: string, parts: GraphParts): string {
  const { weightSpecs, weightData, ...rest } = artifactsOf(parts);
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
  const path = join(root, name, 'model.json');
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  writeFileSync(path, JSON.stringify({ ...rest, weightsManifest }));
  return path;
}

let good: string;
beforeAll(() => {
  const kernel = floats(
    [3, 3, 3, 4],
    Array.from({ length: 108 }, (_, i) => Math.sin(i)),
  );
  good = write('good', {
    inputs: { image: { type: 'float32', shape: [-1, 8, 8, 3] } },
    constants: { kernel, bias: floats([4], [0.1, -0.2, 0.3, 0]), axes: ints([1, 2]) },
    nodes: [
      node('_FusedConv2D', 'conv', ['image', 'kernel', 'bias'], {
        strides: [1, 2, 2, 1],
        padding: 'SAME',
        data_format: 'NHWC',
        dilations: [1, 1, 1, 1],
        fused_ops: ['BiasAdd', 'Relu6'],
        num_args: 1,
      }),
      node('Mean', 'mean', ['conv', 'axes'], { keep_dims: false }),
      node('Softmax', 'shares', ['mean']),
    ],
    outputs: ['shares'],
  });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a graph model', () => {
  test('is converted, compared with loadGraphModel at two batches, and written', async () => {
    const target = join(root, 'out', 'good.onnx');
    const { code, stdout, stderr } = await jepa('convert', good, target);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^operators: .*Conv 1/m);
    expect(stdout).not.toContain('Transpose');
    expect(stdout).toMatch(/^shares at batch 1: .*same top-1$/m);
    expect(stdout).toMatch(/^shares at batch 3: /m);
    const report = JSON.parse(readFileSync(join(root, 'out', 'good.report.json'), 'utf8'));
    expect(report.model.inputs).toEqual([{ name: 'image', type: 'float32', shape: ['N', 3, 8, 8] }]);
    expect(report.parity.outputs[0].relativeError).toBeLessThan(1e-6);
    expect(report.parity.outputs[0].scale).toBe(1);
  });

  test('that a row cannot express is refused, and nothing is written', async () => {
    const path = write('bad', {
      inputs: { x: { type: 'float32', shape: [4] } },
      nodes: [node('FFT', 'spectrum', ['x']), node('Unique', 'y', ['spectrum'])],
      outputs: ['y'],
    });
    const { code, stderr } = await jepa('convert', path, join(root, 'out', 'bad.onnx'));
    expect(stderr).toBe(
      'jepa: graph model: expected operations that can be exported, got Unique in "y"; FFT in "spectrum". docs/export-operations.md lists those that can.\n',
    );
    expect(code).toBe(1);
    expect(existsSync(join(root, 'out', 'bad.onnx'))).toBe(false);
    expect((await jepa('inspect', path)).stdout).toMatch(/^converts {3}no: Unique \(y\); FFT \(spectrum\)$/m);
  });

  test('with an input of any rank takes its sizes from the command line', async () => {
    const path = write('open', {
      inputs: { x: { type: 'float32', shape: [-1] } },
      nodes: [node('Neg', 'y', ['x'])],
      outputs: ['y'],
    });
    const open = readFileSync(path, 'utf8').replaceAll(
      '"shape":{"dim":[{"size":"-1"}]}',
      '"shape":{"unknownRank":true}',
    );
    writeFileSync(path, open.replaceAll('"tensorShape":{"dim":[{"size":"-1"}]}', '"tensorShape":{"unknownRank":true}'));
    expect((await jepa('convert', path, join(root, 'out', 'open.onnx'), '--no-check')).stderr).toMatch(
      /open\/model\.json: expected the rank of input "x", got an input of any rank\. .*input-shape x=N,224,224,3/,
    );
    const { code, stdout } = await jepa(
      'convert',
      path,
      join(root, 'out', 'open.onnx'),
      '--input-shape',
      'x=2,3',
      '--no-test-data',
    );
    expect(stdout).toMatch(/^y at batch 2: largest error 0/m);
    expect(code).toBe(0);
    expect((await jepa('convert', path, 'x.onnx', '--input-shape', 'x:2')).stderr).toBe(
      'jepa: --input-shape: expected name=sizes such as image=N,224,224,3, got "x:2"\n',
    );
  });

  test('jepa inspect says what is in it and that it would convert', async () => {
    const { code, stdout } = await jepa('inspect', good);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kind {7}graph model$/m);
    expect(stdout).toMatch(/^input {6}image float32\[\?, 8, 8, 3\]$/m);
    expect(stdout).toMatch(/^operations Const 3, Mean 1, Placeholder 1, Softmax 1, _FusedConv2D 1$/m);
    expect(stdout).toMatch(/^converts {3}every operation is known; jepa convert compares the result$/m);
  });
});

test('a list of weights without a model gets one line, from convert and from inspect', async () => {
  const path = join(root, 'manifest.json');
  const weights = [{ name: 'conv0/filters', shape: [3, 3], dtype: 'float32' }];
  writeFileSync(path, JSON.stringify([{ weights, paths: ['shard1'] }]));
  const { code, stderr } = await jepa('convert', path, join(root, 'x.onnx'));
  expect(stderr).toMatch(/expected a model\.json, got a list of weights without a model \(as face-api ships them\)\. /);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(1);
  expect((await jepa('inspect', path)).stdout).toMatch(/^kind {7}weights without a model$/m);
});
