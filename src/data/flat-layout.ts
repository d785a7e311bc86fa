// Flat arrays with one row a step, as NPZ files, D4RL, stable-worldmodel and tables have them: which array plays which part,
// and where the episodes begin. Arrays of episodes, [E, T, ...], are taken apart into rows first.
import { FormatError } from '../error.ts';
import { elementCount } from '../shape.ts';
import { allocate, type ElementArray } from './element.ts';
import { findEpisodeLengths } from './episode-length.ts';
import type { FlatArray } from './flat-array.ts';
import type { Column, Recording, RecordingHandle } from './recording.ts';
import { guessRoles, resolveStructure } from './role-name.ts';

export type { FlatArray } from './flat-array.ts';

export interface FlatRecordingOptions {
  readonly handle: RecordingHandle;
  /** What the reader itself left out. */
  readonly notes?: readonly string[];
  readonly dispose?: () => void | Promise<void>;
  /** What the format knows where the names say nothing. */
  readonly roles?: Recording['roles'];
}

/** Makes a recording of arrays. Throws a FormatError that names the array and the episode that do not fit together. */
export async function openFlatRecording(
  path: string,
  format: string,
  stored: readonly FlatArray[],
  options: FlatRecordingOptions,
): Promise<Recording> {
  const names = stored.map(({ name }) => name);
  const structure = resolveStructure(path, names, options.handle.options.structure);
  const notes = [...(options.notes ?? [])];
  const namedAction = options.handle.options.action?.[0];
  const { arrays, rowsPerEpisode } = takeApart(stored, namedAction);
  const byName = new Map(arrays.map((array) => [array.name, array]));
  const stepCount = countSteps(
    path,
    arrays,
    namedAction ?? guessRoles(names).action?.[0],
    structure.length ?? structure.end,
  );
  const found = await findEpisodeLengths(path, byName, structure, stepCount, rowsPerEpisode, notes);
  const { lengths, complete } = dropLastNulls(path, arrays, found, notes);

  const readers = new Map<string, FlatArray['read']>();
  const columns = new Map<string, Column>();
  const steps = startsOf(lengths, 0);
  const observations = startsOf(lengths, 1);
  const described = new Set([structure.length, structure.offset, structure.end]);
  for (const array of complete) {
    const { name, type, rowsPerChunk, labels } = array;
    const [rowCount, ...shape] = array.shape;
    if (described.has(name)) continue;
    const starts = [steps, observations].find((table) => table[lengths.length] === rowCount);
    if (starts === undefined) {
      if (!name.startsWith('metadata') && rowCount !== undefined)
        notes.push(`${name}: ${rowCount} rows for ${stepCount} steps in ${lengths.length} episodes, left out`);
      continue;
    }
    columns.set(name, { name, type, shape, starts, rowsPerChunk, ...(labels === undefined ? {} : { labels }) });
    readers.set(name, (from, to) => array.read(from, to));
  }
  continueObservations(new Map(complete.map((array) => [array.name, array])), structure.nextObservation, {
    columns,
    readers,
    steps,
    observations,
  });

  return {
    path,
    format,
    episodeCount: lengths.length,
    columns,
    roles: { ...options.roles, ...known(guessRoles([...columns.keys()])) },
    notes,
    handle: options.handle,
    async read(name, from, to) {
      const read = readers.get(name);
      if (read === undefined) throw new FormatError(`${path}: expected a column, got "${name}"`);
      return read(from, to);
    },
    async dispose() {
      await options.dispose?.();
    },
  };
}

/**
 * A table has a row for the last observation of an episode too, and no action in it: those columns become columns of steps.
 * Other columns with missing values are left out, or refused where training needs them.
 */
function dropLastNulls(
  path: string,
  arrays: readonly FlatArray[],
  lengths: readonly number[],
  notes: string[],
): { readonly lengths: readonly number[]; readonly complete: readonly FlatArray[] } {
  const rows = startsOf(lengths, 0);
  const steps = startsOf(lengths, -1);
  const lastRows = Array.from(rows.subarray(1), (end) => end - 1).join();
  const endsWithNull = (array: FlatArray) => array.nullRows?.join() === lastRows;
  const needed = Object.values(guessRoles(arrays.map(({ name }) => name))).flat();
  const complete = arrays.flatMap((array): FlatArray[] => {
    const { nullRows = [], name, shape } = array;
    if (nullRows.length === 0) return [array];
    if (!endsWithNull(array)) {
      const episode = episodeAt(rows, nullRows[0]);
      const where = `episode ${episode} step ${nullRows[0] - rows[episode]}`;
      if (needed.includes(name)) throw new FormatError(`${path} ${name} ${where}: expected a value, got none`);
      notes.push(`${name}: no value in ${where}, left out`);
      return [];
    }
    const rowSize = elementCount(shape.slice(1));
    const read = async (from: number, to: number): Promise<ElementArray> => {
      const values = allocate(array.type, (to - from) * rowSize);
      for (let row = from, episode = episodeAt(steps, from); row < to; episode++) {
        const end = Math.min(to, steps[episode + 1]);
        if (end === row) continue;
        const start = rows[episode] + row - steps[episode];
        copyRows(await array.read(start, start + end - row), values, (row - from) * rowSize);
        row = end;
      }
      return values;
    };
    return [{ ...array, shape: [steps[lengths.length], ...shape.slice(1)], read }];
  });
  const isStepwise = arrays.some(endsWithNull);
  return { lengths: isStepwise ? lengths.map((length) => length - 1) : lengths, complete };
}

interface Continuation {
  readonly columns: Map<string, Column>;
  readonly readers: Map<string, FlatArray['read']>;
  readonly steps: Float64Array;
  readonly observations: Float64Array;
}

/**
 * Where the observation after each step is stored too, the last of each episode becomes row T of the observations, which
 * have T rows otherwise.
 */
function continueObservations(
  byName: ReadonlyMap<string, FlatArray>,
  next: string | undefined,
  { columns, readers, steps, observations }: Continuation,
): void {
  const nextArray = next === undefined ? undefined : byName.get(next);
  const name = guessRoles([...columns.keys()].filter((column) => column !== next)).observation?.[0];
  const column = name === undefined ? undefined : columns.get(name);
  const readCurrent = name === undefined ? undefined : readers.get(name);
  if (nextArray === undefined || column === undefined || readCurrent === undefined || column.starts !== steps) return;
  if (nextArray.type !== column.type || nextArray.shape.slice(1).join() !== column.shape.join()) return;
  const rowSize = elementCount(column.shape);
  // It says nothing more than the observations do now.
  columns.delete(nextArray.name);
  readers.delete(nextArray.name);
  columns.set(column.name, { ...column, starts: observations });
  readers.set(column.name, async (from, to) => {
    const rows = allocate(column.type, (to - from) * rowSize);
    let episode = episodeAt(observations, from);
    for (let row = from; row < to; episode++) {
      const start = observations[episode];
      const stepStart = steps[episode];
      const stepCount = steps[episode + 1] - stepStart;
      const end = Math.min(to, start + stepCount);
      if (row < end) {
        const values = await readCurrent(stepStart + row - start, stepStart + end - start);
        copyRows(values, rows, (row - from) * rowSize);
        row = end;
      }
      if (row < to && row === start + stepCount) {
        copyRows(await nextArray.read(stepStart + stepCount - 1, stepStart + stepCount), rows, (row - from) * rowSize);
        row++;
      }
    }
    return rows;
  });
}

/** Without the parts of which nothing is known. */
function known(roles: Recording['roles']): Recording['roles'] {
  return Object.fromEntries(Object.entries(roles).filter(([, columns]) => columns !== undefined));
}

/** The episode that a row belongs to, by bisection. */
export function episodeAt(starts: Float64Array, row: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= row) low = middle;
    else high = middle;
  }
  return low;
}

/** Copies between arrays of one class, of which TypeScript does not know that it is one. */
export function copyRows(source: ElementArray, target: ElementArray, offset: number): void {
  if (source instanceof BigInt64Array || source instanceof BigUint64Array) {
    if (target instanceof BigInt64Array || target instanceof BigUint64Array) target.set(source, offset);
  } else if (!(target instanceof BigInt64Array) && !(target instanceof BigUint64Array)) target.set(source, offset);
}

function startsOf(lengths: readonly number[], more: number): Float64Array {
  const starts = new Float64Array(lengths.length + 1);
  for (const [e, length] of lengths.entries()) starts[e + 1] = starts[e] + length + more;
  return starts;
}

/** Arrays [E, T, ...] as [E T, ...], where rewards or observations show that the first side counts episodes. */
function takeApart(
  stored: readonly FlatArray[],
  namedAction: string | undefined,
): {
  readonly arrays: readonly FlatArray[];
  /** T where the arrays had one row an episode. */
  readonly rowsPerEpisode: number | undefined;
} {
  const names = stored.map(({ name }) => name);
  const { observation, action, reward } = guessRoles(names);
  const shapeOf = (name: string | undefined) => stored.find((array) => array.name === name)?.shape ?? [];
  const [episodes, steps] = shapeOf(namedAction ?? action?.[0]);
  const [rewardEpisodes, rewardSteps, ...rewardRest] = shapeOf(reward);
  const [observationEpisodes, observationSteps, ...observationRest] = shapeOf(observation?.[0]);
  const rewardsShow = rewardEpisodes === episodes && rewardSteps === steps && rewardRest.length === 0 && steps > 1;
  const observationsShow =
    observationEpisodes === episodes && observationSteps === steps + 1 && observationRest.length > 0;
  if (!rewardsShow && !observationsShow) return { arrays: stored, rowsPerEpisode: undefined };
  const arrays = stored.map((array): FlatArray => {
    const [count, rows, ...shape] = array.shape;
    if (count !== episodes || rows === undefined) return array;
    const rowSize = elementCount(shape);
    return {
      ...array,
      shape: [count * rows, ...shape],
      async read(from, to) {
        const first = Math.floor(from / rows);
        const values = await array.read(first, Math.ceil(to / rows));
        return values.subarray((from - first * rows) * rowSize, (to - first * rows) * rowSize);
      },
    };
  });
  return { arrays, rowsPerEpisode: steps };
}

/** Rows of the actions; without a name that tells, the most frequent number of rows. */
function countSteps(
  path: string,
  arrays: readonly FlatArray[],
  action: string | undefined,
  length: string | undefined,
): number {
  const rows = arrays.find((array) => array.name === action)?.shape[0];
  if (rows !== undefined) return rows;
  const counts = new Map<number, number>();
  for (const { name, shape } of arrays)
    if (shape.length > 0 && name !== length) counts.set(shape[0], (counts.get(shape[0]) ?? 0) + 1);
  const [most] = [...counts].sort(([aRows, a], [bRows, b]) => b - a || bRows - aRows);
  if (most === undefined) throw new FormatError(`${path}: expected arrays with one row a step, got none`);
  return most[0];
}
