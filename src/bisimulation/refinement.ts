// The largest bisimulation of (f, p) on a finite deterministic system, in O(A S log S) steps: partition refinement that
// always splits by the smaller half (Hopcroft 1971), with splitters in the order of their word lengths, so that the tree
// of splits also holds a shortest distinguishing word of every pair (Smetsers, Moerman & Jansen, LATA 2016).
import { UsageError } from '../error.ts';
import { levelSets } from './level-set.ts';
import { checkSystem, type FiniteSystem, UNOBSERVED } from './system.ts';

/**
 * How the classes were split: the root splits by p, every other inner node by one action into the states that lead into
 * one child of an earlier node and those that lead into its other child. Node numbers grow from parent to child.
 */
export interface SplittingTree {
  /** [nodes]: -1 at the root. */
  readonly parent: Int32Array;
  /** [nodes]: the first action of the node's word; -1 at the root, whose word is empty, and at leaves. */
  readonly action: Int32Array;
  /** [nodes]: the node whose word continues after the action; -1 at the root and at leaves. */
  readonly continuation: Int32Array;
  /** [nodes]: how many actions the node's word has; 0 at leaves, too. */
  readonly wordLength: Int32Array;
  /** [classes] */
  readonly leafOfClass: Int32Array;
}

/** The largest bisimulation: the coarsest partition of states that p and the dynamics respect. */
export interface Bisimulation {
  readonly classCount: number;
  /** [S]: classes are numbered by their smallest state. */
  readonly classOf: Int32Array;
  /** [classes]: the smallest state of each. */
  readonly representative: Int32Array;
  /** [classes] */
  readonly classSize: Int32Array;
  readonly tree: SplittingTree;
}

/**
 * The largest bisimulation, with values of p taken as equal within `tolerance` (see `levelSets`).
 * Throws a UsageError where an action is unobserved somewhere: then there need be no largest one (see observed.ts).
 */
export function largestBisimulation(system: FiniteSystem, options: { readonly tolerance?: number } = {}): Bisimulation {
  checkSystem(system);
  const unobserved = system.next.indexOf(UNOBSERVED);
  if (unobserved >= 0)
    throw new UsageError(
      `largest bisimulation: state ${unobserved % system.stateCount}, action ${Math.floor(unobserved / system.stateCount)}: expected a next state, got none`,
      { remedy: 'Ask what recorded transitions guarantee instead: mergeObserved and compareObserved.' },
    );
  const refinement = new Refinement(system, options.tolerance ?? 0);
  refinement.refine();
  return refinement.result();
}

/** 0..n-1 in the order of their keys, rising within one: those of key k are order[start[k]] .. order[start[k + 1] - 1]. */
function sortByKey(keys: Int32Array, keyCount: number): { readonly order: Int32Array; readonly start: Int32Array } {
  const start = new Int32Array(keyCount + 1);
  for (const key of keys) start[key + 1]++;
  for (let key = 1; key <= keyCount; key++) start[key] += start[key - 1];
  const free = start.slice();
  const order = new Int32Array(keys.length);
  keys.forEach((key, index) => {
    order[free[key]++] = index;
  });
  return { order, start };
}

/** A refinable partition: each block, and each set that once was a block, is a range of `elements`. */
class Refinement {
  readonly #stateCount: number;
  /** By action: the states in the order of where it leads, and where those that it leads to one state begin. */
  readonly #predecessors: readonly { readonly order: Int32Array; readonly start: Int32Array }[];
  readonly #elements: Int32Array;
  readonly #position: Int32Array;
  readonly #blockOf: Int32Array;
  readonly #blockFirst: Int32Array;
  readonly #blockEnd: Int32Array;
  readonly #markedCount: Int32Array;
  readonly #nodeOfBlock: Int32Array;
  #blockCount: number;
  readonly #parent: Int32Array;
  readonly #action: Int32Array;
  readonly #continuation: Int32Array;
  readonly #wordLength: Int32Array;
  readonly #nodeFirst: Int32Array;
  readonly #nodeEnd: Int32Array;
  #nodeCount = 0;
  /** Nodes to split by, first in, first out: their words never get shorter. */
  readonly #splitters: number[];

  constructor(system: FiniteSystem, tolerance: number) {
    const { stateCount, actionCount, next } = system;
    this.#stateCount = stateCount;
    this.#predecessors = Array.from({ length: actionCount }, (_, action) =>
      sortByKey(next.subarray(action * stateCount, (action + 1) * stateCount), stateCount),
    );
    const { count, of } = levelSets(system, tolerance);
    const { order, start } = sortByKey(of, count);
    this.#elements = order;
    this.#position = new Int32Array(stateCount);
    order.forEach((state, position) => {
      this.#position[state] = position;
    });
    this.#blockOf = of;
    this.#blockCount = count;
    this.#blockFirst = new Int32Array(stateCount);
    this.#blockFirst.set(start.subarray(0, count));
    this.#blockEnd = new Int32Array(stateCount);
    this.#blockEnd.set(start.subarray(1));
    this.#markedCount = new Int32Array(stateCount);
    this.#nodeOfBlock = new Int32Array(stateCount);
    // A leaf a state, an inner node for each split in two, and the root.
    const nodeLimit = 2 * stateCount;
    this.#parent = new Int32Array(nodeLimit);
    this.#action = new Int32Array(nodeLimit).fill(-1);
    this.#continuation = new Int32Array(nodeLimit).fill(-1);
    this.#wordLength = new Int32Array(nodeLimit);
    this.#nodeFirst = new Int32Array(nodeLimit);
    this.#nodeEnd = new Int32Array(nodeLimit);
    this.#splitters = this.#addLevelSets(count);
  }

  /** The root and its children, the level sets of p. @returns all of these but the largest, to split by */
  #addLevelSets(count: number): number[] {
    this.#addNode(-1, 0, this.#stateCount);
    const sets = Array.from({ length: count }, (_, set) => set);
    for (const set of sets) this.#nodeOfBlock[set] = this.#addNode(0, this.#blockFirst[set], this.#blockEnd[set]);
    const sizeOf = (set: number) => this.#blockEnd[set] - this.#blockFirst[set];
    const largest = sets.reduce((best, set) => (sizeOf(set) > sizeOf(best) ? set : best));
    return sets.filter((set) => set !== largest).map((set) => this.#nodeOfBlock[set]);
  }

  #addNode(parent: number, first: number, end: number): number {
    const node = this.#nodeCount++;
    this.#parent[node] = parent;
    this.#nodeFirst[node] = first;
    this.#nodeEnd[node] = end;
    return node;
  }

  refine(): void {
    const elements = this.#elements;
    const position = this.#position;
    const blockOf = this.#blockOf;
    const blockFirst = this.#blockFirst;
    const markedCount = this.#markedCount;
    const touched = new Int32Array(this.#stateCount);
    // Splits add to the list. A splitter that is split itself while it waits stays a splitter as a whole: its states keep their range.
    for (const splitter of this.#splitters) {
      if (this.#blockCount === this.#stateCount) return;
      // A copy: marking moves them.
      const members = elements.slice(this.#nodeFirst[splitter], this.#nodeEnd[splitter]);
      for (const [action, { order, start }] of this.#predecessors.entries()) {
        let touchedCount = 0;
        for (const member of members) {
          const end = start[member + 1];
          for (let j = start[member]; j < end; j++) {
            // Swap the predecessor to the front part of its block, where the marked ones stand.
            const state = order[j];
            const block = blockOf[state];
            const marked = markedCount[block]++;
            if (marked === 0) touched[touchedCount++] = block;
            const target = blockFirst[block] + marked;
            const from = position[state];
            const other = elements[target];
            elements[target] = state;
            position[state] = target;
            elements[from] = other;
            position[other] = from;
          }
        }
        for (let i = 0; i < touchedCount; i++) this.#split(touched[i], action, this.#parent[splitter]);
      }
    }
  }

  /** Splits the marked front part off `block`; the smaller part becomes a splitter. */
  #split(block: number, action: number, continuation: number): void {
    const first = this.#blockFirst[block];
    const end = this.#blockEnd[block];
    const middle = first + this.#markedCount[block];
    this.#markedCount[block] = 0;
    if (middle === end) return;
    const node = this.#nodeOfBlock[block];
    this.#action[node] = action;
    this.#continuation[node] = continuation;
    this.#wordLength[node] = this.#wordLength[continuation] + 1;
    const marked = this.#blockCount++;
    this.#blockFirst[marked] = first;
    this.#blockEnd[marked] = middle;
    this.#blockFirst[block] = middle;
    for (let i = first; i < middle; i++) this.#blockOf[this.#elements[i]] = marked;
    this.#nodeOfBlock[marked] = this.#addNode(node, first, middle);
    this.#nodeOfBlock[block] = this.#addNode(node, middle, end);
    this.#splitters.push(this.#nodeOfBlock[middle - first <= end - middle ? marked : block]);
  }

  result(): Bisimulation {
    const classCount = this.#blockCount;
    const classOfBlock = new Int32Array(classCount).fill(-1);
    const classOf = new Int32Array(this.#stateCount);
    const representative = new Int32Array(classCount);
    const classSize = new Int32Array(classCount);
    const leafOfClass = new Int32Array(classCount);
    let known = 0;
    this.#blockOf.forEach((block, state) => {
      if (classOfBlock[block] < 0) {
        classOfBlock[block] = known;
        representative[known] = state;
        leafOfClass[known++] = this.#nodeOfBlock[block];
      }
      classOf[state] = classOfBlock[block];
      classSize[classOf[state]]++;
    });
    const trim = (nodes: Int32Array) => nodes.slice(0, this.#nodeCount);
    const tree = {
      parent: trim(this.#parent),
      action: trim(this.#action),
      continuation: trim(this.#continuation),
      wordLength: trim(this.#wordLength),
      leafOfClass,
    };
    return { classCount, classOf, representative, classSize, tree };
  }
}
