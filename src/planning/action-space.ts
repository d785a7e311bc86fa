// The actions that a planner may choose from, as a predictor takes them. Letters: K choices, A numbers of an encoded action.
import { type Environment, encodeOneHot } from '../environments/environment.ts';
import { UsageError } from '../error.ts';

/** One of finitely many actions. */
export interface DiscreteActions {
  readonly kind: 'discrete';
  /** K */
  readonly count: number;
  /** A */
  readonly size: number;
  /** [K, A] */
  readonly encoded: Float32Array;
}

/** A numbers, each within the same bounds. */
export interface ContinuousActions {
  readonly kind: 'continuous';
  /** A */
  readonly size: number;
  readonly low: number;
  readonly high: number;
}

export type ActionSpace = DiscreteActions | ContinuousActions;

/** More choices than this and a search over them is hopeless. */
const MAXIMAL_CHOICES = 4096;

export function oneHotActions(count: number): DiscreteActions {
  const encoded = new Float32Array(count * count);
  for (let choice = 0; choice < count; choice++) encodeOneHot(choice, count, encoded, choice * count);
  return { kind: 'discrete', count, size: count, encoded };
}

export function actionSpaceOf({ continuous, actionSize, actionNames }: Environment): ActionSpace {
  if (continuous) return { kind: 'continuous', size: actionSize, low: continuous.low, high: continuous.high };
  return oneHotActions(actionNames.length);
}

/**
 * The same actions as finitely many: what they are where they are discrete, else `levels` evenly spaced values of each
 * number, the bounds among them.
 * @throws UsageError where these are too many
 */
export function choicesOf(space: ActionSpace, levels: number): DiscreteActions {
  if (space.kind === 'discrete') return space;
  const { size, low, high } = space;
  const count = levels ** size;
  if (count > MAXIMAL_CHOICES)
    throw new UsageError(
      `levels: expected at most ${MAXIMAL_CHOICES} choices, got ${levels} levels of ${size} numbers: ${count}`,
      { remedy: 'Choose a planner for continuous actions: cem, mppi, icem.' },
    );
  const encoded = new Float32Array(count * size);
  for (let choice = 0; choice < count; choice++)
    for (let a = 0, rest = choice; a < size; a++, rest = Math.floor(rest / levels))
      encoded[choice * size + a] = low + ((rest % levels) * (high - low)) / (levels - 1);
  return { kind: 'discrete', count, size, encoded };
}
