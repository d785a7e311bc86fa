// The smallest consistent equivalence that merges given states of an observed system: whatever has the same latent must
// have the same latent after every action that was observed on both sides (union-find, Hopcroft & Karp 1971).
import { type FiniteSystem, UNOBSERVED } from './system.ts';

/** Two merged states whose auxiliary values differ: no encoder with zero loss can have merged them. */
export interface MergeConflict {
  readonly states: readonly [number, number];
}

/** An equivalence on the states of a system that can only grow, and that is stable under every observed action. */
export class Congruence {
  readonly #system: FiniteSystem;
  readonly #levelSetOf: Int32Array;
  readonly #parent: Int32Array;
  readonly #size: Int32Array;
  /** [A, S]: where the class of a root leads; UNOBSERVED where no member has the action. */
  readonly #classNext: Int32Array;

  constructor(system: FiniteSystem, levelSetOf: Int32Array) {
    this.#system = system;
    this.#levelSetOf = levelSetOf;
    this.#parent = Int32Array.from({ length: system.stateCount }, (_, state) => state);
    this.#size = new Int32Array(system.stateCount).fill(1);
    this.#classNext = system.next.slice();
  }

  /** The root of a state's class. */
  find(state: number): number {
    let root = state;
    while (this.#parent[root] !== root) root = this.#parent[root];
    return root;
  }

  /** Merges the two states and all that follows; on a conflict, returns it and leaves everything as it was. */
  merge(first: number, second: number): MergeConflict | undefined {
    const { actionCount, stateCount } = this.#system;
    const pending: number[] = [first, second];
    const undo: (() => void)[] = [];
    for (let i = 0; i < pending.length; i += 2) {
      const a = this.find(pending[i]);
      const b = this.find(pending[i + 1]);
      if (a === b) continue;
      if (this.#levelSetOf[a] !== this.#levelSetOf[b]) {
        for (const restore of undo.reverse()) restore();
        return { states: [pending[i], pending[i + 1]] };
      }
      const [root, child] = this.#size[a] >= this.#size[b] ? [a, b] : [b, a];
      this.#parent[child] = root;
      this.#size[root] += this.#size[child];
      const inherited: number[] = [];
      for (let action = 0; action < actionCount; action++) {
        const base = action * stateCount;
        const following = this.#classNext[base + child];
        if (following === UNOBSERVED) continue;
        if (this.#classNext[base + root] === UNOBSERVED) {
          this.#classNext[base + root] = following;
          inherited.push(base + root);
        } else pending.push(this.#classNext[base + root], following);
      }
      undo.push(() => {
        for (const entry of inherited) this.#classNext[entry] = UNOBSERVED;
        this.#size[root] -= this.#size[child];
        this.#parent[child] = child;
      });
    }
    return undefined;
  }

  /** [S]: classes numbered by their smallest state. */
  classes(): { readonly count: number; readonly of: Int32Array } {
    const numbers = new Map<number, number>();
    const of = this.#parent.map((_, state) => {
      const root = this.find(state);
      const number = numbers.get(root) ?? numbers.size;
      numbers.set(root, number);
      return number;
    });
    return { count: numbers.size, of };
  }
}
