// New observations against the reference sample of a baseline: which of them are independent, three tests, and the record.
import { type DriftTests, testDrift } from '../../measures/change/drift-test.ts';
import { holmAdjusted } from '../../measures/change/share-test.ts';
import { shareInterval } from '../../measures/interval.ts';
import type { Latents } from '../../measures/latents.ts';
import { permutation, randomFor } from '../../random.ts';
import { DRIFT_FORMAT, type DriftRecord } from '../schema/drift.ts';
import { numbersOf } from '../schema/outcome.ts';
import { type Baseline, unpackLatents } from './schema.ts';

export interface DriftBatch {
  /** Under the metric of the baseline. */
  readonly latents: Latents;
  /** [M], where they are of several recorded episodes. */
  readonly episodes?: Int32Array | undefined;
}

export interface DriftOptions {
  readonly level: number;
  readonly permutations: number;
  readonly seed: number;
  /** Another mix of classes is no alarm. */
  readonly ignoresMix: boolean;
}

export interface Drift {
  readonly reference: Latents;
  readonly batch: Latents;
  readonly tests: DriftTests;
  readonly record: DriftRecord;
}

/** As many of either side as the permutations can afford in seconds. */
const COMPARED = 1024;

type Described = Pick<DriftRecord, 'encoder' | 'baseline' | 'observed' | 'runtime' | 'provider' | 'version'>;

export function measureDrift(
  baseline: Baseline,
  batch: DriftBatch,
  described: Described,
  options: DriftOptions,
): Drift {
  const { level, permutations, seed, ignoresMix } = options;
  const { reference, observed } = baseline;
  const all = unpackLatents(reference.latents);
  const ofReference = reference.episodes === null ? undefined : Int32Array.from(numbersOf(reference.episodes));
  // Frames of one episode are alike: one of each stands for it, on both sides, as soon as either side has episodes.
  const before = independentRows(all, ofReference, seed);
  const now = independentRows(batch.latents, batch.episodes, seed);
  const tests = testDrift(
    before,
    now,
    { centroids: unpackLatents(reference.centroids), radii: reference.radii },
    { permutations, seed },
  );
  const asked = [tests.shift.p, tests.outside.p, ...(ignoresMix ? [] : [tests.mix.p])];
  const [shift, outside, mix = tests.mix.p] = holmAdjusted(asked);
  const decided = (own: { readonly p: number }, adjusted: number) => ({
    hasChanged: adjusted <= level,
    p: own.p,
    adjusted,
  });
  const { names } = observed.classes;
  return {
    reference: before,
    batch: now,
    tests,
    record: {
      format: DRIFT_FORMAT,
      ...described,
      metric: observed.metric,
      seed,
      level,
      permutations,
      observations: now.count,
      referenceObservations: before.count,
      independence: independenceText(ofReference, batch.episodes),
      hasDrifted: [shift, outside, ...(ignoresMix ? [] : [mix])].some((each) => each <= level),
      shift: { ...decided(tests.shift, shift), energy: tests.shift.energy, byChance: tests.shift.byChance },
      outside: {
        ...decided(tests.outside, outside),
        before: tests.outside.before,
        now: tests.outside.now,
        interval: [...shareInterval(Math.round(tests.outside.now * now.count), now.count)],
      },
      mix: { ...decided(tests.mix, mix), isAsked: !ignoresMix, difference: tests.mix.difference },
      classes: tests.classes.map((each, label) => ({ name: names[label], ...each })),
    },
  };
}

/** At most `COMPARED` rows, at random; one of each episode where there are several. */
function independentRows({ values, size, count }: Latents, episodes: Int32Array | undefined, seed: number): Latents {
  const order = permutation(count, randomFor(seed, 'drift rows'));
  const seen = new Set<number>();
  const rows = order.filter((row) => {
    if (episodes === undefined) return true;
    const isFirst = !seen.has(episodes[row]);
    seen.add(episodes[row]);
    return isFirst;
  });
  const taken = rows.slice(0, COMPARED);
  const chosen = new Float32Array(taken.length * size);
  taken.forEach((row, index) => {
    chosen.set(values.subarray(row * size, (row + 1) * size), index * size);
  });
  return { values: chosen, count: taken.length, size };
}

function independenceText(reference: Int32Array | undefined, batch: Int32Array | undefined): string {
  const sides = [...(reference ? ['the baseline'] : []), ...(batch ? ['the batch'] : [])];
  return sides.length === 0 ? 'every observation' : `one observation of each episode of ${sides.join(' and of ')}`;
}
