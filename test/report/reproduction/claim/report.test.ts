// The report of judged claims, on the results that are committed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { reportSchema } from '../../../../src/report/report.ts';
import { parseClaims } from '../../../../src/report/reproduction/claim/claims-file.ts';
import { judgeClaimsFile } from '../../../../src/report/reproduction/claim/judge.ts';
import { claimsReport } from '../../../../src/report/reproduction/claim/report.ts';
import { readResults } from '../../../../src/report/reproduction/claim/results.ts';

function reportOf(name: string, runs?: readonly never[]) {
  const folder = join(import.meta.dirname, '../../../../reproductions');
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8');
  const claims = parseClaims(name, parse(text, { merge: true }), text);
  const results = runs ?? readResults(name, readFileSync(join(folder, name, 'results.jsonl'), 'utf8'), claims);
  return claimsReport(claims, judgeClaimsFile(claims, results), results, {
    generator: 'test',
    command: 'jepa reproduce',
  });
}

test('of the exogenous rows the figure is what is read of the signal, and what the headline counts is in the table', () => {
  const report = reportSchema.parse(reportOf('exogenous'));
  const { picture } = report;
  if (picture.kind !== 'intervals') throw new Error(`expected intervals, got ${picture.kind}`);
  expect(picture.title).toBe('What is read of signal');
  const row = (name: string) => picture.rows.find((each) => each.name === name);
  expect(row('vicreg')).toMatchObject({ isHighlighted: false });
  expect(row('vicreg')?.value).toBeLessThan(0.1);
  expect(row('vicreg-predictable')).toMatchObject({ value: 1, low: 1, high: 1 });
  expect(row('moving-average-100')).toMatchObject({ isHighlighted: true });
  expect(report.answer.headline).toBe(
    "5 of the paper's 8 claims reproduce, 1 does not, 2 undecided; of our own 4 of 7 hold, 3 undecided",
  );
  const [table] = report.sections[0].blocks;
  if (table.kind !== 'table') throw new Error(`expected a table, got ${table.kind}`);
  expect(table.rows.filter(([, , answer]) => typeof answer === 'object' && answer.text === 'undecided')).toHaveLength(
    5,
  );
});

test('of the counting claims the figure is the groups on the way; without any run the claims stand alone', () => {
  expect(reportOf('counting').picture).toMatchObject({ kind: 'lines', y: { label: 'within / between' } });
  const { answer, picture, sections } = reportSchema.parse(reportOf('exogenous', []));
  expect(answer.headline).toContain("0 of the paper's 8 claims reproduce, 8 undecided");
  expect(picture.kind).toBe('table');
  expect(sections.map(({ id }) => id)).toEqual(['claims', 'method']);
});
