// What ran and what it measured, as a table and in sentences.

import { verdictHeadlines, verdictTones } from '../../../src/report/answer.ts';
import { formatCount, formatNumber, formatPercent } from '../../../src/report/number.ts';
import type { WorldModelRuntime } from '../../world-model.ts';
import type { Measurement } from '../measurement.ts';
import type { World } from '../world.ts';
import { element } from './dom.ts';

export function measurementTable(runtime: WorldModelRuntime, measurement: Measurement): HTMLElement {
  const { decision, centroids } = measurement.distinctness;
  const cells: readonly (readonly [name: string, value: string | Node])[] = [
    ['Runtime', runtime.runtime === 'webgpu' ? 'WebGPU' : 'WebAssembly'],
    ['Provider', runtime.adapter ?? 'CPU'],
    ['Threads', String(runtime.threads)],
    ['Time per observation', `${formatNumber(measurement.msPerObservation)} ms`],
    ['Observations', formatCount(measurement.latents.count)],
    ['Accuracy', formatPercent(centroids.accuracy)],
    [
      'Centroid gap ratio',
      formatNumber(Number.isFinite(centroids.centroidGapRatio) ? centroids.centroidGapRatio : null),
    ],
    [
      'Verdict',
      element('span', { class: `tag ${verdictTones[decision.verdict]}` }, verdictHeadlines[decision.verdict]),
    ],
  ];
  return factTable(cells);
}

/** One row of values under their names. */
export function factTable(cells: readonly (readonly [name: string, value: string | Node])[]): HTMLElement {
  return element(
    'div',
    { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': 'Measurements' },
    element(
      'table',
      { 'aria-label': 'Measurements' },
      element('thead', {}, element('tr', {}, ...cells.map(([name]) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, element('tr', {}, ...cells.map(([, value]) => element('td', {}, value)))),
    ),
  );
}

/** Sentences on how the numbers came to be; commands in them between backticks. */
export function measurementNotes(runtime: WorldModelRuntime, { latents, asked }: Measurement, world: World): string[] {
  const why = latents.count > asked ? 'every state must be seen a few times' : 'there are no more';
  const instead = `${formatCount(latents.count)} observations instead of ${formatCount(asked)}: ${why}.`;
  return [
    runtime.reason,
    ...runtime.notes,
    ...(latents.count === asked ? [] : [instead]),
    ...world.notes(latents.count),
  ];
}

const answerWords = { yes: 'yes', no: 'no', undecided: 'undecided' } as const;

export function answerSentence(
  { latents, distinctness }: Pick<Measurement, 'latents' | 'distinctness'>,
  names: readonly string[],
): string {
  const { separability, organisation, decision } = distinctness;
  const pair = ([a, b]: readonly [number, number]) => `${names[a]} and ${names[b]}`;
  return (
    `Can the ${names.length} classes be told apart? ${answerWords[decision.separable]}: in the worst pair, ${pair(separability.worstPair)}, ` +
    `${formatPercent(separability.share)} of ${formatCount(latents.count)} unseen observations are taken for their own class. ` +
    `Is each class one cluster? ${answerWords[decision.clustered]}: in the worst pair, ${pair(organisation.worstPair)}, the centres are ` +
    `${formatNumber(Number.isFinite(organisation.ratio) ? organisation.ratio : null)} times as far apart as the classes spread between them.`
  );
}

/** A sentence whose parts between backticks are code. */
export function sentenceItem(sentence: string): HTMLElement {
  const parts = sentence.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
  return element('li', {}, ...parts);
}
