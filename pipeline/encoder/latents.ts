// Judges latents that were computed elsewhere, on hardware that is not here or by somebody else: no model and no runtime is loaded.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import { classColumnOf } from '../../src/data/class-column.ts';
import type { ObservationRows } from '../../src/data/observation-rows.ts';
import { openTable } from '../../src/data/readers/latent-file.ts';
import { type Recording, totalRowsOf } from '../../src/data/recording.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { evaluateGivenLatents, type GivenLatents } from '../../src/evaluation/foreign-latents.ts';
import { drawLabelledRows, type RowClasses } from '../../src/evaluation/held-out/labelled-rows.ts';
import { latentsRecordOf } from '../../src/evaluation/schema/describe.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';
import { openGate } from '../evaluate/gate.ts';
import { type EvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { type LatentColumns, latentRowsOf } from './latent-rows.ts';
import { writeEncoderReport } from './report-file.ts';
import { claimOf } from './row-classes.ts';

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

/**
 * Measures whether latents that were computed elsewhere keep their classes apart. The numbers are those that the encoder itself
 * would be given for the same latents (`encodeRecording` writes such a file).
 *
 * @param path of the latents, a row an observation: NPY, NPZ, Parquet, CSV or any recording; NAME.evaluation.json and
 *   NAME.report.html go beside it, unless `report` is false
 * @returns what NAME.evaluation.json holds, which says that the encoder was never seen
 * @throws UsageError where the files have not as many rows, or no classes
 */
export async function evaluateLatents(path: string, given: EvaluateLatentsOptions): Promise<EncoderEvaluationRecord> {
  const options = { ...given, ...resolveEvaluateOptions(given) };
  const { seed, observations, metric, onNote, onProgress } = options;
  if (options.report) requireWritable(dirname(path));
  const gate = openGate(options);
  const opened: Recording[] = [];
  try {
    const open = async (file: string): Promise<Recording> => {
      const recording = await openTable(file);
      opened.push(recording);
      return recording;
    };
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
    const [reference, untrained] = [await beside(options.referenceLatents), await beside(options.untrainedLatents)];
    const joined = labelled === own ? own : withLabels(labelled, classes.column, rows, path);
    const drawn = await drawLabelledRows(joined, rows, classes, { observations, seed, onNote });
    const source = {
      name: basename(options.labels ?? path),
      description: { recording: labelled.format, episodes: own.episodeCount },
    };
    const claim = claimOf(drawn.classes);
    gate.expect({ name: source.name, observationShape: undefined, classes: drawn.classes, metric });
    const evaluation = await evaluateGivenLatents(
      { source, rows: { ...drawn, classes: { ...drawn.classes, claim } }, latents, reference, untrained },
      { seed, metric, onProgress },
    );
    const { pool, normalize } = options;
    const sha256 = await hashOf(path);
    const described = latentsRecordOf(evaluation, {
      file: basename(path),
      sha256,
      ...(pool === undefined && normalize === undefined
        ? {}
        : { output: { name: columns.join('+'), ...(pool ? { pool } : {}), ...(normalize ? { normalize } : {}) } }),
      ...(options.untrainedLatents === undefined ? {} : { untrained: basename(options.untrainedLatents) }),
      elsewhere: {
        column: columns.join('+'),
        ...(options.labels === undefined ? {} : { labels: basename(options.labels) }),
        ...(options.referenceLatents === undefined ? {} : { reference: basename(options.referenceLatents) }),
      },
    });
    const record = gate.close(described, evaluation.runtimes, {
      name: basename(path),
      sha256,
      observationShape: undefined,
      asked: observations,
    });
    if (options.report) await writeEncoderReport(path, evaluation, record, onProgress);
    return record;
  } finally {
    for (const recording of opened) await recording.dispose();
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

async function hashOf(path: string): Promise<string> {
  requireFile(path, 'a file of latents');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
