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

/** A finite system that recorded transitions make, and what they left open. */
export interface RecordedSystem {
  readonly system: FiniteSystem;
  /** [observations]: the state that each observation belongs to. */
  readonly stateOf: Int32Array;
  /**
   * Transitions left out because they contradict more frequent ones; none unless that was allowed. Where there are any no encoder has
   * zero loss on these data, and nothing that is said of the system is guaranteed.
   */
  readonly omittedCount: number;
  /** The first of them. */
  readonly contradiction?: Contradiction;
}

/** One observation and action that led to two observations which must differ. */
export interface Contradiction {
  readonly from: number;
  readonly action: number;
  readonly to: readonly [number, number];
}

/** How transitions that contradict each other are treated. */
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
  const { observationCount, actionCount, auxiliarySize, auxiliary } = transitions;
  checkColumns(transitions);
  const next = new Int32Array(actionCount * observationCount).fill(UNOBSERVED);
  // In an order of the numbers alone, the most frequent first: the rows may come in any.
  const outcomes = countOutcomes(transitions);
  const forced: Outcome[] = [];
  for (const outcome of outcomes) {
    const entry = outcome.action * observationCount + outcome.from;
    if (next[entry] === UNOBSERVED) next[entry] = outcome.to;
    else forced.push(outcome);
  }
  const observed = { stateCount: observationCount, actionCount, next, auxiliarySize, auxiliary };
  checkSystem(observed);
  const congruence = new Congruence(observed, levelSets(observed, options.tolerance).of);
  let omittedCount = 0;
  let contradiction: Contradiction | undefined;
  for (const { from, action, to, count } of forced) {
    const other = next[action * observationCount + from];
    const conflict = congruence.merge(other, to);
    if (!conflict) continue;
    if (!options.omitContradictions)
      throw new FormatError(
        `transitions: observation ${from}, action ${action}: expected one next latent, got observations ${other} and ${to}, which cannot have the same (${conflict.states.join(' and ')} differ in the auxiliary)`,
        { remedy: 'Record what tells the two apart in the observation, or leave these transitions out.' },
      );
    omittedCount += count;
    contradiction ??= { from, action, to: [other, to] };
  }
  return { ...quotient(observed, congruence.classes()), omittedCount, ...(contradiction ? { contradiction } : {}) };
}

interface Outcome {
  readonly from: number;
  readonly action: number;
  readonly to: number;
  readonly count: number;
}

/** Every different transition with how often it was taken: by observation and action, the most frequent first. */
function countOutcomes({ from, action, to }: RecordedTransitions): Outcome[] {
  const outcomes = new Map<string, { from: number; action: number; to: number; count: number }>();
  for (let n = 0; n < from.length; n++) {
    const key = `${from[n]} ${action[n]} ${to[n]}`;
    const known = outcomes.get(key);
    if (known) known.count++;
    else outcomes.set(key, { from: from[n], action: action[n], to: to[n], count: 1 });
  }
  return [...outcomes.values()].sort(
    (a, b) => a.from - b.from || a.action - b.action || b.count - a.count || a.to - b.to,
  );
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
