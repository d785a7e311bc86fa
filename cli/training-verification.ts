// `jepa verify --training`: a run's first steps anew wherever it can be trained.
import { join } from 'node:path';
import { unknownName } from '../src/error.ts';
import { formatJson } from '../src/json.ts';
import { openPage } from './open.ts';
import { parseNames } from './parse/runtime.ts';
import type { Terminal } from './terminal.ts';
import { noteTo } from './text/option.ts';

interface TrainingFlags {
  readonly training?: number | true;
  readonly data?: string;
  readonly threads: number;
  readonly json?: boolean;
  readonly report: boolean;
  readonly open?: boolean;
}

/** Compares the first steps on every place, prints what was found, and writes its page. */
export async function runTrainingVerification(
  terminal: Terminal,
  folder: string,
  runtimes: string | undefined,
  flags: TrainingFlags,
): Promise<void> {
  const { verifyTraining } = await import('../pipeline/verify/training.ts');
  const { trainingPlaces } = await import('../pipeline/train/place.ts');
  const given =
    runtimes === undefined || runtimes === 'all' ? undefined : parseNames('--runtimes', runtimes, trainingPlaces);
  const places = given?.map((name) => {
    const known = trainingPlaces.find((each) => each === name);
    if (known === undefined) throw unknownName('--runtimes', 'where to train', name, trainingPlaces);
    return known;
  });
  const record = await verifyTraining(folder, {
    ...(places ? { places } : {}),
    ...(typeof flags.training === 'number' ? { steps: flags.training } : {}),
    data: flags.data,
    threads: flags.threads,
    onNote: noteTo(terminal.stderr),
  });
  const { renderTrainingVerification } = await import('./text/training-verification.ts');
  terminal.stdout.write(flags.json ? formatJson(record) : renderTrainingVerification(record));
  if (!flags.report) return;
  const { TRAINING_VERIFICATION_PAGE_NAME, writeTrainingVerification } = await import(
    '../pipeline/verify/training-report.ts'
  );
  await writeTrainingVerification(folder, record);
  const page = join(folder, TRAINING_VERIFICATION_PAGE_NAME);
  terminal.stderr.write(`${page}: the report\n`);
  await openPage(terminal, flags.open, page);
}
