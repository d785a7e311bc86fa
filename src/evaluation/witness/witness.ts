// Witnesses: why two observations that must be told apart have nearly the same latent. Along a distinguishing word the
// theorem's argument (Yu et al., arXiv 2509.12249, theorem 1) must break somewhere, at a step where a loss is not small:
//   D <= eP + eP' + sP [ sum_j (s_k ... s_(j+1)) (eT_j + eT'_j) + (s_k ... s_1) |z_0 - z'_0| ],
// with the slopes between the two sides themselves, s_j = |T(z_(j-1), a_j) - T(z'_(j-1), a_j)| / |z_(j-1) - z'_(j-1)| and
// sP alike. It holds for every network (triangle inequality, no Lipschitz constant), so that the terms on the right account
// for the whole gap D. Where the errors are more than the distance, the largest of them is the witness.
import { JepaError, UsageError } from '../../error.ts';
import type { Latents } from '../../measures/latents.ts';
import type { Observations } from '../../run/encode.ts';

/** The three networks, each called with many rows. */
export interface LatentWorld {
  /** [N, ...observationShape] -> [N, D] */
  encode(observations: Observations): Promise<Latents>;
  /** [N, D], [N, A] -> [N, D] */
  predict(latents: Latents, actions: Float32Array): Promise<Float32Array>;
  /** [N, D] -> [N, M] in the units of p: probabilities where the head gives logits. */
  auxiliary(latents: Latents): Promise<Float32Array>;
}

/** Two observations, and what the environment does with both along one word of k actions. */
export interface WordPath {
  /** [k] action names. */
  readonly word: readonly string[];
  /** [k, A] encoded actions, the same for both sides. */
  readonly actions: Float32Array;
  /** [2, k+1, ...observationShape]: the observations of the first side, then those of the second. */
  readonly observations: Observations;
  /** [2, k+1] names of the states. */
  readonly states: readonly (readonly string[])[];
  /** [2, k+1, M]: p of each observation. */
  readonly auxiliary: Float32Array;
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

/** One term on the right-hand side. */
export interface Contribution {
  /** distance: the latents were apart to begin with. dynamics: the residuals of step j. auxiliary: those at the end. */
  readonly kind: 'distance' | 'dynamics' | 'auxiliary';
  /** j: 0 for the distance, 1..k for the dynamics, k for the auxiliary. */
  readonly step: number;
  /** In units of p. */
  readonly value: number;
  /** Of the sum of all contributions. */
  readonly share: number;
  /** Which of the two has the larger residual; null for the distance. */
  readonly side: 0 | 1 | null;
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
  if (paths.length === 0) return [];
  const latents = await world.encode(concatenate(paths.map(({ observations }) => observations)));
  const outputs = await world.auxiliary(latents);
  const auxiliarySize = outputs.length / latents.count;
  const predicted = await predictAll(world, paths, latents);
  let row = 0;
  let transition = 0;
  return paths.map((path) => {
    const length = path.word.length + 1;
    const span = (values: Float32Array, first: number, count: number, size: number) =>
      values.subarray(first * size, (first + count) * size);
    const trace = traceOne(path, {
      latents: span(latents.values, row, 2 * length, latents.size),
      latentSize: latents.size,
      outputs: span(outputs, row, 2 * length, auxiliarySize),
      auxiliarySize,
      predicted: span(predicted, transition, 2 * (length - 1), latents.size),
    });
    row += 2 * length;
    transition += 2 * (length - 1);
    return trace;
  });
}

/** T of every latent but the last of each side, in the order path, side, step. */
async function predictAll(world: LatentWorld, paths: readonly WordPath[], latents: Latents): Promise<Float32Array> {
  const { size } = latents;
  const count = paths.reduce((sum, { word }) => sum + 2 * word.length, 0);
  if (count === 0) return new Float32Array(0);
  const actionSize = paths.reduce((known, { actions, word }) => known || actions.length / (word.length || 1), 0);
  const from = new Float32Array(count * size);
  const actions = new Float32Array(count * actionSize);
  let row = 0;
  let transition = 0;
  for (const path of paths) {
    const steps = path.word.length;
    for (let side = 0; side < 2; side++) {
      from.set(latents.values.subarray(row * size, (row + steps) * size), transition * size);
      actions.set(path.actions, transition * actionSize);
      row += steps + 1;
      transition += steps;
    }
  }
  return world.predict({ values: from, count, size }, actions);
}

interface PathValues {
  /** [2, k+1, D] */
  readonly latents: Float32Array;
  readonly latentSize: number;
  /** [2, k+1, M] */
  readonly outputs: Float32Array;
  readonly auxiliarySize: number;
  /** [2, k, D] */
  readonly predicted: Float32Array;
}

function traceOne(path: WordPath, values: PathValues): WordTrace {
  const { latents, latentSize, outputs, auxiliarySize, predicted } = values;
  const { word, states, auxiliary } = path;
  const length = word.length + 1;
  if (auxiliary.length !== 2 * length * auxiliarySize)
    throw new UsageError(
      `witness: expected p of ${2 * length} observations in ${auxiliarySize} numbers each, got ${auxiliary.length} numbers`,
    );
  const latent = (side: number, j: number) => row(latents, side * length + j, latentSize);
  const output = (side: number, j: number) => row(outputs, side * length + j, auxiliarySize);
  const target = (side: number, j: number) => row(auxiliary, side * length + j, auxiliarySize);
  const prediction = (side: number, j: number) => row(predicted, side * word.length + j - 1, latentSize);
  const onBothSides = (residual: (side: number) => number): [number, number] => [residual(0), residual(1)];

  const steps = Array.from({ length }, (_, j): TraceStep => {
    const before = j > 0 ? distance(latent(0, j - 1), latent(1, j - 1)) : 0;
    return {
      action: j > 0 ? word[j - 1] : null,
      states: [states[0][j], states[1][j]],
      latents: [latent(0, j), latent(1, j)],
      distance: distance(latent(0, j), latent(1, j)),
      gap: distance(target(0, j), target(1, j)),
      dynamicsResiduals: j > 0 ? onBothSides((side) => distance(prediction(side, j), latent(side, j))) : [0, 0],
      slope: before > 0 ? distance(prediction(0, j), prediction(1, j)) / before : 0,
      auxiliaryResiduals: onBothSides((side) => distance(output(side, j), target(side, j))),
    };
  });
  const last = steps[word.length];
  const outputDistance = distance(output(0, word.length), output(1, word.length));
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
  const last = steps[length];
  const terms: Omit<Contribution, 'share'>[] = [];
  // From the end: what step j leaves reaches p by the slopes of all steps after it.
  let factor = auxiliarySlope;
  for (let j = length; j > 0; j--) {
    const [first, second] = steps[j].dynamicsResiduals;
    terms.push({ kind: 'dynamics', step: j, value: factor * (first + second), side: first >= second ? 0 : 1 });
    factor *= steps[j].slope;
  }
  terms.push({ kind: 'distance', step: 0, value: factor * steps[0].distance, side: null });
  terms.reverse();
  const [first, second] = last.auxiliaryResiduals;
  terms.push({ kind: 'auxiliary', step: length, value: first + second, side: first >= second ? 0 : 1 });
  const total = terms.reduce((sum, { value }) => sum + value, 0);
  return terms.map((term) => ({ ...term, share: total > 0 ? term.value / total : 0 }));
}

function row(values: Float32Array, index: number, size: number): Float32Array {
  return values.subarray(index * size, (index + 1) * size);
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

function concatenate(parts: readonly Observations[]): Observations {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = parts[0] instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  let start = 0;
  for (const part of parts) {
    all.set(part, start);
    start += part.length;
  }
  return all;
}
