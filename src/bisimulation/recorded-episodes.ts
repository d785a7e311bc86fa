// Numbered transitions out of a recording: which steps are of the same observation, and which of the same action.
import { createHash } from 'node:crypto';
import { type ElementArray, numberAt } from '../data/element.ts';
import { type AlignedColumn, planEpisodes, type UsableEpisode, type ValueAt } from '../data/episode-plan.ts';
import { type Column, type Recording, type Roles, rowSizeOf } from '../data/recording.ts';
import { resolveRoles } from '../data/role-name.ts';
import { FormatError, UsageError } from '../error.ts';
import type { RecordedTransitions } from './recording.ts';

/** More different actions than this are no names that a word could be made of. */
const MAXIMAL_ACTION_COUNT = 256;

export interface RecordedEpisodesOptions {
  /** The user's map of columns. With a state column, steps of the same state are the same observation. */
  readonly roles?: Roles;
  /** Columns of p, side by side; the reward's column may be called `reward`. */
  readonly auxiliary: readonly string[];
  /** Which observation a value that was recorded once a step belongs to; default `arrival`. */
  readonly valueAt?: ValueAt;
  /** Within which two values of p at the same observation are taken as equal. Default 0. */
  readonly tolerance?: number;
}

export interface RecordedEpisodes extends RecordedTransitions {
  /** [observations]: the state's number, or where the observation is first seen: `e3s5`, episode 3, step 5. */
  readonly names: readonly string[];
  /** By action number: the recorded number, or numbers. */
  readonly actionNames: readonly string[];
}

/**
 * Reads all episodes. Observations are the same where their state is, or without a state column where all their numbers are.
 * Throws a UsageError where actions are not few and discrete, a FormatError where p of one observation changes.
 */
export async function readRecordedEpisodes(
  recording: Recording,
  options: RecordedEpisodesOptions,
): Promise<RecordedEpisodes> {
  const roles = resolveRoles(recording.path, [...recording.columns.keys()], recording.roles, options.roles);
  const auxiliary = options.auxiliary.map((name) => (name === 'reward' ? (roles.reward ?? name) : name));
  const plan = planEpisodes(recording, { roles, auxiliary, valueAt: options.valueAt });
  const columnOf = (name: string): Column => {
    const column = recording.columns.get(name);
    if (!column) throw new UsageError(`${recording.path}: expected a column "${name}", got none`);
    return column;
  };
  const rowsOf = async (name: string, { episode }: UsableEpisode, first: number, count: number): Promise<Rows> => {
    const column = columnOf(name);
    const start = column.starts[episode] + first;
    return { values: await recording.read(name, start, start + count), size: rowSizeOf(column) };
  };
  const shifted = ({ name, shift }: AlignedColumn, episode: UsableEpisode) =>
    rowsOf(name, episode, episode.from + shift, episode.to - episode.from);

  const observations = new Numbering();
  const actions = new Numbering();
  const values: number[][] = [];
  const names: string[] = [];
  const steps: { from: number; action: number; to: number }[] = [];
  for (const episode of plan.episodes) {
    const count = episode.to - episode.from;
    const keys = plan.state
      ? keysOf([await shifted(plan.state, episode)], count)
      : hashesOf(await Promise.all(plan.observation.map((name) => rowsOf(name, episode, episode.from, count))), count);
    const auxiliaryRows = await Promise.all(plan.auxiliary.map((column) => shifted(column, episode)));
    const moves = keysOf(
      await Promise.all(plan.action.map((name) => rowsOf(name, episode, episode.from, count - 1))),
      count - 1,
    );
    let before = -1;
    for (let t = 0; t < count; t++) {
      const observation = observations.numberOf(keys[t]);
      const row = numbersOf(auxiliaryRows, t);
      if (observation === values.length) {
        values.push(row);
        names.push(plan.state ? keys[t] : `e${episode.episode}s${episode.from + t}`);
      } else requireSame(values[observation], row, names[observation]);
      if (t > 0) steps.push({ from: before, action: actions.numberOf(moves[t - 1]), to: observation });
      before = observation;
    }
    if (actions.keys.length > MAXIMAL_ACTION_COUNT)
      throw new UsageError(
        `${recording.path}: expected at most ${MAXIMAL_ACTION_COUNT} different actions, got more in the first ${episode.episode + 1} episodes`,
        { remedy: 'Words are made of discrete actions: record, or map, a column with their numbers.' },
      );
  }
  const { order, sorted } = sortActions(actions.keys);
  return {
    observationCount: names.length,
    actionCount: sorted.length,
    from: Int32Array.from(steps, ({ from }) => from),
    action: Int32Array.from(steps, ({ action }) => order[action]),
    to: Int32Array.from(steps, ({ to }) => to),
    auxiliarySize: plan.auxiliary.reduce((sum, { name }) => sum + rowSizeOf(columnOf(name)), 0),
    auxiliary: Float64Array.from(values.flat()),
    names,
    actionNames: sorted,
  };

  function requireSame(known: readonly number[], row: readonly number[], name: string): void {
    const wrong = row.findIndex((value, m) => Math.abs(value - known[m]) > (options.tolerance ?? 0));
    if (wrong < 0) return;
    throw new FormatError(
      `${recording.path}: observation ${name}: expected one value of ${options.auxiliary.join(', ')}, got ${known[wrong]} and ${row[wrong]}`,
      { remedy: 'p must be a function of the observation: choose other columns, another state, or a tolerance.' },
    );
  }
}

interface Rows {
  readonly values: ElementArray;
  readonly size: number;
}

/** Numbers for keys, in the order of their first appearance. */
class Numbering {
  readonly keys: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(key: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.keys.length);
    this.keys.push(key);
    return this.keys.length - 1;
  }
}

function numbersOf(columns: readonly Rows[], row: number): number[] {
  return columns.flatMap(({ values, size }) =>
    Array.from({ length: size }, (_, i) => numberAt(values, row * size + i)),
  );
}

/** The numbers of each row as text, such as `2` or `0 0.5`. */
function keysOf(columns: readonly Rows[], count: number): string[] {
  return Array.from({ length: count }, (_, row) => numbersOf(columns, row).join(' '));
}

/** A digest of each row's bytes. */
function hashesOf(columns: readonly Rows[], count: number): string[] {
  return Array.from({ length: count }, (_, row) => {
    const hash = createHash('sha256');
    for (const { values, size } of columns) {
      const own = values.subarray(row * size, (row + 1) * size);
      hash.update(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
    }
    return hash.digest('base64');
  });
}

/** Actions by their numbers, so that names do not depend on which episode came first. */
function sortActions(keys: readonly string[]): { readonly order: number[]; readonly sorted: string[] } {
  const numbers = keys.map((key) => key.split(' ').map(Number));
  const byNumbers = keys.map((_, index) => index);
  byNumbers.sort((a, b) => {
    const differing = numbers[a].findIndex((value, i) => value !== numbers[b][i]);
    return differing < 0 ? 0 : numbers[a][differing] - numbers[b][differing];
  });
  const order = new Array<number>(keys.length);
  byNumbers.forEach((index, place) => {
    order[index] = place;
  });
  return { order, sorted: byNumbers.map((index) => keys[index]) };
}
