// Random encoders of the kinds that the certificate is for: convolutional, perceptrons, patch transformers; with every activation.

import { GraphBuilder } from '../../../export/graph/builder.ts';
import { floats, integers } from '../../../export/graph/constant.ts';
import { irVersionOf, type OnnxModel, type Value } from '../../../export/graph/graph.ts';
import { type Random, randomFor } from '../../../src/random.ts';

export interface RandomEncoder {
  readonly model: OnnxModel;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly kind: string;
}

export const kinds = ['convolutional', 'perceptron', 'transformer'] as const;

export function randomEncoder(kind: (typeof kinds)[number], seed: number): RandomEncoder {
  const random = randomFor('encoder', seed);
  const builder = new GraphBuilder(17);
  const net = new Network(builder, random);
  const shape = kind === 'perceptron' ? [1, 7 + random.integer(40)] : [1, 3, 12, 12];
  const input = builder.input('observation', { type: 'float32', shape });
  const output = net[kind](input);
  const size = shape.reduce((product, n) => product * n, 1);
  // Pixels, or numbers of either sign.
  const data = Float32Array.from({ length: size }, () =>
    kind === 'perceptron' ? random.normal() * 2 : random.integer(256) / 255,
  );
  return { model: modelOf(builder, output), shape, data, kind };
}

export function modelOf(builder: GraphBuilder, output: Value): OnnxModel {
  return {
    graph: builder.build('encoder', [output]),
    opset: builder.opset,
    domains: {},
    irVersion: irVersionOf(builder.opset),
    producer: { name: 'test', version: '0' },
    metadata: {},
  };
}

class Network {
  readonly #builder: GraphBuilder;
  readonly #random: Random;

  constructor(builder: GraphBuilder, random: Random) {
    this.#builder = builder;
    this.#random = random;
  }

  weights(shape: readonly number[], spread: number, centre = 0): Value {
    const size = shape.reduce((product, n) => product * n, 1);
    const data = Float32Array.from({ length: size }, () => centre + spread * this.#random.normal());
    return this.#builder.constant('weight', floats(shape, data));
  }

  activation(x: Value): Value {
    const { node, constant } = {
      node: this.#builder.node.bind(this.#builder),
      constant: (value: number) => this.#builder.constant('number', floats([], [value])),
    };
    switch (this.#random.integer(7)) {
      case 0:
        return node('Relu', [x]);
      case 1:
        return node('LeakyRelu', [x], { alpha: 0.2 });
      case 2:
        return node('Tanh', [x]);
      case 3:
        return node('Mul', [x, node('Sigmoid', [x])]);
      case 4:
        return node('Mul', [x, node('Tanh', [node('Softplus', [x])])]);
      case 5: {
        const gate = node('Add', [node('Erf', [node('Div', [x, constant(Math.SQRT2)])]), constant(1)]);
        return node('Mul', [node('Mul', [x, gate]), constant(0.5)]);
      }
      default:
        return x;
    }
  }

  dense(x: Value, inputs: number, outputs: number): Value {
    return this.#builder.node('Gemm', [
      x,
      this.weights([inputs, outputs], 1.5 / Math.sqrt(inputs)),
      this.weights([outputs], 0.3),
    ]);
  }

  perceptron(x: Value): Value {
    let [value, size] = [x, Number(x.shape[1])];
    const depth = 1 + this.#random.integer(4);
    for (let layer = 0; layer < depth; layer++) {
      const units = 3 + this.#random.integer(30);
      value = this.activation(this.dense(value, size, units));
      size = units;
    }
    return this.dense(value, size, 4);
  }

  convolutional(x: Value): Value {
    const { node } = { node: this.#builder.node.bind(this.#builder) };
    let value = x;
    const depth = 1 + this.#random.integer(3);
    for (let layer = 0; layer < depth; layer++) {
      const [channels, filters] = [Number(value.shape[1]), 2 + this.#random.integer(6)];
      const kernel = this.weights([filters, channels, 3, 3], 1 / Math.sqrt(channels * 4));
      const isStrided = this.#random.integer(2) === 0;
      const convolved = node(
        'Conv',
        [value, kernel, this.#random.integer(2) === 0 ? this.weights([filters], 0.2) : undefined],
        {
          strides: isStrided ? [2, 2] : [1, 1],
          pads: [1, 1, 1, 1],
        },
      );
      const norm = [
        this.weights([filters], 0.1, 1),
        this.weights([filters], 0.2),
        this.weights([filters], 0.2),
        this.weights([filters], 0.01, 0.5),
      ];
      const normed = this.#random.integer(2) === 0 ? node('BatchNormalization', [convolved, ...norm]) : convolved;
      let next = this.activation(normed);
      if (!isStrided && filters === channels) next = node('Add', [next, value]);
      value = next;
    }
    if (Number(value.shape[2]) >= 6) value = node('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] });
    const size = value.shape.reduce<number>((product, n) => product * Number(n), 1);
    const flat = node('Reshape', [value, this.#builder.constant('shape', integers([1, size]))]);
    return this.dense(this.activation(this.dense(flat, size, 12)), 12, 5);
  }

  transformer(x: Value): Value {
    const { node } = { node: this.#builder.node.bind(this.#builder) };
    const width = 8;
    const patches = node('Conv', [x, this.weights([width, 3, 4, 4], 0.3)], { strides: [4, 4] });
    const planes = node('Reshape', [patches, this.#builder.constant('shape', integers([1, width, 9]))]);
    let tokens = node('Transpose', [planes], { perm: [0, 2, 1] });
    const norm = (value: Value): Value =>
      node('LayerNormalization', [value, this.weights([width], 0.2, 1), this.weights([width], 0.2)], { epsilon: 1e-3 });
    for (let block = 0; block < 1 + this.#random.integer(2); block++) {
      const normed = norm(tokens);
      const [query, key, value] = [0, 1, 2].map(() => node('MatMul', [normed, this.weights([width, width], 0.4)]));
      const scores = node('MatMul', [query, node('Transpose', [key], { perm: [0, 2, 1] })]);
      const mixed = node('MatMul', [node('Softmax', [scores], { axis: -1 }), value]);
      tokens = node('Add', [tokens, node('MatMul', [mixed, this.weights([width, width], 0.4)])]);
      const expanded = this.activation(
        node('Add', [node('MatMul', [norm(tokens), this.weights([width, 16], 0.4)]), this.weights([16], 0.1)]),
      );
      tokens = node('Add', [tokens, node('MatMul', [expanded, this.weights([16, width], 0.3)])]);
    }
    return this.dense(node('ReduceMean', [norm(tokens)], { axes: [1], keepdims: 0 }), width, 4);
  }
}
