// Comparisons of files that others wrote: onnx, onnxruntime's quantisers (test/fixtures/comparison/make.py).
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeModel, decodeTensor, type ExportOptions, encodeTensor, exportOnnx } from '../../../export/index.ts';
import { inspectOnnx } from '../../../export/inspect.ts';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import { compareFiles } from '../../../pipeline/verify/files.ts';
import { comparisonSchema, type RanFile } from '../../../src/verification/file/schema.ts';
import { randomizeWeights, useCpu } from '../../export/harness.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'comparison');
const fixture = (name: string) => join(fixtures, `${name}.onnx`);
const root = mkdtempSync(join(tmpdir(), 'jepa-compare-'));
afterAll(() => rmSync(root, { recursive: true }));
// Each run is a process of its own.
const LIMIT_MS = 240_000;

async function compare(names: readonly string[], options: Parameters<typeof compareFiles>[1] = {}) {
  const record = comparisonSchema.parse(await compareFiles(names.map(fixture), { report: false, ...options }));
  const ran = record.runs.filter((run): run is RanFile => run.status === 'ran');
  return { record, ran };
}

describe('the node that introduces an error', () => {
  test(
    'is none where only the layout of the input is another, though the transpose in front has a name that the reference knows',
    async () => {
      await useCpu();
      const { conv2d, flatten } = tf.layers;
      const layers = [conv2d({ inputShape: [8, 8, 3], filters: 2, kernelSize: 3, activation: 'relu' }), flatten()];
      const model = tf.sequential({ layers });
      randomizeWeights(model);
      const write = (name: string, options: ExportOptions): string => {
        writeFileSync(join(root, name), exportOnnx(model, options));
        return join(root, name);
      };
      const last = write('last.onnx', { layout: 'nhwc', inputNames: ['pixels'] });
      const [turned] = decodeModel(readFileSync(last), 'last').graph.nodes;
      expect(turned.operator).toBe('Transpose');
      const first = write('first.onnx', { layout: 'nchw', inputNames: [turned.outputs[0]] });
      const data = join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', 'labelled.npz');
      const { bisection } = await compareFiles([first, last], {
        data,
        imageSize: [8, 8],
        bisection: {},
        report: false,
      });
      expect(bisection?.values.map(({ node }) => node)).toContain(turned.name);
      expect(bisection?.introducing).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'is named where one was injected, and its file reproduces the failure',
    async () => {
      const reduce = join(root, 'fault');
      const { record, ran } = await compare(['encoder', 'encoder-fault'], { bisection: {}, reduce });
      expect(record.holds).toBe(false);
      expect(ran[1].faults).toEqual([expect.stringMatching(/^"z": the largest error as a part of the scale is/)]);
      const { bisection } = record;
      expect(bisection).toMatchObject({
        compared: 6,
        first: { node: 'conv2', operator: 'Conv', value: 'c2', error: expect.closeTo(2, 5) },
        introducing: [{ node: 'conv2', operator: 'Conv', value: 'c2' }],
        introducingCount: 1,
        // Relu, mean and head.
        passingOn: 3,
        unmatchedCount: 0,
      });
      expect(record.reduced).toEqual({ folder: 'fault', nodes: 1, operators: ['Conv'] });
      const model = inspectOnnx(readFileSync(join(reduce, 'model.onnx')), 'model.onnx');
      expect(model.nodes.map(({ operator }) => operator)).toEqual(['Conv']);
      const read = (name: string) => decodeTensor(readFileSync(join(reduce, 'test_data_set_0', name)), name);
      expect(read('input_0.pb')).toMatchObject({ name: 'r1', type: 'float32', shape: [8, 8, 8, 8] });
      const [expected, got] = [read('output_0.pb'), read('got_0.pb')].map(({ data }) => Array.from(data, Number));
      expect(Math.max(...expected.map((value, i) => Math.abs(value - got[i])))).toBeCloseTo(2, 5);
      expect(readFileSync(join(reduce, 'README.md'), 'utf8')).toContain('- Conv (conv2)');
      await expect(compare(['encoder', 'encoder-fault'], { reduce })).rejects.toThrow(
        'expected a folder without model.onnx and test_data_set_0',
      );
    },
    LIMIT_MS,
  );

  test(
    'is found beside a sequence, which cannot be given out, and a branch, which reads from outside',
    async () => {
      const { record } = await compare(['sequence', 'sequence-fault'], { bisection: {} });
      expect(record.bisection).toMatchObject({
        introducing: [{ node: 'scale', operator: 'Mul' }],
        introducingCount: 1,
        passingOn: 1,
        unmatched: ['split'],
      });
    },
    LIMIT_MS,
  );

  test(
    'of a quantised copy is found through its roundings, an activation that the quantiser dropped among them',
    async () => {
      const tolerance = 1e-3;
      const { record, ran } = await compare(['encoder', 'encoder-qdq'], { bisection: { tolerance } });
      const { sqnrDb } = ran[1].outputs[0];
      expect(sqnrDb).toBeGreaterThan(25);
      expect(sqnrDb).toBeLessThan(50);
      expect(record.bisection?.values.map(({ node }) => node)).toEqual([
        ...['x_DequantizeLinear', 'conv1', 'r1_DequantizeLinear', 'conv2', 'r2_DequantizeLinear'],
        ...['mean', 'm_DequantizeLinear', 'head', 'z_DequantizeLinear'],
      ]);
      // 8 bits: steps of 1/255 of a range, a few of them added up.
      for (const { introduced } of record.bisection?.values ?? []) expect(introduced).toBeLessThan(0.02);
      expect(record.bisection?.introducing[0].node).toBe('head');
    },
    LIMIT_MS,
  );

  test.each([
    [
      'encoder-qoperator',
      ['conv1_quant', 'conv2_quant', 'r2_DequantizeLinear', 'mean', 'head_quant', 'z_DequantizeLinear'],
    ],
    ['encoder-dynamic', ['c1_bias_add', 'relu1', 'c2_bias_add', 'relu2', 'mean', 'head_Add']],
    ['encoder-float16', ['cast_in', 'conv1', 'relu1', 'conv2', 'relu2', 'mean', 'head', 'cast_out']],
  ])(
    '%s: values are matched, and 8 bits are no larger error than they are',
    async (name, nodes) => {
      const { record } = await compare(['encoder', name], { bisection: { tolerance: 1e-3 } });
      const values = record.bisection?.values ?? [];
      expect(values.map(({ node }) => node)).toEqual(nodes);
      for (const { introduced } of values) expect(introduced).toBeLessThan(0.02);
    },
    LIMIT_MS,
  );
});

test(
  'files at another opset, with other names, or a fixed batch give the same numbers on cpu, and nearly on wasm',
  async () => {
    const names = ['encoder', 'encoder-renamed', 'encoder-batch-1', 'encoder-opset-21'];
    const { record, ran } = await compare(names, { runtimes: ['cpu', 'wasm'], bisection: {} });
    expect(record.holds).toBe(true);
    expect(ran.map(({ file, runtime }) => `${file} ${runtime}`)).toEqual(
      names.flatMap((name) => [`${name}.onnx cpu`, `${name}.onnx wasm`]),
    );
    for (const { runtime, outputs } of ran) {
      expect(outputs[0].shape).toEqual([16, 6]);
      if (runtime === 'cpu') expect(outputs[0].maxAbsolute).toBe(0);
      else expect(outputs[0].partOfScale).toBeLessThan(1e-5);
    }
    expect(record.inputs.fixedAxes).toEqual([{ input: 'x', axis: 0, name: 'N', size: 16 }]);
    expect(record.bisection).toMatchObject({ compared: 6, introducingCount: 0, first: null });
  },
  LIMIT_MS,
);

test(
  'several inputs and outputs, integers and halves; tensors of a file are taken by name',
  async () => {
    const copy = join(root, 'copy.onnx');
    copyFileSync(fixture('tokens'), copy);
    const set = join(root, 'tokens', 'test_data_set_0');
    const ids = {
      name: 'ids',
      type: 'int64' as const,
      data: BigInt64Array.from([1n, 2n, 3n, 4n, 49n, 0n]),
      shape: [2, 3],
    };
    const mask = { ...ids, name: 'mask', data: BigInt64Array.from([1n, 1n, 0n, 1n, 1n, 1n]) };
    mkdirSync(set, { recursive: true });
    for (const [i, tensor] of [ids, mask].entries()) writeFileSync(join(set, `input_${i}.pb`), encodeTensor(tensor));
    const record = await compareFiles([fixture('tokens'), copy], {
      tensors: join(root, 'tokens'),
      failOn: ['tolerance'],
    });
    const run = record.runs[1];
    if (run.status !== 'ran') throw new Error(run.reason);
    expect(run.outputs.map(({ name, type, shape, maxAbsolute }) => [name, type, shape, maxAbsolute])).toEqual([
      ['last_hidden_state', 'float32', [2, 3, 4], 0],
      ['pooled/half', 'float16', [2, 4], 0],
    ]);
    expect(record.inputs).toMatchObject({ from: 'tensors', rows: 2, tensors: [{ values: 'from 0 to 49' }, {}] });
    // The report lies beside the last file.
    expect(comparisonSchema.parse(JSON.parse(readFileSync(join(root, 'copy.verify.json'), 'utf8')))).toEqual(record);
    expect(readFileSync(join(root, 'copy.verify.html'), 'utf8')).toContain('The same numbers');
  },
  LIMIT_MS,
);

describe('observations with classes', () => {
  const foreign = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name);
  const labelled = { data: foreign('labelled.npz'), classes: { of: 'column', column: 'label' } as const };

  test(
    'a copy in 8 bits keeps its verdict with a certificate; an encoder that merges classes does not',
    async () => {
      const paths = ['quarters.onnx', 'quarters-int8.onnx', 'collapsed.onnx'].map(foreign);
      const record = comparisonSchema.parse(await compareFiles(paths, { ...labelled, report: false }));
      const [reference, int8, collapsed] = record.runs.filter((run): run is RanFile => run.status === 'ran');
      expect(record.classes).toMatchObject({ of: 'column', names: ['label 0', 'label 1', 'label 2', 'label 3'] });
      expect(record.failOn).toEqual(['certificate']);
      expect(reference.classes).toMatchObject({ verdict: 'distinct', accuracy: 1, maxLatentError: 0, elsewhere: 0 });
      expect(int8).toMatchObject({ holds: true, classes: { verdict: 'distinct', verdictHolds: true, elsewhere: 0 } });
      expect(collapsed).toMatchObject({ holds: false, faults: ['the verdict is coarse instead of distinct'] });
      const { classes } = collapsed;
      expect(classes?.verdictHolds).toBe(false);
      expect(classes?.certifiedAccuracy).toBe(0);
      expect(classes?.elsewhere).toBeGreaterThan(0);
      expect(classes?.moved[0].from).toBe(classes?.moved[0].own);
      expect(classes?.moved[0].to).not.toBe(classes?.moved[0].own);
    },
    LIMIT_MS,
  );

  test(
    'an evaluation may be measured against another file',
    async () => {
      const options = { ...labelled, report: false, reference: foreign('quarters.onnx') };
      const kept = await evaluateEncoder(foreign('quarters-int8.onnx'), options);
      expect(kept.reference.runtime).toBe('quarters.onnx on cpu');
      expect(kept.runtimes).toMatchObject([{ runtime: 'cpu', verdict: 'distinct', verdictHolds: true }]);
      const fallen = await evaluateEncoder(foreign('collapsed.onnx'), options);
      expect(fallen.runtimes).toMatchObject([{ runtime: 'cpu', verdict: 'coarse', verdictHolds: false }]);
      expect(fallen.runtimes[0].maxLatentError).toBeGreaterThan(1);
      await expect(
        evaluateEncoder(foreign('collapsed.onnx'), { ...options, reference: fixture('tokens') }),
      ).rejects.toThrow('tokens.onnx: expected one input, got input/ids, attention:mask');
    },
    LIMIT_MS,
  );
});

describe('bad input', () => {
  test.each<[readonly string[], Parameters<typeof compareFiles>[1], string]>([
    [['encoder'], {}, 'expected two files, or one on two runtimes'],
    [['encoder', 'encoder'], {}, 'expected different files, got encoder.onnx twice'],
    [['encoder', 'none'], {}, 'none.onnx'],
    [['encoder', 'tokens'], {}, 'tokens.onnx: expected 1 inputs (x), got 2'],
    [
      ['encoder', 'encoder-qdq'],
      { runtimes: ['tfjs'] },
      '`runtimes`: expected runtimes that run ONNX files as they are',
    ],
    [
      ['encoder', 'encoder-qdq'],
      { failOn: ['verdict'] },
      '`failOn: verdict`: expected observations with classes, got none',
    ],
    [
      ['encoder', 'encoder-qdq'],
      { pixels: { mean: [0], deviation: [1] } },
      '`pixels`: expected observations that it speaks of',
    ],
    [['encoder', 'encoder-qdq'], { tensors: fixtures }, 'expected input_0.pb to input_0.pb'],
    [
      ['encoder', 'encoder-qdq'],
      { tensors: 'a.npz', data: 'b.npz' },
      'expected inputs from one place, got `data` and `tensors`',
    ],
  ])('%j %j is refused', async (names, options, message) => {
    await expect(compare(names, options)).rejects.toThrow(message);
    expect(existsSync(join(fixtures, `${names[names.length - 1]}.verify.json`))).toBe(false);
  });
});
