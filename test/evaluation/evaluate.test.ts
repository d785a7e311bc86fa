// The evaluation from end to end on small networks, and what it says of exports that went wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networksOfConfiguration } from '../../pipeline/network/environment.ts';
import { UsageError } from '../../src/error.ts';
import { classesOf } from '../../src/evaluation/class/state.ts';
import { type Evaluation, evaluate } from '../../src/evaluation/evaluate.ts';
import { recordOf } from '../../src/evaluation/schema/describe.ts';
import { type EvaluationRecord, evaluationSchema } from '../../src/evaluation/schema/evaluation.ts';
import type { FoundWitnessesRecord } from '../../src/evaluation/schema/inspection.ts';
import { openSubject } from '../../src/run/subject.ts';
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

/** Everything but the time that encoding took. */
function untimed(record: EvaluationRecord): EvaluationRecord {
  return { ...record, runtimes: record.runtimes.map(({ encodeMs: _, ...runtime }) => runtime) };
}

function foundIn({ witnesses }: EvaluationRecord): FoundWitnessesRecord {
  if (witnesses.none === null) return witnesses;
  throw new Error(`expected witnesses, got none: ${witnesses.none}`);
}

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
    const once = untimed(await recordFor(run, ['cpu'], 'cpu'));
    expect(untimed(await recordFor(run, ['cpu'], 'cpu'))).toEqual(once);
    const alone = untimed(await recordFor(join(run, 'export'), ['cpu'], 'cpu'));
    expect(alone.runtimes).toEqual(once.runtimes);
    expect(alone.run).toBe('fixture');
    // Only the upper bounds are missing, since an export has no weights of tfjs.
    expect(foundIn(alone).missingWeights).toMatch(/an export by itself/);
    expect(foundIn(alone).bounds.map(({ constants }) => constants)).toEqual(['measured']);
    expect(alone.encoderJacobianRank).toEqual(once.encoderJacobianRank);
  });

  test('every pair of classes is checked: no near latents without a broken loss, and no bound of the weights fails', () => {
    const witnesses = foundIn(record);
    expect(witnesses).toMatchObject({ runtime: 'cpu', classes: 9, checkedPairs: 36, missingWeights: null });
    expect(witnesses.account.holding).toBe(36);
    expect(witnesses.account.smallestAccount).toBeGreaterThan(0.999);
    expect(witnesses.bounds.slice(0, 2)).toMatchObject([
      { constants: 'everywhere', pairs: 36, holding: 36 },
      { constants: 'between', pairs: 36, holding: 36 },
    ]);
    const { distance, dynamics, auxiliary } = witnesses.shares;
    expect(distance + dynamics + auxiliary).toBeCloseTo(1, 10);
    // 3 and 5 by the word +1, as the environment has it.
    for (const { states, word, gap } of witnesses.pairs) {
      expect(gap).toBe(1);
      if (states.join() === '3,5') expect(word).toHaveLength(1);
    }
  });

  test('a predictor with a wrong weight is named: the step after which it misses the encoder', async () => {
    const folder = join(root, 'wrong-predictor');
    await writeRunFixture(folder, {
      damage(_, predictor) {
        const output = predictor.getLayer('next_latent');
        const [kernel, bias] = output.getWeights();
        output.setWeights([kernel.mul(50), bias]);
      },
    });
    const right = foundIn(record);
    const wrong = foundIn(await recordFor(folder, ['cpu'], 'cpu'));
    // Of 36 pairs, the 8 with the count 4 differ at once: no predictor is asked.
    expect(wrong.causes).toEqual({ distance: 0, dynamics: 28, auxiliary: 8 });
    const [witness] = wrong.pairs.filter(({ word }) => word.length > 0);
    expect(witness.breaks.kind).toBe('dynamics');
    const { step, side } = witness.breaks;
    expect(witness.sentence).toContain(
      `at step ${step} (${witness.word[step - 1]}) the predictor misses the latent of`,
    );
    const residuals = right.pairs.flatMap(({ steps }) => steps.flatMap(({ dynamicsResiduals }) => dynamicsResiduals));
    expect(witness.steps[step].dynamicsResiduals[side ?? 0]).toBeGreaterThan(10 * Math.max(...residuals));
  });

  test('an auxiliary of the pixels tells all images apart at once: no word is needed', async () => {
    const folder = join(root, 'projection');
    await writeRunFixture(folder, { assignments: ['auxiliary=[{"kind":"random-projection","size":4,"samples":8}]'] });
    const { classes, pairs, causes } = foundIn(await recordFor(folder, ['cpu'], 'cpu'));
    expect(classes).toBe(9);
    expect(causes.dynamics).toBe(0);
    for (const { word, gap, steps } of pairs) {
      expect(word).toEqual([]);
      expect(gap).toBeGreaterThan(0);
      expect(steps).toHaveLength(1);
    }
  }, 120_000);

  test('the rank of the encoder is that of its Jacobian; without a way from the image it is 0', async () => {
    expect(record.encoderJacobianRank?.minimal).toBeGreaterThan(1);
    expect(record.encoderJacobianRank?.minimal).toBeLessThanOrEqual(fixtureLatentSize);
    const bytes = join(root, 'bytes');
    await writeRunFixture(bytes, { layout: 'nhwc', pixels: 'uint8' });
    expect((await recordFor(bytes, ['cpu'], 'cpu')).encoderJacobianRank).toBeNull();
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
    const wrong = await recordFor(folder, ['cpu'], 'tfjs');
    const [cpu] = wrong.runtimes;
    expect(cpu.relativeLatentError).toBeGreaterThan(0.1);
    expect(cpu.verdict).toBe('collapsed');
    expect(cpu.verdictHolds).toBe(false);
    expect(cpu.pairsAtRisk.length).toBeGreaterThan(0);
    expect(wrong.encoderJacobianRank?.minimal).toBe(0);
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
