// What a file or a folder is that is no recording, and the way out: formats that people have and that are not read here.
import { FormatError } from '../../error.ts';

interface ForeignKind {
  readonly what: string;
  readonly remedy: string;
}

const ARROW: ForeignKind = {
  what: "an Arrow file (Hugging Face's datasets, Feather)",
  remedy:
    'Write it as Parquet: datasets.load_from_disk(FOLDER).to_parquet("a.parquet"), or minari.load_dataset(...) with data_format="hdf5".',
};
const ARROW_STREAM: ForeignKind = { ...ARROW, what: "a stream of Arrow (Hugging Face's datasets)" };
const LFS: ForeignKind = {
  what: 'a pointer of Git LFS instead of the file itself',
  remedy: 'Fetch the file: git lfs pull.',
};
const NPY: ForeignKind = {
  what: 'a single NumPy array',
  remedy: 'Put the arrays of a recording into one file: numpy.savez("a.npz", observations=..., actions=...).',
};
const PICKLE: ForeignKind = {
  what: 'a pickle of Python, which may run any program',
  remedy: 'Load it in Python and write its arrays: numpy.savez("a.npz", observations=..., actions=...).',
};
const GZIP: ForeignKind = { what: 'a gzip file', remedy: 'Unpack it first: gzip -d.' };
const IMAGE: ForeignKind = {
  what: 'a single image',
  remedy: 'Name the folder of images, with a table of steps (steps.csv) or a folder for each class.',
};
const TABLE: ForeignKind = {
  what: 'a table with tabs',
  remedy: 'Write it with commas, as .csv: a row an observation, which names its image, relative to the table.',
};

/** By the first bytes. */
const KINDS: readonly (readonly [magic: readonly number[], kind: ForeignKind])[] = [
  [bytesOf('ARROW1'), ARROW],
  [[0xff, 0xff, 0xff, 0xff], ARROW_STREAM],
  [bytesOf('version https://git-lfs'), LFS],
  [[0x93, ...bytesOf('NUMPY')], NPY],
  [[0x80, 0x02], PICKLE],
  [[0x80, 0x03], PICKLE],
  [[0x80, 0x04], PICKLE],
  [[0x80, 0x05], PICKLE],
  [[0x1f, 0x8b], GZIP],
  [[0x89, 0x50, 0x4e, 0x47], IMAGE],
  [[0xff, 0xd8, 0xff], IMAGE],
];

export function explainForeignFile(path: string, extension: string, head: Uint8Array): FormatError {
  const found = KINDS.find(([magic]) => magic.every((byte, i) => head[i] === byte))?.[1];
  const kind = found ?? (extension === '.tsv' ? TABLE : undefined);
  const what =
    kind?.what ??
    `${extension || 'a file'} that begins with ${JSON.stringify(String.fromCharCode(...head.subarray(0, 8)))}`;
  return new FormatError(
    `recording ${path}: expected NPZ, HDF5, Parquet or CSV, or a folder of LeRobot or of images, got ${what}`,
    kind === undefined ? {} : { remedy: kind.remedy },
  );
}

export function explainForeignFolder(path: string, names: readonly string[]): FormatError {
  const expected = `recording ${path}: expected a LeRobot, Minari or image folder, or one of recordings`;
  if (names.length === 0) return new FormatError(`${expected}, got an empty folder`, { remedy: 'Check the path.' });
  if (names.some((name) => name.endsWith('.arrow')) || names.includes('dataset_info.json'))
    return new FormatError(`${expected}, got a folder of Arrow files (Hugging Face's datasets)`, {
      remedy: ARROW.remedy,
    });
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return new FormatError(`${expected}, got ${[...names].sort().slice(0, 5).join(', ')}${more}`);
}

/** Whether a text file is a pointer of Git LFS; for readers of what is no recording. */
export function lfsPointerError(where: string, expected: string): FormatError {
  return new FormatError(`${where}: expected ${expected}, got ${LFS.what}`, { remedy: LFS.remedy });
}

export function isLfsPointer(head: Uint8Array | string): boolean {
  const text = typeof head === 'string' ? head.slice(0, 23) : String.fromCharCode(...head.subarray(0, 23));
  return text === 'version https://git-lfs';
}

function bytesOf(text: string): readonly number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}
