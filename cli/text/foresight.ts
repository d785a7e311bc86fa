// The text of `jepa foresee`.
import type { ForesightComparison } from '../../pipeline/foresee/happened.ts';
import type { FactorForesight, Foresight } from '../../src/bisimulation/index.ts';
import { formatCount, formatPercent } from '../../src/report/number.ts';

export interface ForesightText {
  readonly subject: string;
  /** What the pairs are of. */
  readonly unit: string;
  readonly auxiliaries: readonly string[];
  readonly foresight: Foresight;
  readonly broken: readonly string[];
  readonly nuisances?: readonly { readonly name: string; readonly fate: string }[];
  /** Lines of a recording alone. */
  readonly notes?: readonly string[];
  readonly nameOf: (state: number) => string;
}

/** Labels that are named before the text says how many more there are. */
const NAMED_LABELS = 8;

export function describeForesight(text: ForesightText): string {
  const { subject, unit, auxiliaries, foresight, broken, nuisances = [], notes = [], nameOf } = text;
  const { states, pairs, apart, byWordLength, byChain, classes, factors, task, kind } = foresight;
  const lines = [
    `${subject}, trained with ${auxiliaries.length > 0 ? `dynamics and ${auxiliaries.join(', ')}` : 'dynamics alone'}: ${formatCount(states)} ${unit}, ${formatCount(pairs)} pairs`,
    ...notes,
    '',
    `forced apart   ${share(apart, pairs)}`,
    ...byWordLength.map(
      ({ length, pairs: count }) =>
        `  ${(length === 0 ? 'at once' : `after ${length} ${length === 1 ? 'action' : 'actions'}`).padEnd(18)} ${formatCount(count)}`,
    ),
    ...(byChain !== null && byChain > 0 ? [`${`  by third ${unit}`.padEnd(20)} ${formatCount(byChain)}`] : []),
    `may merge      ${share(pairs - apart, pairs)}${byChain === null ? ' (pairs that only third observations tell apart were not looked for)' : ''}`,
    classes === 1
      ? 'One latent for all is enough: they may collapse.'
      : `${formatCount(classes)} latents are enough${kind === 'observed' ? ' (one way to merge them; another may need more or fewer)' : ''}.`,
    '',
    ...factors.map(describeFactor),
    ...nuisances.map(({ name, fate }) => `${name.padEnd(14)} ${fate} (images show it, the state does not)`),
  ];
  if (task) {
    const { needed, lost, labels } = task;
    lines.push(
      '',
      `${task.name}: needs ${formatCount(needed)} pairs apart; ${lost === 0 ? 'all of them are' : `${formatCount(lost)} of them may merge (${formatPercent(lost / needed)})`}`,
    );
    if (labels) {
      const named = labels.enough.slice(0, NAMED_LABELS).map(nameOf).join(', ');
      const more = labels.enough.length - NAMED_LABELS;
      lines.push(
        `  ${labels.enough.length} labels would keep them: ${named}${more > 0 ? ` and ${more} more` : ''}`,
        `  drawn at random, ${labels.random.median} labels (median), ${labels.random.most} in 19 of 20 draws; a label counts for all observations of its state`,
      );
    }
  }
  lines.push(
    '',
    ...broken,
    'This is of encoders with zero loss. What is forced apart must differ by then, the sooner the shorter the word; what may merge need not.',
  );
  return `${lines.join('\n')}\n`;
}

export function describeComparison({ run, rows, factors, agreement }: ForesightComparison): string {
  const lines = [
    `${run}: what happened to the pairs of states (held-out observations)`,
    '',
    '| foreseen | pairs | apart | between | merged |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ foreseen, length, pairs, apart, between, merged }) =>
        `| ${foreseen === 'apart' ? `apart ${length === 0 ? 'at once' : `after ${length}`}` : foreseen} | ${formatCount(pairs)} | ${[apart, between, merged].map((count) => formatPercent(count / pairs)).join(' | ')} |`,
    ),
    '',
    '| factor | foreseen | pairs that differ in it alone: apart |',
    '| --- | --- | --- |',
    ...factors.map(({ name, fate, apart }) => `| ${name} | ${fate} | ${formatPercent(apart)} |`),
    '',
    `${formatPercent(agreement)} of all pairs are as foreseen: apart where they must be, not apart where they may merge.`,
  ];
  return `${lines.join('\n')}\n`;
}

function share(count: number, all: number): string {
  return `${formatCount(count)}${all > 0 ? ` (${formatPercent(count / all)})` : ''}`;
}

function describeFactor({ name, fate, apart, isNeeded, isExogenous }: FactorForesight): string {
  const of = fate === 'kept in part' ? ` (${formatPercent(apart)} of the pairs that differ in it alone)` : '';
  const kind = isExogenous === undefined ? [] : [isExogenous ? 'exogenous' : 'controllable'];
  const needed = isNeeded === undefined ? [] : [isNeeded ? 'needed' : 'not needed'];
  const notes = [...kind, ...needed];
  const lost = isNeeded && fate !== 'kept' ? '  <- needed, and not forced' : '';
  return `${name.padEnd(14)} ${fate}${of}${notes.length > 0 ? `; ${notes.join(', ')}` : ''}${lost}`;
}
