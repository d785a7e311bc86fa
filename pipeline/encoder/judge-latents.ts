// Judges latents that were computed elsewhere, on hardware that is not here or by somebody else: no model and no runtime is loaded.
import { basename, dirname } from 'node:path';
import { evaluateGivenLatents, type LatentsEvaluation } from '../../src/evaluation/foreign-latents.ts';
import { drawLabelledRows, type LabelledRows } from '../../src/evaluation/held-out/labelled-rows.ts';
import { latentsRecordOf } from '../../src/evaluation/schema/describe.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { openGate } from '../evaluate/gate.ts';
import { resolveEvaluateOptions } from '../evaluate/option.ts';
import { type EvaluateLatentsOptions, hashOfLatents, type OpenedLatents, openGivenLatents } from './given-latents.ts';
import { writeEncoderReport } from './report-file.ts';
import { claimOf } from './row-classes.ts';

/**
 * Measures latents with all pairs compared: of as many as a machine compares in a minute.
 *
 * @param path of the latents; NAME.evaluation.json and NAME.report.html go beside it, unless `report` is false
 */
export async function compareLatents(path: string, given: EvaluateLatentsOptions): Promise<EncoderEvaluationRecord> {
  const options = { ...given, ...resolveEvaluateOptions(given) };
  const { seed, observations, metric, onNote, onProgress } = options;
  if (options.report) requireWritable(dirname(path));
  const gate = openGate(options);
  const opened = await openGivenLatents(path, options);
  try {
    const { labelled, rows, classes } = opened;
    const drawn = await drawLabelledRows(labelled, rows, classes, { observations, seed, onNote });
    const claim = claimOf(drawn.classes);
    const measured = { ...drawn, classes: { ...drawn.classes, claim } };
    gate.expect({ name: opened.source.name, observationShape: undefined, classes: drawn.classes, metric });
    const { evaluation, record: described } = await judgeLatents(path, opened, measured, options);
    const { sha256 } = described.encoder;
    const record = gate.close(described, evaluation.runtimes, {
      ...{ name: basename(path), sha256, observationShape: undefined, asked: observations },
    });
    if (options.report) await writeEncoderReport(path, evaluation, record, onProgress);
    return record;
  } finally {
    await opened.dispose();
  }
}

/** What is measured of some rows of opened latents, and its record. */
export async function judgeLatents(
  path: string,
  { columns, latents, reference, untrained, source }: OpenedLatents,
  rows: LabelledRows,
  options: EvaluateLatentsOptions & { readonly seed: number; readonly onProgress: (line: string) => void },
): Promise<{ readonly evaluation: LatentsEvaluation; readonly record: EncoderEvaluationRecord }> {
  const { seed, metric, onProgress, pool, normalize } = options;
  const evaluation = await evaluateGivenLatents(
    { source, rows, latents, reference, untrained },
    { seed, metric, onProgress },
  );
  const record = latentsRecordOf(evaluation, {
    file: basename(path),
    sha256: await hashOfLatents(path),
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
  return { evaluation, record };
}
