// The meta/ folder of a LeRobot data set, versions 2.0, 2.1 (a file an episode) and 3.0 (files of many episodes).
import { join } from 'node:path';
import * as z from 'zod';
import { FormatError } from '../../../error.ts';
import { checkRowElements } from '../../../storage/decoding-limit.ts';
import { imageLayoutOf } from '../../image/layout.ts';
import { type LerobotEpisode, readEpisodesV2, readEpisodesV3 } from './episodes.ts';
import { expandTemplate, parseJson, readText } from './text.ts';

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

type Info = z.output<typeof infoSchema>;

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
