// The meta/ folder of a LeRobot data set, versions 2.0, 2.1 (a file an episode) and 3.0 (files of many episodes).
import { readFileSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../error.ts';
import { checkRowElements, MAXIMAL_TEMPLATE_DIGITS } from '../../storage/decoding-limit.ts';
import { readFolder, storageError } from '../../storage/file-system.ts';
import { imageLayoutOf } from '../image/layout.ts';
import { isLfsPointer, lfsPointerError } from './foreign-file.ts';
import { openParquetFile } from './parquet-file.ts';

const featureSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  names: z.unknown().optional(),
  info: z.record(z.string(), z.unknown()).nullish(),
  video_info: z.record(z.string(), z.unknown()).nullish(),
});
const infoSchema = z.object({
  codebase_version: z.string(),
  fps: z.number().positive(),
  total_episodes: z.int().nonnegative().optional(),
  total_frames: z.int().nonnegative().optional(),
  chunks_size: z.int().positive().default(1000),
  data_path: z.string(),
  video_path: z.string().nullish(),
  features: z.record(z.string(), featureSchema),
});

export interface LerobotFeature {
  readonly name: string;
  /** `video`, `image`, or a type of numbers. */
  readonly dtype: string;
  /** Height, width and channels of a video, whatever their order in the file. */
  readonly shape: readonly number[];
  /** The format of a video's pixels, or that they are depths, where the description says it. */
  readonly pixelFormat: string | undefined;
}

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

export interface LerobotMetadata {
  readonly version: '2' | '3';
  readonly framesPerSecond: number;
  readonly features: readonly LerobotFeature[];
  readonly episodes: readonly LerobotEpisode[];
  /** Data files in the order of their rows, with the number of rows of each. */
  readonly dataFiles: readonly { readonly path: string; readonly rowCount: number }[];
  readonly notes: readonly string[];
}

export async function readLerobotMetadata(folder: string): Promise<LerobotMetadata> {
  const path = join(folder, 'meta', 'info.json');
  const parsed = infoSchema.safeParse(parseJson(readText(path), path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${path} ${issue.path.map(String).join('.')}: expected a LeRobot description, got a fault: ${issue.message}`,
    );
  }
  const info = parsed.data;
  const major = /^v?([23])\./.exec(info.codebase_version)?.[1];
  if (major !== '2' && major !== '3')
    throw new FormatError(
      `${path}: expected codebase_version v2.0, v2.1 or v3.0, got ${JSON.stringify(info.codebase_version)}`,
    );
  const features = Object.entries(info.features).map(([name, feature]): LerobotFeature => {
    const { dtype, shape, names } = feature;
    const isImage = dtype === 'video' || dtype === 'image';
    checkRowElements(`${path} ${name}`, shape, isImage);
    const sides = isImage ? imageShape(shape, names) : shape;
    return { name, dtype, shape: sides, pixelFormat: pixelFormatOf({ ...feature.video_info, ...feature.info }) };
  });
  const videoNames = features.filter(({ dtype }) => dtype === 'video').map(({ name }) => name);
  const expand = (template: string, values: Readonly<Record<string, number | string>>) =>
    join(folder, expandTemplate(template, values, path));
  const found =
    major === '2'
      ? readEpisodesV2(folder, info, videoNames, expand)
      : await readEpisodesV3(folder, info, videoNames, expand);
  checkTotals(path, info, found.episodes);
  return { version: major, framesPerSecond: info.fps, features, ...found, dataFiles: dataFilesOf(found.episodes) };
}

/** What info.json says of the whole, compared with what was found. */
function checkTotals(path: string, info: Info, episodes: readonly LerobotEpisode[]): void {
  const { total_episodes: episodeCount = episodes.length } = info;
  if (episodeCount !== episodes.length)
    throw new FormatError(
      `${path}: expected ${episodeCount} episodes (total_episodes) in meta/, got ${episodes.length}`,
      { remedy: 'Fetch the data set again, or correct its meta/ where it was cut on purpose.' },
    );
  const frameCount = episodes.reduce((sum, { length }) => sum + length, 0);
  if (info.total_frames !== undefined && info.total_frames !== frameCount)
    throw new FormatError(
      `${path}: expected ${info.total_frames} steps (total_frames) in meta/, got episodes of ${frameCount}`,
      { remedy: 'Fetch the data set again, or correct its meta/ where it was cut on purpose.' },
    );
}

/** Data files in the order of their episodes, each once; the rows of an episode are together in one of them. */
function dataFilesOf(episodes: readonly LerobotEpisode[]): LerobotMetadata['dataFiles'] {
  const rowCounts = new Map<string, number>();
  let last: string | undefined;
  for (const { dataPath, length, index } of episodes) {
    if (dataPath !== last && rowCounts.has(dataPath))
      throw new FormatError(
        `${dataPath}: expected the episodes of a file one after the other, got episode ${index} after one of another file`,
      );
    rowCounts.set(dataPath, (rowCounts.get(dataPath) ?? 0) + length);
    last = dataPath;
  }
  return [...rowCounts].map(([path, rowCount]) => ({ path, rowCount }));
}

/** The video's own words for its pixels; `depth` where it says that they are depths. */
function pixelFormatOf(said: Readonly<Record<string, unknown>>): string | undefined {
  const format = said['video.pix_fmt'] ?? said.pix_fmt;
  if (said['video.is_depth_map'] === true || said.is_depth_map === true)
    return typeof format === 'string' ? `depth, ${format}` : 'depth';
  return typeof format === 'string' ? format : undefined;
}

type Info = z.output<typeof infoSchema>;
type Expand = (template: string, values: Readonly<Record<string, number | string>>) => string;
type Episodes = Pick<LerobotMetadata, 'episodes' | 'notes'>;

const episodeSchema = z.object({ episode_index: z.int().nonnegative(), length: z.int().positive() });

/** One line of meta/episodes.jsonl and one file of data an episode. */
function readEpisodesV2(folder: string, info: Info, videoNames: readonly string[], expand: Expand): Episodes {
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
async function readEpisodesV3(
  folder: string,
  info: Info,
  videoNames: readonly string[],
  expand: Expand,
): Promise<Episodes> {
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

function videoTemplate(info: Info, path: string): string {
  if (typeof info.video_path === 'string') return info.video_path;
  throw new FormatError(`${path}: expected a video_path in info.json, got none`);
}

/** `data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet`; must stay below the folder of the data set. */
export function expandTemplate(
  template: string,
  values: Readonly<Record<string, number | string>>,
  where: string,
): string {
  const expanded = template.replace(/\{(\w+)(?::0?(\d+)d)?\}/g, (_whole, name: string, width: string | undefined) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new FormatError(`${where}: expected a known name in "${template}", got {${name}}`);
    if (Number(width ?? 0) > MAXIMAL_TEMPLATE_DIGITS)
      throw new FormatError(
        `${where}: expected at most ${MAXIMAL_TEMPLATE_DIGITS} digits in "${template}", got {${name}} of ${width}`,
      );
    return width === undefined ? String(value) : String(value).padStart(Number(width), '0');
  });
  const normal = posix.normalize(expanded.replaceAll('\\', '/'));
  if (isAbsolute(normal) || /^[A-Za-z]:/.test(normal) || normal.split('/').includes('..') || normal.includes('\0'))
    throw new FormatError(`${where}: expected a path below the data set, got "${expanded}"`);
  return normal;
}

/** Height, width, channels by the names of the sides, which differ between versions and data sets. */
function imageShape(shape: readonly number[], names: unknown): readonly number[] {
  const sides = Array.isArray(names) ? names.map((name) => String(name)) : [];
  const at = (...known: readonly string[]) => sides.findIndex((side) => known.includes(side));
  const order = [at('height'), at('width'), at('channels', 'channel')];
  if (shape.length === 3 && order.every((i) => i >= 0)) return order.map((i) => shape[i]);
  // Without names: as any other image.
  const layout = shape.length === 3 ? imageLayoutOf(shape, 'uint8') : undefined;
  return layout === undefined ? shape : [layout.height, layout.width, layout.channels];
}

function readText(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  if (isLfsPointer(text)) throw lfsPointerError(path, 'a file of a LeRobot data set');
  // Some editors begin a text with a mark of its byte order.
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${where}: expected JSON, got ${JSON.stringify(text.slice(0, 60))}`, { cause: error });
  }
}

function numberIn(value: unknown, where: string): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw new FormatError(`${where}: expected a number, got ${String(value)}`);
}
