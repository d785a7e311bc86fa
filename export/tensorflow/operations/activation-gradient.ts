// Gradients of activations and of the root, out of their outputs where these are enough, as TensorFlow's kernels compute them.
import type { Operation } from '../operation.ts';

const reluGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    // The features may be what went into ReLU or what came out: both are above 0 at the same places.
    const isOpen = graph.node('Greater', [node.input(1), graph.scalar(0, 'zero')]);
    // A product rather than Where, which onnxruntime's CPU computes ten times slower with a scalar.
    return graph.node('Mul', [node.input(0), graph.cast(isOpen, 'float32')]);
  },
  documentation: { operators: 'Greater, Cast, Mul', notes: 'Of a training step.' },
};

/** dL/dx of y = tanh x out of y. */
const tanhGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, gradient] = node.inputs(0, 2);
    return graph.node('Mul', [gradient, graph.node('Sub', [graph.scalar(1, 'one'), graph.node('Mul', [y, y])])]);
  },
  documentation: { operators: 'Mul, Sub', notes: 'Of a training step.' },
};

/** dL/dx of y = 1 / (1 + e^-x) out of y. */
const sigmoidGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, gradient] = node.inputs(0, 2);
    const slope = graph.node('Mul', [y, graph.node('Sub', [graph.scalar(1, 'one'), y])]);
    return graph.node('Mul', [gradient, slope]);
  },
  documentation: { operators: 'Mul, Sub', notes: 'Of a training step.' },
};

const softplusGrad: Operation = {
  convert: (node) => node.graph.node('Mul', [node.input(0), node.graph.node('Sigmoid', [node.input(1)])]),
  documentation: { operators: 'Sigmoid, Mul', notes: 'Of a training step.' },
};

/** dL/dx of y = sqrt x out of y: dL/dy / (2 y). */
const sqrtGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, gradient] = node.inputs(0, 2);
    return graph.node('Div', [graph.node('Mul', [gradient, graph.scalar(0.5, 'half')]), y]);
  },
  documentation: { operators: 'Mul, Div', notes: 'Of a training step.' },
};

export const activationGradients = {
  ReluGrad: reluGrad,
  TanhGrad: tanhGrad,
  SigmoidGrad: sigmoidGrad,
  SoftplusGrad: softplusGrad,
  SqrtGrad: sqrtGrad,
} as const satisfies Record<string, Operation>;
