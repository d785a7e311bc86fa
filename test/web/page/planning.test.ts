// Planning in the page, in a world whose latents are known: the count itself.
import { expect, test } from 'vitest';
import { createEnvironment } from '../../../src/environments/index.ts';
import { rewardClasses } from '../../../src/evaluation/class/bisimulation.ts';
import { actionSpaceOf } from '../../../src/planning/action-space.ts';
import { actionOf } from '../../../src/planning/true-world.ts';
import type { WorldModel } from '../../../web/index.ts';
import type { ImaginedStep } from '../../../web/page/imagination.ts';
import { planTo } from '../../../web/page/planning.ts';

const environment = createEnvironment('counting');
const classes = rewardClasses(environment);

/** A world model that has learned everything: latent [count, 0]. */
const perfect = {
  predict: async (latents: Float32Array, actions: Float32Array) =>
    latents.map((value, i) => (i % 2 === 0 ? Math.min(8, Math.max(0, value + (actions[i + 1] === 1 ? 1 : -1))) : 0)),
} as Pick<WorldModel, 'predict'> as WorldModel;

const world = {
  actionSpace: actionSpaceOf(environment),
  actionOf: (encoded: Float32Array) => actionOf(environment, encoded),
};
const centroids = Float64Array.from({ length: 2 * classes.count }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
const measurement = { centroids } as unknown as Parameters<typeof planTo>[4];
const at = (count: number): ImaginedStep => ({
  action: undefined,
  latent: Float32Array.of(count, 0),
  landedClass: count,
  trueState: count,
  trueClass: count,
  looksLike: 0,
  auxiliary: new Float32Array(0),
});

test.each([
  [0, 8, [1, 1, 1, 1, 1, 1, 1, 1]],
  [6, 3, [0, 0, 0]],
  [5, 5, []],
])('from %i to %i the shortest way is found', async (from, goal, actions) => {
  expect((await planTo(goal, at(from), perfect, world, measurement)).actions).toEqual(actions);
});
