// A folder of images by class, class-name/*.png, as classifiers are trained on: labelled observations without actions, for
// evaluation. Each class is an episode.
import { statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { FormatError } from '../../error.ts';
import { readFolder } from '../../storage/file-system.ts';
import { openImageColumn } from '../image/column.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import { guessRoles } from '../role-name.ts';
import { IMAGE_EXTENSIONS, readImage } from './image-folder.ts';

/** The column of classes: their numbers in the order of their names. */
export const CLASS_COLUMN = 'class';

interface ClassFolder {
  readonly name: string;
  /** Paths, in the order of their names. */
  readonly files: readonly string[];
}

/** Folders that hold images, in the order of their names; none where the folder holds images itself, or no such folders. */
export function findClassFolders(folder: string): ClassFolder[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const isImage = (name: string) => IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
  const names = readFolder(`recording ${folder}`, folder).filter((name) => !name.startsWith('.'));
  if (names.some(isImage)) return [];
  return names.sort(compare).flatMap((name): ClassFolder[] => {
    const path = join(folder, name);
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
    const files = readFolder(`recording ${path}`, path).filter(isImage).sort(compare);
    return files.length === 0 ? [] : [{ name, files: files.map((file) => join(path, file)) }];
  });
}

export async function openClassFolder(handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const classes = findClassFolders(path);
  if (classes.length === 0) throw new FormatError(`recording ${path}: expected a folder of images for each class`);
  const files = classes.flatMap((found) => found.files);
  const starts = new Float64Array(classes.length + 1);
  for (const [i, found] of classes.entries()) starts[i + 1] = starts[i] + found.files.length;
  const numbers = Int32Array.from(classes.flatMap((found, i) => found.files.map(() => i)));
  const images = await openImageColumn(
    {
      name: 'image',
      starts,
      whereOf: (row) => files[row],
      read: (from, to) => files.slice(from, to).map(readImage),
    },
    handle.options.imageSize,
  );
  return {
    path,
    format: 'images by class',
    episodeCount: classes.length,
    columns: new Map([
      ['image', images.column],
      [CLASS_COLUMN, { name: CLASS_COLUMN, type: 'int32', shape: [], starts, labels: classes.map(({ name }) => name) }],
    ]),
    roles: guessRoles(['image']),
    notes: [],
    handle,
    async read(name, from, to) {
      if (name === CLASS_COLUMN) return numbers.slice(from, to);
      if (name !== 'image') throw new FormatError(`${path}: expected a column, got "${name}"`);
      return images.read(from, to);
    },
    dispose: () => Promise.resolve(),
  };
}
