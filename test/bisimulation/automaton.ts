// Random automata and the slow definitions that the fast algorithms are compared with.
import * as fc from 'fast-check';
import { type FiniteSystem, UNOBSERVED } from '../../src/bisimulation/index.ts';

/** Small systems in which classes of several sizes are common; with `isPartial`, some actions are unobserved. */
export function arbitrarySystem(options: { readonly isPartial?: boolean; readonly states?: number } = {}) {
  const lowest = options.isPartial ? UNOBSERVED : 0;
  return fc
    .record({
      stateCount: fc.integer({ min: 1, max: options.states ?? 12 }),
      actionCount: fc.integer({ min: 1, max: 3 }),
      auxiliarySize: fc.integer({ min: 0, max: 2 }),
    })
    .chain((sizes) =>
      fc.record({
        sizes: fc.constant(sizes),
        next: fc.array(fc.integer({ min: lowest, max: sizes.stateCount - 1 }), {
          minLength: sizes.stateCount * sizes.actionCount,
          maxLength: sizes.stateCount * sizes.actionCount,
        }),
        auxiliary: fc.array(fc.constantFrom(0, 0, 0, 1, 0.5), {
          minLength: sizes.stateCount * sizes.auxiliarySize,
          maxLength: sizes.stateCount * sizes.auxiliarySize,
        }),
      }),
    )
    .map(
      ({ sizes, next, auxiliary }): FiniteSystem => ({
        ...sizes,
        next: Int32Array.from(next),
        auxiliary: Float64Array.from(auxiliary),
      }),
    );
}

function hasSameAuxiliary({ auxiliary, auxiliarySize }: FiniteSystem, s: number, t: number): boolean {
  for (let m = 0; m < auxiliarySize; m++)
    if (auxiliary[s * auxiliarySize + m] !== auxiliary[t * auxiliarySize + m]) return false;
  return true;
}

/**
 * The lengths of the shortest distinguishing words by definition: a pair is apart at 0 if p differs, at k + 1 if some
 * action leads to a pair apart at k. -1 for pairs never told apart. Unobserved actions tell nothing apart.
 */
export function naiveLengths(system: FiniteSystem): number[][] {
  const { stateCount, actionCount, next } = system;
  const states = Array.from({ length: stateCount }, (_, state) => state);
  const lengths = states.map((s) => states.map((t): number => (hasSameAuxiliary(system, s, t) ? -1 : 0)));
  for (let length = 1, hasChanged = true; hasChanged; length++) {
    hasChanged = false;
    const before = lengths.map((row) => [...row]);
    for (const s of states)
      for (const t of states) {
        if (lengths[s][t] >= 0) continue;
        for (let action = 0; action < actionCount; action++) {
          const a = next[action * stateCount + s];
          const b = next[action * stateCount + t];
          if (a === UNOBSERVED || b === UNOBSERVED || before[a][b] < 0) continue;
          lengths[s][t] = length;
          hasChanged = true;
          break;
        }
      }
  }
  return lengths;
}

/** Whether an assignment of classes is an equivalence that an encoder with zero loss may induce. */
export function isConsistent(system: FiniteSystem, of: ArrayLike<number>): boolean {
  const { stateCount, actionCount, next } = system;
  for (let s = 0; s < stateCount; s++)
    for (let t = 0; t < s; t++) {
      if (of[s] !== of[t]) continue;
      if (!hasSameAuxiliary(system, s, t)) return false;
      for (let action = 0; action < actionCount; action++) {
        const a = next[action * stateCount + s];
        const b = next[action * stateCount + t];
        if (a !== UNOBSERVED && b !== UNOBSERVED && of[a] !== of[b]) return false;
      }
    }
  return true;
}

/** All set partitions of 0..size-1 as restricted growth strings: every way in which an encoder may merge. */
export function* allPartitions(size: number): Generator<number[]> {
  const of = new Array<number>(size).fill(0);
  function* extend(index: number, used: number): Generator<number[]> {
    if (index === size) {
      yield [...of];
      return;
    }
    for (let number = 0; number <= used; number++) {
      of[index] = number;
      yield* extend(index + 1, Math.max(used, number + 1));
    }
  }
  yield* extend(0, 0);
}
