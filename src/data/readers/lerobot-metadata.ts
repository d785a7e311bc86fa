// The meta/ folder of a LeRobot data set, versions 2.0, 2.1 (a file an episode) and 3.0 (files of many episodes).
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../error.ts';
import { storageError } from '../../storage/file-system.ts';
import { openParquetFile } from './parquet-file.ts';

const featureSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  names: z.unknown().optional(),
});
const infoSchema = z.object({
  codebase_version: z.string(),
  fps: z.number().positive(),
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
}

/** Where an episode's frames are. */
export interface LerobotVideo {
  readonly path: string;
  readonly startSeconds: number;
}

export interface LerobotEpisode {
  readonly length: number;
  readonly videos: ReadonlyMap<string, LerobotVideo>;
}

export interface LerobotMetadata {
  readonly version: '2' | '3';
  readonly framesPerSecond: number;
  readonly features: readonly LerobotFeature[];
  readonly episodes: readonly LerobotEpisode[];
  /** Data files in the order of their rows, with the number of rows of each. */
  readonly dataFiles: readonly { readonly path: string; readonly rowCount: number }[];
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
  const features = Object.entries(info.features).map(([name, { dtype, shape, names }]) => ({
    name,
    dtype,
    shape: dtype === 'video' || dtype === 'image' ? imageShape(shape, names) : shape,
  }));
  const common = { framesPerSecond: info.fps, features };
  const videoNames = features.filter(({ dtype }) => dtype === 'video').map(({ name }) => name);
  const expand = (template: string, values: Readonly<Record<string, number | string>>) =>
    join(folder, expandTemplate(template, values, path));
  return major === '2'
    ? { version: '2', ...common, ...readEpisodesV2(folder, info, videoNames, expand) }
    : { version: '3', ...common, ...(await readEpisodesV3(folder, info, videoNames, expand)) };
}

type Info = z.output<typeof infoSchema>;
type Expand = (template: string, values: Readonly<Record<string, number | string>>) => string;
type Episodes = Pick<LerobotMetadata, 'episodes' | 'dataFiles'>;

const episodeSchema = z.object({ episode_index: z.int().nonnegative(), length: z.int().positive() });

/** One line of meta/episodes.jsonl and one file of data an episode. */
function readEpisodesV2(folder: string, info: Info, videoNames: readonly string[], expand: Expand): Episodes {
  const path = join(folder, 'meta', 'episodes.jsonl');
  const episodes: LerobotEpisode[] = [];
  const dataFiles: { path: string; rowCount: number }[] = [];
  for (const [i, line] of readText(path).split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${path} line ${i + 1}`;
    const parsed = episodeSchema.safeParse(parseJson(line, where));
    if (!parsed.success)
      throw new FormatError(`${where}: expected an episode_index and a length, got ${line.slice(0, 60)}`);
    const { episode_index: episode, length } = parsed.data;
    const values = { episode_index: episode, episode_chunk: Math.floor(episode / info.chunks_size) };
    dataFiles.push({ path: expand(info.data_path, values), rowCount: length });
    const videos = videoNames.map((name): [string, LerobotVideo] => [
      name,
      { path: expand(videoTemplate(info, path), { ...values, video_key: name }), startSeconds: 0 },
    ]);
    episodes.push({ length, videos: new Map(videos) });
  }
  return { episodes, dataFiles };
}

/** Tables of episodes below meta/episodes, which name the files that each is in. */
async function readEpisodesV3(
  folder: string,
  info: Info,
  videoNames: readonly string[],
  expand: Expand,
): Promise<Episodes> {
  const episodes: LerobotEpisode[] = [];
  const rowCounts = new Map<string, number>();
  for (let chunk = 0; ; chunk++) {
    let fileCount = 0;
    for (let index = 0; ; index++) {
      const path = join(folder, 'meta', 'episodes', `chunk-${pad(chunk)}`, `file-${pad(index)}.parquet`);
      if (!existsSync(path)) break;
      fileCount++;
      const file = await openParquetFile(path);
      try {
        const numbers = async (name: string) =>
          (await file.readValues(name)).map((value) => numberIn(value, `${path} ${name}`));
        const lengths = await numbers('length');
        const dataChunks = await numbers('data/chunk_index');
        const dataIndices = await numbers('data/file_index');
        const videos = new Map<string, readonly [number[], number[], number[]]>();
        for (const name of videoNames)
          videos.set(name, [
            await numbers(`videos/${name}/chunk_index`),
            await numbers(`videos/${name}/file_index`),
            await numbers(`videos/${name}/from_timestamp`),
          ]);
        for (const [i, length] of lengths.entries()) {
          const data = expand(info.data_path, { chunk_index: dataChunks[i], file_index: dataIndices[i] });
          rowCounts.set(data, (rowCounts.get(data) ?? 0) + length);
          const found = [...videos].map(([name, [chunks, indices, starts]]): [string, LerobotVideo] => [
            name,
            {
              path: expand(videoTemplate(info, path), {
                video_key: name,
                chunk_index: chunks[i],
                file_index: indices[i],
              }),
              startSeconds: starts[i],
            },
          ]);
          episodes.push({ length, videos: new Map(found) });
        }
      } finally {
        file.dispose();
      }
    }
    if (fileCount === 0) break;
  }
  if (episodes.length === 0)
    throw new FormatError(`${join(folder, 'meta', 'episodes')}: expected tables of episodes, got none`);
  return { episodes, dataFiles: [...rowCounts].map(([path, rowCount]) => ({ path, rowCount })) };
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
  // Without names: channels are the side of 1, 3 or 4.
  return shape.length === 3 && ![1, 3, 4].includes(shape[2]) && [1, 3, 4].includes(shape[0])
    ? [shape[1], shape[2], shape[0]]
    : shape;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
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

function pad(index: number): string {
  return String(index).padStart(3, '0');
}
