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

/** A numbers, each within bounds of its own. */
export interface ContinuousActions {
  readonly kind: 'continuous';
  /** A */
  readonly size: number;
  /** [A] */
  readonly low: readonly number[];
  /** [A], each above its `low`. */
  readonly high: readonly number[];
}

export type ActionSpace = DiscreteActions | ContinuousActions;

/** More choices than this and a search over them is hopeless. */
const MAXIMAL_CHOICES = 4096;

export function oneHotActions(count: number): DiscreteActions {
  const encoded = new Float32Array(count * count);
  for (let choice = 0; choice < count; choice++) encodeOneHot(choice, count, encoded, choice * count);
  return { kind: 'discrete', count, size: count, encoded };
}

export function continuousActions(low: readonly number[], high: readonly number[]): ContinuousActions {
  return { kind: 'continuous', size: low.length, low, high };
}

export function actionSpaceOf({ continuous, actionSize, actionNames }: Environment): ActionSpace {
  if (continuous === undefined) return oneHotActions(actionNames.length);
  const everywhere = (bound: number) => Array.from({ length: actionSize }, () => bound);
  return continuousActions(everywhere(continuous.low), everywhere(continuous.high));
}

/** The nearest number within the bounds of number `a` of an action. */
export function clip({ low, high }: ContinuousActions, a: number, value: number): number {
  return Math.min(high[a], Math.max(low[a], value));
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
      encoded[choice * size + a] = low[a] + ((rest % levels) * (high[a] - low[a])) / (levels - 1);
  return { kind: 'discrete', count, size, encoded };
}
