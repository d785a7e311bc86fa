// `jepa evaluate encoder.onnx` on encoders that another exporter made: test/python/foreign_encoders.py.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { convertRecording } from '../../../src/data/writers/index.ts';
import { encoderEvaluationSchema } from '../../../src/evaluation/schema/evaluation.ts';
import { memoryRecording } from '../../data/memory-recording.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';

const evaluate = jepaWith(['evaluate']);

const fixture = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'foreign-encoder', name);
const labelled = ['--data', fixture('labelled.npz'), '--classes', 'column:label'];

describe('jepa evaluate of an encoder from anywhere', () => {
  test('measures labelled images, one at a time as the file asks, and writes beside the file', async () => {
    const folder = temporaryFolder();
    const encoder = join(folder, 'quarters.onnx');
    copyFileSync(fixture('quarters.onnx'), encoder);
    const { code, stdout, stderr } = await evaluate(encoder, ...labelled, '--runtime', 'cpu,wasm', '--json');
    expect(stderr).toContain('quarters.report.html: the report');
    expect(code).toBe(0);
    const record = encoderEvaluationSchema.parse(JSON.parse(stdout));
    expect(record).toMatchObject({
      encoder: { file: 'quarters.onnx', input: { name: 'pixels', layout: 'nchw', type: 'float32' } },
      environment: { name: 'labelled.npz', recording: 'NPZ' },
      classes: { of: 'column', names: ['label 0', 'label 1', 'label 2', 'label 3'] },
      untrainedMeanDistance: null,
      runtimes: [
        { runtime: 'cpu', verdict: 'distinct', nearestCentroidAccuracy: 1 },
        { runtime: 'wasm', verdict: 'distinct', verdictHolds: true },
      ],
    });
    // Means of quarters that differ by 200 of 255 in three channels each: sqrt(6) * 200 / 255 between classes.
    expect(record.runtimes[0].meanDistanceBetween).toBeCloseTo((Math.sqrt(6) * 200) / 255, 1);
    expect(JSON.parse(readFileSync(join(folder, 'quarters.evaluation.json'), 'utf8'))).toEqual(record);
    const page = readFileSync(join(folder, 'quarters.report.html'), 'utf8');
    expect(page).toContain('Do the latents of quarters.onnx keep 4 classes of labelled.npz apart?');
    expect(page).toContain('There are none: the recording names no actions that could be followed.');
  });

  test('says that an encoder with 8-bit values computes in int8', async () => {
    const { code, stdout } = await evaluate(fixture('quarters-int8.onnx'), ...labelled, '--no-report', '--json');
    expect(code).toBe(0);
    expect(encoderEvaluationSchema.parse(JSON.parse(stdout)).runtimes[0].precision).toBe('int8');
  });

  test('calls merged classes coarse where no scale is known, and a collapse beside the encoder before training', async () => {
    const alone = await evaluate(
      ...[fixture('collapsed.onnx'), ...labelled, '--no-report', '--json', '--fail-on', 'coarse'],
    );
    expect(alone.code).toBe(1);
    expect(alone.stderr).toContain('--fail-on coarse: cpu coarse');
    const [{ reasons, separable }] = encoderEvaluationSchema.parse(JSON.parse(alone.stdout)).runtimes;
    expect(separable).toMatchObject({ answer: 'no', threshold: 0.9 });
    expect(reasons.map(({ measure }) => measure)).toEqual(['separation', 'clusterRatio', 'roundingSteps']);
    const beside = await evaluate(
      ...[fixture('collapsed.onnx'), ...labelled, '--no-report', '--untrained', fixture('quarters.onnx')],
    );
    expect(beside.stdout).toMatch(/verdict +collapsed/);
    expect(beside.stdout).toMatch(/times the untrained one +\d\.\d+e-4/);
    expect(existsSync(fixture('collapsed.evaluation.json'))).toBe(false);
  });

  test('measures numbers', async () => {
    const { code, stdout } = await evaluate(
      ...[fixture('numbers.onnx'), '--data', fixture('numbers.npz'), '--classes', 'column:label', '--no-report'],
    );
    expect(stdout).toMatch(/verdict +distinct/);
    expect(code).toBe(0);
  });

  test('tells whole numbers above 2^24 apart as classes, and refuses those from 2^53 on in one line', async () => {
    const data = join(temporaryFolder(), 'photos.npz');
    const [count, size] = [64, 5];
    const labels = (first: bigint) => ({
      ...({ type: 'int64', shape: [], lengths: [count] } as const),
      values: BigInt64Array.from({ length: count }, (_, n) => first + BigInt(n % 8)),
    });
    // Eight days, seen as four places: an encoder that gives the observation merges them two by two.
    const values = Float32Array.from({ length: count * size }, (_, i) =>
      Math.floor(i / size) % 4 === i % size ? 1 : 0,
    );
    const photos = memoryRecording({
      observation: { type: 'float32', shape: [size], lengths: [count], values },
      label: labels(20240101n),
      huge: labels(2n ** 53n),
    });
    await convertRecording(photos, data);
    const evaluated = (column: string) =>
      evaluate(
        ...[fixture('numbers.onnx'), '--data', data, '--map', 'observation=observation', '--no-report', '--json'],
        ...['--classes', `column:${column}`],
      );
    const { stdout } = await evaluated('label');
    const record = encoderEvaluationSchema.parse(JSON.parse(stdout));
    expect(record.classes.names).toEqual(Array.from({ length: 8 }, (_, n) => `label ${20240101 + n}`));
    expect(record.runtimes[0].nearestCentroidAccuracy).toBeLessThan(0.6);
    expect(record.runtimes[0].verdict).not.toBe('distinct');
    const { code, stderr } = await evaluated('huge');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /photos\.npz huge row 0: expected whole numbers below 2\^53, which are told apart, got 9007199254740992\. Number the values from 0 on, or record them as text\.\n$/,
    );
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test.each<[RegExp, readonly string[]]>([
    [
      /quarters\.onnx: expected observations for it, either --data RECORDING or --environment NAME, got neither/,
      [fixture('quarters.onnx')],
    ],
    [/got both/, [fixture('quarters.onnx'), ...labelled, '--environment', 'counting']],
    [/got "countin"\. Did you mean "counting"\?/, [fixture('quarters.onnx'), '--environment', 'countin']],
    [/expected images of 8 x 8 pixels, got 64 x 64/, [fixture('quarters.onnx'), '--environment', 'counting']],
    [/expected observations that are numbers, got images of 8 x 8 x 3/, [fixture('numbers.onnx'), ...labelled]],
    [/--pixels: expected 1 or 3 means/, [fixture('quarters.onnx'), ...labelled, '--pixels', '0,0/1,1']],
    [
      /--classes column: .*got "lable"/,
      [fixture('quarters.onnx'), ...labelled.slice(0, 2), '--classes', 'column:lable'],
    ],
    [
      /--probes: expected the folder of a run, got .*quarters\.onnx/,
      [fixture('quarters.onnx'), ...labelled, '--probes'],
    ],
    [/--layout: expected an ONNX file to evaluate, got runs/, ['runs', '--layout', 'nchw']],
    [
      /missing\.onnx: expected an ONNX file, got nothing there\. Check the path\./,
      [fixture('missing.onnx'), ...labelled],
    ],
    [/expected runtimes that run .* as it is, got tfjs/, [fixture('quarters.onnx'), ...labelled, '--runtime', 'tfjs']],
  ])('refuses in one line: %s', async (message, argv) => {
    const { code, stderr, stdout } = await evaluate(...argv, '--no-report');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect([1, 2]).toContain(code);
  });
});
