// Witnesses: why two observations that must be told apart have nearly the same latent. Along a distinguishing word the
// theorem's argument (Yu et al., arXiv 2509.12249, theorem 1) must break somewhere, at a step where a loss is not small:
//   D <= eP + eP' + sP [ sum_j (s_k ... s_(j+1)) (eT_j + eT'_j) + (s_k ... s_1) |z_0 - z'_0| ],
// with the slopes between the two sides themselves, s_j = |T(z_(j-1), a_j) - T(z'_(j-1), a_j)| / |z_(j-1) - z'_(j-1)| and
// sP alike. It holds for every network (triangle inequality, no Lipschitz constant), so that the terms on the right account
// for the whole gap D. Where the errors are more than the distance, the largest of them is the witness.
import { JepaError, UsageError } from '../../error.ts';
import type { Latents } from '../../measures/latents.ts';
import {
  accountAlong,
  euclidean,
  type FollowedPath,
  type FollowingNetworks,
  followPaths,
  predictionOf,
  type Term,
  type WordPath,
} from './path.ts';

/** The three networks, each called with many rows. */
export interface LatentWorld extends FollowingNetworks {
  predict(latents: Latents, actions: Float32Array): Promise<Float32Array>;
  /** [N, D] -> [N, M] in the units of p: probabilities where the head gives logits. */
  auxiliary(latents: Latents): Promise<Float32Array>;
}

export interface TraceStep {
  /** The action that led here; null at the start. */
  readonly action: string | null;
  readonly states: readonly [string, string];
  /** z_j, z'_j: [D] each. */
  readonly latents: readonly [Float32Array, Float32Array];
  /** |z_j - z'_j| */
  readonly distance: number;
  /** |p(o_j) - p(o'_j)| */
  readonly gap: number;
  /** eT_j, eT'_j; 0 at the start. */
  readonly dynamicsResiduals: readonly [number, number];
  /** s_j; 0 at the start, and where the latents before were equal. */
  readonly slope: number;
  /** |P(z_j) - p(o_j)| on each side. */
  readonly auxiliaryResiduals: readonly [number, number];
}

/** One term on the right-hand side, in units of p. */
export interface Contribution extends Omit<Term, 'kind'> {
  /** distance, dynamics: as in Term. auxiliary: the errors of the head, at the end. */
  readonly kind: Term['kind'] | 'auxiliary';
  /** Of the sum of all contributions. */
  readonly share: number;
}

export interface WordTrace {
  readonly word: readonly string[];
  /** D */
  readonly gap: number;
  /** [k+1] */
  readonly steps: readonly TraceStep[];
  /** sP; 0 where the last latents are equal. */
  readonly auxiliarySlope: number;
  /** In the order: distance, dynamics 1..k, auxiliary. */
  readonly contributions: readonly Contribution[];
  /** The distance, where it contributes at least as much as all errors together; else the largest error. */
  readonly breaks: Contribution;
}

/** Rounding of float32 networks that the account may be short by, as a part of the gap. */
const ACCOUNT_TOLERANCE = 1e-3;

/**
 * Follows each path and accounts for its gap.
 * @throws JepaError where the terms do not reach the gap: then path and networks do not belong together (checked, since
 * the inequality holds for any networks).
 */
export async function traceWords(world: LatentWorld, paths: readonly WordPath[]): Promise<WordTrace[]> {
  const followed = await followPaths(world, paths);
  const traces: WordTrace[] = [];
  if (followed.length === 0) return traces;
  const outputs = await world.auxiliary(together(followed));
  const count = followed.reduce((sum, { latents }) => sum + latents.count, 0);
  const auxiliarySize = outputs.length / count;
  let row = 0;
  for (const [n, path] of paths.entries()) {
    const rows = followed[n].latents.count;
    const own = outputs.subarray(row * auxiliarySize, (row + rows) * auxiliarySize);
    traces.push(traceOne(path, followed[n], own, auxiliarySize));
    row += rows;
  }
  return traces;
}

/** All latents of all paths, one after the other. */
function together(paths: readonly FollowedPath[]): Latents {
  const { size } = paths[0].latents;
  const count = paths.reduce((sum, { latents }) => sum + latents.count, 0);
  const values = new Float32Array(count * size);
  let row = 0;
  for (const { latents } of paths) {
    values.set(latents.values, row * size);
    row += latents.count;
  }
  return { values, count, size };
}

/** @param outputs [2, k+1, M] */
function traceOne(path: WordPath, followed: FollowedPath, outputs: Float32Array, auxiliarySize: number): WordTrace {
  const { word, states, auxiliary } = path;
  const length = word.length + 1;
  if (auxiliary.length !== 2 * length * auxiliarySize)
    throw new UsageError(
      `witness: expected p of ${2 * length} observations in ${auxiliarySize} numbers each, got ${auxiliary.length} numbers`,
    );
  const rowOf = (values: Float32Array) => (side: number, j: number) =>
    values.subarray((side * length + j) * auxiliarySize, (side * length + j + 1) * auxiliarySize);
  const [output, target] = [rowOf(outputs), rowOf(auxiliary)];
  const missed = (side: number, j: number) => euclidean(output(side, j), target(side, j));

  const steps = Array.from(
    { length },
    (_, j): TraceStep => ({
      action: j > 0 ? word[j - 1] : null,
      states: [states[0][j], states[1][j]],
      latents: [followed.latent(0, j), followed.latent(1, j)],
      distance: euclidean(followed.latent(0, j), followed.latent(1, j)),
      gap: euclidean(target(0, j), target(1, j)),
      ...predictionOf(followed, j),
      auxiliaryResiduals: [missed(0, j), missed(1, j)],
    }),
  );
  const last = steps[word.length];
  const outputDistance = euclidean(output(0, word.length), output(1, word.length));
  const auxiliarySlope = last.distance > 0 ? outputDistance / last.distance : 0;
  const contributions = accountFor(steps, auxiliarySlope);
  const total = contributions.reduce((sum, { value }) => sum + value, 0);
  if (total < last.gap * (1 - ACCOUNT_TOLERANCE))
    throw new JepaError(
      `witness: ${states[0][0]} and ${states[1][0]} by ${word.join(' ') || 'no action'}: expected residuals and distances of at least the gap ${last.gap}, got ${total}`,
      {
        remedy: 'Encoder, predictor and auxiliary head must be of one model, and each must give the same values again.',
      },
    );
  return { word, gap: last.gap, steps, auxiliarySlope, contributions, breaks: whatBreaks(contributions) };
}

/** Errors count together against the distance, since many small ones hide a gap as well as one large one. */
function whatBreaks(contributions: readonly Contribution[]): Contribution {
  const [distance, ...errors] = contributions;
  const sum = errors.reduce((total, { value }) => total + value, 0);
  if (distance.value >= sum) return distance;
  return errors.reduce((largest, each) => (each.value > largest.value ? each : largest));
}

/** The terms on the right-hand side: distance, dynamics 1..k, auxiliary. */
function accountFor(steps: readonly TraceStep[], auxiliarySlope: number): Contribution[] {
  const length = steps.length - 1;
  const [first, second] = steps[length].auxiliaryResiduals;
  const terms: Omit<Contribution, 'share'>[] = [
    ...accountAlong(steps, auxiliarySlope),
    { kind: 'auxiliary', step: length, value: first + second, side: first >= second ? 0 : 1 },
  ];
  const total = terms.reduce((sum, { value }) => sum + value, 0);
  return terms.map((term) => ({ ...term, share: total > 0 ? term.value / total : 0 }));
}
