// The smallest world that one can walk in: a walker on a row of cells, with the reward in the last of them; above it a lamp that
// goes its own way, which can be predicted and does not matter. Small enough to train on in seconds.
import * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { Random } from '../random.ts';
import { type Appearance, type Environment, encodeOneHot } from './environment.ts';
import { type Colour, fillDisc, fillRectangle } from './raster.ts';

const SIZE_PX = 32;
const TRACK: Colour = [96, 96, 104];
const GOAL: Colour = [40, 160, 70];
const LAMP: Colour = [250, 220, 110];
const LAMP_SIDE_PX = 4;
/** The floor is dark and the walker bright, so that the walker is seen everywhere. */
const FLOOR_BRIGHTEST = 40;
const WALKER_DARKEST = 160;
const ACTION_NAMES: readonly string[] = ['left', 'right'];

export const lineOptions = z.strictObject({
  cells: z.int().min(2).max(10).default(7).describe('cells of the line; the reward is in the last one'),
  lamps: z
    .int()
    .min(1)
    .max(6)
    .default(1)
    .describe(
      'places of a lamp that moves on by itself at every step, back to the first after the last; 1: it stands still',
    ),
  reward: z
    .enum(['sparse', 'dense'])
    .default('sparse')
    .describe('sparse: 1 in the last cell; dense: 1 - steps to it / most steps, plus 1 there'),
});

export function createLine(options: unknown = {}): Environment {
  const parsed = parseOptions('environment line', lineOptions, options);
  const { cells, lamps, reward } = parsed;
  const cellPx = Math.floor(SIZE_PX / cells);
  const marginPx = Math.floor((SIZE_PX - cells * cellPx) / 2);
  const middlePx = SIZE_PX - Math.ceil(SIZE_PX / 3);
  const cellOf = (state: number) => Math.floor(state / lamps);
  const lampOf = (state: number) => state % lamps;
  const walked = (cell: number, action: number) => Math.min(cells - 1, Math.max(0, cell + (action === 0 ? -1 : 1)));

  return {
    name: 'line',
    description: 'a walker on a line of cells, the reward in the last, under a lamp that does not matter',
    options: parsed,
    observationShape: [SIZE_PX, SIZE_PX, 3],
    actionNames: ACTION_NAMES,
    actionSize: ACTION_NAMES.length,
    encodeAction: (action, _random, encoded, offset) => encodeOneHot(action, ACTION_NAMES.length, encoded, offset),
    stateCount: cells * lamps,
    stateName: (state) => (lamps === 1 ? `cell ${cellOf(state)}` : `cell ${cellOf(state)} lamp ${lampOf(state)}`),
    factors: [
      { name: 'cell', size: cells, of: cellOf },
      { name: 'lamp', size: lamps, of: lampOf },
    ],
    next: (state, action) => walked(cellOf(state), action) * lamps + ((lampOf(state) + 1) % lamps),
    reward(state) {
      const steps = cells - 1 - cellOf(state);
      const isReached = steps === 0 ? 1 : 0;
      return reward === 'sparse' ? isReached : 1 - steps / (cells - 1) + isReached;
    },
    hasBinaryReward: reward === 'sparse',
    nuisances: [
      // Nothing reaches the corner.
      { name: 'floor', kind: 'values', names: ['brightness'], read: (pixels) => [pixels[0]] },
    ],
    drawAppearance,
    render,
    skipImage: () => {},
  };

  function render(state: number, appearance: Appearance, _random: Random, pixels: Uint8Array): void {
    const raster = { sizePx: SIZE_PX, pixels };
    const { floor, red, green, blue } = appearance;
    fillRectangle(raster, 0, 0, SIZE_PX, SIZE_PX, [floor, floor, floor]);
    const top = middlePx - Math.floor(cellPx / 2);
    fillRectangle(raster, marginPx, top + cellPx, cells * cellPx, 1, TRACK);
    fillRectangle(raster, marginPx + (cells - 1) * cellPx, top, cellPx, cellPx, GOAL);
    const x = marginPx + cellOf(state) * cellPx + (cellPx - 1) / 2;
    fillDisc(raster, x, top + (cellPx - 1) / 2, (cellPx - 1) / 2, [red, green, blue]);
    const step = (SIZE_PX - 4 - LAMP_SIDE_PX) / Math.max(1, lamps - 1);
    fillRectangle(raster, 2 + Math.round(lampOf(state) * step), 3, LAMP_SIDE_PX, LAMP_SIDE_PX, LAMP);
  }
}

function drawAppearance(random: Random): Appearance {
  const bright = () => WALKER_DARKEST + random.integer(256 - WALKER_DARKEST);
  return { floor: random.integer(FLOOR_BRIGHTEST + 1), red: bright(), green: bright(), blue: bright() };
}
