// What `jepa bisimulation` says, as plain values: the classes, how long the words are that tell them apart, and single pairs.
import { bisimulationMetric } from './metric.ts';
import { compareObserved, mergeObserved } from './observed.ts';
import type { RecordedSystem } from './recording.ts';
import { type Bisimulation, largestBisimulation } from './refinement.ts';
import { auxiliaryGap, type FiniteSystem, followWord } from './system.ts';
import { distinguishingWord, wordLengthCounts } from './word.ts';

/** Above this many classes, words and distances of all pairs are left out: a pair can still be asked for. */
export const ALL_PAIRS_CLASS_LIMIT = 256;

export interface StateReference {
  readonly state: number;
  readonly name: string;
}

/** One class of the largest bisimulation, with its states. */
export interface ClassReport {
  /** States, or observations, of the class. */
  readonly size: number;
  /** Its smallest state. */
  readonly example: StateReference;
}

/** Two classes, and what tells them apart. */
export interface PairReport {
  readonly states: readonly [StateReference, StateReference];
  /**
   * bisimilar: nothing tells the two apart. apart: the word does. May merge, apart by a chain: see observed.ts.
   */
  readonly verdict: 'bisimilar' | 'apart' | 'apart by a chain' | 'may merge';
  /** A shortest word of action names after which p differs; null unless `apart`. */
  readonly word: readonly string[] | null;
  /** Where the word leads from each of the two; null unless `apart`. */
  readonly ends: readonly [StateReference, StateReference] | null;
  /** Largest difference of one number of p at the ends; null unless `apart`. */
  readonly gap: number | null;
  /** The bisimulation metric, where it was asked for. */
  readonly distance?: number;
}

/** The classes of a system and the pairs of them, ready to be printed. */
export interface BisimulationReport {
  /** complete: every action in every state is known. observed: a recording, where `classes` are one maximal merging. */
  readonly kind: 'complete' | 'observed';
  readonly states: number;
  /** Transitions left out because no encoder can follow them together with the others; observed only. */
  readonly omittedTransitions?: number;
  readonly actions: readonly string[];
  readonly classes: readonly ClassReport[];
  /** How many pairs of classes need words of each length; absent where not everything was observed. */
  readonly wordLengths?: readonly { readonly length: number; readonly pairs: number }[];
  /** A shortest word for every pair of classes, up to ALL_PAIRS_CLASS_LIMIT classes. */
  readonly words?: readonly { readonly classes: readonly [number, number]; readonly word: readonly string[] }[];
  /** Distances of the classes, up to ALL_PAIRS_CLASS_LIMIT classes. */
  readonly metric?: { readonly discount: number; readonly distances?: readonly (readonly number[])[] };
  readonly pairs: readonly PairReport[];
}

/** How states are named in a report, and how much of it is listed. */
export interface ReportOptions {
  readonly tolerance?: number;
  readonly actionNames: readonly string[];
  /** What people call a state. */
  readonly stateName: (state: number) => string;
  readonly pairs?: readonly (readonly [number, number])[];
  /** Computes the bisimulation metric with this discount. */
  readonly discount?: number;
}

/** The report of a system in which every action is known everywhere. */
export function reportBisimulation(system: FiniteSystem, options: ReportOptions): BisimulationReport {
  const { tolerance, actionNames, pairs = [], discount } = options;
  const bisimulation = largestBisimulation(system, { tolerance });
  const refer = referenceBy(options);
  const { classCount, classOf, classSize, representative } = bisimulation;
  const distances = discount === undefined ? undefined : bisimulationMetric(system, { discount }).distances;
  const distanceOf = (first: number, second: number) =>
    distances ? { distance: distances[classOf[first] * classCount + classOf[second]] } : {};
  const isSmall = classCount <= ALL_PAIRS_CLASS_LIMIT;
  return {
    kind: 'complete',
    states: system.stateCount,
    actions: actionNames,
    classes: Array.from(classSize, (size, index) => ({ size, example: refer(representative[index]) })),
    wordLengths: wordLengthCounts(bisimulation),
    ...(isSmall ? { words: allWords(bisimulation, actionNames) } : {}),
    ...(discount === undefined
      ? {}
      : {
          metric: {
            discount,
            ...(isSmall && distances ? { distances: rowsOf(distances, classCount) } : {}),
          },
        }),
    pairs: pairs.map(([first, second]) => {
      const word = distinguishingWord(bisimulation, first, second);
      const pair = word
        ? describeWord(system, options, [first, second], word)
        : undecided('bisimilar', [refer(first), refer(second)]);
      return { ...pair, ...distanceOf(first, second) };
    }),
  };
}

/** The report of recorded transitions; see observed.ts for what each part of it is worth. */
export function reportObserved(
  { system, omittedCount }: Pick<RecordedSystem, 'system' | 'omittedCount'>,
  options: Omit<ReportOptions, 'discount'>,
): BisimulationReport {
  const { tolerance, actionNames, pairs = [] } = options;
  const refer = referenceBy(options);
  const { count, of } = mergeObserved(system, { tolerance });
  const sizes = new Int32Array(count);
  const smallest = new Int32Array(count).fill(-1);
  of.forEach((index, state) => {
    if (smallest[index] < 0) smallest[index] = state;
    sizes[index]++;
  });
  return {
    kind: 'observed',
    states: system.stateCount,
    omittedTransitions: omittedCount,
    actions: actionNames,
    classes: Array.from(sizes, (size, index) => ({ size, example: refer(smallest[index]) })),
    pairs: pairs.map(([first, second]) => {
      const compared = compareObserved(system, first, second, { tolerance });
      return compared.verdict === 'apart'
        ? describeWord(system, options, [first, second], compared.word)
        : undecided(compared.verdict, [refer(first), refer(second)]);
    }),
  };
}

function undecided(
  verdict: Exclude<PairReport['verdict'], 'apart'>,
  states: readonly [StateReference, StateReference],
): PairReport {
  return { states, verdict, word: null, ends: null, gap: null };
}

function describeWord(
  system: FiniteSystem,
  options: ReportOptions,
  pair: readonly [number, number],
  word: readonly number[],
): PairReport {
  const refer = referenceBy(options);
  const [first, second] = pair.map((state) => followWord(system, state, word)[word.length]);
  return {
    states: [refer(pair[0]), refer(pair[1])],
    verdict: 'apart',
    word: word.map((action) => options.actionNames[action]),
    ends: [refer(first), refer(second)],
    gap: auxiliaryGap(system, first, second),
  };
}

function allWords(bisimulation: Bisimulation, actionNames: readonly string[]) {
  const { classCount, representative } = bisimulation;
  const words: { classes: [number, number]; word: string[] }[] = [];
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      const word = distinguishingWord(bisimulation, representative[a], representative[b]) ?? [];
      words.push({ classes: [a, b], word: word.map((action) => actionNames[action]) });
    }
  return words;
}

function rowsOf(matrix: Float64Array, size: number): number[][] {
  return Array.from({ length: size }, (_, row) => Array.from(matrix.subarray(row * size, (row + 1) * size)));
}

function referenceBy({ stateName }: ReportOptions): (state: number) => StateReference {
  return (state) => ({ state, name: stateName(state) });
}
