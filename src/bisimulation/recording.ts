// A finite system from recorded transitions between numbered observations.
import { FormatError, UsageError } from '../error.ts';
import { Congruence } from './congruence.ts';
import { levelSets } from './level-set.ts';
import { checkSystem, type FiniteSystem, UNOBSERVED } from './system.ts';

/** N transitions between observations that have been given numbers (equal observations the same number). */
export interface RecordedTransitions {
  readonly observationCount: number;
  readonly actionCount: number;
  /** [N] observation numbers. */
  readonly from: Int32Array;
  /** [N] action numbers. */
  readonly action: Int32Array;
  /** [N] observation numbers. */
  readonly to: Int32Array;
  /** M */
  readonly auxiliarySize: number;
  /** [observations, M] */
  readonly auxiliary: Float32Array | Float64Array;
}

export interface RecordedSystem {
  readonly system: FiniteSystem;
  /** [observations]: the state that each observation belongs to. */
  readonly stateOf: Int32Array;
  /** Transitions left out because they contradict earlier ones; none unless that was allowed. */
  readonly omittedCount: number;
}

export interface RecordedSystemOptions {
  /** Within which values of p are taken as equal; see `levelSets`. */
  readonly tolerance?: number;
  /** Leave out, instead of refusing, transitions that no encoder can follow together with earlier ones. */
  readonly omitContradictions?: boolean;
}

/**
 * The observed system: UNOBSERVED wherever an action was not recorded. Where one observation and action led to several
 * observations, a predictor with zero loss gives all of them one latent, so they are one state here.
 * Throws a FormatError where such observations differ in p, now or after what follows: then no encoder has zero loss on
 * these data.
 */
export function systemFromTransitions(
  transitions: RecordedTransitions,
  options: RecordedSystemOptions = {},
): RecordedSystem {
  const { observationCount, actionCount, from, action, to, auxiliarySize, auxiliary } = transitions;
  checkColumns(transitions);
  const next = new Int32Array(actionCount * observationCount).fill(UNOBSERVED);
  const forced: number[] = [];
  for (let n = 0; n < from.length; n++) {
    const entry = action[n] * observationCount + from[n];
    if (next[entry] === UNOBSERVED) next[entry] = to[n];
    else if (next[entry] !== to[n]) forced.push(n);
  }
  const observed = { stateCount: observationCount, actionCount, next, auxiliarySize, auxiliary };
  checkSystem(observed);
  const congruence = new Congruence(observed, levelSets(observed, options.tolerance).of);
  let omittedCount = 0;
  for (const n of forced) {
    const other = next[action[n] * observationCount + from[n]];
    const conflict = congruence.merge(other, to[n]);
    if (conflict && options.omitContradictions) omittedCount++;
    else if (conflict)
      throw new FormatError(
        `transitions: observation ${from[n]}, action ${action[n]}: expected one next latent, got observations ${other} and ${to[n]}, which cannot have the same (${conflict.states.join(' and ')} differ in the auxiliary)`,
        { remedy: 'Record what tells the two apart in the observation, or leave these transitions out.' },
      );
  }
  return { ...quotient(observed, congruence.classes()), omittedCount };
}

function quotient(
  observed: FiniteSystem,
  classes: { readonly count: number; readonly of: Int32Array },
): { readonly system: FiniteSystem; readonly stateOf: Int32Array } {
  const { stateCount, actionCount, auxiliarySize } = observed;
  const next = new Int32Array(actionCount * classes.count).fill(UNOBSERVED);
  const auxiliary = new Float64Array(classes.count * auxiliarySize);
  // From the last to the first, so that a class has the auxiliary value of its smallest observation.
  for (let observation = stateCount - 1; observation >= 0; observation--) {
    const state = classes.of[observation];
    const row = observed.auxiliary.subarray(observation * auxiliarySize, (observation + 1) * auxiliarySize);
    auxiliary.set(row, state * auxiliarySize);
    for (let action = 0; action < actionCount; action++) {
      const following = observed.next[action * stateCount + observation];
      if (following !== UNOBSERVED) next[action * classes.count + state] = classes.of[following];
    }
  }
  return {
    system: { stateCount: classes.count, actionCount, next, auxiliarySize, auxiliary },
    stateOf: classes.of,
  };
}

function checkColumns({ observationCount, actionCount, from, action, to }: RecordedTransitions): void {
  if (from.length !== to.length || from.length !== action.length)
    throw new UsageError(
      `transitions: expected columns of one length, got ${from.length}, ${action.length} and ${to.length}`,
    );
  for (let n = 0; n < from.length; n++) {
    const isInside = (value: number, limit: number) => value >= 0 && value < limit;
    if (!isInside(from[n], observationCount) || !isInside(to[n], observationCount))
      throw new FormatError(
        `transitions: row ${n}: expected observations in 0..${observationCount - 1}, got ${from[n]} and ${to[n]}`,
      );
    if (!isInside(action[n], actionCount))
      throw new FormatError(`transitions: row ${n}: expected an action in 0..${actionCount - 1}, got ${action[n]}`);
  }
}
