// Planning in the page: the actions whose predicted latents come closest to the centre of a class.

import { latentWorld } from '../../src/planning/latent-world.ts';
import { closenessObjective } from '../../src/planning/objective.ts';
import { bestFirstProvider } from '../../src/planning/search/best-first.ts';
import { randomFor } from '../../src/random.ts';
import type { ImaginedStep } from './imagination.ts';
import type { Measurement } from './measurement.ts';
import type { PageModel } from './worker-model.ts';
import type { World } from './world.ts';

/** Of a step: sooner is better, among plans that come equally close. */
const DISCOUNT = 0.99;

export interface PlannedWay {
  /** In order. */
  readonly actions: readonly number[];
  /** Latents that were predicted to find it. */
  readonly predictions: number;
}

/** No action where the latent is in the class already. */
export async function planTo(
  goal: number,
  from: ImaginedStep,
  model: PageModel,
  { actionSpace, actionOf }: Pick<World, 'actionSpace' | 'actionOf'>,
  { centroids }: Measurement,
): Promise<PlannedWay> {
  if (from.landedClass === goal) return { actions: [], predictions: 0 };
  const size = from.latent.length;
  const centre = Float32Array.from(centroids.subarray(goal * size, (goal + 1) * size));
  const world = latentWorld({ predict: ({ values }, actions) => model.predict(values, actions) }, actionSpace);
  const plan = await bestFirstProvider.create({}).startEpisode()({
    world,
    objective: closenessObjective(centre, DISCOUNT),
    latent: from.latent,
    random: randomFor('plan', goal),
    taken: 0,
  });
  const { size: actionSize } = actionSpace;
  const actions = Array.from({ length: plan.actions.length / actionSize }, (_, step) =>
    actionOf(plan.actions.subarray(step * actionSize, (step + 1) * actionSize)),
  );
  return { actions, predictions: plan.predictions };
}
