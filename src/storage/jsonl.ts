// metrics.jsonl: one JSON object a line, appended as training goes. A crash can tear the last line only; reading passes over
// it, and resuming cuts the file back to the step that the checkpoint holds.
import { createHash } from 'node:crypto';
import { FormatError } from '../error.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { type FileSystem, localFileSystem, readTextIfPresent, storageError, writeFully } from './file-system.ts';

/** A line: the training step that it belongs to, and named values. NaN and infinities are written as strings, for JSON has none. */
export interface MetricsRecord {
  readonly step: number;
  readonly [name: string]: number | string | boolean | null;
}

/** Appends lines until disposed. */
export interface MetricsLog {
  append(record: MetricsRecord): void;
  /** Makes what was appended durable. @returns what is in the file by then */
  sync(): LogDigest;
  dispose(): void;
}

/** How many rows a log has, and the SHA-256 of their bytes. */
export interface LogDigest {
  readonly rows: number;
  readonly sha256: string;
}

export interface MetricsFile {
  readonly records: readonly MetricsRecord[];
  /** Whether the last line was cut off by a crash, and left out. */
  readonly isTorn: boolean;
}

/**
 * Opens the log at `path` for appending; creates it where it is missing. With `resumeStep`, first drops the lines of later
 * steps and a torn one, which the resumed run writes again; with `resumeRows`, all but so many first ones. Each line is one write: other processes see whole lines only.
 */
export function openMetricsLog(
  path: string,
  options: { readonly resumeStep?: number; readonly resumeRows?: number | undefined; readonly files?: FileSystem } = {},
): MetricsLog {
  const files = options.files ?? localFileSystem;
  const { resumeStep, resumeRows } = options;
  if (resumeRows !== undefined) cutToRows(path, resumeRows, files);
  else if (resumeStep !== undefined) cutAfter(path, resumeStep, files);
  const kept = soundLines(path, files);
  const hash = hashOf(kept);
  let rows = kept.length;
  let descriptor: number | undefined;
  try {
    descriptor = files.openSync(path, 'a');
  } catch (error) {
    throw storageError(`write ${path}`, 'to open the file', error);
  }
  return {
    append(record) {
      if (descriptor === undefined) throw new FormatError(`write ${path}: expected an open log, got a disposed one`);
      try {
        const line = new TextEncoder().encode(encodeLine(record));
        writeFully(files, descriptor, line);
        hash.update(line);
        rows++;
      } catch (error) {
        throw storageError(`write ${path}`, 'to append a line', error);
      }
    },
    sync() {
      if (descriptor === undefined) throw new FormatError(`write ${path}: expected an open log, got a disposed one`);
      try {
        files.fsyncSync(descriptor);
      } catch (error) {
        throw storageError(`write ${path}`, 'to make its lines durable', error);
      }
      return { rows, sha256: hash.copy().digest('hex') };
    },
    dispose() {
      if (descriptor !== undefined) files.closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** Reads all whole lines. A missing file has none. Throws a FormatError for a broken line that is not the last. */
export function readMetrics(path: string, files: FileSystem = localFileSystem): MetricsFile {
  const lines = readLines(path, files);
  const records: MetricsRecord[] = [];
  for (const [index, { text, isEnded }] of lines.entries()) {
    const record = isEnded || index < lines.length - 1 ? parseLine(text) : undefined;
    if (record !== undefined) records.push(record);
    else if (index === lines.length - 1) return { records, isTorn: true };
    else throw new FormatError(`${path} line ${index + 1}: expected a JSON object with a step, got ${excerpt(text)}`);
  }
  return { records, isTorn: false };
}

/** Rewrites the file without the lines after `step`, byte for byte the same before. */
function cutAfter(path: string, step: number, files: FileSystem): void {
  const { records, isTorn } = readMetrics(path, files);
  const kept = records.filter((record) => record.step <= step);
  if (kept.length < records.length || isTorn) writeFileAtomic(path, kept.map(encodeLine).join(''), { files });
}

/** Of the first `rows` lines, or of as many as are there and whole. */
export function logDigest(path: string, rows: number, files: FileSystem = localFileSystem): LogDigest {
  const lines = soundLines(path, files).slice(0, rows);
  return { rows: lines.length, sha256: hashOf(lines).digest('hex') };
}

function cutToRows(path: string, rows: number, files: FileSystem): void {
  const kept = soundLines(path, files).slice(0, rows);
  const all = readLines(path, files);
  if (kept.length < all.length) writeFileAtomic(path, kept.map((line) => `${line}\n`).join(''), { files });
}

/** The lines before the first that is broken. */
function soundLines(path: string, files: FileSystem): string[] {
  const lines = readLines(path, files);
  const broken = lines.findIndex(({ text, isEnded }) => !isEnded || parseLine(text) === undefined);
  return (broken < 0 ? lines : lines.slice(0, broken)).map(({ text }) => text);
}

function hashOf(lines: readonly string[]) {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return hash;
}

function readLines(path: string, files: FileSystem): { readonly text: string; readonly isEnded: boolean }[] {
  let text: string;
  try {
    text = readTextIfPresent(path, files) ?? '';
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  const pieces = text.split('\n');
  const rest = pieces.pop() ?? '';
  const lines = pieces.map((piece) => ({ text: piece, isEnded: true }));
  return rest === '' ? lines : [...lines, { text: rest, isEnded: false }];
}

const NON_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

function encodeLine(record: MetricsRecord): string {
  const text = JSON.stringify(record, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  return `${text}\n`;
}

function parseLine(text: string): MetricsRecord | undefined {
  try {
    const parsed: unknown = JSON.parse(text, (_key, value: unknown) =>
      typeof value === 'string' && Object.hasOwn(NON_FINITE, value) ? NON_FINITE[value] : value,
    );
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is MetricsRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'step') === 'number' &&
    Object.values(value).every((member) => member === null || ['number', 'string', 'boolean'].includes(typeof member))
  );
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
