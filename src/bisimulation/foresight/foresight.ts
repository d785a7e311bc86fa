// Before training: which pairs of observations dynamics and auxiliary force apart, which they leave free to merge, what of the
// state vanishes with them, and how many labels of a task would keep what the task needs. All of it is of encoders with zero
// loss on this system (the theorem of Yu et al., arXiv 2509.12249), which is one-sided: what may merge need not.
// Letters: S states (or observations), M numbers.
import { UsageError } from '../../error.ts';
import { compareObserved, mergeObserved, observedWordLengths } from '../observed.ts';
import { largestBisimulation } from '../refinement.ts';
import { type FiniteSystem, UNOBSERVED } from '../system.ts';
import { distinguishingLengths } from '../word.ts';
import { countLabels, type ForeseenTask, type LabelForesight } from './label.ts';

/** What is looked at among the pairs of states, all of which are held in a table. */
export const FORESEEN_STATE_LIMIT = 2048;
/** Of a recording: every pair that no word tells apart is merged for a try. */
const CHAIN_STATE_LIMIT = 256;

/** What a state is made of, or what a recording says of an observation. */
export interface ForeseenFactor {
  readonly name: string;
  /** Its value in a state. */
  of(state: number): number;
}

/** A system, and what is asked of it. */
export interface ForesightInput {
  /** Dynamics, and what is trained with as its auxiliary. */
  readonly system: FiniteSystem;
  readonly task?: ForeseenTask | undefined;
  readonly factors: readonly ForeseenFactor[];
  /** Within which values are taken as equal. */
  readonly tolerance?: number | undefined;
  /** Of the labels that are drawn. */
  readonly seed: number;
}

/** kept: every two states that differ in it are forced apart. may vanish: no two are that differ in it alone. */
export type FactorFate = 'kept' | 'kept in part' | 'may vanish';

/** What will become of one factor of the state. */
export interface FactorForesight {
  readonly name: string;
  readonly fate: FactorFate;
  /** Of the pairs that differ in this factor alone, the share that is forced apart; of all that differ in it, where there are none. */
  readonly apart: number;
  /** Whether the task needs it: whether dynamics and task force apart some pair that differs in it alone. Absent without a task. */
  readonly isNeeded?: boolean;
  /** Whether no action changes what becomes of it. Absent where not every action is known everywhere. */
  readonly isExogenous?: boolean;
}

/** What dynamics and auxiliary force apart, and what they leave free. */
export interface Foresight {
  /** complete: every action in every state is known, and all is exact. observed: a recording; what it never shows forces nothing apart. */
  readonly kind: 'complete' | 'observed';
  readonly states: number;
  /** Pairs of states in all. */
  readonly pairs: number;
  /** Pairs that every encoder with zero loss keeps apart. */
  readonly apart: number;
  /** Of these, by the length of the shortest word: the longer, the smaller the losses must be for it to be felt. */
  readonly byWordLength: readonly { readonly length: number; readonly pairs: number }[];
  /** Of these, those that no single word tells apart, but third states do (see observed.ts); null where there are too many pairs to look. */
  readonly byChain: number | null;
  /** The fewest latents that such an encoder may have; of a recording, of one maximal merging. */
  readonly classes: number;
  readonly factors: readonly FactorForesight[];
  readonly task?: {
    readonly name: string;
    /** Pairs that dynamics and task force apart. */
    readonly needed: number;
    /** Of these, those that may merge. */
    readonly lost: number;
    /** Absent where nothing is lost, or where nothing is known of so many pairs. */
    readonly labels?: LabelForesight;
  };
}

/** The foresight, and each pair by itself. */
export interface ForeseenPairs {
  readonly foresight: Foresight;
  /** [S, S]: length of the shortest word that tells the pair apart; -1 where it may merge, CHAIN where only third states do. */
  readonly lengths: Int16Array;
}

/** In `lengths`: apart, and by no single word. */
export const CHAIN = -2;

/**
 * Asks a system what every encoder with zero loss on it must keep apart.
 * @throws UsageError for more states than a table of pairs holds (FORESEEN_STATE_LIMIT)
 */
export function foresee(input: ForesightInput): ForeseenPairs {
  const { system, task, factors, tolerance } = input;
  const { stateCount } = system;
  if (stateCount > FORESEEN_STATE_LIMIT)
    throw new UsageError(
      `foresee: expected at most ${FORESEEN_STATE_LIMIT} different observations, got ${stateCount}`,
      {
        remedy: 'Take a part of the recording, or a smaller environment.',
      },
    );
  const isComplete = !system.next.includes(UNOBSERVED);
  const lengths = pairLengths(system, isComplete, tolerance);
  const counts = new Map<number, number>();
  forEachPair(stateCount, (pair) => counts.set(lengths[pair], (counts.get(lengths[pair]) ?? 0) + 1));
  const pairs = (stateCount * (stateCount - 1)) / 2;
  const withTask = task && { ...system, auxiliarySize: task.values.length / stateCount, auxiliary: task.values };
  const needed = withTask && pairLengths(withTask, isComplete, tolerance);
  return {
    lengths,
    foresight: {
      kind: isComplete ? 'complete' : 'observed',
      states: stateCount,
      pairs,
      apart: pairs - (counts.get(-1) ?? 0),
      byWordLength: [...counts]
        .filter(([length]) => length >= 0)
        .sort(([a], [b]) => a - b)
        .map(([length, count]) => ({ length, pairs: count })),
      byChain: isComplete || stateCount <= CHAIN_STATE_LIMIT ? (counts.get(CHAIN) ?? 0) : null,
      classes: isComplete
        ? largestBisimulation(system, { tolerance }).classCount
        : mergeObserved(system, { tolerance }).count,
      factors: factors.map((factor) => foreseeFactor(factor, { system, factors, lengths, needed, isComplete })),
      ...(task && needed ? { task: foreseeTask(task, input, lengths, needed) } : {}),
    },
  };
}

/** [S, S], symmetric; -1 on the diagonal. */
function pairLengths(system: FiniteSystem, isComplete: boolean, tolerance: number | undefined): Int16Array {
  const { stateCount } = system;
  if (!isComplete) {
    const lengths = observedWordLengths(system, { tolerance });
    if (stateCount > CHAIN_STATE_LIMIT) return lengths;
    forEachPair(stateCount, (pair, a, b) => {
      if (lengths[pair] >= 0 || compareObserved(system, a, b, { tolerance }).verdict === 'may merge') return;
      lengths[pair] = lengths[b * stateCount + a] = CHAIN;
    });
    return lengths;
  }
  const bisimulation = largestBisimulation(system, { tolerance });
  const { classCount, classOf } = bisimulation;
  const ofClasses = distinguishingLengths(bisimulation);
  const lengths = new Int16Array(stateCount * stateCount);
  for (let a = 0; a < stateCount; a++)
    for (let b = 0; b < stateCount; b++)
      lengths[a * stateCount + b] = Math.min(0x7fff, ofClasses[classOf[a] * classCount + classOf[b]]);
  return lengths;
}

function foreseeFactor(
  factor: ForeseenFactor,
  {
    system,
    factors,
    lengths,
    needed,
    isComplete,
  }: {
    readonly system: FiniteSystem;
    readonly factors: readonly ForeseenFactor[];
    readonly lengths: Int16Array;
    readonly needed: Int16Array | undefined;
    readonly isComplete: boolean;
  },
): FactorForesight {
  const { stateCount } = system;
  const values = Int32Array.from({ length: stateCount }, (_, state) => factor.of(state));
  const others = factors.filter((other) => other !== factor);
  const rest = Array.from({ length: stateCount }, (_, state) => others.map((other) => other.of(state)).join(' '));
  const differing = { all: 0, apart: 0 };
  const alone = { all: 0, apart: 0, needed: 0 };
  const neededAmongAll = { count: 0 };
  forEachPair(stateCount, (pair, a, b) => {
    if (values[a] === values[b]) return;
    const isApart = lengths[pair] !== -1;
    const isNeeded = needed !== undefined && needed[pair] !== -1;
    differing.all++;
    if (isApart) differing.apart++;
    if (isNeeded) neededAmongAll.count++;
    if (rest[a] !== rest[b]) return;
    alone.all++;
    if (isApart) alone.apart++;
    if (isNeeded) alone.needed++;
  });
  const decided = alone.all > 0 ? alone : differing;
  const isNeeded = (alone.all > 0 ? alone.needed : neededAmongAll.count) > 0;
  const fate: FactorFate =
    differing.apart === differing.all ? 'kept' : decided.apart === 0 ? 'may vanish' : 'kept in part';
  return {
    name: factor.name,
    fate,
    apart: decided.all === 0 ? 0 : decided.apart / decided.all,
    ...(needed === undefined ? {} : { isNeeded }),
    ...(isComplete ? { isExogenous: isExogenous(system, values) } : {}),
  };
}

/** Whether what becomes of it follows from its own value, whatever is done. */
function isExogenous({ stateCount, actionCount, next }: FiniteSystem, values: Int32Array): boolean {
  const following = new Map<number, number>();
  for (let action = 0; action < actionCount; action++)
    for (let state = 0; state < stateCount; state++) {
      const value = values[next[action * stateCount + state]];
      const known = following.get(values[state]);
      if (known !== undefined && known !== value) return false;
      following.set(values[state], value);
    }
  return true;
}

function foreseeTask(
  task: ForeseenTask,
  { system, tolerance, seed }: ForesightInput,
  lengths: Int16Array,
  needed: Int16Array,
): NonNullable<Foresight['task']> {
  const counts = { needed: 0, lost: 0 };
  forEachPair(system.stateCount, (pair) => {
    if (needed[pair] === -1) return;
    counts.needed++;
    if (lengths[pair] === -1) counts.lost++;
  });
  const labels = counts.lost === 0 ? undefined : countLabels(system, task, { needed, tolerance, seed });
  return { name: task.name, ...counts, ...(labels ? { labels } : {}) };
}

function forEachPair(stateCount: number, visit: (pair: number, a: number, b: number) => void): void {
  for (let a = 0; a < stateCount; a++) for (let b = a + 1; b < stateCount; b++) visit(a * stateCount + b, a, b);
}
