// Four rooms with doors between them (after Sutton, Precup & Singh 1999), a goal in a corner, and a cloud of noise that
// drifts over them on a circle: where the cloud is can be predicted, but nothing that matters depends on it, so that a
// latent anchored to the reward may forget it, while one anchored to the pixels must keep it.
import * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { Random } from '../random.ts';
import { type Appearance, type Environment, encodeOneHot } from './environment.ts';
import { agentColour, cellBrightness } from './grid-nuisance.ts';
import { type Cell, cellName, goalRewards, MOVE_NAMES, moved, stepsToGoal } from './grid-world.ts';
import { type Colour, fillRectangle, gridOnImage } from './raster.ts';

const SIZE_PX = 64;
const WALL: Colour = [96, 96, 104];
const GOAL: Colour = [40, 160, 70];
/** Half the side of the cloud, and the radius of the circle that its centre moves on. */
const CLOUD_HALF_PX = 6;
const CLOUD_ORBIT_PX = 20;
/** Floors are dark and agents bright, so that the agent is seen on every floor and on the goal. */
const FLOOR_BRIGHTEST = 40;
const AGENT_DARKEST = 160;

export const roomsOptions = z.strictObject({
  roomSize: z.int().min(2).max(5).default(3).describe('cells along a side of each of the four rooms'),
  phases: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('places of the cloud of noise, one after the other; 1: it stands still'),
  reward: z
    .enum(['sparse', 'dense'])
    .default('sparse')
    .describe('sparse: 1 in the goal; dense: 1 - steps to the goal / most steps, plus 1 in the goal'),
});

export function createRooms(options: unknown = {}): Environment {
  const parsed = parseOptions('environment rooms', roomsOptions, options);
  const { roomSize, phases } = parsed;
  const side = 2 * roomSize + 1;
  const cells = openCells(roomSize);
  const indexOfCell = new Map(cells.map(({ row, column }, index) => [row * side + column, index]));
  const isInside = (cell: Cell) => Math.min(cell.row, cell.column) >= 0 && Math.max(cell.row, cell.column) < side;
  const nextCell = (index: number, action: number): number => {
    const target = moved(cells[index], action);
    return isInside(target) ? (indexOfCell.get(target.row * side + target.column) ?? index) : index;
  };
  const steps = stepsToGoal(cells.length, MOVE_NAMES.length, nextCell, (index) => index === 0);
  const rewards = goalRewards(steps, parsed.reward);
  const grid = gridOnImage(side, SIZE_PX);
  const cellOf = (state: number) => Math.floor(state / phases);
  const phaseOf = (state: number) => state % phases;

  function render(state: number, appearance: Appearance, random: Random, pixels: Uint8Array): void {
    const raster = { sizePx: SIZE_PX, pixels };
    const { floor } = appearance;
    fillRectangle(raster, 0, 0, SIZE_PX, SIZE_PX, WALL);
    for (const { row, column } of cells) grid.fillCell(raster, row, column, [floor, floor, floor]);
    grid.fillCell(raster, cells[0].row, cells[0].column, GOAL);
    drawCloud(phaseOf(state), phases, random, pixels);
    const agent = cells[cellOf(state)];
    const colour: Colour = [appearance.red, appearance.green, appearance.blue];
    grid.fillDiscInCell(raster, agent.row, agent.column, colour, (grid.cellPx - 2) / 2);
  }

  return {
    name: 'rooms',
    description: 'four rooms with a goal in the corner, under a drifting cloud of noise that does not matter',
    options: parsed,
    observationShape: [SIZE_PX, SIZE_PX, 3],
    actionNames: MOVE_NAMES,
    actionSize: MOVE_NAMES.length,
    encodeAction: (action, _random, encoded, offset) => encodeOneHot(action, MOVE_NAMES.length, encoded, offset),
    stateCount: cells.length * phases,
    stateName: (state) => `${cellName(cells[cellOf(state)])} cloud ${phaseOf(state)}`,
    factors: [
      { name: 'row', size: side, of: (state) => cells[cellOf(state)].row },
      { name: 'column', size: side, of: (state) => cells[cellOf(state)].column },
      { name: 'cloud', size: phases, of: phaseOf },
    ],
    next: (state, action) => nextCell(cellOf(state), action) * phases + ((phaseOf(state) + 1) % phases),
    reward: (state) => rewards[cellOf(state)],
    hasBinaryReward: parsed.reward === 'sparse',
    nuisances: [
      agentColour({ sizePx: SIZE_PX, grid, cells }),
      cellBrightness('floor', { sizePx: SIZE_PX, grid, cells }),
    ],
    drawAppearance,
    render,
    skipImage(_, random) {
      for (let i = 0; i < CLOUD_NUMBERS; i++) random.integer(256);
    },
  };
}

/** The cells that are not wall, row by row, so that the goal, the first, is the upper left corner. */
function openCells(roomSize: number): Cell[] {
  const side = 2 * roomSize + 1;
  // One door in each arm of the cross.
  const isDoor = (along: number) =>
    along === Math.floor(roomSize / 2) || along === side - 1 - Math.floor((roomSize - 1) / 2);
  const cells: Cell[] = [];
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const isWall =
        (row === roomSize && column === roomSize) ||
        (row === roomSize && !isDoor(column)) ||
        (column === roomSize && !isDoor(row));
      if (!isWall) cells.push({ row, column });
    }
  return cells;
}

/** Floor brightness and the colour of the agent, for an episode. */
function drawAppearance(random: Random): Appearance {
  const channel = () => AGENT_DARKEST + random.integer(256 - AGENT_DARKEST);
  return { floor: random.integer(FLOOR_BRIGHTEST + 1), red: channel(), green: channel(), blue: channel() };
}

/** Random numbers in a cloud, wherever it is. */
const CLOUD_NUMBERS = 3 * (2 * CLOUD_HALF_PX) ** 2;

/** A square of random pixels, drawn anew every time, below the agent and above everything else. */
function drawCloud(phase: number, phases: number, random: Random, pixels: Uint8Array): void {
  const angle = (2 * Math.PI * phase) / phases;
  const centreX = Math.round(SIZE_PX / 2 + CLOUD_ORBIT_PX * Math.cos(angle));
  const centreY = Math.round(SIZE_PX / 2 + CLOUD_ORBIT_PX * Math.sin(angle));
  for (let y = centreY - CLOUD_HALF_PX; y < centreY + CLOUD_HALF_PX; y++)
    for (let x = centreX - CLOUD_HALF_PX; x < centreX + CLOUD_HALF_PX; x++) {
      const index = 3 * (y * SIZE_PX + x);
      for (let channel = 0; channel < 3; channel++) pixels[index + channel] = random.integer(256);
    }
}
