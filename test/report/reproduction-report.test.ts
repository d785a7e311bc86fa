import { describe, expect, test } from 'vitest';
import type { EvaluationRecord, RuntimeRecord } from '../../src/evaluation/record.ts';
import { renderReport } from '../../src/report/page.ts';
import { reportSchema } from '../../src/report/report.ts';
import { reproductionReport } from '../../src/report/reproduction-report.ts';

/** Only what the report reads of a record. */
function record(run: string, verdict: RuntimeRecord['verdict'], accuracy: number): EvaluationRecord {
  const runtime = {
    verdict,
    nearestCentroidAccuracy: accuracy,
    centroidGapRatio: 1.5,
    gapRatio: null,
    silhouette: 0.5,
    meanDistance: 7,
    relativeSpread: 0.9,
    effectiveRank: 5,
    rankMe: 6,
  } as unknown as RuntimeRecord;
  return { run, runtimes: [runtime] } as unknown as EvaluationRecord;
}

const context = { environment: 'counting', preset: 'small', generator: 'test', command: 'jepa reproduce counting' };
const expectation = 'nine <clusters>';

describe('reproduction report', () => {
  test('shows mean and half the range over seeds, and how often each verdict came', () => {
    const records = [record('a', 'distinct', 0.98), record('b', 'coarse', 0.9), record('c', 'distinct', 1)];
    const report = reproductionReport([{ name: 'dynamics + reward', expectation, records }], context);
    expect(report.answer.sentences).toEqual([
      'dynamics + reward: distinct 2, coarse 1; accuracy 0.960 ± 0.0500, centroid gap ratio 1.50 ± 0.',
    ]);
    expect(report.answer.headline).toBe('dynamics + reward: not distinct on some seeds');
  });

  test('is a report by the schema, and a page that escapes what it shows', async () => {
    const rows = [{ name: 'dynamics + reward', expectation, records: [record('a', 'distinct', 1)] }];
    const report = reproductionReport(rows, context);
    expect(reportSchema.parse(report)).toEqual(report);
    const page = await renderReport(report);
    expect(page).toContain('nine &#60;clusters&#62;');
    expect(page).not.toContain('nine <clusters>');
  });
});
