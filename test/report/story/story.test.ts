// The film's projection, and what the page says of the numbers that it is given.
import { describe, expect, test } from 'vitest';
import { createLatents, type Latents } from '../../../src/measures/latents.ts';
import { randomFor } from '../../../src/random.ts';
import type { JudgedClaim } from '../../../src/report/reproduction/claim/judge.ts';
import { renderStory } from '../../../src/report/story/page.ts';
import { projectFrames } from '../../../src/report/story/story.ts';
import { fixtureStory } from './story-fixture.ts';

const context = { generator: 'jepa-onnx test', command: 'jepa reproduce x.yaml --story' };

/** Spread by 3, 1 and 0.1 along three axes, which `axes` turn into the dimensions. */
function cloud(axes: readonly (readonly number[])[], scale = 1): Latents {
  const random = randomFor(1, 'cloud');
  const values = new Float32Array(40 * 3);
  for (let n = 0; n < 40; n++) {
    const place = [3 * random.normal(), random.normal(), 0.1 * random.normal()];
    for (let k = 0; k < 3; k++) values[3 * n + k] = scale * axes.reduce((sum, axis, a) => sum + place[a] * axis[k], 0);
  }
  return createLatents(values, 3);
}

const plain = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

describe('projectFrames', () => {
  test('latents that were only turned and mirrored stay where they are in the film', () => {
    const turned = [
      [0, 0, -1],
      [0.6, 0.8, 0],
      [-0.8, 0.6, 0],
    ];
    const [first, second] = projectFrames([cloud(plain), cloud(turned)]);
    const worst = Math.max(...first.map((value, i) => Math.abs(value - second[i])));
    expect(worst).toBeLessThanOrEqual(2);
    expect(Math.max(...first.map(Math.abs))).toBeGreaterThan(900);
  });

  test('one scale for all frames: what collapses is seen to', () => {
    const [wide, narrow] = projectFrames([cloud(plain), cloud(plain, 0.01)]);
    expect(Math.max(...wide.map(Math.abs))).toBeGreaterThan(900);
    expect(Math.max(...narrow.map(Math.abs))).toBeLessThanOrEqual(20);
  });

  test('latents that are all one are a point, not a fault', () => {
    const point = createLatents(new Float32Array(12).fill(2), 3);
    expect(projectFrames([point])).toEqual([[0, 0, 0, 0, 0, 0, 0, 0].map((zero) => expect.closeTo(zero))]);
  });
});

describe('the page', () => {
  test('says what the last latents show, not what they should', () => {
    const collapsed = renderStory(fixtureStory, context);
    expect(collapsed).toContain('all pictures have fallen into one point');
    expect(collapsed).toContain('nine clusters on a curve');
    const [alone, joint] = fixtureStory.arms;
    const end = (arm: typeof alone, accuracy: number, spread: number) => ({
      ...arm,
      frames: arm.frames.map((frame, i) => (i === 1 ? { ...frame, accuracy, spread } : frame)),
    });
    const other = renderStory({ ...fixtureStory, arms: [end(alone, 0.4, 0.7), end(joint, 0.52, 0.9)] }, context);
    expect(other).toContain('has not collapsed: 0.700 times as wide');
    expect(other).toContain('52% of the pictures are nearest to their own count');
    expect(other).not.toContain('The rescue');
    expect(other).not.toContain('The collapse');
  });

  test('loads nothing, and a name of a state is text', () => {
    const page = renderStory(fixtureStory, context);
    expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/);
    expect(page).not.toContain('<2>');
    expect(page).toContain("default-src 'none'");
  });

  test('claims stand in it only where runs judged them', () => {
    expect(renderStory(fixtureStory, { ...context, judged: { claims: [], runs: 0 } })).not.toContain(
      'Does it reproduce?',
    );
    const claim: JudgedClaim = {
      claim: { id: 'c', of: 'paper', statement: 'It is so.', combine: 'all', tests: [], changes: [] },
      answer: 'does not',
      tests: [],
    };
    const judged = { claims: [claim], runs: 6 };
    const page = renderStory(fixtureStory, { ...context, judged });
    expect(page).toContain('0 of the paper&#39;s 1 claims reproduce, 1 does not');
    expect(page).toContain('The paper: It is so.');
  });
});
