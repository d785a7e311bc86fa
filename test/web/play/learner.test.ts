// A training of the playground in Node, on onnxruntime-web as in the page: it learns, collapses without an auxiliary task, and a word of
// actions tells apart what is merged.
import { describe, expect, test, vi } from 'vitest';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { witnessesOf } from '../../../web/play/judge.ts';
import { Learner } from '../../../web/play/learner.ts';
import { shareMissed } from '../../../web/play/prediction.ts';
import { PlaySession } from '../../../web/play/session.ts';
import { configurationOf, defaultSetting } from '../../../web/play/setting.ts';

describe('a training of the playground', () => {
  test('shows frames whose loss falls while the spread of prediction alone does too', {
    timeout: 240_000,
  }, async () => {
    const runtime = await openRuntime('wasm', { threads: 1 });
    const session = await PlaySession.open({ ...defaultSetting, auxiliary: 'none', latent: 4 }, runtime);
    const first = await session.look();
    expect(first.step).toBe(0);
    expect(first.spread).toBeCloseTo(1, 6);
    expect(first.points).toHaveLength(480);
    const losses: number[] = [];
    while (session.stepsDone < 100) {
      const frame = await session.train();
      if (frame?.loss !== undefined) losses.push(frame.loss);
    }
    const last = await session.look(true);
    expect(last.loss).toBeLessThan(losses[0] / 3);
    expect(last.spread).toBeLessThan(0.5);
    expect(last.radius).toBeLessThan(first.radius / 2);
    // The error falls with what a constant guess would miss: nothing is learned of where actions lead.
    expect(last.misses).toHaveLength(48);
    expect(last.prediction.error).toBeLessThan(first.prediction.error / 2);
    expect(shareMissed(last.prediction)).toBeGreaterThan(0.85);
    const encode = vi.spyOn(Learner.prototype, 'encode');
    const [start, next] = await session.imagine(3, [1]);
    expect((await session.imagine(3, []))[0].dream).toEqual(start.dream);
    // The picture's latents are those of now.
    expect(encode).not.toHaveBeenCalled();
    await session.train();
    await session.imagine(4, [0]);
    await session.imagine(4, [0, 1]);
    const judged = encode.mock.calls.filter(([observations]) => observations.length === 240 * 32 * 32 * 3);
    expect(judged).toHaveLength(1);
    encode.mockRestore();
    expect(start.dream).toHaveLength(32 * 32 * 3);
    const other = (await session.imagine(9, []))[0];
    // Prediction alone: nearly the same blur for every image, while the images themselves differ by hundreds.
    expect(Math.max(...start.dream.map((value, i) => Math.abs(value - other.dream[i])))).toBeLessThan(90);
    expect(start.nearest).toBe(3);
    const labels = session.describe(1).labellings[0].labels;
    expect(next.trueClass).toBe(Math.min(4, labels[3] + 1));
    await session.dispose();
    await runtime.dispose();
  });

  test('three and four objects with the reward at none are told apart by three steps down', async () => {
    const runtime = await openRuntime('wasm', { threads: 1 });
    const learner = await Learner.open(configurationOf({ ...defaultSetting, target: 0, latent: 2 }), runtime);
    const witness = witnessesOf(learner.environment, learner.classes)(3, 4);
    expect(witness?.actions.map((action) => learner.environment.actionNames[action])).toEqual(['-1', '-1', '-1']);
    expect(witness?.rewards).toEqual([1, 0]);
    await learner.dispose();
    await runtime.dispose();
  });
});
