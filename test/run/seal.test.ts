// What a resumed run compares with its checkpoint, without training: configuration, backend, rows of the logs.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findLogFault, requireSealedBackend, requireSealedConfiguration, sealOf } from '../../src/run/seal.ts';
import { type Checkpoint, newestCheckpoint, saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { openMetricsLog } from '../../src/storage/jsonl.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const configured = (...assignments: string[]) =>
  resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1, assignments });
const provenance = { tensorflow: '2.21.0', tfjs: '4.22.0', cpu: 'one' };

/** A run with a checkpoint at steps 20 and 40, and a row of metrics every 10. */
async function sealedRun(): Promise<{ readonly run: string; readonly checkpoint: Checkpoint }> {
  const run = temporaryFolder();
  const metrics = openMetricsLog(join(run, 'metrics.jsonl'));
  const measures = openMetricsLog(join(run, 'measures.jsonl'));
  for (const step of [20, 40]) {
    for (const each of [step - 10, step]) metrics.append({ step: each, loss: 1 });
    const state = { run: sealOf(configured(), provenance, { metrics: metrics.sync(), measures: measures.sync() }) };
    await saveCheckpoint(run, step, { weights: new Map(), optimizer: new Map(), state });
  }
  metrics.dispose();
  measures.dispose();
  const checkpoint = newestCheckpoint(run);
  if (checkpoint === undefined) throw new Error('expected a checkpoint');
  return { run, checkpoint };
}

describe('a run that is gone on with', () => {
  test.each([
    ['optimization.learningRate=0.5', 'optimization.learningRate: expected 0.008, with which', 'got 0.5'],
    ['seed=7', 'seed: expected 0, with which the checkpoint of step 40 was trained', 'got 7'],
    ['objective.sigreg=0.1', 'objective.sigreg: expected 0,', 'got 0.1'],
    ['optimization.steps=99', 'optimization.steps: expected 1600,', 'got 99'],
    ['environment.target=3', 'environment.target: expected nothing,', 'got 3'],
    ['threads=2', 'threads: expected 1,', 'got 2'],
  ])('is refused where its configuration was edited: %s', async (assignment, expected, got) => {
    const { run, checkpoint } = await sealedRun();
    requireSealedConfiguration(run, configured(), checkpoint);
    const edited = () => requireSealedConfiguration(run, configured(assignment), checkpoint);
    expect(edited).toThrow(`${join(run, 'config.json')}: ${expected}`);
    expect(edited).toThrow(got);
  });

  test('may have other steps where that is meant, and nothing else', async () => {
    const { run, checkpoint } = await sealedRun();
    requireSealedConfiguration(run, configured('optimization.steps=99'), checkpoint, true);
    expect(() =>
      requireSealedConfiguration(run, configured('optimization.steps=99', 'seed=1'), checkpoint, true),
    ).toThrow('seed: expected 0');
  });

  test('is refused with another backend, in environment.json or in this process; another processor is none', async () => {
    const { run, checkpoint } = await sealedRun();
    const compare = (here: object, recorded: object) =>
      requireSealedBackend(run, checkpoint, {
        here: { ...provenance, ...here },
        recorded: { ...provenance, ...recorded },
      });
    compare({ cpu: 'two' }, { cpu: 'two' });
    expect(() => compare({}, { tensorflow: '2.20.0' })).toThrow(
      `${join(run, 'environment.json')}: tensorflow: expected 2.21.0, with which the checkpoint of step 40 was trained, got 2.20.0`,
    );
    expect(() => compare({ tfjs: '5.0.0' }, {})).toThrow(`run ${run}: tfjs: expected 4.22.0,`);
  });

  test.each([
    ['lost', () => undefined, 'expected the 4 rows of the checkpoint of step 40, got 0'],
    [
      'cut short',
      (text: string) => text.slice(0, text.length / 2),
      'expected the 4 rows of the checkpoint of step 40, got 2',
    ],
    [
      'garbage',
      (text: string) => text.replace('{"step":40', 'x'),
      'expected the 4 rows of the checkpoint of step 40, got 3',
    ],
    [
      'edited',
      (text: string) => text.replace('"loss":1', '"loss":2'),
      'expected the 4 rows of the checkpoint of step 40, got others',
    ],
  ])('goes back to a checkpoint whose rows are there, where metrics.jsonl was %s', async (what, harm, message) => {
    const { run, checkpoint } = await sealedRun();
    const path = join(run, 'metrics.jsonl');
    const text = [10, 20, 30, 40].map((step) => `{"step":${step},"loss":1}\n`).join('');
    expect(findLogFault(run, checkpoint)).toBeUndefined();
    const harmed = harm(text);
    if (harmed === undefined) rmSync(path);
    else writeFileSync(path, harmed);
    expect(findLogFault(run, checkpoint)).toBe(`${path}: ${message}`);
    const older = newestCheckpoint(run, { findFault: (each) => findLogFault(run, each) });
    expect(older?.step).toBe(what === 'cut short' || what === 'garbage' ? 20 : undefined);
  });
});
