// The story of a claims file: recorded arm by arm, kept, and what is measured of a state that has parts.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configurationOf } from '../../pipeline/reproduce/claims-run.ts';
import { trainMeasured } from '../../pipeline/reproduce/measured-training.ts';
import { recordStory } from '../../pipeline/reproduce/story.ts';
import { parseClaims } from '../../src/report/reproduction/claim/claims-file.ts';
import { storySchema } from '../../src/report/story/story.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-story-'));
afterAll(() => rmSync(folder, { recursive: true }));

function claimsOf(environment: string, measure: string) {
  const value = {
    format: 'jepa-claims-1',
    version: 1,
    title: 'a trial',
    environment,
    preset: 'small',
    seeds: { tuning: [0], judging: [1] },
    steps: [2],
    observations: 162,
    alpha: 0.05,
    arms: { joint: { name: 'joint', auxiliary: [{ kind: 'reward' }], set: { 'optimization.batchSize': 8 } } },
    order: [['joint']],
    claims: [
      {
        id: 'c',
        of: 'ours',
        statement: 's',
        tests: [{ kind: 'share', arm: 'joint', conditions: [{ measure, atLeast: 0 }] }],
      },
    ],
  };
  return parseClaims('claims', value, JSON.stringify(value));
}

test('a story has the same pictures at every step, and is not recorded twice', async () => {
  const notes: string[] = [];
  const record = () =>
    recordStory(claimsOf('counting', 'accuracy'), {
      folder,
      arms: ['joint'],
      seed: 0,
      threads: 1,
      decoderSteps: 2,
      onNote: (note) => notes.push(note),
    });
  const story = await record();
  expect(storySchema.parse(JSON.parse(JSON.stringify(story)))).toEqual(story);
  const [{ frames, drawn }] = story.arms;
  expect(frames.map(({ step }) => step)).toEqual([0, 1, 2]);
  for (const { points } of frames) expect(points).toHaveLength(2 * story.labels.length);
  expect(frames[0].spread).toBe(1);
  expect(story.labels.slice(0, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(drawn).toHaveLength(9);
  // From 7 and 8 the reward is three actions away.
  expect(story.words[7][8]).toEqual([0, 0, 0]);
  const told = notes.length;
  expect(await record()).toEqual(story);
  expect(notes).toHaveLength(told);
  expect(readdirSync(folder)).toEqual(['joint-seed-0.json']);
}, 120_000);

test('each factor of a state is read before and after, and what images show beside it', async () => {
  await loadTensorFlow({ threads: 1 });
  const { at } = await trainMeasured(configurationOf(claimsOf('exogenous', 'readout/signal'), 'joint', 1, 1), {
    steps: [2],
    observations: 162,
  });
  const measures = at.get(2) ?? {};
  for (const name of ['class', 'hand', 'toy', 'signal', 'drift', 'floor'] as const) {
    expect(measures[`readout/${name}`]).toBeLessThanOrEqual(1);
    expect(measures[`untrainedReadout/${name}`]).toBeLessThanOrEqual(1);
  }
  // Random convolutions keep where a bright disc is.
  for (const name of ['hand', 'toy', 'signal', 'drift'] as const)
    expect(measures[`untrainedReadout/${name}`]).toBeGreaterThan(0.5);
  expect(measures.groupRatio).toBeUndefined();
}, 120_000);
