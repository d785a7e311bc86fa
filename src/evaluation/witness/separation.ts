// Witnesses without a head: two observations that must be apart, and what would have to make of the distance of their latents the
// difference D of an auxiliary p after k actions. Two things can be said without any head, both by the definition of a Lipschitz constant:
//   a head P with P(z_k) = p and P(z'_k) = p' has at least the constant D / |z_k - z'_k|;
//   a predictor without error on both sides at step j has at least the constant |z_j - z'_j| / |z_(j-1) - z'_(j-1)|.
// So D / |z_0 - z'_0| is what the word makes of the distance, |z_k - z'_k| / |z_0 - z'_0|, times what is left to a head. The larger of both,
// each in units of its mean, is named. Of a predictor that is there the first is accounted for: how much of it are its errors (path.ts).
import { JepaError } from '../../error.ts';
import {
  type AccountedStep,
  accountAlong,
  euclidean,
  type FollowedPath,
  type FollowingNetworks,
  followPaths,
  predictionOf,
  type Term,
  type WordPath,
} from './path.ts';

export interface SeparationStep {
  /** The action that led here; null at the start. */
  readonly action: string | null;
  readonly states: readonly [string, string];
  /** |z_j - z'_j| */
  readonly distance: number;
  /** |p(o_j) - p(o'_j)|; NaN where one has none. */
  readonly gap: number;
  /** eT_j, eT'_j, 0 at the start; undefined without a predictor. */
  readonly dynamicsResiduals: readonly [number, number] | undefined;
}

/**
 * What is left to explain, or what explains most.
 * reading: the latents are near at the end too, and only a steep head could tell them apart.
 * dynamics: the predictor's errors, those of step j most. distance: the predictor makes the distance at the end out of that at the start.
 * stretch: nothing is predicted; the latents part most at step j.
 */
export type SeparationCause = 'reading' | Term['kind'] | 'stretch';

export interface SeparationTrace {
  readonly word: readonly string[];
  /** D */
  readonly gap: number;
  /** [k+1] */
  readonly steps: readonly SeparationStep[];
  /** D / |z_k - z'_k|: no head of a smaller Lipschitz constant gives both values. Infinite: no function of the latent does. */
  readonly steepness: number;
  /** The same over the usual one: the root mean square difference of two values over the mean distance of two latents. */
  readonly relativeSteepness: number;
  /** Of each step j from 1 on: the least Lipschitz constant of a predictor without error. Infinite: there is none. */
  readonly stretches: readonly number[];
  /** distance, dynamics 1..k, in units of the latents; undefined without a predictor. */
  readonly contributions: readonly (Term & { readonly share: number })[] | undefined;
  readonly breaks: {
    readonly kind: SeparationCause;
    /** k of a reading, 0 of the distance, else j. */
    readonly step: number;
    /** Which of the two has the larger residual; null but for the dynamics. */
    readonly side: 0 | 1 | null;
    /** Of all contributions; null of a reading and of a stretch, which have none. */
    readonly share: number | null;
  };
}

/** By what a difference and a distance are judged. */
export interface SeparationScale {
  /** Root mean square difference of p of two observations. */
  readonly gap: number;
  /** Mean distance of two latents. */
  readonly distance: number;
}

/** Rounding of float32 networks that the account may be short by, as a part of the distance. */
const ACCOUNT_TOLERANCE = 1e-3;
/** The same of latents that are equal: of their length. */
const LENGTH_TOLERANCE = 1e-5;

/**
 * Follows each path.
 * @param networks without `predict` no residuals are measured
 * @throws JepaError where distance and residuals do not reach the distance at the end: the triangle inequality lets that happen only
 * where a network gives other values for the same input
 */
export async function traceSeparations(
  networks: FollowingNetworks,
  paths: readonly WordPath[],
  scale: SeparationScale,
): Promise<SeparationTrace[]> {
  const followed = await followPaths(networks, paths);
  return paths.map((path, n) => traceOne(path, followed[n], networks.predict !== undefined, scale));
}

function traceOne(
  { word, states, auxiliary }: WordPath,
  followed: FollowedPath,
  isPredicted: boolean,
  scale: SeparationScale,
): SeparationTrace {
  const length = word.length + 1;
  const size = auxiliary.length / (2 * length);
  const value = (side: number, j: number) =>
    auxiliary.subarray((side * length + j) * size, (side * length + j + 1) * size);
  const accounted = Array.from(
    { length },
    (_, j): AccountedStep => ({
      distance: euclidean(followed.latent(0, j), followed.latent(1, j)),
      ...(isPredicted ? predictionOf(followed, j) : { dynamicsResiduals: [0, 0], slope: 0 }),
    }),
  );
  const steps = accounted.map(
    ({ distance, dynamicsResiduals }, j): SeparationStep => ({
      action: j > 0 ? word[j - 1] : null,
      states: [states[0][j], states[1][j]],
      distance,
      gap: euclidean(value(0, j), value(1, j)),
      dynamicsResiduals: isPredicted ? dynamicsResiduals : undefined,
    }),
  );
  const [start, end] = [steps[0], steps[word.length]];
  const contributions = isPredicted ? sharesOf(accountAlong(accounted)) : undefined;
  const total = contributions?.reduce((sum, term) => sum + term.value, 0);
  const lengthOfLatent = Math.hypot(...followed.latent(0, word.length));
  if (total !== undefined && total < end.distance * (1 - ACCOUNT_TOLERANCE) - LENGTH_TOLERANCE * lengthOfLatent)
    throw new JepaError(
      `witness: ${states[0][0]} and ${states[1][0]} by ${word.join(' ') || 'no action'}: expected residuals and distances of at least the distance ${end.distance} at the end, got ${total}`,
      { remedy: 'Export the predictor so that it gives the same values again: without dropout, without sampling.' },
    );
  const steepness = ratio(end.gap, end.distance);
  const relativeSteepness = ratio(steepness * scale.distance, scale.gap);
  const stretches = steps.slice(1).map(({ distance }, j) => ratio(distance, steps[j].distance));
  const trace = { word, gap: end.gap, steps, steepness, relativeSteepness, stretches, contributions };
  // Without a step there is nothing but the head.
  const isRead = word.length === 0 || relativeSteepness >= ratio(end.distance, start.distance);
  return { ...trace, breaks: isRead ? readingAt(word.length) : whatParts(trace) };
}

function readingAt(step: number): SeparationTrace['breaks'] {
  return { kind: 'reading', step, side: null, share: null };
}

/** What takes the latents apart: errors count together against the distance, since many small ones do as much as a large one. */
function whatParts({
  contributions,
  stretches,
}: Pick<SeparationTrace, 'contributions' | 'stretches'>): SeparationTrace['breaks'] {
  if (contributions === undefined)
    return { kind: 'stretch', step: stretches.indexOf(Math.max(...stretches)) + 1, side: null, share: null };
  const [distance, ...errors] = contributions;
  const sum = errors.reduce((total, { value }) => total + value, 0);
  const named =
    distance.value >= sum ? distance : errors.reduce((largest, each) => (each.value > largest.value ? each : largest));
  const { kind, step, side, share } = named;
  return { kind, step, side, share };
}

function sharesOf(terms: readonly Term[]): readonly (Term & { readonly share: number })[] {
  const total = terms.reduce((sum, { value }) => sum + value, 0);
  return terms.map((term) => ({ ...term, share: total > 0 ? term.value / total : 0 }));
}

/** 1 where both are 0: nothing has grown. */
function ratio(value: number, by: number): number {
  if (by > 0) return value / by;
  return value > 0 ? Number.POSITIVE_INFINITY : 1;
}
