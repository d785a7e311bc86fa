// Where flat rows fall into episodes: by lengths, by ends, by a number that stays the same, or by flags of the
// first or the last step.
import { FormatError, option } from '../error.ts';
import { elementCount } from '../shape.ts';
import { numberAt } from './element.ts';
import type { FlatArray } from './flat-array.ts';
import type { StructureRoles } from './recording.ts';

/** What is noted where nothing tells episodes apart. */
export const ONE_EPISODE_NOTE = 'nothing says where episodes end: taken as one episode';

/** Rows read at once. */
const SCAN_ROWS = 1 << 20;

/**
 * The number of steps of each episode; they add up to `stepCount`. Pushes a note for what is doubtful. Throws a FormatError
 * that names the array and the row where the structure contradicts itself.
 */
export async function findEpisodeLengths(
  path: string,
  arrays: ReadonlyMap<string, FlatArray>,
  structure: StructureRoles,
  stepCount: number,
  rowsPerEpisode: number | undefined,
  notes: string[],
): Promise<number[]> {
  const flags = [structure.last, structure.terminal, structure.timeout].flatMap((name) => arrays.get(name ?? '') ?? []);
  if (rowsPerEpisode !== undefined) {
    for (const flag of flags) await checkUnpadded(path, flag, rowsPerEpisode);
    return Array.from({ length: stepCount / rowsPerEpisode }, () => rowsPerEpisode);
  }
  const isOfSteps = (array: FlatArray | undefined) => array?.shape[0] === stepCount;
  const marks = [structure.first, structure.last].map((name) => arrays.get(name ?? '')).filter(isOfSteps);
  const [first, last] = [structure.first, structure.last].map((name) => marks.find((array) => array?.name === name));
  const lengths = await lengthsByStructure(path, arrays, structure, stepCount);
  if (lengths === undefined && first !== undefined) {
    const ofFirst = await byFirstSteps(path, first, stepCount);
    if (last !== undefined) await compareMarks(path, last, ofFirst, 'last');
    return ofFirst;
  }
  if (lengths !== undefined) {
    if (first !== undefined) await compareMarks(path, first, lengths, 'first');
    if (last !== undefined) await compareMarks(path, last, lengths, 'last');
    return lengths;
  }
  const usable = flags.filter(isOfSteps);
  if (usable.length > 0) return byFlags(usable, stepCount, notes);
  notes.push(ONE_EPISODE_NOTE);
  return [stepCount];
}

/** By what says it in numbers; undefined where nothing does. */
async function lengthsByStructure(
  path: string,
  arrays: ReadonlyMap<string, FlatArray>,
  structure: StructureRoles,
  stepCount: number,
): Promise<number[] | undefined> {
  for (const name of [structure.length, structure.end]) {
    const array = arrays.get(name ?? '');
    if (array === undefined) continue;
    const numbers = await readNumbers(array, 0, array.shape[0]);
    const lengths = name === structure.length ? numbers : numbers.map((end, e) => end - (e === 0 ? 0 : numbers[e - 1]));
    const wrong = lengths.findIndex((length) => !Number.isSafeInteger(length) || length < 0);
    if (wrong >= 0)
      throw new FormatError(`${path} ${name} episode ${wrong}: expected a number of steps, got ${lengths[wrong]}`);
    const sum = lengths.reduce((total, length) => total + length, 0);
    if (sum !== stepCount)
      throw new FormatError(`${path} ${name}: expected lengths that add up to ${stepCount} steps, got ${sum}`);
    if (name === structure.length) await checkOffsets(path, arrays.get(structure.offset ?? ''), lengths);
    return lengths;
  }
  const episode = arrays.get(structure.episode ?? '');
  return episode !== undefined && episode.shape[0] === stepCount ? byNumber(path, episode, stepCount) : undefined;
}

/** An episode begins with the step in which the flag is true. */
async function byFirstSteps(path: string, flag: FlatArray, stepCount: number): Promise<number[]> {
  const lengths: number[] = [];
  await scan(flag, stepCount, (value, row) => {
    if (row === 0 && value === 0)
      throw new FormatError(`${path} ${flag.name} row 0: expected the first step of an episode, got ${value}`);
    if (value !== 0) lengths.push(1);
    else lengths[lengths.length - 1]++;
  });
  return lengths;
}

/** A flag of first or last steps must mark those that the lengths say, and no others; the last row of all may be unmarked. */
async function compareMarks(
  path: string,
  flag: FlatArray,
  lengths: readonly number[],
  which: 'first' | 'last',
): Promise<void> {
  const stepCount = lengths.reduce((sum, length) => sum + length, 0);
  const marked = new Set<number>();
  let start = 0;
  for (const length of lengths) {
    if (length > 0) marked.add(which === 'first' ? start : start + length - 1);
    start += length;
  }
  await scan(flag, stepCount, (value, row) => {
    const isExpected = marked.has(row);
    if (isExpected === (value !== 0) || (which === 'last' && row === stepCount - 1)) return;
    throw new FormatError(
      `${path} ${flag.name} row ${row}: expected ${isExpected ? `the ${which} step of an episode` : `no ${which} step`} as the others that tell episodes apart say, got ${value}`,
      { remedy: `Correct it, or name what is right: ${option('map', 'length=NAME')}, episode=NAME or first=NAME.` },
    );
  });
}

/** Rows that belong to no episode, or to two, are not what this layout is for. */
async function checkOffsets(path: string, offsets: FlatArray | undefined, lengths: readonly number[]): Promise<void> {
  if (offsets === undefined) return;
  const found = await readNumbers(offsets, 0, offsets.shape[0]);
  let start = 0;
  for (const [e, length] of lengths.entries()) {
    if (found[e] !== start)
      throw new FormatError(
        `${path} ${offsets.name} episode ${e}: expected its first step at ${start}, got ${found[e]}`,
      );
    start += length;
  }
}

/** A run of equal numbers is an episode. */
async function byNumber(path: string, array: FlatArray, stepCount: number): Promise<number[]> {
  const lengths: number[] = [];
  const seen = new Set<number>();
  let current: number | undefined;
  await scan(array, stepCount, (number, row) => {
    if (number === current) lengths[lengths.length - 1]++;
    else {
      if (seen.has(number))
        throw new FormatError(
          `${path} ${array.name} row ${row}: expected the rows of an episode together, got episode ${number} again`,
          { remedy: 'Sort the rows by episode and step.' },
        );
      seen.add(number);
      lengths.push(1);
      current = number;
    }
  });
  return lengths;
}

/** An episode ends with the step in which any flag is true. */
async function byFlags(flags: readonly FlatArray[], stepCount: number, notes: string[]): Promise<number[]> {
  const isEnd = new Uint8Array(stepCount);
  for (const flag of flags)
    await scan(flag, stepCount, (value, row) => {
      if (value !== 0) isEnd[row] = 1;
    });
  const lengths: number[] = [];
  let start = 0;
  for (let row = 0; row < stepCount; row++)
    if (isEnd[row] === 1) {
      lengths.push(row + 1 - start);
      start = row + 1;
    }
  if (start < stepCount) {
    lengths.push(stepCount - start);
    notes.push(
      `${flags.map(({ name }) => name).join(', ')}: no end in the last ${stepCount - start} steps, taken as an episode`,
    );
  }
  return lengths;
}

/** Episodes of unequal length, filled up to one length, would be trained on with their filling. */
async function checkUnpadded(path: string, flag: FlatArray, rowsPerEpisode: number): Promise<void> {
  await scan(flag, flag.shape[0], (value, row) => {
    const step = row % rowsPerEpisode;
    if (value !== 0 && step !== rowsPerEpisode - 1)
      throw new FormatError(
        `${path} ${flag.name} episode ${Math.floor(row / rowsPerEpisode)}: expected its end in step ${rowsPerEpisode - 1}, got it in step ${step} (filled up?)`,
        { remedy: 'Store the episodes one after the other, with an array of their lengths: episode_lengths.' },
      );
  });
}

async function scan(array: FlatArray, rowCount: number, visit: (value: number, row: number) => void): Promise<void> {
  for (let from = 0; from < rowCount; from += SCAN_ROWS)
    for (const [i, value] of (await readNumbers(array, from, Math.min(rowCount, from + SCAN_ROWS))).entries())
      visit(value, from + i);
}

/** One number a row. */
async function readNumbers(array: FlatArray, from: number, to: number): Promise<number[]> {
  const rowSize = elementCount(array.shape.slice(1));
  if (rowSize !== 1)
    throw new FormatError(
      `${array.name}: expected one number a row, got rows of shape [${array.shape.slice(1).join(', ')}]`,
    );
  const values = await array.read(from, to);
  return Array.from({ length: to - from }, (_, i) => numberAt(values, i));
}
