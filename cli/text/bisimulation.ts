// The text of `jepa bisimulation`.
import type { StochasticComparison } from '../../pipeline/bisimulation/recording.ts';
import type { BisimulationReport, PairReport } from '../../src/bisimulation/index.ts';

/** Rows that the text lists before it refers to --json. */
const LISTED_CLASSES = 20;

/** `subject` is the environment or the recording; `unit` is what its states are. */
export function describeReport(
  { subject, unit, auxiliaries }: { subject: string; unit: string; auxiliaries: readonly string[] },
  report: BisimulationReport,
): string {
  const { classes, actions } = report;
  const lines = [
    `${subject} with ${auxiliaries.length > 0 ? `auxiliary ${auxiliaries.join(', ')}` : 'no auxiliary'}: ` +
      `${report.states} ${unit}, ${actions.length} actions (${actions.join(', ')})`,
    headline(report),
    '',
  ];
  if (report.omittedTransitions)
    lines.splice(
      1,
      0,
      `${report.omittedTransitions} transitions left out: one observation and action led to observations that must differ, so no encoder follows them`,
    );
  const width = Math.max(4, ...classes.map(({ size }) => String(size).length));
  lines.push(`  ${'size'.padStart(width)}  example`);
  for (const { size, example } of classes.slice(0, LISTED_CLASSES))
    lines.push(`  ${String(size).padStart(width)}  ${example.name}`);
  if (classes.length > LISTED_CLASSES)
    lines.push(`  ... and ${classes.length - LISTED_CLASSES} more (--json lists all)`);
  if (report.wordLengths && report.wordLengths.length > 0) {
    lines.push('', 'pairs of classes by the length of their shortest distinguishing word:');
    for (const { length, pairs } of report.wordLengths.slice(0, LISTED_CLASSES)) lines.push(`  ${length}: ${pairs}`);
    const last = report.wordLengths[report.wordLengths.length - 1];
    if (report.wordLengths.length > LISTED_CLASSES) lines.push('  ...', `  ${last.length}: ${last.pairs}`);
  }
  if (report.pairs.length > 0) lines.push('', ...report.pairs.map(describePair));
  return `${lines.join('\n')}\n`;
}

function describePair({ states, verdict, word, ends, gap, distance }: PairReport): string {
  const pair = `${states[0].name} and ${states[1].name}`;
  const apart = distance === undefined ? '' : `; bisimulation distance ${distance.toPrecision(6)}`;
  if (verdict !== 'apart' || !word || !ends || gap === null) return `${pair}: ${verdict}${apart}`;
  const value = `the auxiliary differs by ${gap.toPrecision(4)}`;
  return word.length === 0
    ? `${pair}: ${value} at once${apart}`
    : `${pair}: after ${word.join(' ')} at ${ends[0].name} and ${ends[1].name}, ${value}${apart}`;
}

function headline({ kind, classes, states }: BisimulationReport): string {
  if (kind === 'observed')
    return classes.length === states
      ? 'no two of them can be merged: each is a class of its own'
      : `${classes.length} classes that these transitions allow to be merged at once (another order may merge others)`;
  return classes.length === 1
    ? '1 bisimulation class: all latents may be the same'
    : `${classes.length} bisimulation classes: latents of different classes must differ`;
}

/** What the distributions of what follows say of each pair. */
export function describeDistributions(
  { epsilon, classes, pairs }: StochasticComparison,
  actionNames: readonly string[],
): string {
  const lines = pairs.map(({ observations, verdict, action, interval, repeats }) => {
    const named = observations.join(' and ');
    if (action === undefined || interval === undefined)
      return `${named}: ${verdict === 'apart' ? 'the auxiliary differs' : `the same within ${epsilon}`}`;
    const range = interval.map((value) => value.toFixed(2)).join(' to ');
    const more = verdict === 'undecided' && repeats !== undefined ? `; ${repeats} repeats in each would decide` : '';
    return `${named}: ${verdict}, what follows ${actionNames[action]} differs by ${range}${more}`;
  });
  return [`by distributions within ${epsilon}: ${classes} classes that are certainly apart`, ...lines, ''].join('\n');
}
