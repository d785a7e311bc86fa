// What grid worlds share: the four moves, the states that can be reached, and how many steps they are from the goal.

export const MOVE_NAMES: readonly string[] = ['up', 'down', 'left', 'right'];
const MOVES: readonly (readonly [rows: number, columns: number])[] = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
];

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** `r2c0`: row and column from the upper left. */
export function cellName({ row, column }: Cell): string {
  return `r${row}c${column}`;
}

/** The cell that a move leads to, which may be a wall or outside. */
export function moved(cell: Cell, action: number): Cell {
  const [rows, columns] = MOVES[action];
  return { row: cell.row + rows, column: cell.column + columns };
}

/** [S]: fewest actions from each state to one with `isGoal`; -1 where none leads there. */
export function stepsToGoal(
  stateCount: number,
  actionCount: number,
  next: (state: number, action: number) => number,
  isGoal: (state: number) => boolean,
): Int32Array {
  const predecessors: number[][] = Array.from({ length: stateCount }, () => []);
  const steps = new Int32Array(stateCount).fill(-1);
  const queue: number[] = [];
  for (let state = 0; state < stateCount; state++) {
    for (let action = 0; action < actionCount; action++) predecessors[next(state, action)].push(state);
    if (!isGoal(state)) continue;
    steps[state] = 0;
    queue.push(state);
  }
  for (const state of queue)
    for (const before of predecessors[state]) {
      if (steps[before] >= 0) continue;
      steps[before] = steps[state] + 1;
      queue.push(before);
    }
  return steps;
}

/** Rewards by state: sparse 1 at the goal, else 0; dense 1 - steps / most steps, plus 1 at the goal. */
export function goalRewards(steps: Int32Array, kind: 'sparse' | 'dense'): Float32Array {
  const farthest = Math.max(1, ...steps);
  return Float32Array.from(steps, (count) => {
    const isReached = count === 0 ? 1 : 0;
    return kind === 'sparse' ? isReached : 1 - count / farthest + isReached;
  });
}
