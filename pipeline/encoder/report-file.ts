// The files that an evaluation of an encoder, or of latents, writes beside it.
import { basename, dirname, join } from 'node:path';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';

/** What the page is of; of latents that were computed elsewhere without the encoder's input. */
export type ReportedEvaluation = Parameters<typeof import('../../src/report/encoder-report.ts').encoderReport>[0];

/** NAME.evaluation.json and NAME.report.html beside NAME.onnx, or beside the latents. */
export async function writeEncoderReport(
  path: string,
  evaluation: ReportedEvaluation,
  record: EncoderEvaluationRecord,
  onProgress: (line: string) => void,
): Promise<void> {
  const files = { record: besideEncoder(path, 'evaluation.json'), page: encoderReportPath(path) };
  await writeEvaluationFiles(files, evaluation, { record, shown: record }, onProgress);
}

/** @param shown the record as the page has it */
export async function writeEvaluationFiles(
  files: { readonly record: string; readonly page: string },
  evaluation: ReportedEvaluation,
  { record, shown }: { readonly record: EncoderEvaluationRecord; readonly shown: EncoderEvaluationRecord },
  onProgress: (line: string) => void,
): Promise<void> {
  const { encoderReport } = await import('../../src/report/encoder-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(encoderReport(evaluation, shown, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(files.record, formatJson(record));
  writeFileAtomic(files.page, page);
  onProgress(`${files.page}: the report`);
}

/** Where the page of an encoder's evaluation is written: NAME.report.html beside NAME.onnx. */
export function encoderReportPath(path: string): string {
  return besideEncoder(path, 'report.html');
}

/** NAME.suffix beside NAME.onnx, or beside a file of latents. */
export function besideEncoder(path: string, suffix: string): string {
  return join(dirname(path), `${basename(path).replace(/\.(onnx|npy|npz|parquet|csv|jsonl|h5|hdf5)$/i, '')}.${suffix}`);
}
