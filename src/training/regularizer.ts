// Terms against collapse that others use and the paper does without; all off by default, one switch each.
// Letters: N latents of a batch, D latent, V directions, T points of an integral.
import { randomFor } from '../random.ts';
import type { Graph, GraphTensor } from '../tensorflow/graph.ts';
import { relu } from '../tensorflow/operations/activation.ts';
import { add, cos, multiply, scale, sin, sqrt, square, subtract } from '../tensorflow/operations/elementwise.ts';
import { matmul } from '../tensorflow/operations/matrix.ts';
import { mean, reshape, sum, transpose } from '../tensorflow/operations/shape.ts';

/** Deviation that every latent dimension is asked for (gamma), and what keeps the root differentiable: VICReg's own values. */
const WANTED_DEVIATION = 1;
const DEVIATION_EPSILON = 1e-4;

/**
 * VICReg's variance term (Bardes et al., arXiv 2105.04906, eq. 1): mean over d of max(0, 1 - sqrt(var(z_d) + 1e-4)), with the
 * unbiased variance. [N, D] -> scalar.
 */
export function varianceTerm(graph: Graph, latents: GraphTensor): GraphTensor {
  const [count] = latents.shape;
  const biased = mean(graph, square(graph, centred(graph, latents)), [0]);
  const variance = multiply(graph, biased, graph.quotient(count, count - 1));
  const deviation = sqrt(graph, add(graph, variance, graph.constant(DEVIATION_EPSILON)));
  return mean(graph, relu(graph, subtract(graph, graph.constant(WANTED_DEVIATION), deviation)));
}

/** VICReg's covariance term (eq. 3-4): the sum of the squared off-diagonal covariances over D. [N, D] -> scalar. */
export function covarianceTerm(graph: Graph, latents: GraphTensor): GraphTensor {
  const [count, size] = latents.shape;
  const deviations = centred(graph, latents);
  const product = matmul(graph, transpose(graph, deviations, [1, 0]), deviations);
  const covariance = multiply(graph, product, graph.quotient(1, count - 1));
  const offDiagonal = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 0 : 1));
  const masked = multiply(graph, covariance, graph.constantTensor([size, size], offDiagonal));
  return scale(graph, sum(graph, square(graph, masked)), 1 / size);
}

/** Random directions a step; LeJEPA's code draws 256 to 1,024, of which each adds as much work. */
const SIGREG_DIRECTIONS = 64;
/**
 * Points of the integral over 0..3, which is half of it since the integrand is even, as in LeJEPA's code. The paper's listing has 17 in
 * -5..5: gaps of 0.625 alias where latents are wide (15% too much at a deviation of 3).
 */
const SIGREG_POINTS = 17;
const SIGREG_LIMIT = 3;
const DIRECTIONS_NAME = 'sigreg/directions';

/**
 * SIGReg (Balestriero and LeCun, LeJEPA, arXiv 2511.08544): the latents, projected on random unit directions, are compared
 * with a standard normal by the Epps-Pulley statistic, N times the integral over t of |phi(t) - exp(-t^2/2)|^2 exp(-t^2/2), for
 * the empirical characteristic function phi; trapezoidal rule on 17 points in 0..3, twice; mean over the directions. [N, D] -> scalar.
 */
export function sigregTerm(graph: Graph, latents: GraphTensor): GraphTensor {
  const [count, size] = latents.shape;
  const directions = graph.placeholder(DIRECTIONS_NAME, 'float32', [size, SIGREG_DIRECTIONS]);
  const projections = reshape(graph, matmul(graph, latents, directions), [count, SIGREG_DIRECTIONS, 1]);
  const gap = SIGREG_LIMIT / (SIGREG_POINTS - 1);
  const points = Array.from({ length: SIGREG_POINTS }, (_, i) => i * gap);
  const angles = multiply(graph, projections, graph.constant(points));
  const normal = graph.constant(points.map((t) => Math.exp((-t * t) / 2)));
  const real = subtract(graph, mean(graph, cos(graph, angles), [0]), normal);
  const imaginary = mean(graph, sin(graph, angles), [0]);
  const distance = add(graph, square(graph, real), square(graph, imaginary));
  const weights = points.map((t, i) => Math.exp((-t * t) / 2) * (i === 0 || i === points.length - 1 ? gap : 2 * gap));
  const integrals = sum(graph, multiply(graph, distance, graph.constant(weights)), [1]);
  return multiply(graph, mean(graph, integrals), graph.quotient(count));
}

/** The directions of one step, unit columns of [D, V]: a function of seed and step. Empty where the graph has no SIGReg term. */
export function sigregFeeds(graph: Graph, seed: number, step: number): Record<string, Float32Array> {
  const placeholder = graph.placeholders.get(DIRECTIONS_NAME);
  if (!placeholder) return {};
  const [size, directions] = placeholder.shape;
  const random = randomFor(seed, 'sigreg', step);
  const values = Float32Array.from({ length: size * directions }, () => random.normal());
  for (let v = 0; v < directions; v++) {
    let squares = 0;
    for (let d = 0; d < size; d++) squares += values[d * directions + v] ** 2;
    for (let d = 0; d < size; d++) values[d * directions + v] /= Math.sqrt(squares);
  }
  return { [DIRECTIONS_NAME]: values };
}

function centred(graph: Graph, latents: GraphTensor): GraphTensor {
  return subtract(graph, latents, reshape(graph, mean(graph, latents, [0]), [1, latents.shape[1]]));
}
