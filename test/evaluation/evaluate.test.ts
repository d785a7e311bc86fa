// The evaluation from end to end on small networks, and what it says of exports that went wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networksOfConfiguration } from '../../cli/evaluation-network.ts';
import { UsageError } from '../../src/error.ts';
import { recordOf } from '../../src/evaluation/describe.ts';
import { type Evaluation, evaluate } from '../../src/evaluation/evaluate.ts';
import { type EvaluationRecord, evaluationSchema } from '../../src/evaluation/record.ts';
import { classesOf } from '../../src/evaluation/state-class.ts';
import { openSubject } from '../../src/evaluation/subject.ts';
import { fixtureLatentSize, writeRunFixture } from './run-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-evaluate-'));
const run = join(root, 'run');
beforeAll(() => writeRunFixture(run));
afterAll(() => rmSync(root, { recursive: true }));

async function evaluateFolder(folder: string, runtimes: readonly string[], reference: string): Promise<Evaluation> {
  const subject = openSubject(folder);
  const networks = await networksOfConfiguration(subject.configuration, 'cpu');
  const classes = await classesOf(networks.environment, 'reward', networks.auxiliaries);
  return evaluate({ subject, ...networks, classes }, { runtimes, reference, observations: 90, seed: 0, threads: 1 });
}

const recordFor = async (...parameters: Parameters<typeof evaluateFolder>): Promise<EvaluationRecord> =>
  recordOf(await evaluateFolder(...parameters));

describe('evaluate', () => {
  let record: EvaluationRecord;
  beforeAll(async () => {
    record = await recordFor(run, ['cpu', 'wasm', 'tfjs'], 'tfjs');
  });

  test('writes a record of its own schema', () => {
    expect(evaluationSchema.parse(record)).toEqual(record);
    expect(record.run).toBe('run');
    expect(record.classes).toEqual({
      of: 'reward',
      names: ['0', '1', '2', '3', '4', '5', '6', '7', '8'],
      counts: Array(9).fill(10),
    });
    expect(record.auxiliaries).toEqual(['reward']);
  });

  test('an encoder that was never trained keeps room and no order: coarse, on every runtime', () => {
    for (const runtime of record.runtimes) {
      expect(runtime.verdict).toBe('coarse');
      expect(runtime.centroidGapRatio).toBeLessThan(1);
      expect(runtime.standardDeviations).toHaveLength(fixtureLatentSize);
      // Never trained, and so exactly as wide as itself, but for the batch-norm statistics of the untrained one.
      expect(runtime.relativeSpread).toBeGreaterThan(0.05);
    }
  });

  test('runtimes agree to float32 rounding, and the certificate says that it cannot matter', () => {
    const [cpu, wasm, tfjs] = record.runtimes;
    expect(tfjs.maxLatentError).toBe(0);
    for (const runtime of [cpu, wasm]) {
      expect(runtime.relativeLatentError).toBeGreaterThan(0);
      // Three layers of float32, whose unit is 6e-8.
      expect(runtime.relativeLatentError).toBeLessThan(2e-6);
      expect(runtime.verdictHolds).toBe(true);
      expect(2 * runtime.maxLatentError).toBeLessThan(runtime.decidingGap);
      expect(runtime.dynamicsResidual).toBeCloseTo(tfjs.dynamicsResidual, 4);
      expect(runtime.auxiliaryResiduals[0].residual).toBeCloseTo(tfjs.auxiliaryResiduals[0].residual, 4);
      expect(runtime.nearestCentroidAccuracy).toBeCloseTo(tfjs.nearestCentroidAccuracy, 10);
    }
  });

  test('says what ran', () => {
    const [cpu, wasm] = record.runtimes;
    expect(cpu.provider).toBe('CPUExecutionProvider');
    expect(Object.keys(cpu.nodesByProvider ?? {})).toEqual(['CPUExecutionProvider']);
    expect(wasm.version).toMatch(/^onnxruntime-web \d/);
    expect([cpu.threads, wasm.threads]).toEqual([1, 1]);
  });

  test('the same seed gives the same record, an export by itself the same measures', async () => {
    const once = await recordFor(run, ['cpu'], 'cpu');
    expect(await recordFor(run, ['cpu'], 'cpu')).toEqual(once);
    const alone = await recordFor(join(run, 'export'), ['cpu'], 'cpu');
    expect(alone.runtimes).toEqual(once.runtimes);
    expect(alone.run).toBe('fixture');
  });

  test.each([
    ['nhwc', 'uint8'],
    ['nchw', 'uint8'],
    ['nhwc', 'float32'],
  ] as const)('an export that takes %s %s observations is measured the same', async (layout, pixels) => {
    const folder = join(root, `${layout}-${pixels}`);
    await writeRunFixture(folder, { layout, pixels });
    const [cpu] = (await recordFor(folder, ['cpu'], 'tfjs')).runtimes;
    expect(cpu.relativeLatentError).toBeLessThan(2e-6);
    expect(cpu.meanDistance).toBeCloseTo(record.runtimes[0].meanDistance, 4);
  });

  test('an export with a wrong weight is caught', async () => {
    const folder = join(root, 'damaged');
    await writeRunFixture(folder, {
      damage(encoder) {
        const latent = encoder.getLayer('latent');
        const [kernel, bias] = latent.getWeights();
        latent.setWeights([tf.zerosLike(kernel), bias]);
      },
    });
    const [cpu] = (await recordFor(folder, ['cpu'], 'tfjs')).runtimes;
    expect(cpu.relativeLatentError).toBeGreaterThan(0.1);
    expect(cpu.verdict).toBe('collapsed');
    expect(cpu.verdictHolds).toBe(false);
    expect(cpu.pairsAtRisk.length).toBeGreaterThan(0);
  });

  test('a folder that is no run, and a runtime without its files, are usage errors before anything is computed', async () => {
    expect(() => openSubject(root)).toThrow(UsageError);
    expect(() => openSubject(join(root, 'absent'))).toThrow(
      'expected the folder of a run or of an export, got no such folder',
    );
    await expect(recordFor(join(run, 'export'), ['tfjs'], 'cpu')).rejects.toThrow(
      'expected saved tfjs models for the runtime tfjs, found none',
    );
  });
});
