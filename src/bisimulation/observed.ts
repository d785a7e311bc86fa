// What a finite set of recorded transitions guarantees (the finite-data form of the theorem of Yu et al., arXiv
// 2509.12249). An encoder with zero loss on the data induces an equivalence, "has the same latent", whose members agree in
// p and, for every action observed on both sides, lead into the same class. An action that was not observed tells nothing
// apart. Unlike a complete system, the data need not have a largest such equivalence: a state without actions may be
// merged with either of two that must differ. So there are three questions, each with its own function:
//   - does an action word inside the data tell this pair apart?            observedWord: sound, a certificate by hand
//   - must every encoder with zero loss tell this pair apart?              compareObserved: sound and complete
//   - which states may one encoder with zero loss merge, all at once?      mergeObserved: maximal, not unique
// (The fewest classes would be the minimisation of an incompletely specified machine: NP-hard, Pfleeger 1973.)
import { UsageError } from '../error.ts';
import { Congruence } from './congruence.ts';
import { levelSets } from './level-set.ts';
import { checkSystem, type FiniteSystem, UNOBSERVED } from './system.ts';

/** What recorded transitions say of two states: whether a word inside the data tells them apart. */
export type ObservedComparison =
  /** A word observed from both states ends in different auxiliary values. */
  | { readonly verdict: 'apart'; readonly word: readonly number[] }
  /**
   * No single word does, but merging the pair merges others by way of third states, in the end `conflict`, whose
   * auxiliary values differ.
   */
  | { readonly verdict: 'apart by a chain'; readonly conflict: readonly [number, number] }
  /** Some encoder with zero loss on the data gives both the same latent. */
  | { readonly verdict: 'may merge' };

export interface ObservedOptions {
  /** Within which values of p are taken as equal; see `levelSets`. */
  readonly tolerance?: number;
}

/** What the data say about one pair. */
export function compareObserved(
  system: FiniteSystem,
  first: number,
  second: number,
  options: ObservedOptions = {},
): ObservedComparison {
  checkSystem(system);
  const { of } = levelSets(system, options.tolerance);
  const word = shortestObservedWord(system, of, first, second);
  if (word) return { verdict: 'apart', word };
  const conflict = new Congruence(system, of).merge(first, second);
  return conflict ? { verdict: 'apart by a chain', conflict: conflict.states } : { verdict: 'may merge' };
}

/** A shortest word observed from both states after which p differs, or undefined where there is none. */
export function observedWord(
  system: FiniteSystem,
  first: number,
  second: number,
  options: ObservedOptions = {},
): number[] | undefined {
  checkSystem(system);
  return shortestObservedWord(system, levelSets(system, options.tolerance).of, first, second);
}

/** Breadth-first search over pairs of states. */
function shortestObservedWord(
  system: FiniteSystem,
  levelSetOf: Int32Array,
  first: number,
  second: number,
): number[] | undefined {
  const { stateCount, actionCount, next } = system;
  const firsts = [first];
  const seconds = [second];
  const origin = [-1];
  const actions = [UNOBSERVED];
  const known = new Set([first * stateCount + second]);
  for (const [i, own] of firsts.entries()) {
    if (levelSetOf[own] !== levelSetOf[seconds[i]]) {
      const word: number[] = [];
      for (let step = i; origin[step] >= 0; step = origin[step]) word.push(actions[step]);
      return word.reverse();
    }
    for (let action = 0; action < actionCount; action++) {
      const a = next[action * stateCount + own];
      const b = next[action * stateCount + seconds[i]];
      if (a === UNOBSERVED || b === UNOBSERVED || a === b || known.has(a * stateCount + b)) continue;
      known.add(a * stateCount + b).add(b * stateCount + a);
      firsts.push(a);
      seconds.push(b);
      origin.push(i);
      actions.push(action);
    }
  }
  return undefined;
}

/** More states than this need more memory for the table of all pairs than a small machine should give (6 bytes a pair). */
export const OBSERVED_PAIR_STATE_LIMIT = 8_192;

/** [S, S]: lengths of the shortest words inside the data that tell each pair apart; -1 where none does. */
export function observedWordLengths(system: FiniteSystem, options: ObservedOptions = {}): Int16Array {
  checkSystem(system);
  const { stateCount, actionCount, next } = system;
  if (stateCount > OBSERVED_PAIR_STATE_LIMIT)
    throw new UsageError(`observed pairs: expected at most ${OBSERVED_PAIR_STATE_LIMIT} states, got ${stateCount}`, {
      remedy: 'Take a sample of the recording.',
    });
  const { of } = levelSets(system, options.tolerance);
  const predecessors = predecessorLists(system);
  const lengths = new Int16Array(stateCount * stateCount).fill(-1);
  const queue = new Int32Array((stateCount * (stateCount - 1)) / 2);
  let queued = 0;
  const enqueue = (a: number, b: number, length: number) => {
    lengths[a * stateCount + b] = lengths[b * stateCount + a] = Math.min(length, 0x7fff);
    queue[queued++] = a * stateCount + b;
  };
  for (let a = 0; a < stateCount; a++) for (let b = 0; b < a; b++) if (of[a] !== of[b]) enqueue(a, b, 0);
  for (let turn = 0; turn < queued; turn++) {
    const pair = queue[turn];
    const a = Math.floor(pair / stateCount);
    const b = pair - a * stateCount;
    // Of two different states: an action leads from a state to one of them only.
    for (let action = 0; action < actionCount; action++)
      for (const x of predecessors[action * stateCount + a])
        for (const y of predecessors[action * stateCount + b])
          if (lengths[x * stateCount + y] < 0) enqueue(x, y, lengths[pair] + 1);
  }
  return lengths;

  function predecessorLists(of: FiniteSystem): number[][] {
    const lists: number[][] = Array.from({ length: of.next.length }, () => []);
    for (let entry = 0; entry < next.length; entry++) {
      const state = entry % stateCount;
      if (next[entry] !== UNOBSERVED) lists[entry - state + next[entry]].push(state);
    }
    return lists;
  }
}

/**
 * A maximal set of merges that one encoder with zero loss on the data may make together: no two of its classes can be
 * merged further. On a complete system it is the largest bisimulation; on partial data another order of states may give
 * another one, of another size. Takes the states in order, each into the first class that allows it:
 * O(S x classes) tries, each of which may follow the data far; meant for some thousands of states.
 */
export function mergeObserved(
  system: FiniteSystem,
  options: ObservedOptions = {},
): { readonly count: number; readonly of: Int32Array } {
  checkSystem(system);
  const congruence = new Congruence(system, levelSets(system, options.tolerance).of);
  const leaders: number[] = [];
  for (let state = 0; state < system.stateCount; state++) {
    // A merge of others may have brought it into a class: nothing needs to be tried then.
    const isKnown = leaders.some((leader) => congruence.find(leader) === congruence.find(state));
    if (isKnown || leaders.some((leader) => !congruence.merge(leader, state))) continue;
    leaders.push(state);
  }
  return congruence.classes();
}
