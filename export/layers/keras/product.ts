// Functions of keras.ops that multiply matrices and tensors.
import type { LayerConverter } from '../converter.ts';
import { asOneType } from './arrangement.ts';
import { operation, pairOf, tensorFrom } from './operands.ts';

const matmul = operation('MatMul', (layer) => layer.graph.node('MatMul', pairOf(layer, ['x1', 'x2'])));

const dot = operation('MatMul', (layer) => {
  const [a, b] = pairOf(layer, ['x1', 'x2']);
  if (a.shape.length === 0 || b.shape.length === 0) return layer.graph.node('Mul', [a, b]);
  if (b.shape.length > 2)
    throw layer.unsupported('a dot product with a tensor of rank 3 or more', 'Use keras.ops.matmul.');
  return layer.graph.node('MatMul', [a, b]);
});

const einsum = operation(
  'Einsum',
  (layer) => {
    const { positional, named } = layer.arguments;
    if (named.size > 0)
      throw layer.unsupported(`${[...named.keys()].join(', ')} of einsum`, 'Call it with tensors alone.');
    const subscripts = layer.config.text('subscripts').replaceAll(' ', '');
    if (subscripts.includes('.') || !subscripts.includes('->'))
      throw layer.unsupported(`an equation ${subscripts}`, 'Name every axis, and the result behind ->.');
    const values = positional.map((argument, i) => tensorFrom(layer, `operand ${i + 1}`, argument));
    return layer.graph.node('Einsum', asOneType(layer, values), { equation: subscripts });
  },
  { options: 'equations without an ellipsis' },
);

export const products: Readonly<Record<string, LayerConverter>> = {
  'ops.Matmul': matmul,
  'ops.Dot': dot,
  'ops.Einsum': einsum,
};
