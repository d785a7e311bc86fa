// Files of latents that were computed elsewhere, opened: which columns they are, and which are their classes, row by row.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { classColumnOf } from '../../src/data/class-column.ts';
import type { ObservationRows } from '../../src/data/observation-rows.ts';
import { openTable } from '../../src/data/readers/latent-file.ts';
import { type Recording, totalRowsOf } from '../../src/data/recording.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import type { GivenLatents } from '../../src/evaluation/foreign-latents.ts';
import type { RowClasses } from '../../src/evaluation/held-out/labelled-rows.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';
import type { EvaluateOptions } from '../evaluate/option.ts';
import { type LatentColumns, latentRowsOf } from './latent-rows.ts';

/** Bytes of a file's start: names of columns, types and shapes are there. */
const FINGERPRINT_BYTES = 65_536;

/** Files of latents and classes, row by row of the same observations, beside the options of every evaluation. */
export interface EvaluateLatentsOptions
  extends Omit<EvaluateOptions, 'runtimes' | 'reference' | 'data' | 'threads'>,
    LatentColumns {
  /** The file of the classes: NPY, NPZ, Parquet, CSV or any recording. Default: the latents' own, in a column. */
  readonly labels?: string | undefined;
  /** What a trusted runtime gave for the same rows: with it, how much of the difference the verdict bears is measured. */
  readonly referenceLatents?: string | undefined;
  /** What the same encoder gave before training, which shows a collapse best. */
  readonly untrainedLatents?: string | undefined;
}

export interface OpenedLatents {
  readonly columns: readonly string[];
  readonly rows: ObservationRows;
  readonly latents: GivenLatents;
  readonly reference: GivenLatents | undefined;
  readonly untrained: GivenLatents | undefined;
  /** The recording that has the classes, in the episodes of the latents. */
  readonly labelled: Recording;
  readonly classes: RowClasses;
  /** Where the observations are said to come from. */
  readonly source: { readonly name: string; readonly description: Readonly<Record<string, unknown>> };
  dispose(): Promise<void>;
}

/** Whoever calls this disposes it. @throws UsageError where the files have not as many rows, or no classes */
export async function openGivenLatents(path: string, options: EvaluateLatentsOptions): Promise<OpenedLatents> {
  const opened: Recording[] = [];
  const dispose = async () => {
    for (const recording of opened) await recording.dispose();
  };
  const open = async (file: string): Promise<Recording> => {
    const recording = await openTable(file);
    opened.push(recording);
    return recording;
  };
  try {
    const own = await open(path);
    const labelled = options.labels === undefined ? own : await open(options.labels);
    const classes = classColumnFor(own, labelled, options);
    const { columns, rows, latents } = latentRowsOf(own, labelled === own ? classes.column : undefined, options);
    const beside = async (file: string | undefined): Promise<GivenLatents | undefined> => {
      if (file === undefined) return undefined;
      const recording = await open(file);
      const found = latentRowsOf(recording, classColumnOf(recording), options);
      requireRows(file, found.rows.count, path, rows.count);
      return found.latents;
    };
    return {
      ...{ columns, rows, latents, classes },
      reference: await beside(options.referenceLatents),
      untrained: await beside(options.untrainedLatents),
      labelled: labelled === own ? own : withLabels(labelled, classes.column, rows, path),
      source: {
        name: basename(options.labels ?? path),
        description: { recording: labelled.format, episodes: own.episodeCount },
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The classes that are asked for, else the column that is called so, else the only one of another file. */
function classColumnFor(own: Recording, labelled: Recording, options: EvaluateLatentsOptions): RowClasses {
  const asked: RecordingClassSource | undefined = recordingClasses(options.classes, 'for a recording');
  const columns = [...labelled.columns.keys()];
  if (asked?.of === 'observed')
    throw new UsageError(`${option('classes')}: expected column:NAME or quantiles:K of latents, got observed`);
  if (asked?.of === 'column') {
    if (!columns.includes(asked.column))
      throw unknownName(option('classes', 'column'), 'a column', asked.column, columns);
    return { column: asked.column };
  }
  const found = classColumnFrom(own, labelled);
  if (found !== undefined) return { column: found, ...(asked === undefined ? {} : { quantiles: asked.count }) };
  throw new UsageError(`${labelled.path}: expected a column of classes, got ${columns.join(', ')}`, {
    remedy:
      labelled === own
        ? `Name a file of them, ${option('labels', 'FILE')}, or the column: ${option('classes', 'column:NAME')}.`
        : `Say which one it is: ${option('classes', 'column:NAME')}.`,
  });
}

function classColumnFrom(own: Recording, labelled: Recording): string | undefined {
  const columns = [...labelled.columns.values()];
  if (labelled !== own && columns.length === 1) return columns[0].name;
  return classColumnOf(labelled);
}

/** The classes of another file, row by row beside the latents, in whose episodes they fall. */
function withLabels(labelled: Recording, column: string, rows: ObservationRows, path: string): Recording {
  const found = labelled.columns.get(column);
  if (found === undefined)
    throw unknownName(option('classes', 'column'), 'a column', column, [...labelled.columns.keys()]);
  requireRows(labelled.path, totalRowsOf(found), path, rows.count);
  return {
    ...labelled,
    episodeCount: rows.starts.length - 1,
    columns: new Map([[column, { ...found, starts: rows.starts }]]),
  };
}

function requireRows(file: string, found: number, path: string, wanted: number): void {
  if (found !== wanted)
    throw new UsageError(`${file}: expected a row for each of the ${wanted} latents of ${path}, got ${found}`, {
      remedy: 'Both files must be of the same observations, in the same order.',
    });
}

/** Of a file of latents, or of the files of a folder of them. */
export async function hashOfLatents(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of filesOf(path)) for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** By what two openings of the same latents are known, without reading all of them: sizes of files and their first bytes. */
export function fingerprintOfLatents(path: string): string {
  const hash = createHash('sha256');
  for (const file of filesOf(path)) {
    const descriptor = openSync(file, 'r');
    try {
      const head = new Uint8Array(FINGERPRINT_BYTES);
      const count = readSync(descriptor, head, 0, head.length, 0);
      hash.update(`${fstatSync(descriptor).size} `).update(head.subarray(0, count));
    } finally {
      closeSync(descriptor);
    }
  }
  return hash.digest('hex');
}

function filesOf(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    requireFile(path, 'a file of latents');
    return [path];
  }
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
