// The predictor at work: from the latent of one observation, action after action, without ever seeing another image.

import { headValues } from '../../src/evaluation/head-value.ts';
import type { Measurement } from './measurement.ts';
import { nearestClass, nearestObservations } from './neighbour.ts';
import type { PageModel } from './worker-model.ts';
import type { World } from './world.ts';

export interface ImaginedStep {
  /** The action that led here; undefined at the start. */
  readonly action: number | undefined;
  /** [D] */
  readonly latent: Float32Array;
  /** The class whose centroid is nearest to the latent. */
  readonly landedClass: number;
  /** Where the environment itself goes by the same actions; undefined where there is none. */
  readonly trueState: number | undefined;
  readonly trueClass: number | undefined;
  /** The held-out observation whose latent is nearest. */
  readonly looksLike: number;
  /** [M] what the auxiliary head says of the latent, in the units of p where they are known; empty without a head. */
  readonly auxiliary: Float32Array;
}

/** The start: an observation's own latent, as the encoder gave it. */
export async function startAt(
  observation: number,
  model: PageModel,
  world: World,
  measurement: Measurement,
): Promise<ImaginedStep> {
  const { values, size } = measurement.latents;
  const latent = values.slice(observation * size, (observation + 1) * size);
  const state = world.environment && measurement.judged.states[observation];
  return describeStep({ action: undefined, latent, state, looksLike: observation }, model, world, measurement);
}

/** One more action. */
export async function imagine(
  step: ImaginedStep,
  action: number,
  model: PageModel,
  world: World,
  measurement: Measurement,
): Promise<ImaginedStep> {
  const latent = await model.predict(step.latent, world.encodeAction(action));
  const state = step.trueState === undefined ? undefined : world.environment?.next(step.trueState, action);
  const [looksLike] = nearestObservations(measurement.latents, latent, 1);
  return describeStep({ action, latent, state, looksLike }, model, world, measurement);
}

interface Place {
  readonly action: number | undefined;
  readonly latent: Float32Array;
  readonly state: number | undefined;
  readonly looksLike: number;
}

async function describeStep(
  { action, latent, state, looksLike }: Place,
  model: PageModel,
  world: World,
  { centroids }: Measurement,
): Promise<ImaginedStep> {
  const outputs = model.auxiliarySize > 0 ? await model.auxiliary(latent) : new Float32Array(0);
  return {
    action,
    latent,
    landedClass: nearestClass(centroids, latent),
    trueState: state,
    trueClass: state === undefined ? undefined : world.classes.classOf[state],
    looksLike,
    auxiliary:
      world.auxiliaries !== undefined && world.auxiliaries.length > 0
        ? headValues(world.auxiliaries, outputs)
        : outputs,
  };
}
