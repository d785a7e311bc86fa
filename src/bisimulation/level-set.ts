// The level sets of p: which states have the same auxiliary value, with an explicit tolerance for real numbers.
import { UsageError } from '../error.ts';
import type { FiniteSystem } from './system.ts';

export interface LevelSets {
  readonly count: number;
  /** [S]: numbered by the first state of each. */
  readonly of: Int32Array;
}

/**
 * Two states share a level set where every number of p differs by at most `tolerance` (0: equal; -0 equals 0).
 * That relation is transitive only where sorted values fall into groups no wider than `tolerance` with larger gaps between
 * them, so anything else (a chain a ~ b ~ c with a and c further apart) is refused with a UsageError that names it.
 */
export function levelSets(system: FiniteSystem, tolerance = 0): LevelSets {
  if (!(tolerance >= 0 && Number.isFinite(tolerance)))
    throw new UsageError(`level sets: expected a tolerance of 0 or more, got ${tolerance}`);
  const { stateCount, auxiliarySize, auxiliary } = system;
  let sets: LevelSets = { count: 1, of: new Int32Array(stateCount) };
  const column = new Float64Array(stateCount);
  for (let m = 0; m < auxiliarySize; m++) {
    for (let state = 0; state < stateCount; state++) column[state] = auxiliary[state * auxiliarySize + m];
    sets = intersect(sets, column, groupStarts(column, m, tolerance));
  }
  return sets;
}

/** The smallest value of each group of one column, ascending. */
function groupStarts(column: Float64Array, m: number, tolerance: number): Float64Array {
  const sorted = column.slice().sort();
  const starts = [sorted[0]];
  for (let i = 1; i < sorted.length; i++) {
    const start = starts[starts.length - 1];
    if (sorted[i] - sorted[i - 1] > tolerance) starts.push(sorted[i]);
    else if (sorted[i] - start > tolerance)
      throw new UsageError(
        `level sets: auxiliary ${m}: expected groups of values no wider than the tolerance ${tolerance}, got a chain from ${start} to ${sorted[i]}`,
        { remedy: 'Choose a tolerance between the noise of a value and the smallest true difference, or 0.' },
      );
  }
  return Float64Array.from(starts);
}

function intersect(sets: LevelSets, column: Float64Array, starts: Float64Array): LevelSets {
  if (starts.length === 1) return sets;
  const numbers = new Map<number, number>();
  const of = new Int32Array(column.length);
  for (let state = 0; state < column.length; state++) {
    const key = sets.of[state] * starts.length + groupOf(column[state], starts);
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    of[state] = number;
  }
  return { count: numbers.size, of };
}

/** The last group that starts at or below `value`. */
function groupOf(value: number, starts: Float64Array): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
