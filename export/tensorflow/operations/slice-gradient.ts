// The gradient of a strided slice to what it was taken from.
import { isEqual } from '../../graph/dimension.ts';
import type { Operation } from '../operation.ts';
import { knownSizes } from './window.ts';

/** Of x[:, ::s, ...]: the gradient's elements at the places that were taken, zeros between them. */
const stridedSliceGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const sizes = node.dimensions(0);
    if (sizes === undefined) throw node.unsupported('a whole whose sizes are computed');
    const strides = node.integers(3, 'strides');
    const begins = node.integers(1, 'begins');
    const isOdd = ['ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].some((mask) => node.number(mask, 0) !== 0);
    if (isOdd || strides.length !== sizes.length || strides.some((stride) => stride < 1))
      throw node.unsupported('a slice that changes the rank or goes backwards');
    let x = node.input(4);
    for (const [axis, size] of sizes.entries()) {
      const stride = strides[axis];
      const begin = (node.number('begin_mask', 0) & (1 << axis)) !== 0 ? 0 : begins[axis];
      if (stride === 1 && isEqual(x.shape[axis], size)) continue;
      const [whole, taken] = knownSizes(node, [size, x.shape[axis]], 'a sliced axis');
      if (stride > 1) {
        // A new axis behind the one that was sliced holds an element and the stride - 1 zeros that follow it.
        const wide = graph.unsqueeze(x, [axis + 1]);
        const gaps = wide.shape.map((_, i): readonly [number, number] => (i === axis + 1 ? [0, stride - 1] : [0, 0]));
        x = graph.reshape(
          graph.pad(wide, gaps),
          x.shape.map((count, i) => (i === axis ? taken * stride : count)),
        );
      }
      const reached = taken * stride;
      if (begin + reached > whole) x = graph.slice(x, axis, 0, whole - begin);
      const rest = Math.max(whole - begin - reached, 0);
      if (begin > 0 || rest > 0)
        x = graph.pad(
          x,
          x.shape.map((_, i): readonly [number, number] => (i === axis ? [begin, rest] : [0, 0])),
        );
    }
    return x;
  },
  documentation: { operators: 'Unsqueeze, Pad, Reshape, Slice', notes: 'Of a training step. Without masks of axes.' },
};

export const sliceGradients = { StridedSliceGrad: stridedSliceGrad } as const satisfies Record<string, Operation>;
