// Worlds that can be worked out by hand, which every planner must solve. Their optimum is found here by trying all words,
// with the objective's formula written out once more.
import { type ActionSpace, continuousActions, oneHotActions } from '../../../src/planning/action-space.ts';
import type { Fold, Objective } from '../../../src/planning/objective.ts';
import type { PlanningWorld } from '../../../src/planning/planner.ts';

export interface PlannerCase {
  readonly name: string;
  readonly world: PlanningWorld;
  readonly objective: Objective;
  readonly latent: Float32Array;
  /** Actions that the optimum needs. */
  readonly horizon: number;
  readonly optimum: number;
  /** What a plan's value may be below it: 0 where actions are discrete. */
  readonly tolerance: number;
}

interface DiscreteCase {
  readonly name: string;
  readonly next: (cell: readonly number[], choice: number) => readonly number[];
  readonly score: (cell: readonly number[]) => number;
  readonly start: readonly number[];
  readonly choices: number;
  readonly horizon: number;
  readonly fold: Fold;
}

const DISCOUNT = 0.9;

/** The value of a word's scores, from the definition. */
export function valueOfScores(scores: readonly number[], fold: Fold, discount: number): number {
  const discounted = scores.map((score, k) => discount ** k * score);
  switch (fold) {
    case 'best':
      return Math.max(...discounted);
    case 'sum':
      return discounted.reduce((a, b) => a + b);
    case 'survival':
      return discounted.reduce(
        (sum, _, k) => sum + discount ** k * scores.slice(0, k + 1).reduce((product, score) => product * score, 1),
        0,
      );
    case 'first-success':
      return discounted.reduce(
        (sum, value, k) => sum + value * scores.slice(0, k).reduce((product, score) => product * (1 - score), 1),
        0,
      );
  }
}

function optimumOf({ next, score, start, choices, horizon, fold }: DiscreteCase): number {
  let best = Number.NEGATIVE_INFINITY;
  const visit = (cell: readonly number[], scores: readonly number[]): void => {
    if (scores.length === horizon) {
      best = Math.max(best, valueOfScores(scores, fold, DISCOUNT));
      return;
    }
    for (let choice = 0; choice < choices; choice++) {
      const reached = next(cell, choice);
      visit(reached, [...scores, score(reached)]);
    }
  };
  visit(start, []);
  return best;
}

export function worldOf(
  actions: ActionSpace,
  step: (latent: Float32Array, action: Float32Array) => readonly number[],
  width: number,
): PlanningWorld {
  return {
    actions,
    async predict(latents, words) {
      const count = latents.length / width;
      const next = new Float32Array(latents.length);
      for (let n = 0; n < count; n++)
        next.set(
          step(latents.subarray(n * width, (n + 1) * width), words.subarray(n * actions.size, (n + 1) * actions.size)),
          n * width,
        );
      return next;
    },
  };
}

function objectiveOf(fold: Fold, width: number, score: (latent: readonly number[]) => number): Objective {
  return {
    fold,
    discount: DISCOUNT,
    score: async (latents) =>
      Float32Array.from({ length: latents.length / width }, (_, n) =>
        score(Array.from(latents.subarray(n * width, (n + 1) * width))),
      ),
  };
}

function discrete(given: DiscreteCase): PlannerCase {
  const width = given.start.length;
  return {
    name: given.name,
    world: worldOf(
      oneHotActions(given.choices),
      (latent, action) => given.next(Array.from(latent), action.indexOf(1)),
      width,
    ),
    objective: objectiveOf(given.fold, width, given.score),
    latent: Float32Array.from(given.start),
    horizon: given.horizon,
    optimum: optimumOf(given),
    tolerance: 0,
  };
}

const line = (length: number) => (cell: readonly number[], choice: number) => [
  Math.min(length - 1, Math.max(0, cell[0] + (choice === 0 ? -1 : 1))),
];

const MOVES = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
];
/** A wall between the start, left of it, and the goal, right of it; the way round is below. */
const GRID = ['...', '.#.', '.#.', '...'];

function grid(cell: readonly number[], choice: number): readonly number[] {
  const row = cell[0] + MOVES[choice][0];
  const column = cell[1] + MOVES[choice][1];
  return GRID[row]?.[column] === '.' ? [row, column] : cell;
}

const closeness = (goal: readonly number[]) => (cell: readonly number[]) =>
  Math.exp(-Math.hypot(...cell.map((x, i) => x - goal[i])));

const scalar: ActionSpace = continuousActions([-1], [1]);
const plane: ActionSpace = continuousActions([-1, -1], [1, 1]);
/** A narrow number and a wide one, which no bounds of both would allow. */
const uneven: ActionSpace = continuousActions([-0.5, 2], [0.5, 6]);

export const plannerCases: readonly PlannerCase[] = [
  discrete({
    name: 'a line: the only reward is five steps to the right',
    next: line(8),
    score: ([x]) => (x === 7 ? 1 : 0),
    start: [2],
    choices: 2,
    horizon: 6,
    fold: 'first-success',
  }),
  discrete({
    name: 'a line: a small reward is near, a large one far on the other side',
    next: line(7),
    score: ([x]) => (x === 1 ? 0.3 : x === 6 ? 1 : 0),
    start: [2],
    choices: 2,
    horizon: 5,
    fold: 'best',
  }),
  discrete({
    name: 'a grid: the straight way ends at a wall',
    next: grid,
    score: closeness([2, 2]),
    start: [2, 0],
    choices: 4,
    horizon: 5,
    fold: 'best',
  }),
  discrete({
    name: 'a grid: the reward is behind the wall, and nothing leads there',
    next: grid,
    score: ([row, column]) => (row === 2 && column === 2 ? 1 : 0),
    start: [2, 0],
    choices: 4,
    horizon: 6,
    fold: 'first-success',
  }),
  {
    name: 'numbers: a place two and a half units away',
    world: worldOf(scalar, ([x], [a]) => [x + a], 1),
    objective: objectiveOf('best', 1, closeness([2.5])),
    latent: Float32Array.of(0),
    horizon: 3,
    // Two whole moves and a half one; two of them would leave half a unit.
    optimum: DISCOUNT ** 2,
    // A miss by 0.06 units in three moves.
    tolerance: 0.05,
  },
  {
    name: 'numbers: a place on a plane',
    world: worldOf(plane, ([x, y], [a, b]) => [x + a, y + b], 2),
    objective: objectiveOf('best', 2, closeness([1, -0.5])),
    latent: Float32Array.of(0, 0),
    horizon: 3,
    optimum: 1,
    // A miss by 0.1 units in one move of the first try.
    tolerance: 0.1,
  },
  {
    name: 'numbers: each within bounds of its own',
    world: worldOf(uneven, ([x, y], [a, b]) => [x + a, y + b], 2),
    objective: objectiveOf('best', 2, closeness([0.5, 2])),
    latent: Float32Array.of(0, 0),
    horizon: 2,
    // Both at a bound: one number at its highest, the other at its lowest.
    optimum: 1,
    tolerance: 0.1,
  },
];

/** The same, with the reward going on: a planner that merges latents refuses it. */
export const sumCase: PlannerCase = discrete({
  name: 'a line: staying at the wall on the left pays a little, reaching the right end pays more',
  next: line(6),
  score: ([x]) => (x === 0 ? 0.2 : x === 5 ? 1 : 0),
  start: [2],
  choices: 2,
  horizon: 6,
  fold: 'sum',
});
