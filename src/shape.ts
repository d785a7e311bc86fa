// Shapes of tensors, whoever holds them.

/** Numbers in a tensor of this shape; 1 for a scalar's, which is empty. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
