// What was foreseen of a run's environment and auxiliaries, beside what became of every pair of states in the run's latents.
import type { FactorFate, ForeseenFactor } from '../../src/bisimulation/index.ts';
import { labelledObservations } from '../../src/data/environment-source.ts';
import type { LabelledObservations } from '../../src/data/transition.ts';
import { option, UsageError } from '../../src/error.ts';
import { pixelInput } from '../../src/evaluation/evaluate.ts';
import { centroidsOf } from '../../src/measures/centroid.ts';
import { type LabelledLatents, labelLatents } from '../../src/measures/latents.ts';
import { measurePairs, squaredDistance } from '../../src/measures/pair-distance.ts';
import { verdictThresholds } from '../../src/measures/verdict.ts';
import { encodeObservations } from '../../src/run/encode.ts';
import { openSubject } from '../../src/run/subject.ts';
import { openEncoderSession } from '../../src/run/world-session.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { networksOfConfiguration } from '../network/environment.ts';
import { type EnvironmentForesight, foreseeEnvironment } from './environment.ts';

export interface ComparisonOptions {
  /** Held-out observations that are judged, and as many others for the centroids. Default 4096. */
  readonly observations?: number;
  /** Of held-out observations. */
  readonly seed?: number;
  readonly runtime?: string;
  readonly threads?: number;
}

/** What became of the pairs that were foreseen alike. */
export interface HappenedRow {
  /** `apart` by a word of `length` actions, or `may merge`. */
  readonly foreseen: 'apart' | 'may merge';
  readonly length: number | null;
  readonly pairs: number;
  readonly apart: number;
  readonly merged: number;
  /** Neither: told apart more often than by chance, and not reliably. */
  readonly between: number;
}

/** What became of the pairs that differ in one factor alone; of all that differ in it, where there are none. */
export interface HappenedFactor {
  readonly name: string;
  readonly fate: FactorFate;
  /** Shares of these pairs. */
  readonly foreseen: number;
  readonly apart: number;
}

export interface ForesightComparison {
  readonly run: string;
  readonly factors: readonly HappenedFactor[];
  readonly rows: readonly HappenedRow[];
  /** Share of all pairs foreseen apart that are apart, or foreseen to merge that are not. */
  readonly agreement: number;
}

/** Of two states: as often as this the nearer of their two centroids is the right one. */
const APART = verdictThresholds.separation;
/** Below this it is little more than a guess: chance is a half. */
const MERGED = 0.75;

/**
 * @throws UsageError for a run of a recording, or one whose auxiliary is of the pixels: images, not states, were foreseen there
 */
export async function compareForesight(
  folder: string,
  { observations = 4096, seed = 0, runtime: name = 'cpu', threads }: ComparisonOptions = {},
): Promise<{ readonly foresight: EnvironmentForesight; readonly comparison: ForesightComparison }> {
  const subject = openSubject(folder);
  if (subject.configuration.environment === undefined)
    throw new UsageError(`${option('against')}: expected a run of an environment, got ${folder}, one of a recording`);
  const { environment, auxiliaries, untrainedEncoder } = await networksOfConfiguration(
    subject.configuration,
    name,
    subject.folder,
  );
  if (auxiliaries.some(({ of }) => of !== 'state'))
    throw new UsageError(
      `${option('against')}: expected auxiliaries of the state, got ${auxiliaries.map((each) => each.name).join(', ')}`,
      { remedy: 'What a state becomes is not foreseen where each of its images has a value of its own.' },
    );
  const foresight = await foreseeEnvironment(environment, { auxiliaries, seed });
  const runtime = await openRuntime(name, { threads });
  try {
    const shape = environment.observationShape;
    const judged = labelledObservations(environment, observations, seed, 'foreseen judged');
    const others = labelledObservations(environment, observations, seed, 'foreseen centroids');
    const trained = await openEncoderSession(runtime, subject, shape);
    const label = (latents: Parameters<typeof labelLatents>[0], { states }: LabelledObservations): LabelledLatents =>
      labelLatents(latents, states, environment.stateCount);
    try {
      const own = label(await trained.encode(judged.observations), judged);
      const centroids = centroidsOf(label(await trained.encode(others.observations), others));
      const session = await runtime.load(untrainedEncoder.model);
      const before = await encodeObservations(
        session,
        judged.observations,
        shape,
        untrainedEncoder.input ?? pixelInput,
      );
      await session.dispose();
      const least = verdictThresholds.relativeSpread * measurePairs(label(before, judged)).meanDistance;
      const factors = environment.factors ?? [{ name: 'state', of: (state: number) => state }];
      return {
        foresight,
        comparison: { run: subject.name, ...comparePairs(foresight, own, { centroids, least, factors }) },
      };
    } finally {
      await trained.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}

export interface ComparedWith {
  readonly centroids: Float64Array;
  /** Distance of two centroids below which they are one, however they are told apart: the latents have collapsed. */
  readonly least: number;
  readonly factors: readonly ForeseenFactor[];
}

/** Tallies every pair of states by what was foreseen of it and what became of it. */
export function comparePairs(
  { lengths, foresight }: Pick<EnvironmentForesight, 'lengths' | 'foresight'>,
  latents: LabelledLatents,
  { centroids, least, factors }: ComparedWith,
): Omit<ForesightComparison, 'run'> {
  const { count, size, values, labels, classCount } = latents;
  const rowsOfState: number[][] = Array.from({ length: classCount }, () => []);
  labels.forEach((state, row) => {
    rowsOfState[state].push(row);
  });
  const distances = new Float64Array(count * classCount);
  for (let row = 0; row < count; row++)
    for (let state = 0; state < classCount; state++)
      distances[row * classCount + state] = squaredDistance(values, row * size, centroids, state * size, size);
  const nearer = (own: number, other: number) =>
    rowsOfState[own].filter((row) => distances[row * classCount + own] < distances[row * classCount + other]).length;
  const isApart = new Uint8Array(classCount * classCount);
  const tallies = new Map<number, { pairs: number; apart: number; merged: number }>();
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      const distance = Math.sqrt(squaredDistance(centroids, a * size, centroids, b * size, size));
      const share = (nearer(a, b) + nearer(b, a)) / (rowsOfState[a].length + rowsOfState[b].length);
      const length = lengths[a * classCount + b];
      const tally = tallies.get(length) ?? { pairs: 0, apart: 0, merged: 0 };
      tallies.set(length, tally);
      tally.pairs++;
      if (distance < least || share < MERGED) tally.merged++;
      else if (share >= APART) {
        tally.apart++;
        isApart[a * classCount + b] = 1;
      }
    }
  const sorted = [...tallies].sort(([a], [b]) => (a < 0 ? 1 : b < 0 ? -1 : a - b));
  const rows = sorted.map(
    ([length, { pairs, apart, merged }]): HappenedRow => ({
      foreseen: length === -1 ? 'may merge' : 'apart',
      length: length === -1 ? null : length,
      pairs,
      apart,
      merged,
      between: pairs - apart - merged,
    }),
  );
  const right = rows.reduce((sum, row) => sum + (row.foreseen === 'apart' ? row.apart : row.pairs - row.apart), 0);
  return {
    rows,
    factors: factors.map((factor) => happenedOf(factor)),
    agreement: right / rows.reduce((sum, { pairs }) => sum + pairs, 0),
  };

  function happenedOf(factor: ForeseenFactor): HappenedFactor {
    const others = factors.filter((other) => other !== factor);
    const counts = { all: 0, apart: 0, alone: 0, aloneApart: 0 };
    for (let a = 0; a < classCount; a++)
      for (let b = a + 1; b < classCount; b++) {
        if (factor.of(a) === factor.of(b)) continue;
        const apart = isApart[a * classCount + b];
        counts.all++;
        counts.apart += apart;
        if (others.some((other) => other.of(a) !== other.of(b))) continue;
        counts.alone++;
        counts.aloneApart += apart;
      }
    const known = foresight.factors.find(({ name }) => name === factor.name);
    if (known === undefined) throw new Error(`foresight: expected the factor ${factor.name}`);
    const happened = counts.alone > 0 ? counts.aloneApart / counts.alone : counts.apart / counts.all;
    return { name: factor.name, fate: known.fate, foreseen: known.apart, apart: happened };
  }
}
