// What acts while a simulator is recorded: the contract of policies, and the random one, which depends on nothing but a seed.
import { UsageError } from '../error.ts';
import type { Random } from '../random.ts';
import type { SimulatorPool, Situation } from './pool.ts';
import type { Action, ActionSpace } from './simulator.ts';
import { isWhole, settleChoices, show } from './space.ts';

/** Decides the actions of one episode, one after the other. */
export type EpisodePolicy = (situation: Situation) => Action | Promise<Action>;

export interface Policy {
  /** As provenance names it: `random`, `my-policy.ts`, `policy.onnx`, `planner:runs/a`. */
  readonly name: string;
  /** @param seed of this episode: nothing else may be drawn with */
  startEpisode(episode: number, seed: number): EpisodePolicy | Promise<EpisodePolicy>;
  dispose?(): Promise<void>;
}

/** Opened for the simulator that it is to act in. */
export type PolicyOpener = (pool: SimulatorPool) => Promise<Policy>;

/**
 * An action as a policy gave it, checked.
 * @throws UsageError where it is none of the space
 */
export function checkAction(where: string, space: ActionSpace, value: unknown): Action {
  if (space.kind === 'discrete') {
    if (isWhole(value, 0) && value < space.names.length) return value;
    throw new UsageError(`${where}: expected an action in 0..${space.names.length - 1}, got ${show(value)}`);
  }
  const size = space.low.length;
  const isArray = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  const numbers: readonly unknown[] = isArray ? Array.from(value as ArrayLike<unknown>) : [];
  if (numbers.length !== size)
    throw new UsageError(`${where}: expected an action of ${size} numbers, got ${show(value)}`);
  const checked = numbers.map((number, i) => {
    const { [i]: low } = space.low;
    const { [i]: high } = space.high;
    if (typeof number !== 'number' || !(number >= low && number <= high))
      throw new UsageError(`${where}: action[${i}]: expected a number in ${low}..${high}, got ${show(number)}`);
    // As a recording stores it.
    return Math.fround(number);
  });
  return settleChoices(checked, space.choices);
}

export interface RandomPolicyOptions {
  /** How likely an action is the one before it, instead of a new draw. In [0, 1). */
  readonly actionPersistence: number;
}

/** Draws the actions of one episode: each index, or each number between its bounds, equally often. */
export function randomPolicy(
  space: ActionSpace,
  random: Random,
  { actionPersistence }: RandomPolicyOptions,
): () => Action {
  let last: Action | undefined;
  return () => {
    const isRepeated = random.uniform() < actionPersistence;
    if (last === undefined || !isRepeated) last = drawAction(space, random);
    return last;
  };
}

function drawAction(space: ActionSpace, random: Random): Action {
  if (space.kind === 'discrete') return random.integer(space.names.length);
  // As a recording stores it, so that a replay has the same numbers.
  const drawn = space.low.map((low, i) => Math.fround(low + random.uniform() * (space.high[i] - low)));
  return settleChoices(drawn, space.choices);
}
