// The files that an evaluation of an encoder, or of latents, writes beside it.
import { basename, dirname, join } from 'node:path';
import type { ForeignEvaluation } from '../../src/evaluation/foreign-encoder.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';

/** NAME.evaluation.json and NAME.report.html beside NAME.onnx, or beside the latents. */
export async function writeEncoderReport(
  path: string,
  evaluation: Pick<ForeignEvaluation, 'runtimes'>,
  record: EncoderEvaluationRecord,
  onProgress: (line: string) => void,
): Promise<void> {
  const { encoderReport } = await import('../../src/report/encoder-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(encoderReport(evaluation, record, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(besideEncoder(path, 'evaluation.json'), formatJson(record));
  writeFileAtomic(encoderReportPath(path), page);
  onProgress(`${encoderReportPath(path)}: the report`);
}

/** Where the page of an encoder's evaluation is written: NAME.report.html beside NAME.onnx. */
export function encoderReportPath(path: string): string {
  return besideEncoder(path, 'report.html');
}

/** NAME.suffix beside NAME.onnx, or beside a file of latents. */
export function besideEncoder(path: string, suffix: string): string {
  return join(dirname(path), `${basename(path).replace(/\.(onnx|npy|npz|parquet|csv|jsonl|h5|hdf5)$/i, '')}.${suffix}`);
}
