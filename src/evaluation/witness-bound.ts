// The quantitative bound on the distance of two latents (distance-bound.ts) with three kinds of Lipschitz constants, for one
// traced word: from the weights everywhere, from the weights between the two sides, and measured.
import type * as tf from '@tensorflow/tfjs';
import type { Auxiliary } from '../auxiliary/index.ts';
import { distanceBounds, type LipschitzConstants } from './distance-bound.ts';
import { headValueSlope, headValues } from './head-value.ts';
import { jacobianNorms } from './jacobian.ts';
import { lipschitzBound } from './lipschitz.ts';
import type { LatentWorld, WordTrace } from './witness.ts';

export interface BoundedDistance {
  /**
   * everywhere: upper bounds by spectral norms, for any two latents. between: the same for latents as near as these two.
   * measured: the largest Jacobian norms at these latents, which are no upper bounds.
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

/** Both bounds from the weights. `actions`, [k, A], are those of the trace. */
export function boundByWeights(
  trace: WordTrace,
  actions: Float32Array,
  networks: BoundedNetworks,
  auxiliaries: readonly Auxiliary[],
): BoundedDistance[] {
  const slope = headValueSlope(auxiliaries);
  const { steps } = trace;
  const count = trace.word.length;
  const everywhere = count > 0 ? lipschitzBound(networks.predictor, 'latent').constant : 0;
  const actionSize = count > 0 ? actions.length / count : 0;
  const predictors = Array.from({ length: count }, (_, j) => {
    const action = actions.subarray(j * actionSize, (j + 1) * actionSize);
    const ball = ballAround(steps[j].latents, { action });
    return lipschitzBound(networks.predictor, 'latent', ball).constant;
  });
  const ball = ballAround(steps[count].latents, {});
  return [
    judge(trace, 'everywhere', {
      predictor: predictors.map(() => everywhere),
      auxiliary: slope * lipschitzBound(networks.auxiliary, 'latent').constant,
    }),
    judge(trace, 'between', {
      predictor: predictors,
      auxiliary: slope * lipschitzBound(networks.auxiliary, 'latent', ball).constant,
    }),
  ];
}

/** The bound with the larger Jacobian norm of the two sides at every step. */
export async function boundByMeasurement(
  trace: WordTrace,
  actions: Float32Array,
  world: Pick<LatentWorld, 'predict' | 'auxiliary'>,
): Promise<BoundedDistance> {
  const count = trace.word.length;
  const actionSize = count > 0 ? actions.length / count : 0;
  const predictor: number[] = [];
  for (let j = 0; j < count; j++) {
    const action = actions.subarray(j * actionSize, (j + 1) * actionSize);
    const norms = await jacobianNorms(stack(trace.steps[j].latents), (latents) => {
      const repeated = new Float32Array(latents.count * actionSize);
      for (let n = 0; n < latents.count; n++) repeated.set(action, n * actionSize);
      return world.predict(latents, repeated);
    });
    predictor.push(Math.max(...norms));
  }
  const norms = await jacobianNorms(stack(trace.steps[count].latents), (latents) => world.auxiliary(latents));
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

/** The ball whose diameter is the line between the two latents. */
function ballAround(
  [first, second]: readonly [Float32Array, Float32Array],
  fixed: Readonly<Record<string, Float32Array>>,
) {
  const centre = Float64Array.from(first, (value, i) => (value + second[i]) / 2);
  const radius = Math.hypot(...centre.map((value, i) => value - first[i]));
  return { centres: { ...fixed, latent: centre }, radius };
}

function stack([first, second]: readonly [Float32Array, Float32Array]) {
  const values = new Float32Array(2 * first.length);
  values.set(first);
  values.set(second, first.length);
  return { values, count: 2, size: first.length };
}
