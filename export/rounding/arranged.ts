// Numbers that are moved and not computed, with their bounds: what a certificate asks of an output goes back to where each came from.
import { exactOutcome, type Outcome } from './row.ts';
import type { Bounded } from './tensor.ts';

/**
 * A tensor of `shape` whose elements are elements of `inputs`.
 * @param sources elements of the inputs, laid one behind the other; -1 takes `fill`
 */
export function arranged(inputs: readonly Bounded[], shape: readonly number[], sources: Int32Array, fill = 0): Outcome {
  const size = sources.length;
  const starts: number[] = [];
  let total = 0;
  for (const { values } of inputs) {
    starts.push(total);
    total += values.length;
  }
  const ownerOf = (source: number): number => {
    let owner = inputs.length - 1;
    while (starts[owner] > source) owner--;
    return owner;
  };
  const values = new Float64Array(size).fill(fill);
  const spread = new Float64Array(size);
  const owners = inputs.length > 1 ? new Int32Array(size) : undefined;
  for (let i = 0; i < size; i++) {
    const source = sources[i];
    if (source < 0) continue;
    const owner = owners ? ownerOf(source) : 0;
    if (owners) owners[i] = owner;
    const { values: from, radius } = inputs[owner];
    values[i] = from[source - starts[owner]];
    if (radius) spread[i] = radius[source - starts[owner]];
  }
  const type = inputs[0].type;
  return {
    ...exactOutcome(type, shape, values),
    isExact: inputs.every(({ radius }) => radius === undefined),
    spread,
    local: new Float64Array(size),
    terms: Math.max(1, Math.ceil(size / Math.max(1, total)), size > total ? size : 1),
    pull: (functionals, rows) => {
      const pulled = inputs.map(({ radius, values: own }) => radius && new Float64Array(rows * own.length));
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < size; i++) {
          const source = sources[i];
          if (source < 0) continue;
          const owner = owners ? owners[i] : 0;
          const target = pulled[owner];
          if (target) target[row * inputs[owner].values.length + source - starts[owner]] += functionals[row * size + i];
        }
      return pulled;
    },
  };
}
