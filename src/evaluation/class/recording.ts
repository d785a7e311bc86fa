// Classes of a recording's observations where no state is known: from a column, from quantiles of an auxiliary, or from the
// observed transitions (the finite-data form of theorem 1 of Yu et al., arXiv 2509.12249). Letters: N observations, K classes.
import { createHash } from 'node:crypto';
import { mergeObserved, OBSERVED_PAIR_STATE_LIMIT, observedWordLengths } from '../../bisimulation/observed.ts';
import { systemFromTransitions } from '../../bisimulation/recording.ts';
import type { Numbers } from '../../data/element.ts';
import { option, UsageError } from '../../error.ts';
import { significant } from '../../number-text.ts';
import type { Observations } from '../../run/encode.ts';
import type { DrawnTransitions } from '../held-out/recording-draw.ts';

/** More classes than this are no answer that anybody reads. */
export const MAXIMAL_CLASS_COUNT = 64;

/** column: the values of a column. quantiles: ranges of an auxiliary. observed: what the training transitions tell apart. */
export type RecordingClassSource =
  | { readonly of: 'column'; readonly column: string }
  | { readonly of: 'quantiles'; readonly count: number }
  | { readonly of: 'observed' };

/** Labels of observations; -1 where an observation has none. */
export interface LabelledClasses {
  readonly of: RecordingClassSource['of'];
  /** [N] */
  readonly labels: Int32Array;
  readonly names: readonly string[];
  /** What is known about these classes, in a sentence. */
  readonly claim: string;
}

/** That the observed transitions give no classes. `reason` is the message without the option that asked for them. */
export class ObservedClassesError extends UsageError {
  readonly reason: string;

  constructor(reason: string, remedy: string) {
    super(`${option('classes', 'observed')}: ${reason}`, { remedy });
    this.reason = reason;
  }
}

/** Every value of a column is a class. @param rows [N, size] @param labels what the numbers of text stand for */
export function classesOfColumn(
  column: string,
  rows: Numbers,
  size: number,
  labels?: readonly string[],
): LabelledClasses {
  const keys = keysOf(rows, size);
  const values = [...new Set(keys)].sort(byNumbers);
  if (values.length > MAXIMAL_CLASS_COUNT)
    throw new UsageError(
      `${option('classes', `column:${column}`)}: expected at most ${MAXIMAL_CLASS_COUNT} different values, got ${values.length}`,
      { remedy: `Take ranges of the auxiliary instead: ${option('classes', 'quantiles:4')}.` },
    );
  const numberOf = new Map(values.map((value, label) => [value, label]));
  return {
    of: 'column',
    labels: Int32Array.from(keys, (key) => numberOf.get(key) ?? -1),
    names: values.map((value) => `${column} ${labels?.[Number(value)] ?? value}`),
    claim: `every value of the column ${column} is a class; training promises to keep apart only those that the auxiliary, now or after some actions, tells apart`,
  };
}

/** Ranges of p with about as many observations each; every value by itself where there are no more than `count`. @param values [N] */
export function classesOfQuantiles(name: string, values: Numbers, count: number): LabelledClasses {
  const { edges, names } = quantileRanges(name, values, count);
  const claim = `ranges of the auxiliary ${name}: an auxiliary loss of zero keeps apart what differs in it, but values beside a border may be as near as they like`;
  const labels = Int32Array.from(values, (value) => {
    let label = 0;
    while (label < edges.length && value >= edges[label]) label++;
    return label;
  });
  return { of: 'quantiles', labels, names, claim };
}

/** Where each range but the first begins, and what the ranges are called. @param values [N], of which the ranges are */
export function quantileRanges(
  name: string,
  values: Numbers,
  count: number,
): { readonly edges: readonly number[]; readonly names: readonly string[] } {
  const sorted = values.slice().sort();
  const different = [...new Set(sorted)];
  const begins =
    different.length <= count
      ? different
      : [...new Set(Array.from({ length: count }, (_, k) => sorted[Math.floor((k * sorted.length) / count)]))];
  if (begins.length < 2)
    throw new UsageError(
      `${option('classes', 'quantiles')}: expected an auxiliary that varies, got ${name} = ${different[0]} for all held-out observations`,
      { remedy: `Take the values of a column: ${option('classes', 'column:NAME')}.` },
    );
  const texts = textsApart(begins);
  const names = texts.map((begin, k) => {
    if (different.length <= count) return `${name} ${begin}`;
    return k + 1 < texts.length ? `${name} ${begin} to ${texts[k + 1]}` : `${name} from ${begin}`;
  });
  return { edges: begins.slice(1), names };
}

/** Different numbers with four digits, or as many as tell them apart: dates as numbers need eight. */
function textsApart(numbers: readonly number[]): string[] {
  for (let digits = 4; digits < 17; digits++) {
    const texts = numbers.map((number) => significant(number, digits));
    if (new Set(texts).size === numbers.length) return texts;
  }
  return numbers.map(String);
}

export interface ObservedClassesInput {
  readonly trained: Omit<DrawnTransitions, 'episodes'>;
  /** [N, ...] of the observations that get labels. */
  readonly observations: Observations;
  /** Numbers of an observation. */
  readonly observationSize: number;
  readonly actionSize: number;
  /** What is equal in observations of one state, [N', S] of `trained` and [N, S] of `observations`; default: all their numbers. */
  readonly states?: {
    readonly column: string;
    readonly size: number;
    readonly from: Float32Array;
    readonly to: Float32Array;
    readonly observations: Float32Array;
  };
  /** Names of the columns of p, for messages; p is all of `trained.auxiliary...`. */
  readonly auxiliary: string;
}

/**
 * States that training transitions do not tell apart are one class. The claim says which share of the pairs of states in
 * different classes is told apart by an action word inside the data: for those the theorem holds.
 * @throws UsageError where p is no function of the state
 */
export function classesOfObserved(input: ObservedClassesInput): LabelledClasses & {
  /** 0 where transitions contradict each other. */
  readonly guaranteedShare: number;
  readonly contradictions: number;
} {
  const { trained, states, observationSize, actionSize, auxiliary } = input;
  const keysFor = (observations: Observations, rows: Float32Array | undefined) =>
    rows && states ? keysOf(rows, states.size) : digestsOf(observations, observationSize);
  const [from, to] = [keysFor(trained.from, states?.from), keysFor(trained.to, states?.to)];
  const keys = [...new Set([...from, ...to])];
  // In an order of their own, so that the rows may come in any.
  if (states) keys.sort(byNumbers);
  else keys.sort();
  const numbers = new Map(keys.map((key, number) => [key, number]));
  if (numbers.size > OBSERVED_PAIR_STATE_LIMIT)
    throw new ObservedClassesError(
      `expected at most ${OBSERVED_PAIR_STATE_LIMIT} different states, got ${numbers.size}`,
      `Name the state by a column (${option('map', 'state=NAME')}), or take ${option('classes', 'quantiles:4')}.`,
    );
  const actionKeys = keysOf(trained.actions, actionSize);
  const actions = [...new Set(actionKeys)].sort(byNumbers);
  if (actions.length > MAXIMAL_CLASS_COUNT)
    throw new ObservedClassesError(
      `expected at most ${MAXIMAL_CLASS_COUNT} different actions, got ${actions.length}`,
      `Words are made of discrete actions: take ${option('classes', 'quantiles:4')}.`,
    );
  const actionNumber = new Map(actions.map((key, index) => [key, index]));
  const numberOf = (key: string) => numbers.get(key) ?? -1;
  const recorded = systemFromTransitions(
    {
      observationCount: numbers.size,
      actionCount: actions.length,
      from: Int32Array.from(from, numberOf),
      action: Int32Array.from(actionKeys, (key) => actionNumber.get(key) ?? -1),
      to: Int32Array.from(to, numberOf),
      ...valuesOfStates(input, [...from, ...to].map(numberOf), numbers.size),
    },
    { omitContradictions: true },
  );
  const { system, stateOf, omittedCount, contradiction } = recorded;
  const merged = mergeObserved(system);
  if (merged.count > MAXIMAL_CLASS_COUNT)
    throw new ObservedClassesError(
      `expected at most ${MAXIMAL_CLASS_COUNT} classes, got ${merged.count} of ${numbers.size} states`,
      `Observations seldom occur twice, or ${auxiliary} is fine-grained: take ${option('classes', 'quantiles:4')}.`,
    );
  const labels = Int32Array.from(keysFor(input.observations, states?.observations), (key) => {
    const number = numbers.get(key);
    return number === undefined ? -1 : merged.of[stateOf[number]];
  });
  const named = (number: number) => (states ? `${states.column} ${keys[number]}` : `observation ${number}`);
  // Where anything contradicts, no encoder has zero loss on these transitions: the theorem says nothing.
  const guaranteedShare = contradiction ? 0 : guaranteedShareOf(observedWordLengths(system), merged.of);
  const percent = (100 * guaranteedShare).toFixed(guaranteedShare > 0.999 && guaranteedShare < 1 ? 2 : 0);
  return {
    of: 'observed',
    labels,
    names: classNames(keys, stateOf, merged, states?.column),
    contradictions: omittedCount,
    claim: contradiction
      ? `states that the training transitions mostly do not tell apart by ${auxiliary} are one class; ${omittedCount} of ${trained.count} transitions contradict ` +
        `more frequent ones (${named(contradiction.from)} leads by one action to ${contradiction.to.map(named).join(' and to ')}), so that no encoder has zero loss, and nothing is guaranteed`
      : `states that the training transitions do not tell apart by ${auxiliary} are one class; ${percent}% of the pairs of states in different classes are told apart by an action word inside the data, and for those zero loss guarantees different latents`,
    guaranteedShare,
  };
}

/** p of every state. */
function valuesOfStates(
  { trained, auxiliary, states }: ObservedClassesInput,
  stateOfRow: readonly number[],
  stateCount: number,
): { readonly auxiliarySize: number; readonly auxiliary: Float32Array } {
  const size = trained.auxiliaryFrom.length / trained.count;
  const values = new Float32Array(stateCount * size).fill(Number.NaN);
  stateOfRow.forEach((state, row) => {
    const side = row < trained.count ? trained.auxiliaryFrom : trained.auxiliaryTo;
    for (let m = 0; m < size; m++) {
      const value = side[(row % trained.count) * size + m];
      const known = values[state * size + m];
      if (!Number.isNaN(known) && known !== value)
        throw new ObservedClassesError(
          `expected one value of ${auxiliary} ${states ? `for every ${states.column}` : 'for every observation'}, got ${known} and ${value}`,
          `p must be a function of the state: take ${option('classes', 'column:NAME')} or quantiles:4.`,
        );
      values[state * size + m] = value;
    }
  });
  return { auxiliarySize: size, auxiliary: values };
}

/** Pairs of states in different classes that a word tells apart, of all such pairs; 1 where there is no pair. */
function guaranteedShareOf(wordLengths: Int16Array, classOf: Int32Array): number {
  let pairs = 0;
  let guaranteed = 0;
  for (let a = 0; a < classOf.length; a++)
    for (let b = 0; b < a; b++) {
      if (classOf[a] === classOf[b]) continue;
      pairs++;
      if (wordLengths[a * classOf.length + b] >= 0) guaranteed++;
    }
  return pairs === 0 ? 1 : guaranteed / pairs;
}

/** The state's value where there is a column of them; the class's number otherwise. */
function classNames(
  keys: readonly string[],
  stateOf: Int32Array,
  merged: { readonly count: number; readonly of: Int32Array },
  column: string | undefined,
): string[] {
  const members: string[][] = Array.from({ length: merged.count }, () => []);
  keys.forEach((key, number) => {
    members[merged.of[stateOf[number]]].push(key);
  });
  return members.map((values, label) => {
    if (column === undefined) return `class ${label}`;
    const [first, ...others] = values.sort(byNumbers);
    return `${column} ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`;
  });
}

/** The numbers of each row as text. */
function keysOf(rows: Numbers, size: number): string[] {
  return Array.from({ length: rows.length / size }, (_, row) => rows.subarray(row * size, (row + 1) * size).join(' '));
}

function digestsOf(observations: Observations, size: number): string[] {
  return Array.from({ length: observations.length / size }, (_, row) => {
    const own = observations.subarray(row * size, (row + 1) * size);
    return createHash('sha256')
      .update(new Uint8Array(own.buffer, own.byteOffset, own.byteLength))
      .digest('base64');
  });
}

function byNumbers(a: string, b: string): number {
  const [first, second] = [a.split(' ').map(Number), b.split(' ').map(Number)];
  const differing = first.findIndex((value, i) => value !== second[i]);
  return differing < 0 ? 0 : first[differing] - second[differing];
}
