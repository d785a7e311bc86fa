// The record of a comparison as text: one column a subject, then the tests, then what was set otherwise.
import type { RunComparisonRecord } from '../../src/evaluation/schema/comparison.ts';
import { differenceSentence, measureRows } from '../../src/report/run-comparison-report.ts';
import { alignedTable } from './table.ts';

/** A longer setting would push the others off the screen. */
const WIDEST = 40;

export function renderRunComparison({
  subjects,
  settings,
  differences,
  classes,
  observed,
}: RunComparisonRecord): string {
  const names = subjects.map(({ name }) => name);
  const shown = settings.map(({ name, values }) => [name, ...values.map((value) => shortened(value ?? '-'))]);
  return `${[
    `${names.length} evaluations on ${observed}, ${classes.names.length} classes (by ${classes.of})`,
    '',
    ...alignedTable([['', ...names], ...measureRows(subjects)]),
    '',
    ...(differences.length === 0
      ? ['no tests: an evaluation of an older version has no outcomes of single observations; evaluate again']
      : differences.map(differenceSentence)),
    ...(shown.length === 0 ? [] : ['', 'set otherwise:', ...alignedTable(shown)]),
  ].join('\n')}\n`;
}

function shortened(text: string): string {
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
}
