// Converts a recording of any format to one of those that are written: whole or not there at all.
import { extname } from 'node:path';
import { UsageError } from '../../error.ts';
import { writeFileAtomicWith } from '../../storage/atomic-file.ts';
import type { Recording } from '../recording.ts';

export const WRITTEN_FORMATS = ['npz', 'hdf5', 'parquet'] as const;
export type WrittenFormat = (typeof WRITTEN_FORMATS)[number];

const EXTENSIONS: Readonly<Record<string, WrittenFormat>> = {
  '.npz': 'npz',
  '.h5': 'hdf5',
  '.hdf5': 'hdf5',
  '.parquet': 'parquet',
};

/** The format that a file name asks for. Throws a UsageError where it asks for none. */
export function writtenFormatOf(path: string): WrittenFormat {
  const extension = extname(path).toLowerCase();
  const format = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  if (format === undefined)
    throw new UsageError(
      `${path}: expected a name that ends with ${Object.keys(EXTENSIONS).join(', ')}, got "${extension}"`,
    );
  return format;
}

/** Writes all columns of a recording to `path`. Refuses a path that exists, unless it is to be replaced. */
export async function convertRecording(
  recording: Recording,
  path: string,
  options: { readonly replace?: boolean } = {},
): Promise<void> {
  const format = writtenFormatOf(path);
  const write = {
    npz: async () => (await import('./npz.ts')).writeNpz,
    hdf5: async () => (await import('./hdf5.ts')).writeHdf5,
    parquet: async () => (await import('./parquet.ts')).writeParquet,
  }[format];
  const writeRecording = await write();
  await writeFileAtomicWith(path, (temporaryPath) => writeRecording(recording, temporaryPath), options);
}
