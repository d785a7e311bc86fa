// Activations on float32 tensors, and their gradients.
import type { Graph, GraphTensor } from '../graph.ts';
import { binary, unary } from './elementwise.ts';

export function relu(graph: Graph, x: GraphTensor): GraphTensor {
  const y = unary(graph, 'Relu', x);
  return graph.record([x], y, (gradient) => [binary(graph, 'ReluGrad', gradient, y)]);
}

export function tanh(graph: Graph, x: GraphTensor): GraphTensor {
  const y = unary(graph, 'Tanh', x);
  return graph.record([x], y, (gradient) => [binary(graph, 'TanhGrad', y, gradient)]);
}

export function sigmoid(graph: Graph, x: GraphTensor): GraphTensor {
  const y = unary(graph, 'Sigmoid', x);
  return graph.record([x], y, (gradient) => [binary(graph, 'SigmoidGrad', y, gradient)]);
}

/** log(1 + e^x). */
export function softplus(graph: Graph, x: GraphTensor): GraphTensor {
  return graph.record([x], unary(graph, 'Softplus', x), (gradient) => [binary(graph, 'SoftplusGrad', gradient, x)]);
}

/** x tanh(log(1 + e^x)), Misra 2019 (arXiv 1908.08681); one entry on the tape instead of three. */
export function mish(graph: Graph, x: GraphTensor): GraphTensor {
  const t = unary(graph, 'Tanh', unary(graph, 'Softplus', x));
  return graph.record([x], binary(graph, 'Mul', x, t), (gradient) => {
    // d/dx = t + x (1 - t^2) sigmoid(x), the last two factors by TensorFlow's own gradient nodes.
    const inner = binary(graph, 'SoftplusGrad', binary(graph, 'TanhGrad', t, binary(graph, 'Mul', gradient, x)), x);
    return [binary(graph, 'AddV2', binary(graph, 'Mul', gradient, t), inner)];
  });
}

/** The exact GELU, x Phi(x) (Hendrycks and Gimpel, arXiv 1606.08415). */
export function gelu(graph: Graph, x: GraphTensor): GraphTensor {
  const times = (tensor: GraphTensor, factor: number) => binary(graph, 'Mul', tensor, graph.constant(factor));
  const erf = unary(graph, 'Erf', times(x, Math.SQRT1_2));
  const phi = times(binary(graph, 'AddV2', erf, graph.constant(1)), 0.5);
  return graph.record([x], binary(graph, 'Mul', x, phi), (gradient) => {
    const density = times(unary(graph, 'Exp', times(unary(graph, 'Square', x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [binary(graph, 'Mul', gradient, binary(graph, 'AddV2', phi, binary(graph, 'Mul', x, density)))];
  });
}
