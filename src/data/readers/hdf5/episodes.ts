// HDF5 files with a group an episode: episode_0/observations (Minari), data/demo_0/obs (robomimic), and their like.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FormatError } from '../../../error.ts';
import { elementCount } from '../../../shape.ts';
import { allocate, type ElementArray } from '../../element.ts';
import { copyRows, episodeAt } from '../../flat-layout.ts';
import { openImageColumn, orNote } from '../../image/column.ts';
import type { Column, Recording, RecordingHandle } from '../../recording.ts';
import { guessRoles } from '../../role-name.ts';
import { applyMinariSpaces } from '../minari-space.ts';
import { holdsImageFiles, readElements, readImageFiles } from './element.ts';
import type { Hdf5Dataset, Hdf5File } from './file.ts';

/** `episode_12`: a name with a number. */
const EPISODE_GROUP = /^([A-Za-z]+[_-]?)(\d+)$/;

/** The recording, or undefined where the file has no group an episode. */
export async function openEpisodeGroups(file: Hdf5File, handle: RecordingHandle): Promise<Recording | undefined> {
  const episodes = findEpisodeGroups(file.datasets);
  if (episodes === undefined) return undefined;
  const notes: string[] = [];
  const columns = new Map<string, Column>();
  const readers = new Map<string, (from: number, to: number) => Promise<ElementArray>>();
  const names = [...new Set(episodes.flatMap(({ datasets }) => [...datasets.keys()]))];
  const { observation = [], action = [], reward } = guessRoles(names);
  const needed = new Set([...observation, ...action, reward]);

  for (const name of names) {
    const parts = findParts(file, name, episodes);
    if (typeof parts === 'string') {
      if (needed.has(name)) throw new FormatError(parts);
      notes.push(`${name}: ${parts.replace(`${file.path} `, '')}, left out`);
      continue;
    }
    const starts = new Float64Array(parts.length + 1);
    for (const [e, { shape }] of parts.entries()) starts[e + 1] = starts[e] + shape[0];
    const [first] = parts;
    if (holdsImageFiles(file, parts.find(({ shape }) => shape[0] > 0) ?? first)) {
      const images = await orNote(name, notes, () =>
        openImageColumn(
          {
            name,
            starts,
            rowsPerChunk: first.rowsPerChunk,
            whereOf: (row) => {
              const episode = episodeAt(starts, row);
              return `${file.path} ${parts[episode].path} row ${row - starts[episode]}`;
            },
            read: (from, to) =>
              overEpisodes(starts, from, to).flatMap(({ episode, start, end }) =>
                readImageFiles(file, parts[episode], start, end),
              ),
          },
          handle.options.imageSize,
        ),
      );
      if (images === undefined) continue;
      columns.set(name, images.column);
      readers.set(name, images.read);
    } else if (first.type === undefined) notes.push(`${name}: no numbers, left out`);
    else {
      const { type, rowsPerChunk } = first;
      const shape = first.shape.slice(1);
      const rowSize = elementCount(shape);
      columns.set(name, { name, type, shape, starts, rowsPerChunk });
      readers.set(name, async (from, to) => {
        const rows = allocate(type, (to - from) * rowSize);
        for (const { episode, start, end } of overEpisodes(starts, from, to))
          copyRows(readElements(file, parts[episode], start, end), rows, (starts[episode] + start - from) * rowSize);
        return rows;
      });
    }
  }

  const isMinari = action.length > 0 && names.includes('rewards') && names.includes('terminations');
  return {
    path: file.path,
    format: isMinari ? 'HDF5 (Minari)' : 'HDF5 (a group an episode)',
    episodeCount: episodes.length,
    columns: isMinari ? applyMinariSpaces(columns, readMinariMetadata(file.path)) : columns,
    roles: guessRoles([...columns.keys()]),
    notes,
    handle,
    async read(name, from, to) {
      const read = readers.get(name);
      if (read === undefined) throw new FormatError(`${file.path}: expected a column, got "${name}"`);
      return read(from, to);
    },
    async dispose() {
      file.dispose();
    },
  };
}

interface EpisodeGroup {
  readonly group: string;
  readonly number: number;
  /** By their names within the group. */
  readonly datasets: Map<string, Hdf5Dataset>;
}

/** Groups of one name with numbers, at the root or one below; other arrays of the file are not an episode's. */
function findEpisodeGroups(datasets: readonly Hdf5Dataset[]): EpisodeGroup[] | undefined {
  for (const depth of [0, 1]) {
    const families = new Map<string, Map<number, EpisodeGroup>>();
    for (const dataset of datasets) {
      const parts = dataset.path.split('/');
      const match = EPISODE_GROUP.exec(parts[depth]);
      if (match === null || parts.length < depth + 2) continue;
      const family = [...parts.slice(0, depth), match[1]].join('/');
      const episodes = families.get(family) ?? new Map<number, EpisodeGroup>();
      families.set(family, episodes);
      const number = Number(match[2]);
      const group = parts.slice(0, depth + 1).join('/');
      const episode = episodes.get(number) ?? { group, number, datasets: new Map<string, Hdf5Dataset>() };
      episodes.set(number, episode);
      episode.datasets.set(parts.slice(depth + 1).join('/'), dataset);
    }
    for (const episodes of families.values()) {
      const found = [...episodes.values()].sort((a, b) => a.number - b.number);
      const { action, observation } = guessRoles([...found[0].datasets.keys()]);
      if (action !== undefined || observation !== undefined) return found;
    }
  }
  return undefined;
}

/** The array of every episode, or what is wrong with one. */
function findParts(file: Hdf5File, name: string, episodes: readonly EpisodeGroup[]): Hdf5Dataset[] | string {
  const parts: Hdf5Dataset[] = [];
  for (const { group, datasets } of episodes) {
    const part = datasets.get(name);
    if (part === undefined) return `${file.path} ${group}: expected ${name}, got none`;
    const [first = part] = parts;
    // Encoded images differ in length from episode to episode.
    const isEncoded = part.isByteRun || (part.type === 'uint8' && part.shape.length === 2);
    const isAlike = part.type === first.type && part.shape.slice(1).join() === first.shape.slice(1).join();
    if (!isAlike && !isEncoded)
      return `${file.path} ${part.path}: expected rows of ${first.type} [${first.shape.slice(1).join(', ')}] as in ${first.path}, got ${part.type} [${part.shape.slice(1).join(', ')}]`;
    parts.push(part);
  }
  return parts;
}

/** The pieces of a range of rows, an episode each, in rows of that episode. */
function overEpisodes(
  starts: Float64Array,
  from: number,
  to: number,
): { readonly episode: number; readonly start: number; readonly end: number }[] {
  const pieces = [];
  for (let row = from, episode = episodeAt(starts, from); row < to; episode++) {
    const end = Math.min(to, starts[episode + 1]);
    if (end > row) pieces.push({ episode, start: row - starts[episode], end: end - starts[episode] });
    row = Math.max(row, end);
  }
  return pieces;
}

/** Minari keeps the spaces of observations and actions beside the data. */
function readMinariMetadata(path: string): unknown {
  try {
    return JSON.parse(readFileSync(join(dirname(path), 'metadata.json'), 'utf8'));
  } catch {
    // Without it the number of actions is taken from the data.
    return undefined;
  }
}
