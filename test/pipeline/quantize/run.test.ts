// A quantisation from a file and labelled numbers to a certified file: on a graph of which one node, and no other, cannot be
// rounded to 8 bits without losing the classes.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { floats } from '../../../export/graph/constant.ts';
import { encodeModel, type OnnxModel, type Port } from '../../../export/index.ts';
import type { QuantizeEncoderOptions } from '../../../pipeline/quantize/option.ts';
import { quantizeEncoder } from '../../../pipeline/quantize/run.ts';
import { writeNpz } from '../../../src/data/writers/npz.ts';
import { quantizationSchema } from '../../../src/evaluation/schema/quantization.ts';
import { randomFor } from '../../../src/random.ts';
import { readReportPage } from '../../../src/report/page.ts';
import { memoryRecording } from '../../data/memory-recording.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

vi.setConfig({ testTimeout: 120_000 });

const SIZE = 8;
const CLASSES = 4;
const COUNT = 1200;

function matrix(of: (row: number, column: number) => number) {
  return floats(
    [SIZE, SIZE],
    Array.from({ length: SIZE * SIZE }, (_, i) => of(Math.floor(i / SIZE), i % SIZE)),
  );
}

/**
 * spread: x, its last number times 1,000; mix: without that last number; out: as it is. The input of mix is rounded in steps of
 * 4, to which the classes' 0 and 1 are nothing.
 */
function encoder(): OnnxModel {
  const product = (name: string, input: string, output: string) => ({
    name,
    operator: 'Gemm',
    domain: '',
    inputs: [input, `${name}.weight`],
    outputs: [output],
    attributes: {},
  });
  const relu = { name: 'relu', operator: 'Relu', domain: '', inputs: ['a'], outputs: ['b'], attributes: {} };
  const shape: Port['shape'] = ['N', SIZE];
  return {
    opset: 17,
    irVersion: 8,
    domains: {},
    producer: { name: 'test', version: '1' },
    metadata: {},
    graph: {
      name: 'encoder',
      inputs: [{ name: 'x', type: 'float32', shape }],
      outputs: [{ name: 'latent', type: 'float32', shape }],
      nodes: [product('spread', 'x', 'a'), relu, product('mix', 'b', 'c'), product('out', 'c', 'latent')],
      constants: new Map([
        ['spread.weight', matrix((row, column) => (row === column ? (row === SIZE - 1 ? 1000 : 1) : 0))],
        ['mix.weight', matrix((row, column) => (row === column && row < SIZE - 1 ? 1 : 0))],
        ['out.weight', matrix((row, column) => (row === column ? 1 : 0))],
      ]),
      types: new Map(),
    },
  };
}

let data: string;
beforeAll(async () => {
  const random = randomFor('quantized classes');
  const label = Int32Array.from({ length: COUNT }, (_, n) => n % CLASSES);
  const values = Float32Array.from({ length: COUNT * SIZE }, (_, i) => {
    const [n, k] = [Math.floor(i / SIZE), i % SIZE];
    return k === label[n] ? 1 + 0.1 * random.normal() : k < CLASSES ? 0.1 * random.uniform() : random.uniform();
  });
  const lengths = [COUNT];
  const folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-test-'));
  data = join(folder, 'numbers.npz');
  await writeNpz(
    memoryRecording(
      {
        observation: { type: 'float32', shape: [SIZE], lengths, values },
        label: { type: 'int32', shape: [], lengths, values: label },
      },
      { observation: ['observation'] },
    ),
    data,
  );
  return () => rmSync(folder, { recursive: true, force: true });
});

function written(): string {
  const path = join(temporaryFolder(), 'encoder.onnx');
  writeFileSync(path, encodeModel(encoder()));
  return path;
}

const labelled = (): QuantizeEncoderOptions => ({
  data,
  map: 'observation=observation',
  classes: { of: 'column', column: 'label' },
  observations: 200,
  searchObservations: 100,
  calibrationObservations: 60,
  calibration: 'min-max',
  weightBits: 7,
  threads: 1,
});

describe('quantizeEncoder', () => {
  test.each(['time', 'size'] as const)(
    'keeps exactly the node that destroys the classes from 8 bits (prefer %s)',
    async (prefer) => {
      const path = written();
      const { record, path: out } = await quantizeEncoder(path, { ...labelled(), prefer });
      const everything = record.trials.find(({ int8 }) => int8 === 3);
      expect(everything?.holds).toBe(false);
      expect(everything?.verdict).not.toBe('distinct');
      const most = record.trials.filter(({ holds }) => holds).sort((a, b) => b.int8 - a.int8)[0];
      expect(most.kept).toEqual(['mix']);
      const alone = new Map(record.units.map((unit) => [unit.name, unit.alone[0].lostMargin]));
      expect(alone.get('mix')).toBeGreaterThan(1);
      expect(alone.get('spread')).toBeLessThan(0.25);
      expect(alone.get('out')).toBeLessThan(0.25);
      expect(record.judged.result).toMatchObject({ verdict: 'distinct', holds: true, accuracy: 1 });
      expect(record.units.find(({ name }) => name === 'mix')?.level).not.toBe('int8');
      expect(existsSync(out)).toBe(true);
    },
  );

  test('writes the file, its record and its page, and a second time only where it may', async () => {
    const path = written();
    const folder = join(path, '..');
    const { recordPath, reportPath } = await quantizeEncoder(path, labelled());
    expect(readdirSync(folder).sort()).toEqual([
      'encoder.int8.onnx',
      'encoder.int8.quantization.html',
      'encoder.int8.quantization.json',
      'encoder.onnx',
    ]);
    const record = quantizationSchema.parse(JSON.parse(readFileSync(recordPath ?? '', 'utf8')));
    const report = readReportPage(readFileSync(reportPath ?? '', 'utf8'));
    expect(report?.answer.headline).toBe('Certified');
    const tables = report?.sections.flatMap(({ blocks }) => blocks.filter((block) => block.kind === 'table')) ?? [];
    expect(tables.length).toBeGreaterThan(2);
    for (const { columns, rows } of tables) for (const cells of rows) expect(cells).toHaveLength(columns.length);
    expect(report?.picture.kind === 'scatter' && report.picture.points.length).toBe(
      record.trials.filter((each) => each.largestError > 0).length + 1,
    );
    await expect(quantizeEncoder(path, labelled())).rejects.toThrow(
      /expected .*encoder\.int8\.onnx not to be there, found it/,
    );
  });

  test('judges by observations that neither calibration nor search has seen', async () => {
    const { record } = await quantizeEncoder(written(), { ...labelled(), report: false });
    const { calibration, search, searchCentroids, judging, judgingCentroids, shared } = record.observations;
    expect(shared).toBe(0);
    expect(calibration + search + searchCentroids + judging + judgingCentroids).toBeLessThanOrEqual(COUNT);
    expect(judging).toBeGreaterThan(150);
  });

  test('keep none: writes everything in 8 bits, and says that the verdict does not hold', async () => {
    const path = written();
    const options = { ...labelled(), keep: 'none' as const, report: false };
    const { record } = await quantizeEncoder(path, { ...options, out: join(path, '..', 'all.onnx') });
    expect(record.judged.result.holds).toBe(false);
    expect(record.units.map(({ level }) => level)).toEqual(['int8', 'int8', 'int8']);
  });

  test('refuses an encoder that has no classes to keep, and writes nothing', async () => {
    const path = written();
    const model = encoder();
    const constants = new Map([...model.graph.constants, ['mix.weight', matrix(() => 0)] as const]);
    writeFileSync(path, encodeModel({ ...model, graph: { ...model.graph, constants } }));
    await expect(quantizeEncoder(path, labelled())).rejects.toThrow(
      /expected an encoder whose classes are told apart, got the verdict collapsed on 1\d\d observations/,
    );
    expect(readdirSync(join(path, '..'))).toEqual(['encoder.onnx']);
  });

  test.each<[QuantizeEncoderOptions, RegExp]>([
    [{ out: 'small.txt' }, /`out`: expected a file that ends with \.onnx, got small\.txt/],
    [{ reserve: 1 }, /`reserve`: expected a share from 0 to below 1, got 1/],
    [{ percentile: 3 }, /`percentile`: expected more than 50 and at most 100, got 3/],
    [
      { percentile: 99, calibration: 'entropy' },
      /`percentile`: expected `calibration: percentile` beside it, got entropy/,
    ],
    [{ data: undefined }, /expected observations for it, either `data: RECORDING` or `environment: NAME`, got neither/],
    [
      { observations: 4000, searchObservations: 2, calibrationObservations: 2 },
      /expected at least 2 observations of each class to search by/,
    ],
  ])('refuses %j', async (wrong, message) => {
    const path = written();
    await expect(quantizeEncoder(path, { ...labelled(), ...wrong })).rejects.toThrow(message);
    expect(readdirSync(join(path, '..'))).toEqual(['encoder.onnx']);
  });
});
