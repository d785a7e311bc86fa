// Evaluations beside each other: what they have in common, what differs, and whether a difference is more than chance.
import { UsageError } from '../error.ts';
import {
  holmAdjusted,
  type Outcomes,
  pairedShareChange,
  twoSampleShareChange,
  worthOf,
} from '../measures/change/share-test.ts';
import { shareInterval } from '../measures/interval.ts';
import { outcomesOf } from './baseline/gate.ts';
import { withoutCommonWords } from './class/comparable-name.ts';
import {
  COMPARISON_FORMAT,
  type ComparedDifference,
  type ComparedSubject,
  type RunComparisonRecord,
} from './schema/comparison.ts';
import { type AnyEvaluationRecord, type AnyRuntimeRecord, judgedOf } from './schema/evaluation.ts';
import { areSameObservations } from './schema/outcome.ts';

/** What is compared: the record of an evaluation, and what is known of where it came from. */
export interface ComparedEvaluation {
  readonly name: string;
  readonly path: string;
  readonly kind: ComparedSubject['kind'];
  readonly record: AnyEvaluationRecord;
  /** Of a run or an export, as it was resolved. */
  readonly configuration?: unknown;
}

type Rule = 'nearestCentroid' | 'toldApart';
const measureNames: Readonly<Record<Rule, ComparedDifference['measure']>> = {
  nearestCentroid: 'nearest-centroid accuracy',
  toldApart: 'observations told apart',
};

/** Of the first runtime of each. @throws UsageError in one line where they are of other classes, or of other data */
export function compareEvaluations(evaluations: readonly ComparedEvaluation[]): RunComparisonRecord {
  const [first, ...others] = evaluations;
  if (first === undefined || others.length === 0)
    throw new UsageError(`compare: expected at least two evaluations, got ${evaluations.length}`);
  for (const other of others) requireComparable(first, other);
  const differences = others.flatMap((other) => differencesOf(first, other));
  const adjusted = holmAdjusted(differences.map(({ p }) => p));
  return {
    format: COMPARISON_FORMAT,
    classes: { of: first.record.classes.of, names: [...first.record.classes.names] },
    observed: first.record.environment.name,
    subjects: evaluations.map(subjectOf),
    settings: differingSettings(evaluations),
    differences: differences.map((each, index) => ({ ...each, adjusted: adjusted[index] })),
  };
}

function requireComparable(first: ComparedEvaluation, other: ComparedEvaluation): void {
  const refuse = (what: string, expected: string, got: string): never => {
    throw new UsageError(`${other.path}: expected ${what} as in ${first.path}, ${expected}, got ${got}`, {
      remedy: 'Evaluate both on the same observations and classes: jepa evaluate ... --data --classes',
    });
  };
  const [a, b] = [first.record, other.record];
  if (a.classes.of !== b.classes.of) refuse('classes', `by ${a.classes.of}`, `by ${b.classes.of}`);
  const isUnseen = judgedOf(a).isUnseen || judgedOf(b).isUnseen;
  const [own, others] = [a, b].map(({ classes: { names } }) => (isUnseen ? withoutCommonWords(names) : names));
  const missing = own.find((name) => !others.includes(name));
  if (missing !== undefined) refuse('classes', `with "${missing}"`, `${others.length} others`);
  if (own.join('\n') !== others.join('\n')) refuse('classes', own.join(', '), others.join(', '));
  if (arePaired(a, b)) return;
  const [here, there] = [a, b].map(({ environment }) => JSON.stringify(environment));
  if (a.environment.name !== b.environment.name)
    refuse('observations', `of ${a.environment.name}`, `of ${b.environment.name}`);
  if (here !== there) refuse('observations', here, there);
}

function arePaired(a: AnyEvaluationRecord, b: AnyEvaluationRecord): boolean {
  return areSameObservations(judgedOf(a), judgedOf(b));
}

function differencesOf(first: ComparedEvaluation, other: ComparedEvaluation): Omit<ComparedDifference, 'adjusted'>[] {
  const [a, b] = [first.record, other.record];
  const [before, now] = [a.runtimes[0].outcomes, b.runtimes[0].outcomes];
  const [ofA, ofB] = [a.judged, b.judged];
  if (before === undefined || now === undefined || ofA === undefined || ofB === undefined) return [];
  const isPaired = arePaired(a, b);
  return (['nearestCentroid', 'toldApart'] as const).map((rule) => {
    const [old, recent] = outcomesOf([before[rule], ofA], [now[rule], ofB], isPaired, -1);
    const test = isPaired ? pairedShareChange : twoSampleShareChange;
    const change = test(old, recent);
    return {
      of: other.name,
      against: first.name,
      measure: measureNames[rule],
      method: isPaired ? ('paired' as const) : ('two samples' as const),
      unit: ofA.episodes === null && ofB.episodes === null ? ('observation' as const) : ('episode' as const),
      difference: change.now - change.before,
      lost: change.lost,
      won: change.won,
      // Either tail, twice: whoever compares has not said which is to be better.
      p: Math.min(1, 2 * Math.min(change.p, test(recent, old).p)),
    };
  });
}

function subjectOf({ name, path, kind, record }: ComparedEvaluation): ComparedSubject {
  const runtime: AnyRuntimeRecord = record.runtimes[0];
  const { separable, clustered } = runtime;
  return {
    name,
    path,
    kind,
    runtime: runtime.runtime,
    version: runtime.version,
    precision: runtime.precision,
    observations: record.observations,
    verdict: runtime.verdict,
    separable: {
      answer: separable.answer,
      share: separable.share,
      interval: separable.interval,
      pair: separable.pair,
    },
    clustered: { answer: clustered.answer, ratio: clustered.ratio, interval: clustered.interval },
    accuracy: shareOf(record, 'nearestCentroid') ?? {
      value: runtime.nearestCentroidAccuracy,
      interval: wholeInterval(runtime.nearestCentroidAccuracy, record.observations),
    },
    toldApart: shareOf(record, 'toldApart') ?? null,
    smallestRecall: runtime.smallestRecall,
    certifiedAccuracy: runtime.certifiedAccuracy,
    meanDistance: runtime.meanDistance,
    relativeSpread: runtime.relativeSpread,
    effectiveRank: runtime.effectiveRank,
    rankMe: runtime.rankMe,
    relativeDynamicsResidual: runtime.relativeDynamicsResidual ?? null,
    encodeMs: runtime.encodeMs ?? null,
  };
}

function shareOf({ runtimes, judged }: AnyEvaluationRecord, rule: Rule): ComparedSubject['accuracy'] | undefined {
  const { outcomes } = runtimes[0];
  if (outcomes === undefined || judged === undefined) return undefined;
  const own = [outcomes[rule], judged] as const;
  const [taken]: readonly Outcomes[] = outcomesOf(own, own, true, -1);
  const value = taken.isRight.filter(Boolean).length / taken.isRight.length;
  return { value, interval: wholeInterval(value, worthOf(taken)) };
}

function wholeInterval(value: number, count: number): [number, number] {
  const [low, high] = shareInterval(value * count, count);
  return [low, high];
}

/** Leaves of the configurations and of how each was evaluated that are not the same in all. */
function differingSettings(evaluations: readonly ComparedEvaluation[]): RunComparisonRecord['settings'] {
  const all = evaluations.map(({ record, configuration }) => {
    const [runtime] = record.runtimes;
    const evaluated = {
      runtime: runtime.runtime,
      version: runtime.version,
      precision: runtime.precision,
      seed: record.seed,
      metric: record.metric,
      observations: record.observations,
      ...('encoder' in record ? { input: record.encoder.input, sha256: record.encoder.sha256 } : { step: record.step }),
    };
    return new Map([...leavesOf('', configuration), ...leavesOf('evaluation', evaluated)]);
  });
  const names = [...new Set(all.flatMap((leaves) => [...leaves.keys()]))];
  return names
    .map((name) => ({ name, values: all.map((leaves) => leaves.get(name) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1);
}

function leavesOf(path: string, value: unknown): [string, string][] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(path === '' ? key : `${path}.${key}`, each));
}
