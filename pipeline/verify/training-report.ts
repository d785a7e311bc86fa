// What `verifyTraining` measured, as files in the run's folder.
import { join } from 'node:path';
import { packageVersion } from '../../src/machine/package.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import type { TrainingVerification } from '../../src/verification/training.ts';

/** The numbers, and the page that shows them. */
export const TRAINING_VERIFICATION_NAME = 'verify-training.json';
export const TRAINING_VERIFICATION_PAGE_NAME = 'verify-training.html';

/** Writes verify-training.json and verify-training.html into `folder`. */
export async function writeTrainingVerification(folder: string, record: TrainingVerification): Promise<void> {
  const { trainingVerificationReport } = await import('../../src/report/training-verification-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(trainingVerificationReport(record, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(join(folder, TRAINING_VERIFICATION_NAME), `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileAtomic(join(folder, TRAINING_VERIFICATION_PAGE_NAME), page);
}
