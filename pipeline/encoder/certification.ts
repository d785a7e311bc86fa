// The rounding certificate of an encoder on observations with classes: bounds by export/rounding, decisions by
// src/evaluation/proven-margin, and runtimes that are here beside them.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readModel } from '../../export/files.ts';
import { inspectOnnx } from '../../export/inspect.ts';
import { type ExactInput, openRounding, type RoundingEvaluation } from '../../export/rounding/index.ts';
import { JepaError, UsageError } from '../../src/error.ts';
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { EvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { PROOF_FORMAT, type ProofRecord } from '../../src/evaluation/schema/proof.ts';
import {
  type BoundedLatents,
  boundedCentroids,
  type ProvenMargin,
  provenAccuracy,
  provenMargin,
} from '../../src/measures/bound/proven-margin.ts';
import { type ProvenAnswer, type ProvenVerdictInput, provenVerdict } from '../../src/measures/bound/proven-verdict.ts';
import { verdictThresholds } from '../../src/measures/verdict.ts';
import { encodeObservations, type ObservationInput, observationFeeds } from '../../src/run/encode.ts';
import { openRuntime, type RuntimeTensor, type TensorSpec } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { lookAtEncoder } from './file.ts';

export interface CertificationInput {
  readonly path: string;
  readonly input: ObservationInput;
  readonly source: EvaluationSource;
  readonly classes: NamedClasses;
}

export interface CertificationOptions {
  readonly observations: number;
  readonly seed: number;
  /** Infinite: any order of summation. */
  readonly additions: number;
  /** Names of runtimes that are run beside the proof. */
  readonly runtimes: readonly string[];
  readonly onProgress?: ((message: string) => void) | undefined;
  /** Stops between two observations. */
  readonly signal?: AbortSignal | undefined;
}

/** How many of the nodes that widen the bounds are named. */
const NAMED_NODES = 5;

/** @throws FormatError naming a node whose rounding is not bounded, JepaError where a runtime leaves the bounds */
export async function proveEncoder(
  { path, input, source, classes }: CertificationInput,
  options: CertificationOptions,
): Promise<ProofRecord> {
  const progress = options.onProgress ?? (() => {});
  const where = basename(path);
  const bytes = readFileSync(path);
  const model = openRounding(readModel(path), where, { hypotheses: { additions: options.additions } });
  const specs = inspectOnnx(bytes, where).inputs as readonly TensorSpec[];
  refuseFixedBatch(where, specs);
  const { observationShape } = source;
  const feedsOf = observationFeeds(specs, observationShape, input);
  const rowSize = elementCount(observationShape);
  progress('drawing observations');
  const { judged, centroids } = await source.draw(options.observations, options.seed);
  const label = (states: Int32Array): Int32Array => states.map((state) => classes.classOf[state]);
  const total = judged.states.length + centroids.states.length;
  const begin = performance.now();
  const shares = new Map<string, { operator: string; sum: number }>();
  let done = 0;

  const boundOne = async (observations: typeof judged.observations, i: number) => {
    // Bounds block the event loop for long: let signals in.
    await nextTurn();
    options.signal?.throwIfAborted();
    const feeds: Readonly<Record<string, RuntimeTensor>> = feedsOf(
      observations.subarray(i * rowSize, (i + 1) * rowSize),
    );
    const evaluation = model.evaluate(feeds as Readonly<Record<string, ExactInput>>);
    const size = evaluation.values.length;
    const { bounds, shares: parts } = evaluation.bound(identity(size), size);
    account(evaluation, parts);
    done++;
    if (done % 8 === 0 || done === total)
      progress(`bounded ${done} of ${total} observations${left(begin, done, total)}`);
    return { evaluation, values: evaluation.values, errors: bounds };
  };
  const account = ({ nodes }: RoundingEvaluation, parts: Float64Array): void => {
    const whole = parts.reduce((sum, part) => sum + part, 0);
    nodes.forEach(({ node, operator }, s) => {
      const entry = shares.get(node) ?? { operator, sum: 0 };
      entry.sum += whole > 0 ? parts[s] / whole / total : 0;
      shares.set(node, entry);
    });
  };

  const labels = label(judged.states);
  const own: BoundedRow[] = [];
  for (const i of centroids.states.keys()) {
    const { values, errors } = await boundOne(centroids.observations, i);
    own.push({ values, errors });
  }
  const ofCentroids = together(own, label(centroids.states));
  const means = boundedCentroids(ofCentroids, classes.count);
  const margins: ProvenMargin[] = [];
  const bounded: BoundedRow[] = [];
  for (const i of judged.states.keys()) {
    const { evaluation, values, errors } = await boundOne(judged.observations, i);
    margins.push(
      provenMargin(values, errors, means, (functionals, rows) => evaluation.bound(functionals, rows).bounds),
    );
    bounded.push({ values, errors });
  }
  const ofJudged = together(bounded, labels);
  const elapsed = (performance.now() - begin) / total;

  const measured: ProofRecord['measured'] = [];
  for (const name of options.runtimes) {
    progress(`encoding on ${name}`);
    const runtime = await openRuntime(name);
    try {
      const session = await runtime.load(path);
      try {
        const encode = async (observations: typeof judged.observations): Promise<Float32Array> =>
          (await encodeObservations(session, observations, observationShape, input)).values;
        const latents = [await encode(judged.observations), await encode(centroids.observations)] as const;
        measured.push({
          runtime: name,
          version: runtime.describe().version,
          ...compare(latents, ofJudged, ofCentroids, classes.count),
        });
      } finally {
        await session.dispose();
      }
    } finally {
      await runtime.dispose();
    }
  }

  progress('proving the verdict');
  const verdict = verdictOf({ judged: ofJudged, others: ofCentroids, episodes: judged.episodes }, classes);
  const accuracy = provenAccuracy(margins, labels, classes.count);
  const lengths = [...lengthsOf(ofJudged.errors, ofJudged.size), ...lengthsOf(ofCentroids.errors, ofCentroids.size)];
  const norms = lengthsOf(ofJudged.values, ofJudged.size);
  return {
    format: PROOF_FORMAT,
    encoder: { file: where, sha256: (await lookAtEncoder(path)).sha256 },
    observed: source.name,
    seed: options.seed,
    observations: judged.states.length,
    centroidObservations: centroids.states.length,
    classes: { of: classes.of, count: classes.count },
    hypotheses: { format: 'float32', additions: Number.isFinite(options.additions) ? options.additions : null },
    latentErrorBound: { median: median(lengths), largest: Math.max(...lengths) },
    latentScale: Math.sqrt(norms.reduce((sum, each) => sum + each * each, 0) / norms.length),
    accuracy: accuracy.accuracy,
    certified: accuracy.certified,
    certifiedOfRight: accuracy.certifiedOfRight,
    accuracyRange: [accuracy.lowestAccuracy, accuracy.highestAccuracy],
    smallestRecallRange: [accuracy.lowestRecall, accuracy.highestRecall],
    verdict,
    undecided: undecidedPairs(margins, classes.names),
    widest: [...shares]
      .map(([node, { operator, sum }]) => ({ node, operator, share: Math.min(1, sum) }))
      .sort((a, b) => b.share - a.share)
      .slice(0, NAMED_NODES),
    measured,
    millisecondsPerObservation: elapsed,
  };
}

/** Both answers of the verdict, and whether they are proven; null where a class has too few observations to ask. */
function verdictOf(
  input: Omit<ProvenVerdictInput, 'classCount'>,
  { count, names }: NamedClasses,
): ProofRecord['verdict'] {
  const hasTwo = ({ labels }: BoundedLatents) =>
    Array.from({ length: count }, (_, c) => labels.reduce((sum, label) => sum + (label === c ? 1 : 0), 0)).every(
      (members) => members >= 2,
    );
  if (count < 2 || !hasTwo(input.judged) || !hasTwo(input.others)) return null;
  const { isDistinct, separable, clustered } = provenVerdict({ ...input, classCount: count });
  const recorded = ({ answer, isProven, range: [low, high], pair }: ProvenAnswer, threshold: number) => ({
    answer,
    isProven,
    range: [Number.isFinite(low) ? low : Number.MAX_VALUE, Number.isFinite(high) ? high : null] as [
      number,
      number | null,
    ],
    threshold,
    pair: [names[pair[0]], names[pair[1]]] as [string, string],
  });
  return {
    isDistinct,
    separable: recorded(separable, verdictThresholds.separation),
    clustered: recorded(clustered, verdictThresholds.clusterRatio),
  };
}

/** An exact latent, and how far a runtime may be from each of its numbers. */
interface BoundedRow {
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

function refuseFixedBatch(where: string, specs: readonly TensorSpec[]): void {
  for (const { name, shape } of specs)
    if (typeof shape[0] === 'number' && shape[0] > 1)
      throw new UsageError(
        `${where}: expected an input "${name}" of any number of observations, or of one, got ${shape[0]} at once`,
        {
          remedy: 'Export it with an open first axis.',
        },
      );
}

function identity(size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let k = 0; k < size; k++) matrix[k * size + k] = 1;
  return matrix;
}

function together(rows: readonly BoundedRow[], labels: Int32Array): BoundedLatents {
  const size = rows[0].values.length;
  const [values, errors] = [new Float64Array(rows.length * size), new Float64Array(rows.length * size)];
  rows.forEach((row, i) => {
    values.set(row.values, i * size);
    errors.set(row.errors, i * size);
  });
  return { values, errors, size, labels };
}

/** @throws JepaError where an error of a runtime is larger than its bound: a hypothesis does not hold there */
function compare(
  latents: readonly [Float32Array, Float32Array],
  judged: BoundedLatents,
  centroids: BoundedLatents,
  classCount: number,
): Pick<ProofRecord['measured'][number], 'largest' | 'largestPart' | 'elsewhere'> {
  let [largest, largestPart] = [0, 0];
  for (const [given, bounded] of [[latents[0], judged] as const, [latents[1], centroids] as const]) {
    const differences = Float64Array.from(given, (value, k) => value - bounded.values[k]);
    const lengths = lengthsOf(differences, bounded.size);
    const bounds = lengthsOf(bounded.errors, bounded.size);
    lengths.forEach((length, i) => {
      largest = Math.max(largest, length);
      largestPart = Math.max(largestPart, length / bounds[i]);
    });
  }
  const nothing = new Float64Array(judged.size);
  const unmoved = () => new Float64Array(0);
  const exactly = (values: ArrayLike<number>, { size, labels }: BoundedLatents): BoundedLatents => ({
    values: Float64Array.from(values),
    errors: new Float64Array(values.length),
    size,
    labels,
  });
  const nearest = (values: ArrayLike<number>, means: BoundedLatents): number[] => {
    const own = boundedCentroids(means, classCount);
    return Array.from(judged.labels, (_, i) => {
      const latent = Float64Array.from({ length: judged.size }, (_, k) => values[i * judged.size + k]);
      return provenMargin(latent, nothing, own, unmoved).nearest;
    });
  };
  const here = nearest(latents[0], exactly(latents[1], centroids));
  const there = nearest(judged.values, exactly(centroids.values, centroids));
  return { largest, largestPart, elsewhere: here.filter((each, i) => each !== there[i]).length };
}

function lengthsOf(values: Float64Array, size: number): number[] {
  return Array.from({ length: values.length / size }, (_, i) => {
    let squares = 0;
    for (let k = i * size; k < (i + 1) * size; k++) squares += values[k] * values[k];
    return Math.sqrt(squares);
  });
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)];
}

function undecidedPairs(margins: readonly ProvenMargin[], names: readonly string[]): ProofRecord['undecided'] {
  const counts = new Map<string, ProofRecord['undecided'][number]>();
  for (const { nearest, rivals } of margins)
    for (const rival of rivals) {
      const key = `${nearest} ${rival}`;
      const known = counts.get(key);
      counts.set(key, { classes: [names[nearest], names[rival]], observations: (known?.observations ?? 0) + 1 });
    }
  return [...counts.values()].sort((a, b) => b.observations - a.observations);
}

function left(begin: number, done: number, total: number): string {
  const seconds = ((performance.now() - begin) / done / 1000) * (total - done);
  if (done === total) return '';
  return seconds > 90 ? `, ${Math.round(seconds / 60)} min left` : `, ${Math.round(seconds)} s left`;
}

/** The first of the measured runtimes that leaves its bounds, which breaks a hypothesis of the proof; undefined where all keep them. */
export function brokenHypothesis({ measured }: ProofRecord): JepaError | undefined {
  const broken = measured.find(({ largestPart }) => largestPart > 1);
  return (
    broken &&
    new JepaError(
      `${broken.runtime}: expected errors below the bounds, got one of ${broken.largestPart.toPrecision(3)} times its bound (${broken.version})`,
      {
        remedy: 'It does not compute in float32 as docs/certificate.md assumes: the certificate does not speak of it.',
      },
    )
  );
}
