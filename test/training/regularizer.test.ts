// The regularizers against numbers worked by hand, and the identities that they are for.
import { beforeAll, describe, expect, test } from 'vitest';
import { randomFor } from '../../src/random.ts';
import { Graph, type GraphTensor } from '../../src/tensorflow/graph.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { GraphSession } from '../../src/tensorflow/session.ts';
import { covarianceTerm, sigregFeeds, sigregTerm, varianceTerm } from '../../src/training/regularizer.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

type Term = (graph: Graph, latents: GraphTensor) => GraphTensor;

/** The value of `term` for latents [count, size]. */
function termOf(term: Term, size: number, latents: Float32Array): number {
  const graph = new Graph();
  const placeholder = graph.placeholder('latents', 'float32', [latents.length / size, size]);
  const output = term(graph, placeholder);
  const session = new GraphSession(graph);
  const [value] = session.run({ latents, ...sigregFeeds(graph, 0, 0) }, [output]);
  session.dispose();
  return value[0];
}

const normals = (count: number, factor = 1) => {
  const random = randomFor('latents');
  return Float32Array.from({ length: count }, () => factor * random.normal());
};

describe("VICReg's variance term", () => {
  test('is 0 where every dimension deviates by 1 or more', () => {
    // Deviations: sqrt(2) and sqrt(18).
    expect(termOf(varianceTerm, 2, Float32Array.of(1, 3, -1, -3))).toBe(0);
  });

  test('is nearly 1 for a collapsed encoder', () => {
    expect(termOf(varianceTerm, 2, Float32Array.of(5, 7, 5, 7))).toBeCloseTo(1 - Math.sqrt(1e-4), 6);
  });
});

describe("VICReg's covariance term", () => {
  test('is 0 for uncorrelated dimensions', () => {
    expect(termOf(covarianceTerm, 2, Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1))).toBeCloseTo(0, 6);
  });

  test('is the sum of squared off-diagonal covariances over D', () => {
    // Both dimensions are (1, -1): variance and covariance 2, two off-diagonal entries of 2^2, over 2.
    expect(termOf(covarianceTerm, 2, Float32Array.of(1, 1, -1, -1))).toBeCloseTo(4, 5);
  });
});

describe('SIGReg', () => {
  /** The same integral for one-dimensional latents in float64, where every unit direction is +1 or -1. */
  function byHand(latents: Float32Array): number {
    const gap = 16 / 4000;
    let integral = 0;
    for (let i = 0; i <= 4000; i++) {
      const t = -8 + i * gap;
      let real = -Math.exp((-t * t) / 2);
      let imaginary = 0;
      for (const z of latents) {
        real += Math.cos(t * z) / latents.length;
        imaginary += Math.sin(t * z) / latents.length;
      }
      integral += (real ** 2 + imaginary ** 2) * Math.exp((-t * t) / 2) * (i === 0 || i === 4000 ? gap / 2 : gap);
    }
    return latents.length * integral;
  }

  test('is the Epps-Pulley statistic', () => {
    const latents = Float32Array.of(-1.2, 0.1, 0.4, 2.5);
    // Up to what lies beyond 3, where the weight is below 1/90: of four latents 3%, of many less.
    expect(Math.abs(termOf(sigregTerm, 1, latents) / byHand(latents) - 1)).toBeLessThan(0.035);
  });

  test('does not alias where latents are wide', () => {
    const wide = normals(128, 3);
    expect(Math.abs(termOf(sigregTerm, 1, wide) / byHand(wide) - 1)).toBeLessThan(0.02);
  });

  test('is far smaller for normal latents than for collapsed or too wide ones', () => {
    const normal = termOf(sigregTerm, 8, normals(256 * 8));
    const collapsed = termOf(sigregTerm, 8, new Float32Array(256 * 8).fill(0.3));
    const wide = termOf(sigregTerm, 8, normals(256 * 8, 5));
    expect(normal).toBeLessThan(collapsed / 20);
    expect(normal).toBeLessThan(wide / 20);
  });

  test('draws the same unit directions for the same step, and others for the next', () => {
    const graph = new Graph();
    sigregTerm(graph, graph.placeholder('latents', 'float32', [4, 3]));
    const [first, again, next] = [0, 0, 1].map((step) => sigregFeeds(graph, 7, step)['sigreg/directions']);
    expect(first).toEqual(again);
    expect(first).not.toEqual(next);
    const columns = first.length / 3;
    for (let v = 0; v < columns; v++)
      expect(Math.hypot(first[v], first[columns + v], first[2 * columns + v])).toBeCloseTo(1, 5);
  });
});
