// What acts while a simulator is recorded: actions that depend on nothing but a seed.
import type { Random } from '../random.ts';
import type { Action, ActionSpace } from './simulator.ts';
import { settleChoices } from './space.ts';

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
