// Two rooms with a locked door (after MiniGrid's DoorKey, Chevalier-Boisvert et al. 2018): the key is picked up by walking
// onto it, the door lets whoever has the key pass, the reward is in the far corner of the other room. What tells two
// places before the key apart is seen only after the whole way, so that distinguishing words are long.
import * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { Random } from '../random.ts';
import { type Appearance, type Environment, encodeOneHot, type Nuisance } from './environment.ts';
import { agentColour, cellBrightness } from './grid-nuisance.ts';
import { type Cell, cellName, goalRewards, MOVE_NAMES, moved, stepsToGoal } from './grid-world.ts';
import { type Colour, fillRectangle, gridOnImage } from './raster.ts';

const SIZE_PX = 64;
const GOAL: Colour = [40, 160, 70];
const KEY: Colour = [230, 200, 40];
const DOOR: Colour = [150, 90, 30];
const WALL_DARKEST = 90;
const WALL_LEVELS = 50;
const FLOOR_BRIGHTEST = 40;
const AGENT_DARKEST = 160;

export const doorKeyOptions = z.strictObject({
  side: z
    .union([z.literal(5), z.literal(7), z.literal(9)])
    .default(5)
    .describe('cells along a side of the world; the wall with the door is its middle column'),
  reward: z
    .enum(['sparse', 'dense'])
    .default('sparse')
    .describe('sparse: 1 in the goal; dense: 1 - steps to the goal / most steps, plus 1 in the goal'),
});

interface Situation extends Cell {
  readonly hasKey: boolean;
}

export function createDoorKey(options: unknown = {}): Environment {
  const parsed = parseOptions('environment door-key', doorKeyOptions, options);
  const { side } = parsed;
  const middle = (side - 1) / 2;
  const door: Cell = { row: middle, column: middle };
  const key: Cell = { row: side - 1, column: 0 };
  const goal: Cell = { row: 0, column: side - 1 };
  const isAt = (cell: Cell, other: Cell) => cell.row === other.row && cell.column === other.column;

  function isOpen(cell: Cell, hasKey: boolean): boolean {
    if (Math.min(cell.row, cell.column) < 0 || Math.max(cell.row, cell.column) >= side) return false;
    return cell.column !== middle || (isAt(cell, door) && hasKey);
  }
  function step(from: Situation, action: number): Situation {
    const target = moved(from, action);
    if (!isOpen(target, from.hasKey)) return from;
    return { ...target, hasKey: from.hasKey || isAt(target, key) };
  }

  const { situations, next } = reachable({ row: 0, column: 0, hasKey: false }, side, step);
  const steps = stepsToGoal(
    situations.length,
    MOVE_NAMES.length,
    (state, action) => next[state][action],
    (state) => isAt(situations[state], goal),
  );
  const rewards = goalRewards(steps, parsed.reward);
  const grid = gridOnImage(side, SIZE_PX);

  function render(state: number, appearance: Appearance, _random: Random, pixels: Uint8Array): void {
    const raster = { sizePx: SIZE_PX, pixels };
    const { hasKey, row, column } = situations[state];
    const { wall, floor, red, green, blue } = appearance;
    fillRectangle(raster, 0, 0, SIZE_PX, SIZE_PX, [wall, wall, wall]);
    for (let r = 0; r < side; r++)
      for (let c = 0; c < side; c++) if (c !== middle) grid.fillCell(raster, r, c, [floor, floor, floor]);
    grid.fillCell(raster, goal.row, goal.column, GOAL);
    grid.fillCell(raster, door.row, door.column, hasKey ? [floor, floor, floor] : DOOR);
    if (!hasKey) grid.fillCell(raster, key.row, key.column, KEY, Math.floor(grid.cellPx / 3));
    grid.fillDiscInCell(raster, row, column, [red, green, blue], (grid.cellPx - 2) / 2);
  }

  return {
    name: 'door-key',
    description: 'two rooms, a key that opens the door between them, a goal behind it: distinguishing words are long',
    options: parsed,
    observationShape: [SIZE_PX, SIZE_PX, 3],
    actionNames: MOVE_NAMES,
    actionSize: MOVE_NAMES.length,
    encodeAction: (action, _random, encoded, offset) => encodeOneHot(action, MOVE_NAMES.length, encoded, offset),
    stateCount: situations.length,
    stateName: (state) => `${cellName(situations[state])}${situations[state].hasKey ? ' key' : ''}`,
    factors: [
      { name: 'row', size: side, of: (state) => situations[state].row },
      { name: 'column', size: side, of: (state) => situations[state].column },
      { name: 'key', size: 2, of: (state) => (situations[state].hasKey ? 1 : 0) },
    ],
    next: (state, action) => next[state][action],
    reward: (state) => rewards[state],
    hasBinaryReward: parsed.reward === 'sparse',
    nuisances: nuisancesOf(side, door, grid),
    drawAppearance,
    render,
    // Everything in an image is said by state and appearance.
    skipImage: () => {},
  };
}

/** The colour of the agent, the brightness of the floor in the rooms, and of the wall between them. */
function nuisancesOf(side: number, door: Cell, grid: ReturnType<typeof gridOnImage>): Nuisance[] {
  const cells = Array.from({ length: side * side }, (_, index) => ({
    row: Math.floor(index / side),
    column: index % side,
  }));
  const ofCells = (isOne: (cell: Cell) => boolean) => ({ sizePx: SIZE_PX, grid, cells: cells.filter(isOne) });
  const isDoor = ({ row, column }: Cell) => row === door.row && column === door.column;
  return [
    agentColour(ofCells((cell) => cell.column !== door.column || isDoor(cell))),
    cellBrightness(
      'floor',
      ofCells((cell) => cell.column !== door.column),
    ),
    cellBrightness(
      'wall',
      ofCells((cell) => cell.column === door.column && !isDoor(cell)),
    ),
  ];
}

/** All situations that can be reached from `start`, without the key first, row by row; and where each action leads. */
function reachable(start: Situation, side: number, step: (from: Situation, action: number) => Situation) {
  const numberOf = ({ row, column, hasKey }: Situation) => ((hasKey ? 1 : 0) * side + row) * side + column;
  const found = new Map([[numberOf(start), start]]);
  for (const situation of found.values())
    for (let action = 0; action < MOVE_NAMES.length; action++) {
      const following = step(situation, action);
      if (!found.has(numberOf(following))) found.set(numberOf(following), following);
    }
  const situations = [...found.values()].sort((a, b) => numberOf(a) - numberOf(b));
  const stateOf = new Map(situations.map((situation, state) => [numberOf(situation), state]));
  const next = situations.map((situation) =>
    MOVE_NAMES.map((_, action) => stateOf.get(numberOf(step(situation, action))) ?? 0),
  );
  return { situations, next };
}

/** Brightness of walls and floor, and the colour of the agent, for an episode. */
function drawAppearance(random: Random): Appearance {
  const channel = () => AGENT_DARKEST + random.integer(256 - AGENT_DARKEST);
  return {
    wall: WALL_DARKEST + random.integer(WALL_LEVELS),
    floor: random.integer(FLOOR_BRIGHTEST + 1),
    red: channel(),
    green: channel(),
    blue: channel(),
  };
}
