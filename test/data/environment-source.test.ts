// Batches of an environment: what is left out must not change what is drawn.
import { expect, test } from 'vitest';
import { environmentSource } from '../../src/data/environment-source.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { createEnvironment, type Environment, environmentNames } from '../../src/environments/index.ts';

const size = 3;
const horizon = 4;

function batchOf(environment: Environment, observedHorizon?: number): TransitionBatch {
  const table = Float32Array.from({ length: environment.stateCount }, (_, state) => state);
  const options = { seed: 7, stream: 'train', auxiliary: { size: 1, table }, actionPersistence: 0.3 };
  const source = environmentSource(environment, {
    ...options,
    ...(observedHorizon === undefined ? {} : { observedHorizon }),
  });
  return source.batch(5, size, horizon) as TransitionBatch;
}

const variants: readonly (readonly [string, Environment])[] = [
  ...environmentNames.map((name) => [name, createEnvironment(name, {})] as const),
  ['counting, continuous', createEnvironment('counting', { continuous: true })],
  // Somebody's own, that cannot leave out an image.
  ['rooms without skipImage', { ...createEnvironment('rooms', {}), skipImage: undefined }],
];

test.each(variants)(
  '%s: the first observations, and all actions, values and states, are the same bytes',
  (_, environment) => {
    const whole = batchOf(environment);
    for (const observed of [0, 1, 3]) {
      const part = batchOf(environment, observed);
      const { observations, ...rest } = part;
      const { observations: all, ...wholeRest } = whole;
      expect(observations.length).toBe((all.length / (horizon + 1)) * (observed + 1));
      // Millions of bytes: a matcher that looks at each takes a minute on a busy machine.
      expect(
        Buffer.from(observations.buffer).compare(Buffer.from(all.buffer, all.byteOffset, observations.byteLength)),
      ).toBe(0);
      expect(rest).toEqual(wholeRest);
    }
  },
);

test('a horizon that is shorter than what may be observed is observed as a whole', () => {
  const environment = createEnvironment('counting', {});
  expect(batchOf(environment, 9)).toEqual(batchOf(environment));
});

test('a share of labels hides the others, and changes nothing else', () => {
  const environment = createEnvironment('counting');
  const table = Float32Array.from({ length: 18 }, (_, i) => i);
  const sourceOf = (share?: number) =>
    environmentSource(environment, {
      seed: 5,
      stream: 'labels',
      auxiliary: {
        size: 2,
        table,
        ...(share === undefined ? {} : { partlyLabelled: [{ start: 1, size: 1, share }] }),
      },
    });
  const all = sourceOf().batch(3, 400, 1) as TransitionBatch;
  const some = sourceOf(0.1).batch(3, 400, 1) as TransitionBatch;
  expect(Buffer.from(some.observations.buffer).equals(Buffer.from(all.observations.buffer))).toBe(true);
  expect(some.actions).toEqual(all.actions);
  const known = Array.from({ length: 800 }, (_, row) => row).filter(
    (row) => !Number.isNaN(some.auxiliary[2 * row + 1]),
  );
  // 80 of 800, four standard errors.
  expect(Math.abs(known.length - 80)).toBeLessThan(34);
  for (const row of known) expect(some.auxiliary[2 * row + 1]).toBe(all.auxiliary[2 * row + 1]);
  for (let row = 0; row < 800; row++) expect(some.auxiliary[2 * row]).toBe(all.auxiliary[2 * row]);
  expect((sourceOf(0.1).batch(3, 400, 1) as TransitionBatch).auxiliary).toEqual(some.auxiliary);
});

test('where episodes end, no transition starts and none goes on', () => {
  const environment = createEnvironment('counting', { termination: true });
  expect(environment.next(4, 0)).toBe(4);
  const auxiliary = { size: 0, table: new Float32Array(0) };
  const source = environmentSource(environment, { seed: 1, stream: 'ends', auxiliary, actionPersistence: 0.85 });
  for (const horizon of [1, 3]) {
    const { states = new Int32Array(0) } = source.batch(0, 200, horizon) as TransitionBatch;
    const before = states.subarray(0, horizon * 200);
    const last = states.subarray(horizon * 200);
    expect(before.includes(4)).toBe(false);
    expect(last.includes(4)).toBe(true);
    // All other counts are started from, as often as each other.
    const starts = Array.from(
      { length: 9 },
      (_, count) => states.subarray(0, 200).filter((each) => each === count).length,
    );
    expect(starts).toEqual([25, 25, 25, 25, 0, 25, 25, 25, 25]);
  }
  // One step from the target every path of nine steps may end early: it is drawn again.
  const near = createEnvironment('counting', { termination: true, target: 0, actions: 2 });
  expect(() => environmentSource(near, { seed: 1, stream: 'ends', auxiliary }).batch(0, 8, 9)).not.toThrow();
  const closed = { ...near, next: () => 0 };
  expect(() => environmentSource(closed, { seed: 1, stream: 'ends', auxiliary }).batch(0, 1, 2)).toThrow(
    /^environment counting: expected sequences of 2 actions within an episode, got none from \d in 1000 tries/,
  );
});
