// The files of a run, as they are after an interruption: as if there had been none.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentBaseline, recordingBaseline } from '../../pipeline/evaluate/baseline.ts';
import { openRunRecord } from '../../pipeline/train/log.ts';
import { environmentSource } from '../../src/data/environment-source.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const configuration = resolveConfiguration({
  preset: 'small',
  environment: 'counting',
  assignments: ['optimization.steps=30'],
  threads: 1,
});
const latents = new Float32Array(256 * 2).map((_, i) => i % 7);
const row = (step: number) => ({ step, measures: { accuracy: step / 100, intrinsicDimension: Number.NaN }, latents });

describe('the record of a run', () => {
  test('drops what was written after the checkpoint, and a resumed run writes it again', async () => {
    const folder = temporaryFolder();
    const baseline = await environmentBaseline(createEnvironment('counting'), 0);
    const first = openRunRecord(folder, { configuration, baseline });
    for (const step of [10, 20]) first.measures(row(step));
    first.dispose();
    const second = openRunRecord(folder, { configuration, baseline, resumeStep: 10 });
    second.measures(row(20));
    expect(existsSync(join(folder, 'tb', 'latents-vectors.tsv'))).toBe(false);
    second.measures(row(30));
    second.dispose();
    expect(readMetrics(join(folder, 'measures.jsonl')).records).toEqual(
      [10, 20, 30].map((step) => ({ step, accuracy: step / 100, intrinsicDimension: Number.NaN })),
    );
    const vectors = readFileSync(join(folder, 'tb', 'latents-vectors.tsv'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(vectors).toHaveLength(256);
    expect(vectors[1]).toBe(`${latents[2]}\t${latents[3]}`);
    expect(readFileSync(join(folder, 'tb', 'projector_config.pbtxt'), 'utf8')).toContain(
      'image_path: "latents-sprite.png"\n    single_image_dim: 64\n    single_image_dim: 64',
    );
  });

  test('without a baseline has no projector and no pictures', () => {
    const folder = temporaryFolder();
    const record = openRunRecord(folder, { configuration, baseline: undefined });
    record.metrics({ step: 30, loss: 1, terms: {}, latentDeviation: 1, learningRate: 1 });
    record.ended('success');
    record.dispose();
    expect(readdirSync(join(folder, 'tb'))).toEqual([expect.stringMatching(/^events\.out\.tfevents\./)]);
    expect(readMetrics(join(folder, 'measures.jsonl')).records).toEqual([]);
  });

  test('the baseline is the same for the same seed, another for another, and shows every state twice', async () => {
    const environment = createEnvironment('rooms');
    const [a, b, other] = await Promise.all([0, 0, 1].map((seed) => environmentBaseline(environment, seed)));
    const checksum = ({ observations }: typeof a) => createHash('sha256').update(observations).digest('hex');
    expect(checksum(a)).toBe(checksum(b));
    expect(checksum(a)).not.toBe(checksum(other));
    const counts = new Map<string, number>();
    for (const name of a.names.state) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(counts.size).toBe(environment.stateCount);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(2);
    expect(a.classes?.count).toBeGreaterThan(1);
  });

  test('the baseline of a source is its first 256 observations before an action, and knows no classes', async () => {
    const auxiliary = { size: 0, table: new Float32Array(0) };
    const source = environmentSource(createEnvironment('counting'), { seed: 0, stream: 'held-out', auxiliary });
    const { observations, classes, names } = await recordingBaseline(source);
    const batch = await source.batch(0, 256, 1);
    const size = 64 * 64 * 3;
    expect(observations).toHaveLength(256 * size);
    const first = Buffer.from(batch.observations.subarray(0, 256 * size));
    expect(Buffer.compare(Buffer.from(observations), first)).toBe(0);
    expect(classes).toBeUndefined();
    expect(names.observation.at(-1)).toBe('255');
  });
});
