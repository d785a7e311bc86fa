// The episodes of a LeRobot data set: a line each in versions 2.0 and 2.1, tables of them in 3.0, with the files that each is in.
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../../error.ts';
import { readFolder } from '../../../storage/file-system.ts';
import { openParquetFile } from '../parquet-file.ts';
import { parseJson, readText } from './text.ts';

/** Where an episode's frames are. */
export interface LerobotVideo {
  readonly path: string;
  readonly startSeconds: number;
}

export interface LerobotEpisode {
  /** As in the column episode_index of its rows. */
  readonly index: number;
  readonly length: number;
  /** The file that its rows are in. */
  readonly dataPath: string;
  readonly videos: ReadonlyMap<string, LerobotVideo>;
}

export interface LerobotEpisodes {
  readonly episodes: readonly LerobotEpisode[];
  readonly notes: readonly string[];
}

/** What info.json says of where the files are. */
export interface LerobotPaths {
  readonly chunks_size: number;
  readonly data_path: string;
  readonly video_path?: string | null | undefined;
}

/** A template and the values for its names -> a path below the data set. */
export type Expand = (template: string, values: Readonly<Record<string, number | string>>) => string;

const episodeSchema = z.object({ episode_index: z.int().nonnegative(), length: z.int().positive() });

/** One line of meta/episodes.jsonl and one file of data an episode. */
export function readEpisodesV2(
  folder: string,
  info: LerobotPaths,
  videoNames: readonly string[],
  expand: Expand,
): LerobotEpisodes {
  const path = join(folder, 'meta', 'episodes.jsonl');
  const episodes: LerobotEpisode[] = [];
  for (const [i, line] of readText(path).split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${path} line ${i + 1}`;
    const parsed = episodeSchema.safeParse(parseJson(line, where));
    if (!parsed.success)
      throw new FormatError(`${where}: expected an episode_index and a length, got ${line.slice(0, 60)}`);
    const { episode_index: index, length } = parsed.data;
    const values = { episode_index: index, episode_chunk: Math.floor(index / info.chunks_size) };
    const videos = videoNames.map((name): [string, LerobotVideo] => [
      name,
      { path: expand(videoTemplate(info, path), { ...values, video_key: name }), startSeconds: 0 },
    ]);
    episodes.push({ index, length, dataPath: expand(info.data_path, values), videos: new Map(videos) });
  }
  return inOrder(path, episodes);
}

/** Tables of episodes below meta/episodes, which name the files that each is in. */
export async function readEpisodesV3(
  folder: string,
  info: LerobotPaths,
  videoNames: readonly string[],
  expand: Expand,
): Promise<LerobotEpisodes> {
  const root = join(folder, 'meta', 'episodes');
  const rows: (LerobotEpisode & { readonly where: string; readonly from: number; readonly to: number })[] = [];
  for (const path of findEpisodeTables(root)) {
    const file = await openParquetFile(path);
    try {
      const numbers = async (name: string) =>
        (await file.readValues(name)).map((value) => numberIn(value, `${path} ${name}`));
      const lengths = await numbers('length');
      const indices = await numbers('episode_index');
      const dataChunks = await numbers('data/chunk_index');
      const dataIndices = await numbers('data/file_index');
      const froms = await numbers('dataset_from_index');
      const tos = await numbers('dataset_to_index');
      const videos = new Map<string, readonly [number[], number[], number[]]>();
      for (const name of videoNames)
        videos.set(name, [
          await numbers(`videos/${name}/chunk_index`),
          await numbers(`videos/${name}/file_index`),
          await numbers(`videos/${name}/from_timestamp`),
        ]);
      for (const [i, length] of lengths.entries()) {
        const where = `${path} row ${i}`;
        const parsed = episodeSchema.safeParse({ episode_index: indices[i], length });
        if (!parsed.success)
          throw new FormatError(
            `${where}: expected an episode_index and a length, got ${String(indices[i])} and ${length}`,
          );
        const found = [...videos].map(([name, [chunks, files, starts]]): [string, LerobotVideo] => [
          name,
          {
            path: expand(videoTemplate(info, path), { video_key: name, chunk_index: chunks[i], file_index: files[i] }),
            startSeconds: starts[i],
          },
        ]);
        rows.push({
          index: indices[i],
          length,
          dataPath: expand(info.data_path, { chunk_index: dataChunks[i], file_index: dataIndices[i] }),
          videos: new Map(found),
          where,
          from: froms[i],
          to: tos[i],
        });
      }
    } finally {
      file.dispose();
    }
  }
  if (rows.length === 0) throw new FormatError(`${root}: expected tables of episodes, got none`);
  const { episodes, notes } = inOrder(root, rows);
  let start = 0;
  for (const { where, index, length, from, to } of episodes) {
    if (from !== start || to !== start + length)
      throw new FormatError(
        `${where}: expected episode ${index} to go from ${start} to ${start + length} as the lengths before it say, got ${from} to ${to} (an episode is missing, or its length is wrong)`,
      );
    start += length;
  }
  return { episodes, notes };
}

/** All tables there are, by chunk and number; one that is missing shows in the totals. */
function findEpisodeTables(root: string): string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const chunks = readFolder(root, root).filter((name) => /^chunk-\d+$/.test(name));
  return chunks.sort(compare).flatMap((chunk) => {
    const folder = join(root, chunk);
    const names = readFolder(folder, folder).filter((name) => /^file-\d+\.parquet$/.test(name));
    return names.sort(compare).map((name) => join(folder, name));
  });
}

/** By their numbers, each once; a note where they were not. */
function inOrder<Episode extends LerobotEpisode>(
  path: string,
  found: readonly Episode[],
): { readonly episodes: readonly Episode[]; readonly notes: readonly string[] } {
  const episodes = [...found].sort((a, b) => a.index - b.index);
  const twice = episodes.find(({ index }, i) => index === episodes[i + 1]?.index);
  if (twice !== undefined)
    throw new FormatError(`${path}: expected each episode once, got episode ${twice.index} twice`);
  const isSorted = found.every((episode, i) => episode === episodes[i]);
  return {
    episodes,
    notes: isSorted ? [] : [`${path}: episodes out of order, taken in the order of episode_index`],
  };
}

function videoTemplate(info: LerobotPaths, path: string): string {
  if (typeof info.video_path === 'string') return info.video_path;
  throw new FormatError(`${path}: expected a video_path in info.json, got none`);
}

function numberIn(value: unknown, where: string): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw new FormatError(`${where}: expected a number, got ${String(value)}`);
}
