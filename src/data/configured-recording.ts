// A recording as a run's configuration names it: everything that decides which numbers training sees, and in which order.
import * as z from 'zod';
import { FormatError } from '../error.ts';
import { requireCodePermission } from '../machine/code-permission.ts';
import { openRecording } from './readers/index.ts';
import { type Recording, totalRowsOf } from './recording.ts';
import type { RecordingSourceOptions } from './recording-source.ts';
import { parseMap } from './role-name.ts';

export const recordingConfiguration = z.strictObject({
  path: z.string().describe('a file or a folder: NPZ, HDF5, Parquet, LeRobot, images with a table of steps'),
  map: z
    .string()
    .optional()
    .describe('parts and their columns: observation=pixels+proprio,action=action,reward=reward'),
  imageSize: z
    .tuple([z.int().min(1), z.int().min(1)])
    .optional()
    .describe('height and width that all images are brought to; default: as stored'),
  stack: z.int().min(1).default(1).describe('frames of an observation, the newest last'),
  heldOutShare: z.number().min(0).lt(1).default(0.1).describe('share of the episodes that is held out'),
  valueAt: z
    .enum(['arrival', 'departure'])
    .default('arrival')
    .describe(
      'which observation the value of a step (its reward) belongs to: the one that it led to, or the one it left',
    ),
  skipOddEpisodes: z.boolean().default(false).describe('leave out episodes with numbers that are not finite'),
  memoryMegabytes: z
    .int()
    .min(16)
    .default(512)
    .describe('decoded blocks that are held at once; part of the order in which sequences are drawn'),
  workers: z.int().min(0).optional().describe('threads that decode; changes nothing but the time'),
  ffmpeg: z.string().optional().describe('program that decodes videos'),
});
export type RecordingConfiguration = z.output<typeof recordingConfiguration>;

export interface ConfiguredRecording {
  readonly recording: Recording;
  /** For `recordingSource` and `recordingContext`, beside seed, split and auxiliary. */
  readonly options: Omit<RecordingSourceOptions, 'seed' | 'split' | 'auxiliary' | 'survey'>;
}

/** Opens the recording, or takes one that is open already; the caller disposes it. */
export async function openConfiguredRecording(
  configuration: RecordingConfiguration,
  open?: Recording,
): Promise<ConfiguredRecording> {
  const { path, map, imageSize, ffmpeg, stack, heldOutShare, valueAt, skipOddEpisodes, workers } = configuration;
  if (open === undefined && ffmpeg !== undefined) requireCodePermission({ kind: 'program', name: ffmpeg });
  const { roles, structure } = map === undefined ? { roles: {}, structure: {} } : parseMap(map);
  const recording =
    open ??
    (await openRecording(path, { structure, observation: roles.observation, action: roles.action, imageSize, ffmpeg }));
  const memoryBytes = configuration.memoryMegabytes * 1e6;
  return { recording, options: { roles, stack, heldOutShare, valueAt, skipOddEpisodes, workers, memoryBytes } };
}

/** What a resumed run compares: the same structure, and so the same order of the same rows. Plain JSON. */
export const recordingOutline = z.strictObject({
  format: z.string(),
  episodes: z.int(),
  columns: z.record(
    z.string(),
    z.strictObject({ type: z.string(), shape: z.array(z.int()).readonly(), rows: z.int() }),
  ),
});
export type RecordingOutline = z.output<typeof recordingOutline>;

export function outlineOf(recording: Recording): RecordingOutline {
  const columns = [...recording.columns.values()].map((column) => {
    const { name, type, shape } = column;
    return [name, { type, shape: [...shape], rows: totalRowsOf(column) }] as const;
  });
  return { format: recording.format, episodes: recording.episodeCount, columns: Object.fromEntries(columns) };
}

/** Throws a FormatError that names the first difference. */
export function requireSameOutline(recording: Recording, expected: RecordingOutline): void {
  const found = outlineOf(recording);
  const differ = (what: string, before: unknown, now: unknown) => {
    if (JSON.stringify(before) !== JSON.stringify(now))
      throw new FormatError(
        `${recording.path}: expected the recording that the run was started with, got another: ${what} ${JSON.stringify(before) ?? 'missing'} then, ${JSON.stringify(now) ?? 'missing'} now`,
        { remedy: 'Put the former recording back, or start a new run.' },
      );
  };
  differ('format', expected.format, found.format);
  differ('episodes', expected.episodes, found.episodes);
  for (const name of new Set([...Object.keys(expected.columns), ...Object.keys(found.columns)]))
    differ(`column ${name}`, expected.columns[name], found.columns[name]);
}
