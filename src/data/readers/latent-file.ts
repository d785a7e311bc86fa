// Files of numbers with one row an observation, as latents and labels are stored: NPY beside every recording that is read.
// Which columns are latents is told by their names, or by being the only ones that can be.
import { closeSync, openSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { FormatError, option, UsageError } from '../../error.ts';
import { storageError } from '../../storage/file-system.ts';
import { openFlatRecording } from '../flat-layout.ts';
import { isImageColumn } from '../image/recording.ts';
import { type Recording, rowSizeOf, totalRowsOf } from '../recording.ts';
import { openRecording } from './index.ts';
import { openNpyArray } from './npz.ts';

/** What latents are called. */
const LATENT_NAMES: readonly string[] = [
  'latents',
  'latent',
  'embeddings',
  'embedding',
  'features',
  'feature',
  'representations',
  'z',
];

/** Opens NPY, NPZ, Parquet, CSV, HDF5 or a folder of them. Whoever calls this disposes it. */
export async function openTable(path: string): Promise<Recording> {
  if (extname(path).toLowerCase() !== '.npy') return openRecording(path);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile())
    throw new UsageError(`${path}: expected a file, got ${stats === undefined ? 'nothing there' : 'a folder'}`, {
      remedy: 'Check the path.',
    });
  try {
    closeSync(openSync(path, 'r'));
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  const name = basename(path).slice(0, -'.npy'.length);
  const array = openNpyArray(name, { file: path, start: 0, bytes: stats.size, where: path });
  if (typeof array === 'string') throw new FormatError(`${path}: expected numbers, got ${array}`);
  if (array.shape.length === 0)
    throw new FormatError(`${path}: expected a row for each observation, got a single number`);
  return openFlatRecording(path, 'NPY', [array], { handle: { path, options: {} } });
}

/**
 * The columns that hold latents: those that were said; else one by its name; else the only one with several floats a row; else all
 * single floats side by side, as tables have them.
 * @param labels the column of classes, which is none of them
 */
export function latentColumnsOf(
  recording: Recording,
  given: readonly string[] | undefined,
  labels: string | undefined,
): readonly string[] {
  const columns = [...recording.columns.values()].filter(({ name }) => name !== labels);
  if (given !== undefined) return given;
  for (const wanted of LATENT_NAMES) {
    const found = columns.find(({ name }) => name.toLowerCase() === wanted);
    if (found !== undefined) return [found.name];
  }
  if (columns.length === 1 && !isImageColumn(columns[0])) return [columns[0].name];
  const floats = columns.filter(({ type }) => type.startsWith('float'));
  const rows = floats.filter((column) => rowSizeOf(column) > 1);
  if (rows.length === 1) return [rows[0].name];
  const most = Math.max(0, ...floats.map(totalRowsOf));
  if (rows.length === 0 && floats.length > 0)
    return floats.filter((column) => totalRowsOf(column) === most).map(({ name }) => name);
  throw new UsageError(
    `${recording.path}: expected a column of latents, got ${[...recording.columns.keys()].join(', ')}`,
    { remedy: `Say which one it is: ${option('map', 'observation=NAME')}.` },
  );
}
