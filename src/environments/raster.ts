// Plain shapes on a square RGB image, and the squares of a grid world on it.

export type Colour = readonly [red: number, green: number, blue: number];

export interface Raster {
  /** Side of the square image. */
  readonly sizePx: number;
  /** [size, size, 3] bytes. */
  readonly pixels: Uint8Array;
}

export function fillRectangle(
  raster: Raster,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  const { sizePx, pixels } = raster;
  const [red, green, blue] = colour;
  const left = Math.max(0, x);
  const right = Math.min(sizePx, x + width);
  for (let row = Math.max(0, y); row < Math.min(sizePx, y + height); row++) {
    const end = 3 * (row * sizePx + right);
    for (let index = 3 * (row * sizePx + left); index < end; index += 3) {
      pixels[index] = red;
      pixels[index + 1] = green;
      pixels[index + 2] = blue;
    }
  }
}

/** All pixels whose centre is within `radius` of (x, y); coordinates are pixel indices and may be halves. */
export function fillDisc(raster: Raster, x: number, y: number, radius: number, colour: Colour): void {
  const { sizePx, pixels } = raster;
  for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(sizePx - 1, y + radius); row++)
    for (let column = Math.max(0, Math.ceil(x - radius)); column <= Math.min(sizePx - 1, x + radius); column++)
      if ((column - x) ** 2 + (row - y) ** 2 <= radius * radius) pixels.set(colour, 3 * (row * sizePx + column));
}

/** Where the cells of a grid of `side` x `side` are on an image: as large as fits, centred. */
export function gridOnImage(side: number, sizePx: number) {
  const cellPx = Math.floor(sizePx / side);
  const marginPx = Math.floor((sizePx - side * cellPx) / 2);
  return {
    cellPx,
    /** The upper left pixel of a cell. */
    cornerOf: (row: number, column: number) => ({ x: marginPx + column * cellPx, y: marginPx + row * cellPx }),
    fillCell(raster: Raster, row: number, column: number, colour: Colour, insetPx = 0): void {
      const side = cellPx - 2 * insetPx;
      fillRectangle(
        raster,
        marginPx + column * cellPx + insetPx,
        marginPx + row * cellPx + insetPx,
        side,
        side,
        colour,
      );
    },
    fillDiscInCell(raster: Raster, row: number, column: number, colour: Colour, radiusPx: number): void {
      const centre = (cell: number) => marginPx + cell * cellPx + (cellPx - 1) / 2;
      fillDisc(raster, centre(column), centre(row), radiusPx, colour);
    },
  };
}
