// The gradient of a strided slice to what it was taken from.
import type { Operation } from '../operation.ts';
import { knownSizes } from './window.ts';

/** Of x[:, ::s, ...]: the gradient's elements at the places that were taken, zeros between them. */
const stridedSliceGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const sizes = node.integers(0, 'the sizes of the whole');
    const strides = node.integers(3, 'strides');
    const begins = node.integers(1, 'begins');
    const isOdd = ['ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].some((mask) => node.number(mask, 0) !== 0);
    if (isOdd || strides.length !== sizes.length || strides.some((stride) => stride < 1))
      throw node.unsupported('a slice that changes the rank or goes backwards');
    let x = node.input(4);
    for (const [axis, size] of sizes.entries()) {
      const stride = strides[axis];
      const begin = (node.number('begin_mask', 0) & (1 << axis)) !== 0 ? 0 : begins[axis];
      const taken = knownSizes(node, x.shape, 'a gradient');
      if (stride === 1 && taken[axis] === size) continue;
      if (stride > 1) {
        // A new axis behind the one that was sliced holds an element and the stride - 1 zeros that follow it.
        const wide = graph.unsqueeze(x, [axis + 1]);
        const gaps = wide.shape.map((_, i): readonly [number, number] => (i === axis + 1 ? [0, stride - 1] : [0, 0]));
        x = graph.reshape(
          graph.pad(wide, gaps),
          taken.map((count, i) => (i === axis ? count * stride : count)),
        );
      }
      const reached = taken[axis] * stride;
      if (begin + reached > size) x = graph.slice(x, axis, 0, size - begin);
      const rest = Math.max(size - begin - reached, 0);
      if (begin > 0 || rest > 0)
        x = graph.pad(
          x,
          taken.map((_, i): readonly [number, number] => (i === axis ? [begin, rest] : [0, 0])),
        );
    }
    return x;
  },
  documentation: { operators: 'Unsqueeze, Pad, Reshape, Slice', notes: 'Of a training step. Without masks of axes.' },
};

export const sliceGradients = { StridedSliceGrad: stridedSliceGrad } as const satisfies Record<string, Operation>;
