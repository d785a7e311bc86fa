// Matrix products and layer normalisation.
import { isDifferent } from '../graph/dimension.ts';
import { type Dimension, describeShape, describeType } from '../graph/type.ts';
import { axisOf, broadcast, float, int, type Operator, required, sameType, text, unify } from './operator.ts';

export const linear = {
  Gemm: {
    since: 17,
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { alpha: float, beta: float, transA: int, transB: int },
    infer: (call) => {
      const [rows, inner] = ordered(call.rank(0, 2).shape, call.int('transA', 0));
      const [other, columns] = ordered(call.rank(1, 2).shape, call.int('transB', 0));
      unify(call, 'the inner axis', inner, other);
      const bias = call.optional(2);
      if (bias && broadcast(call, [rows, columns], bias.shape).some((size, i) => size !== [rows, columns][i]))
        throw call.fail(`a bias that broadcasts to ${describeShape([rows, columns])}`, describeType(bias));
      return [{ type: sameType(call, 0, 1, 2), shape: [rows, columns] }];
    },
  },
  MatMul: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const a = call.input(0).shape;
      const b = call.input(1).shape;
      if (a.length === 0 || b.length === 0) throw call.fail('matrices', `${describeShape(a)} and ${describeShape(b)}`);
      const left = a.length === 1 ? [1, ...a] : a;
      const right = b.length === 1 ? [...b, 1] : b;
      unify(call, 'the inner axis', left[left.length - 1], right[right.length - 2]);
      const batch = broadcast(call, left.slice(0, -2), right.slice(0, -2));
      const shape: Dimension[] = [...batch];
      if (a.length > 1) shape.push(a[a.length - 2]);
      if (b.length > 1) shape.push(b[b.length - 1]);
      return [{ type: sameType(call, 0, 1), shape }];
    },
  },
  Einsum: {
    since: 17,
    inputs: [1, Number.POSITIVE_INFINITY],
    outputs: [1, 1],
    attributes: { equation: required(text) },
    infer: (call) => {
      const [terms, result] = call.text('equation', '').replaceAll(' ', '').split('->');
      if (result === undefined) throw call.fail('an equation with `->`', call.text('equation', ''));
      const sizes = new Map<string, Dimension>();
      for (const [index, term] of terms.split(',').entries()) {
        const { shape } = call.rank(index, term.length);
        for (const [axis, letter] of [...term].entries()) {
          const known = sizes.get(letter);
          sizes.set(letter, known === undefined ? shape[axis] : unify(call, `axis ${letter}`, known, shape[axis]));
        }
      }
      const shape = [...result].map((letter) => {
        const size = sizes.get(letter);
        if (size === undefined) throw call.fail('an output axis that an input has', letter);
        return size;
      });
      return [{ type: sameType(call, ...call.types.keys()), shape }];
    },
  },
  LayerNormalization: {
    since: 17,
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { axis: int, epsilon: float, stash_type: int },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const normalised = shape.slice(axisOf(call, call.int('axis', -1), shape.length));
      for (const index of [1, 2]) {
        const parameter = call.optional(index);
        const fits =
          parameter === undefined ||
          (parameter.shape.length <= normalised.length &&
            parameter.shape.every((size, i) => {
              const against = normalised[i + normalised.length - parameter.shape.length];
              return size === 1 || !isDifferent(size, against);
            }));
        if (!fits && parameter) throw call.fail(`a parameter of ${describeShape(normalised)}`, describeType(parameter));
      }
      return [{ type, shape }];
    },
  },
} as const satisfies Record<string, Operator>;

function ordered(shape: readonly Dimension[], isTransposed: number): readonly Dimension[] {
  return isTransposed === 0 ? shape : [shape[1], shape[0]];
}
