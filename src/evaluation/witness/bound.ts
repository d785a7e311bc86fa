// The quantitative bound on the distance of two latents (distance-bound.ts) with three kinds of Lipschitz constants, for one
// traced word: from the weights everywhere, from the weights between the two sides, and measured.
import type * as tf from '@tensorflow/tfjs';
import type { Auxiliary } from '../../auxiliary/index.ts';
import { distanceBounds, type LipschitzConstants } from '../../measures/bound/distance-bound.ts';
import { lipschitzBounds } from '../../measures/bound/lipschitz.ts';
import type { Latents } from '../../measures/latents.ts';
import { headValueSlope, headValues } from '../head-value.ts';
import { jacobianNorms } from './jacobian.ts';
import type { LatentWorld, WordTrace } from './witness.ts';

export interface BoundedDistance {
  /**
   * everywhere: upper bounds by spectral norms, for any two latents. between: the same for the two latents of each step.
   * measured: the largest Jacobian norms found on the line between them, which are no upper bounds.
   */
  readonly constants: 'everywhere' | 'between' | 'measured';
  /** LT of each step. */
  readonly predictor: readonly number[];
  /** LP in units of p. */
  readonly auxiliary: number;
  /** The latents must be at least this far apart; 0 says nothing. */
  readonly bound: number;
  /** Whether they are. Always so for upper bounds; measured constants may be too small. */
  readonly holds: boolean;
}

/** Predictor with inputs `latent` and `action`, auxiliary head with the input `latent`, as models/ builds them. */
export interface BoundedNetworks {
  readonly predictor: tf.LayersModel;
  readonly auxiliary: tf.LayersModel;
}

/** float32 networks on either side of a bound in float64, relative to the bound. */
const ROUNDING = 1e-3;

/** Points on the line between two latents at which Jacobians are measured, its ends among them. */
const MEASURED_POINTS = 9;

/** Both bounds from the weights that the networks have now. */
export interface WeightBounds {
  /** `actions`, [k, A], are those of the trace. */
  boundsOf(trace: WordTrace, actions: Float32Array): BoundedDistance[];
}

/** Spectral norms are computed once, for all traces. */
export function weightBounds(networks: BoundedNetworks, auxiliaries: readonly Auxiliary[]): WeightBounds {
  const slope = headValueSlope(auxiliaries);
  const predictor = lipschitzBounds(networks.predictor, 'latent');
  const head = lipschitzBounds(networks.auxiliary, 'latent');
  const everywhere = { predictor: predictor.everywhere().constant, auxiliary: slope * head.everywhere().constant };
  return {
    boundsOf(trace, actions) {
      const { steps, word } = trace;
      const between = word.map((_, j) =>
        predictor.onLine(...steps[j].latents, { action: actionOf(actions, word.length, j) }),
      );
      return [
        judge(trace, 'everywhere', { ...everywhere, predictor: word.map(() => everywhere.predictor) }),
        judge(trace, 'between', {
          predictor: between,
          auxiliary: slope * head.onLine(...steps[word.length].latents),
        }),
      ];
    },
  };
}

/** The bound with the largest Jacobian norms on the lines between the two sides. */
export async function boundByMeasurement(
  trace: WordTrace,
  actions: Float32Array,
  world: Pick<LatentWorld, 'predict' | 'auxiliary'>,
): Promise<BoundedDistance> {
  const { steps, word } = trace;
  const predictor: number[] = [];
  for (let j = 0; j < word.length; j++) {
    const action = actionOf(actions, word.length, j);
    const norms = await jacobianNorms(lineBetween(steps[j].latents), (latents) => {
      const repeated = new Float32Array(latents.count * action.length);
      for (let n = 0; n < latents.count; n++) repeated.set(action, n * action.length);
      return world.predict(latents, repeated);
    });
    predictor.push(Math.max(...norms));
  }
  const norms = await jacobianNorms(lineBetween(steps[word.length].latents), (latents) => world.auxiliary(latents));
  return judge(trace, 'measured', { predictor, auxiliary: Math.max(...norms) });
}

/** A world whose head answers in the units of p, from one whose head gives what it was trained for. */
export function inUnitsOfAuxiliary(world: LatentWorld, auxiliaries: readonly Auxiliary[]): LatentWorld {
  return {
    encode: (observations) => world.encode(observations),
    predict: (latents, actions) => world.predict(latents, actions),
    auxiliary: async (latents) => headValues(auxiliaries, await world.auxiliary(latents)),
  };
}

function judge(
  trace: WordTrace,
  constants: BoundedDistance['constants'],
  { predictor, auxiliary }: LipschitzConstants & { readonly predictor: readonly number[] },
): BoundedDistance {
  const { steps, gap } = trace;
  const [bound] = distanceBounds(
    {
      gap,
      auxiliary: steps[steps.length - 1].auxiliaryResiduals,
      dynamics: steps.slice(1).map(({ dynamicsResiduals }) => dynamicsResiduals),
    },
    { predictor, auxiliary },
  );
  return { constants, predictor, auxiliary, bound, holds: steps[0].distance >= bound * (1 - ROUNDING) };
}

function actionOf(actions: Float32Array, steps: number, j: number): Float32Array {
  const size = actions.length / steps;
  return actions.subarray(j * size, (j + 1) * size);
}

/** [MEASURED_POINTS, D] */
function lineBetween([first, second]: readonly [Float32Array, Float32Array]): Latents {
  const values = new Float32Array(MEASURED_POINTS * first.length);
  for (let point = 0; point < MEASURED_POINTS; point++) {
    const part = point / (MEASURED_POINTS - 1);
    first.forEach((value, d) => {
      values[point * first.length + d] = value + part * (second[d] - value);
    });
  }
  return { values, count: MEASURED_POINTS, size: first.length };
}
