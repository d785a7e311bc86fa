// What an image of a grid world shows beside the state: the colour of the agent and the brightness of floor and walls.
import type { Nuisance } from './environment.ts';
import type { Cell } from './grid-world.ts';
import type { gridOnImage } from './raster.ts';

export interface GridAppearance {
  readonly sizePx: number;
  readonly grid: ReturnType<typeof gridOnImage>;
  /** Where an agent can be, all of one floor but for a few. */
  readonly cells: readonly Cell[];
}

/** The colour of the agent, who is where the darkest channel is brightest: on every floor, goal and cloud it is the brightest. */
export function agentColour({ sizePx, grid, cells }: GridAppearance): Nuisance {
  const inner = innerPixels(grid.cellPx);
  return {
    name: 'colour',
    kind: 'values',
    names: ['red', 'green', 'blue'],
    read(pixels) {
      let brightest = 0;
      let colour: number[] | undefined;
      for (const { row, column } of cells) {
        const corner = grid.cornerOf(row, column);
        const sum = [0, 0, 0];
        let darkest = 0;
        for (const [dx, dy] of inner) {
          const index = 3 * ((corner.y + dy) * sizePx + corner.x + dx);
          for (let channel = 0; channel < 3; channel++) sum[channel] += pixels[index + channel];
          darkest += Math.min(pixels[index], pixels[index + 1], pixels[index + 2]);
        }
        if (darkest <= brightest) continue;
        brightest = darkest;
        colour = sum.map((total) => total / inner.length);
      }
      return colour;
    },
  };
}

/** The brightness that most of the cells have in their corner, which no agent covers. */
export function cellBrightness(name: string, { sizePx, grid, cells }: GridAppearance): Nuisance {
  return {
    name,
    kind: 'values',
    names: ['brightness'],
    read(pixels) {
      const corners = cells.map(({ row, column }) => {
        const { x, y } = grid.cornerOf(row, column);
        return pixels[3 * (y * sizePx + x)];
      });
      return [corners.sort((a, b) => a - b)[Math.floor(corners.length / 2)]];
    },
  };
}

/** Offsets from the corner of a cell to the pixels in its middle, which an agent covers. */
function innerPixels(cellPx: number): [dx: number, dy: number][] {
  const third = Math.floor(cellPx / 3);
  const range = Array.from({ length: cellPx - 2 * third }, (_, i) => third + i);
  return range.flatMap((dy) => range.map((dx): [number, number] => [dx, dy]));
}
