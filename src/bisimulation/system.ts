// A finite deterministic system: the dynamics f as a table and the auxiliary function p as a table of vectors.
// Letters: S states, A actions, M numbers of p.
import { joinStateTables } from '../auxiliary/auxiliary.ts';
import type { Auxiliary } from '../auxiliary/index.ts';
import type { Environment } from '../environments/environment.ts';
import { UsageError } from '../error.ts';

/** The entry of `next` where the action was not observed in the state. */
export const UNOBSERVED = -1;

/** Finitely many states and actions, where each action leads, and what p says of each state. */
export interface FiniteSystem {
  /** S */
  readonly stateCount: number;
  /** A */
  readonly actionCount: number;
  /** [A, S]: f(s, a) at a * S + s; UNOBSERVED in recorded data where the action was never taken in the state. */
  readonly next: Int32Array;
  /** M */
  readonly auxiliarySize: number;
  /** [S, M] */
  readonly auxiliary: Float32Array | Float64Array;
}

/** The whole environment with the state auxiliaries side by side; refuses those that are not functions of the state. */
export function systemOfEnvironment(environment: Environment, auxiliaries: readonly Auxiliary[]): FiniteSystem {
  const foreign = auxiliaries.find((auxiliary) => auxiliary.of !== 'state');
  if (foreign)
    throw new UsageError(
      `bisimulation of ${environment.name}: expected auxiliaries of the state, got ${foreign.name}, which is of ${foreign.of === 'pixels' ? 'the pixels' : 'a recording'}`,
    );
  const { stateCount } = environment;
  const actionCount = environment.actionNames.length;
  const next = new Int32Array(actionCount * stateCount);
  for (let action = 0; action < actionCount; action++)
    for (let state = 0; state < stateCount; state++)
      next[action * stateCount + state] = environment.next(state, action);
  const { size, table } = joinStateTables(auxiliaries, stateCount);
  return { stateCount, actionCount, next, auxiliarySize: size, auxiliary: table };
}

/** Throws a UsageError unless all tables have their sizes, `next` stays inside the states, and p is finite. */
export function checkSystem(system: FiniteSystem): void {
  const { stateCount, actionCount, next, auxiliarySize, auxiliary } = system;
  if (!Number.isInteger(stateCount) || stateCount < 1)
    throw new UsageError(`finite system: expected at least one state, got ${stateCount}`);
  if (next.length !== actionCount * stateCount)
    throw new UsageError(`finite system: expected ${actionCount} x ${stateCount} entries in next, got ${next.length}`);
  if (auxiliary.length !== stateCount * auxiliarySize)
    throw new UsageError(
      `finite system: expected ${stateCount} x ${auxiliarySize} entries in auxiliary, got ${auxiliary.length}`,
    );
  for (let i = 0; i < next.length; i++)
    if (next[i] < UNOBSERVED || next[i] >= stateCount)
      throw new UsageError(
        `finite system: state ${i % stateCount}, action ${Math.floor(i / stateCount)}: expected a next state in 0..${stateCount - 1}, got ${next[i]}`,
      );
  for (let i = 0; i < auxiliary.length; i++)
    if (!Number.isFinite(auxiliary[i]))
      throw new UsageError(
        `finite system: state ${Math.floor(i / auxiliarySize)}: expected finite auxiliary values, got ${auxiliary[i]}`,
      );
}

/** The states that `word` visits from `state`, itself first: word.length + 1 of them, fewer where an action was not observed. */
export function followWord(system: FiniteSystem, state: number, word: readonly number[]): number[] {
  const visited = [state];
  for (const action of word) {
    const following = system.next[action * system.stateCount + visited[visited.length - 1]];
    if (following === UNOBSERVED) break;
    visited.push(following);
  }
  return visited;
}

/** Largest |p_m(s) - p_m(s')| over the M numbers of p: the gap D of a pair, in the maximum norm. */
export function auxiliaryGap(system: FiniteSystem, first: number, second: number): number {
  const { auxiliary, auxiliarySize } = system;
  let gap = 0;
  for (let m = 0; m < auxiliarySize; m++)
    gap = Math.max(gap, Math.abs(auxiliary[first * auxiliarySize + m] - auxiliary[second * auxiliarySize + m]));
  return gap;
}
