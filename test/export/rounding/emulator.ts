// Runtimes made to be as wrong as the hypotheses allow: float32 by Math.fround, sums in an order of one's choice, elementary functions
// off by all the units that they may be off. Written apart from export/rounding, so that the two cannot share a mistake.
import type { Constant } from '../../../export/graph/constant.ts';
import { floatAttribute, intsAttribute, type Node, type OnnxModel } from '../../../export/graph/graph.ts';
import { accuracyOf } from '../../../export/rounding/hypotheses.ts';
import { erf } from '../../../export/rounding/special.ts';

const f = Math.fround;

/** Terms of a sum, each a product of two float32, to one float32. */
export type Sum = (terms: readonly (readonly [number, number])[]) => number;

const products = (terms: readonly (readonly [number, number])[]): number[] => terms.map(([a, b]) => f(a * b));
const chain = (values: readonly number[]): number => values.reduce((sum, value) => f(sum + value), 0);

export const sums: Readonly<Record<string, Sum>> = {
  forwards: (terms) => chain(products(terms)),
  backwards: (terms) => chain(products(terms).reverse()),
  ascending: (terms) => chain(products(terms).sort((a, b) => a - b)),
  descending: (terms) => chain(products(terms).sort((a, b) => b - a)),
  'largest first': (terms) => chain(products(terms).sort((a, b) => Math.abs(b) - Math.abs(a))),
  pairwise: (terms) => {
    let values = products(terms);
    while (values.length > 1)
      values = Array.from({ length: Math.ceil(values.length / 2) }, (_, i) =>
        2 * i + 1 < values.length ? f(values[2 * i] + values[2 * i + 1]) : values[2 * i],
      );
    return values[0] ?? 0;
  },
  'eight lanes': (terms) => {
    const values = products(terms);
    return chain(Array.from({ length: 8 }, (_, lane) => chain(values.filter((_, i) => i % 8 === lane))));
  },
  fused: (terms) => terms.reduce((sum, [a, b]) => f(a * b + sum), 0),
  'fused backwards': (terms) => [...terms].reverse().reduce((sum, [a, b]) => f(a * b + sum), 0),
};

interface Tensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** `side`: 1, -1 or alternating, in which direction elementary functions are off. */
export interface Wrongness {
  readonly sum: Sum;
  readonly side: (i: number) => number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const functions: Readonly<Record<string, { f: (x: number) => number; ulps: number; absolute: number }>> = {
  Tanh: { f: Math.tanh, ...accuracyOf.Tanh },
  Sigmoid: { f: sigmoid, ...accuracyOf.Sigmoid },
  Softplus: { f: softplus, ...accuracyOf.Softplus },
  Erf: { f: erf, ...accuracyOf.Erf },
  Exp: { f: Math.exp, ...accuracyOf.Exp },
  Sqrt: { f: Math.sqrt, ...accuracyOf.Sqrt },
};

/** Off by nearly all that is allowed, less the rounding of this line itself. */
function wrong(name: string, x: number, side: number): number {
  const { f: exact, ulps, absolute } = functions[name];
  const value = exact(x);
  return f(value + side * 2 ** -23 * (Math.max(0, ulps - 0.5) * Math.abs(value) + absolute));
}

/** The first output of a graph of a batch of one. */
export function emulate(model: OnnxModel, input: Tensor, wrongness: Wrongness): Float64Array {
  const { graph } = model;
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, data }] of graph.constants) tensors.set(name, { shape, data: numbers(data) });
  tensors.set(graph.inputs[0].name, input);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => tensors.get(name) ?? { shape: [], data: [] });
    tensors.set(node.outputs[0], run(node, inputs, wrongness));
  }
  return Float64Array.from(tensors.get(graph.outputs[0].name)?.data ?? []);
}

function numbers(data: Constant['data']): number[] {
  return Array.from<number | bigint, number>(data, Number);
}

function run(node: Node, inputs: readonly Tensor[], { sum, side }: Wrongness): Tensor {
  const [x, y, z] = inputs;
  const each = (g: (value: number, i: number) => number): Tensor => ({
    shape: x.shape,
    data: Array.from(x.data, g),
  });
  const both = (g: (a: number, b: number) => number): Tensor => broadcast(x, y, g);
  switch (node.operator) {
    case 'Relu':
      return each((value) => Math.max(0, value));
    case 'LeakyRelu':
      return each((value) => (value > 0 ? value : f(f(floatAttribute(node, 'alpha', 0.01)) * value)));
    case 'Add':
      return both((a, b) => f(a + b));
    case 'Sub':
      return both((a, b) => f(a - b));
    case 'Mul':
      return both((a, b) => f(a * b));
    case 'Div':
      return both((a, b) => f(a / b));
    case 'Gemm':
      return gemm(x, y, z, sum);
    case 'MatMul':
      return matmul(x, y, sum);
    case 'Conv':
      return conv(node, x, y, z, sum);
    case 'Reshape':
      return { shape: Array.from(y.data, (size) => (size === -1 ? x.data.length : size)), data: x.data };
    case 'Transpose':
      return transpose(x, intsAttribute(node, 'perm') ?? []);
    case 'ReduceMean':
      return mean(x, sum);
    case 'LayerNormalization':
      return layerNorm(node, inputs, sum);
    case 'Softmax':
      return softmax(x, sum, side);
    case 'BatchNormalization':
      return batchNorm(node, inputs);
    case 'MaxPool':
      return maxPool(x);
    default:
      return each((value, i) => wrong(node.operator, value, side(i)));
  }
}

function broadcast(a: Tensor, b: Tensor, g: (a: number, b: number) => number): Tensor {
  const [large, small] = a.data.length >= b.data.length ? [a, b] : [b, a];
  const isSwapped = large === b;
  return {
    shape: large.shape,
    data: Array.from(large.data, (value, i) => {
      const other = small.data[i % small.data.length];
      return isSwapped ? g(other, value) : g(value, other);
    }),
  };
}

function gemm(x: Tensor, w: Tensor, b: Tensor | undefined, sum: Sum): Tensor {
  const [inner, columns] = w.shape;
  const data = Array.from({ length: columns }, (_, j) => {
    const terms = Array.from({ length: inner }, (_, k) => [x.data[k], w.data[k * columns + j]] as const);
    return sum(b && b.data.length > 0 ? [...terms, [b.data[j], 1]] : terms);
  });
  return { shape: [1, columns], data };
}

function matmul(a: Tensor, b: Tensor, sum: Sum): Tensor {
  const [rows, inner] = a.shape.slice(-2);
  const columns = b.shape[b.shape.length - 1];
  const data: number[] = [];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      data.push(
        sum(Array.from({ length: inner }, (_, k) => [a.data[i * inner + k], b.data[k * columns + j]] as const)),
      );
  return { shape: [...a.shape.slice(0, -1), columns], data };
}

/** Square kernels, one group. */
function conv(node: Node, x: Tensor, w: Tensor, b: Tensor | undefined, sum: Sum): Tensor {
  const [, channels, height, width] = x.shape;
  const [filters, , side] = w.shape;
  const [stride] = intsAttribute(node, 'strides') ?? [1, 1];
  const [pad] = intsAttribute(node, 'pads') ?? [0];
  const size = Math.floor((height + 2 * pad - side) / stride) + 1;
  const data: number[] = [];
  for (let o = 0; o < filters; o++)
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++) {
        const terms: [number, number][] = [];
        for (let k = 0; k < channels; k++)
          for (let i = 0; i < side; i++)
            for (let j = 0; j < side; j++) {
              const [row, column] = [r * stride - pad + i, c * stride - pad + j];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              terms.push([
                x.data[(k * height + row) * width + column],
                w.data[((o * channels + k) * side + i) * side + j],
              ]);
            }
        if (b && b.data.length > 0) terms.push([b.data[o], 1]);
        data.push(sum(terms));
      }
  return { shape: [1, filters, size, size], data };
}

function transpose(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]);
  const data: number[] = [];
  const visit = (index: number[]): void => {
    if (index.length < shape.length) {
      for (let i = 0; i < shape[index.length]; i++) visit([...index, i]);
      return;
    }
    const at = x.shape.map((_, axis) => index[order.indexOf(axis)]);
    data.push(x.data[at.reduce((offset, i, axis) => offset * x.shape[axis] + i, 0)]);
  };
  visit([]);
  return { shape, data };
}

/** Over the second of three axes. */
function mean(x: Tensor, sum: Sum): Tensor {
  const [, tokens, width] = x.shape;
  const data = Array.from({ length: width }, (_, k) =>
    f(sum(Array.from({ length: tokens }, (_, t) => [x.data[t * width + k], 1] as const)) / tokens),
  );
  return { shape: [1, width], data };
}

/** By the mean square minus the squared mean: the worse of the two ways. */
function layerNorm(node: Node, [x, scale, offset]: readonly Tensor[], sum: Sum): Tensor {
  const n = x.shape[x.shape.length - 1];
  const data: number[] = [];
  for (let at = 0; at < x.data.length; at += n) {
    const own = Array.from({ length: n }, (_, k) => x.data[at + k]);
    const average = f(sum(own.map((value) => [value, 1] as const)) / n);
    const square = f(sum(own.map((value) => [value, value] as const)) / n);
    const variance = f(square - f(average * average));
    const deviation = f(Math.sqrt(f(variance + f(floatAttribute(node, 'epsilon', 1e-5)))));
    for (let k = 0; k < n; k++)
      data.push(f(f(f(f(own[k] - average) / deviation) * scale.data[k]) + (offset?.data[k] ?? 0)));
  }
  return { shape: x.shape, data };
}

function softmax(x: Tensor, sum: Sum, side: (i: number) => number): Tensor {
  const n = x.shape[x.shape.length - 1];
  const data: number[] = [];
  for (let at = 0; at < x.data.length; at += n) {
    const own = Array.from({ length: n }, (_, k) => x.data[at + k]);
    const largest = Math.max(...own);
    const powers = own.map((value, i) => wrong('Exp', f(value - largest), side(i)));
    const total = sum(powers.map((value) => [value, 1] as const));
    data.push(...powers.map((value) => f(value / total)));
  }
  return { shape: x.shape, data };
}

function batchNorm(node: Node, [x, scale, offset, average, variance]: readonly Tensor[]): Tensor {
  const channels = x.shape[1];
  const area = x.data.length / channels;
  const epsilon = f(floatAttribute(node, 'epsilon', 1e-5));
  return {
    shape: x.shape,
    data: Array.from(x.data, (value, i) => {
      const c = Math.floor(i / area);
      const factor = f(scale.data[c] / f(Math.sqrt(f(variance.data[c] + epsilon))));
      return f(f(value * factor) + f(offset.data[c] - f(average.data[c] * factor)));
    }),
  };
}

/** Windows of 2 by 2, side by side. */
function maxPool(x: Tensor): Tensor {
  const [, channels, height, width] = x.shape;
  const data: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let r = 0; r + 1 < height; r += 2)
      for (let k = 0; k + 1 < width; k += 2) {
        const at = (c * height + r) * width + k;
        data.push(Math.max(x.data[at], x.data[at + 1], x.data[at + width], x.data[at + width + 1]));
      }
  return { shape: [1, channels, Math.floor(height / 2), Math.floor(width / 2)], data };
}
