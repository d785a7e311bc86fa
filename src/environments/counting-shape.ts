// The image and the four shapes of the counting environment.

export const SIZE_PX = 64;
export const RADIUS_PX = 3;

export interface CountingShape {
  readonly name: string;
  /** Pixel offsets from the centre that the shape fills. */
  readonly offsets: readonly (readonly [dx: number, dy: number])[];
}

export const SHAPES: readonly CountingShape[] = [
  { name: 'circle', offsets: offsetsWhere((dx, dy) => dx * dx + dy * dy <= RADIUS_PX * RADIUS_PX) },
  { name: 'square', offsets: offsetsWhere(() => true) },
  { name: 'triangle', offsets: offsetsWhere((dx, dy) => Math.abs(dx) <= (dy + RADIUS_PX) / 2) },
  { name: 'line', offsets: offsetsWhere((_dx, dy) => dy === 0) },
];

function offsetsWhere(isInside: (dx: number, dy: number) => boolean): [number, number][] {
  const offsets: [number, number][] = [];
  for (let dy = -RADIUS_PX; dy <= RADIUS_PX; dy++)
    for (let dx = -RADIUS_PX; dx <= RADIUS_PX; dx++) if (isInside(dx, dy)) offsets.push([dx, dy]);
  return offsets;
}
