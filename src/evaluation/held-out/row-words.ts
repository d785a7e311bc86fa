// Words of recorded actions row by row, for an encoder from anywhere: whatever it is fed with, and however long episodes are. Only those
// observations are read that two words with the same actions need, up to where the auxiliary of any two differs.
// Letters: N words, K actions of the longest, A action size, M auxiliary numbers.
import { FLOAT32_WHOLE, isInteger, type Numbers } from '../../data/element.ts';
import { episodeAt } from '../../data/flat-layout.ts';
import { columnAtRows, isAlignedWith, type ObservationRows } from '../../data/observation-rows.ts';
import { type Column, type Recording, totalRowsOf } from '../../data/recording.ts';
import { FormatError } from '../../error.ts';
import { significant } from '../../number-text.ts';
import { permutation, randomFor } from '../../random.ts';
import { elementCount } from '../../shape.ts';
import { distinguishingSteps, nameOfAction } from '../witness/recorded.ts';
import type { RecordedWords } from './recording-draw.ts';

/** Words that are looked at, and their actions at most. */
const WORDS = 540;
const WORD_LENGTH = 8;
/** Bytes of observations of all words. */
const MAXIMAL_BYTES = 384 * 1024 ** 2;

/** A column that says what must be apart. classes: every value is one. numbers: values that differ. */
export interface ApartColumn {
  readonly column: string;
  readonly of: 'classes' | 'numbers';
}

/** One recorded action column, as a predictor may take it. */
export interface RecordedAction {
  readonly column: string;
  /** Numbers of a row. */
  readonly size: number;
  /** Of choices, how many there are at least: as the file says, else as were drawn. */
  readonly choices?: number | undefined;
}

/** Words with a name for everything in them. Actions are as recorded: choices are their numbers. */
export interface RowWords extends RecordedWords, ApartColumn {
  readonly lengths: Int32Array;
  readonly recordedActions: readonly RecordedAction[];
  /** What an action is called. */
  nameOfAction(action: Float32Array): string;
  /** What p of one observation is called. @param value [M] */
  nameOfValue(value: Float32Array): string;
}

/** Why no word can be followed, in a sentence without its capital and its full stop. */
export interface NoWords {
  readonly none: string;
}

export interface RowWordsOptions {
  /** Columns of the actions; undefined where the recording names none. */
  readonly actions: readonly string[] | undefined;
  /** What must be apart; undefined where nothing says so. */
  readonly apart: ApartColumn | undefined;
  readonly seed: number;
  /** Whether a predictor is measured, for which the first step of every word is read. */
  readonly isPredicted: boolean;
}

/** Words that begin at rows of the whole recording, drawn by seed; the same for the same recording and seed. */
export async function drawRowWords(
  recording: Recording,
  rows: ObservationRows,
  options: RowWordsOptions,
): Promise<RowWords | NoWords> {
  const { actions, apart, seed, isPredicted } = options;
  const reason = reasonAgainst(recording, rows, options);
  if (reason !== undefined || actions === undefined || apart === undefined) return { none: reason ?? '' };
  const starts = drawnRows(rows.count, seed);
  const outlined = await readWords(recording, rows, { starts, actions, apart });
  if ('none' in outlined) return outlined;
  const steps = longestNeeded(outlined);
  if (steps < 0)
    return {
      none: `no two of ${starts.length} observations that were looked at have the same recorded actions and then another ${apart.column}`,
    };
  const needed = isPredicted ? Math.max(steps, Math.min(1, outlined.length)) : steps;
  const bytes = (needed + 1) * elementCount(rows.shape) * (isBytes(rows) ? 1 : 4);
  const count = Math.max(Math.min(2, starts.length), Math.min(starts.length, Math.floor(MAXIMAL_BYTES / bytes)));
  const cut = shortened(outlined, count, needed);
  const places = Array.from({ length: count }, (_, n) =>
    Array.from({ length: needed + 1 }, (_k, k) => starts[n] + Math.min(k, cut.lengths[n])),
  ).flat();
  const episodes = starts.subarray(0, count).map((row) => episodeAt(rows.starts, row));
  return {
    ...cut,
    ...apart,
    observations: await rows.gather(Int32Array.from(places)),
    episodes,
    rows: Int32Array.from(episodes, (episode, n) => starts[n] - rows.starts[episode]),
  };
}

function isBytes({ parts }: ObservationRows): boolean {
  return parts.length === 1 && parts[0].kind === 'image';
}

function reasonAgainst(
  recording: Recording,
  rows: ObservationRows,
  { actions, apart }: RowWordsOptions,
): string | undefined {
  if (actions === undefined || actions.length === 0) return 'the recording names no actions that could be followed';
  if (apart === undefined) return 'neither a reward nor a column of classes says what must be apart';
  const odd = actions.find((name) => !leadsFrom(recording.columns.get(name), rows));
  if (odd !== undefined)
    return `the actions ${odd} are not one for each observation, or for each step between two, so that none can be followed`;
  const isLong = rows.starts.some((start, episode) => episode > 0 && start - rows.starts[episode - 1] > 1);
  if (!isLong) return 'no episode has an action that leads to another observation';
  const column = recording.columns.get(apart.column);
  if (column === undefined || !isAlignedWith(column, rows.starts))
    return `${apart.column} has not a value for each observation, or for each step between two`;
  return undefined;
}

/** Whether an action was recorded for each observation, or for each but the last of an episode. */
function leadsFrom(column: Column | undefined, { starts, count }: ObservationRows): boolean {
  if (column === undefined || !isAlignedWith(column, starts)) return false;
  return totalRowsOf(column) <= count;
}

/** Different rows, in the order of the draw. */
function drawnRows(count: number, seed: number): Int32Array {
  const random = randomFor(seed, 'recorded words');
  if (count <= 4 * WORDS) return permutation(count, random).subarray(0, WORDS);
  const drawn = new Set<number>();
  while (drawn.size < WORDS) drawn.add(random.integer(count));
  return Int32Array.from(drawn);
}

type OutlinedWords = Omit<RowWords, 'observations' | 'episodes' | 'rows' | keyof ApartColumn>;

/** Actions and auxiliary of the words, which are small beside their observations. */
async function readWords(
  recording: Recording,
  rows: ObservationRows,
  {
    starts,
    actions,
    apart,
  }: { readonly starts: Int32Array; readonly actions: readonly string[]; readonly apart: ApartColumn },
): Promise<OutlinedWords | NoWords> {
  const count = starts.length;
  const lengths = starts.map((row) => {
    const end = rows.starts[episodeAt(rows.starts, row) + 1];
    return Math.min(WORD_LENGTH, end - 1 - row);
  });
  const length = Math.max(...lengths);
  const own = actions.map((name) => {
    const column = columnOf(recording, name);
    const isStepwise = totalRowsOf(column) < rows.count;
    return { column, at: columnAtRows(recording, name, rows), ahead: isStepwise ? 1 : 0 };
  });
  const actionSize = own.reduce((sum, { at }) => sum + at.size, 0);
  const acted = new Float32Array(count * length * actionSize);
  const values = columnAtRows(recording, apart.column, rows);
  const places = count * (length + 1) * values.size;
  // Numbers are compared as a trained auxiliary would be, in float32; classes are names.
  const raw = (apart.of === 'classes' ? values.allocate(places) : new Float32Array(places)).fill(Number.NaN);
  // In the order of the file, so that each piece of it is read once.
  for (const n of [...starts.keys()].sort((a, b) => starts[a] - starts[b]))
    for (let k = 0; k <= lengths[n]; k++) {
      const value = await values.read(starts[n] + k);
      if (value !== undefined) raw.set(value, (n * (length + 1) + k) * values.size);
      let offset = (n * length + k) * actionSize;
      for (const { column, at, ahead } of k < lengths[n] ? own : []) {
        const action = (await at.read(starts[n] + k + ahead)) ?? [];
        // As a predictor is fed them, in float32, two such actions would be one.
        if (isInteger(column.type) && action.some((number) => Math.abs(number) > FLOAT32_WHOLE))
          return {
            none: `the actions ${column.name} are whole numbers beyond 2^24, which float32 does not tell apart`,
          };
        acted.set(action, offset);
        offset += at.size;
      }
    }
  const { labels } = columnOf(recording, apart.column);
  const coded =
    raw instanceof Float32Array && apart.of === 'numbers' ? { values: raw, keys: undefined } : oneHot(raw, values.size);
  const recordedActions = own.map(({ column, at }, i) => {
    const offset = own.slice(0, i).reduce((sum, each) => sum + each.at.size, 0);
    return actionOf(column, at.size, { acted, actionSize, offset });
  });
  return {
    ...{ count, length, lengths, recordedActions, actions: acted, auxiliary: coded.values },
    nameOfAction: (action) => recordedName(action, own.length === 1 ? own[0].column : undefined, recordedActions),
    nameOfValue: (value) => nameOfValue(apart.column, value, coded.keys, labels),
  };
}

function columnOf({ path, columns }: Recording, name: string): Column {
  const column = columns.get(name);
  if (column === undefined) throw new FormatError(`${path}: expected a column, got "${name}"`);
  return column;
}

/** [.., C] of values [.., size], by which every two classes are as far apart. NaN stays NaN. */
function oneHot(raw: Numbers, size: number) {
  const keyAt = (start: number) => raw.subarray(start, start + size).join(', ');
  const places = Array.from({ length: raw.length / size }, (_, n) => n * size);
  const keys = [...new Set(places.filter((start) => !Number.isNaN(raw[start])).map(keyAt))].sort();
  const values = new Float32Array(places.length * keys.length);
  places.forEach((start, n) => {
    const own = values.subarray(n * keys.length, (n + 1) * keys.length);
    if (Number.isNaN(raw[start])) own.fill(Number.NaN);
    else own[keys.indexOf(keyAt(start))] = 1;
  });
  return { values, keys };
}

interface DrawnActions {
  readonly acted: Float32Array;
  readonly actionSize: number;
  readonly offset: number;
}

/** Integers from 0 on are choices. */
function actionOf(
  { name, type, actionCount }: Column,
  size: number,
  { acted, actionSize, offset }: DrawnActions,
): RecordedAction {
  if (size !== 1 || !isInteger(type)) return { column: name, size };
  let [least, most] = [0, 0];
  for (let i = offset; i < acted.length; i += actionSize) {
    least = Math.min(least, acted[i]);
    most = Math.max(most, acted[i]);
  }
  return { column: name, size, ...(least < 0 ? {} : { choices: Math.max(actionCount ?? 0, most + 1) }) };
}

function recordedName(action: Float32Array, only: Column | undefined, [first]: readonly RecordedAction[]): string {
  if (only === undefined || first.choices === undefined) return nameOfAction(action);
  return `action ${only.labels?.[action[0]] ?? action[0]}`;
}

function nameOfValue(
  column: string,
  value: Float32Array,
  keys: readonly string[] | undefined,
  labels: readonly string[] | undefined,
): string {
  if (keys !== undefined) {
    const key = keys[value.indexOf(1)];
    return `${column} ${labels?.[Number(key)] ?? key}`;
  }
  const numbers = Array.from(value, (number) => significant(number, 3));
  return `${column} ${numbers.length === 1 ? numbers[0] : `(${numbers.join(', ')})`}`;
}

/** The most actions that any two words need to be told apart; -1 where nothing tells two apart. */
function longestNeeded(words: OutlinedWords): number {
  const stepsOf = distinguishingSteps(words, words.auxiliary);
  let longest = -1;
  for (let b = 0; b < words.count; b++) for (let a = 0; a < b; a++) longest = Math.max(longest, stepsOf(a, b) ?? -1);
  return longest;
}

/** The first words, up to `length` actions. */
function shortened(words: OutlinedWords, count: number, length: number): OutlinedWords {
  const cut = (values: Float32Array, places: number, kept: number) => {
    const size = places === 0 ? 0 : values.length / (words.count * places);
    const shorter = new Float32Array(count * kept * size);
    for (let n = 0; n < count; n++)
      shorter.set(values.subarray(n * places * size, (n * places + kept) * size), n * kept * size);
    return shorter;
  };
  return {
    ...words,
    ...{ count, length },
    lengths: words.lengths.subarray(0, count).map((own) => Math.min(own, length)),
    actions: cut(words.actions, words.length, length),
    auxiliary: cut(words.auxiliary, words.length + 1, length + 1),
  };
}
