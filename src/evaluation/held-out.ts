// The observations and transitions that an evaluation draws: streams of their own, so that none was trained on.
import { environmentSource, labelledObservations } from '../data/environment-source.ts';
import type { LabelledObservations, TransitionBatch } from '../data/transition.ts';
import type { Environment } from '../environments/environment.ts';

/** At most, of the residuals: their standard error is then a few per cent of them. */
const MAXIMAL_TRANSITIONS = 1024;

export interface HeldOut {
  readonly judged: LabelledObservations & { readonly observations: Uint8Array };
  readonly centroids: LabelledObservations & { readonly observations: Uint8Array };
  readonly transitions: {
    /** [N, H, W, C] each */
    readonly observations: Uint8Array;
    readonly nextObservations: Uint8Array;
    /** [N, A] */
    readonly actions: Float32Array;
    /** [N] states of `observations` */
    readonly states: Int32Array;
  };
}

export function drawHeldOut(environment: Environment, count: number, seed: number): HeldOut {
  const source = environmentSource(environment, {
    seed,
    stream: 'evaluation transitions',
    auxiliary: { size: 0, table: new Float32Array(0) },
  });
  return {
    judged: bytesOf(labelledObservations(environment, count, seed, 'evaluation')),
    centroids: bytesOf(labelledObservations(environment, count, seed, 'evaluation centroids')),
    transitions: splitBatch(source.batch(0, Math.min(count, MAXIMAL_TRANSITIONS), 1) as TransitionBatch),
  };
}

function bytesOf({ observations, states }: LabelledObservations): HeldOut['judged'] {
  if (observations instanceof Uint8Array) return { observations, states };
  throw new RangeError('held-out observations: expected pixels as bytes');
}

function splitBatch({ observations, actions, states, size }: TransitionBatch): HeldOut['transitions'] {
  if (!(observations instanceof Uint8Array) || states === undefined)
    throw new RangeError('held-out transitions: expected pixels as bytes, with states');
  const half = observations.length / 2;
  return {
    observations: observations.subarray(0, half),
    nextObservations: observations.subarray(half),
    actions,
    states: states.subarray(0, size),
  };
}
