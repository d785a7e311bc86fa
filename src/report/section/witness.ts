// Why observations that must be told apart have near latents: the nearest pairs followed along their shortest distinguishing
// words, with their images, for a person to check by hand (docs/bisimulation.md).

import type { Evaluation } from '../../evaluation/evaluate.ts';
import type { EvaluationRecord } from '../../evaluation/schema/evaluation.ts';
import type { FoundWitnessesRecord, WitnessesRecord } from '../../evaluation/schema/inspection.ts';
import type { BoundedWitness } from '../../evaluation/witness/evaluate.ts';
import type { TraceStep } from '../../evaluation/witness/witness.ts';
import { elementCount } from '../../shape.ts';
import { left, right } from '../column.ts';
import { formatCount, formatNumber, formatPercent } from '../number.ts';
import type { BlockOf, ReportBlock, ReportSection } from '../report.ts';
import { wordImages } from './word-images.ts';

/** Witnesses with images and every step; the table lists more. */
const SHOWN_WITNESSES = 3;
const LISTED_WITNESSES = 12;

export function witnessSection(evaluation: Evaluation, record: EvaluationRecord): ReportSection {
  const { inspection, input } = evaluation;
  const section = { id: 'witnesses', title: 'Witnesses', finding: witnessFinding(record.witnesses) };
  const { witnesses } = inspection;
  if (!witnesses.isFound || record.witnesses.none !== null)
    return { ...section, blocks: [{ kind: 'text', paragraphs: [extraInformation(record)] }] };
  const auxiliary = input.auxiliaries.map(({ name }) => name).join(' and ');
  const usual = usualResidual(evaluation, record);
  const found = witnesses.witnesses;
  return {
    ...section,
    blocks: [
      { kind: 'text', paragraphs: [scaleSentence(evaluation, record, usual)] },
      ...found
        .slice(0, SHOWN_WITNESSES)
        .flatMap((witness) => witnessBlocks(witness, { auxiliary, usual, shape: input.source.observationShape })),
      witnessTable(found.slice(0, LISTED_WITNESSES), auxiliary),
      boundTable(record.witnesses),
      {
        kind: 'text',
        paragraphs: [accountSentence(record.witnesses), ...weightsSentence(record.witnesses), extraInformation(record)],
      },
    ],
  };
}

/** What was found, or why there are none, in one line; for the console too. */
export function witnessFinding(witnesses: WitnessesRecord): string {
  if (witnesses.none !== null) return `There are none: ${witnesses.none}.`;
  const { pairs, causes, checkedPairs, words } = witnesses;
  const of = words === 'recorded' ? 'episodes' : 'classes';
  return (
    `${pairs[0].sentence}. Of the nearest pairs of ${formatCount(checkedPairs)} pairs of ${of}, the errors of the predictor are the largest ` +
    `cause in ${causes.dynamics}, those of the auxiliary head in ${causes.auxiliary}; in ${causes.distance} no loss is broken.`
  );
}

/** Length of the usual difference between the predicted and the encoded latent, from the residual, which is a mean over D numbers. */
function usualResidual({ runtimes }: Evaluation, { runtimes: [measures] }: EvaluationRecord): number {
  return Math.sqrt(measures.dynamicsResidual * runtimes[0].latents.size);
}

/** The trap of small losses: the residual as a length, beside the distance of the closest classes. */
function scaleSentence({ runtimes }: Evaluation, { runtimes: [measures] }: EvaluationRecord, usual: number): string {
  const [{ distinctness, latents }] = runtimes;
  const { worstPair, centroidDistances } = distinctness.centroids;
  const distance = centroidDistances[worstPair[0] * latents.classCount + worstPair[1]];
  const comparison =
    usual >= distance
      ? 'The errors of single steps are as large as what should tell these classes apart, and they add up along a word: so small losses do not keep the classes distinct.'
      : 'The errors of single steps are smaller than what tells the closest classes apart.';
  return (
    `A dynamics residual of ${formatNumber(measures.dynamicsResidual)} is a mean over the ${latents.size} numbers of a latent. As a length, the ` +
    `predictor's latent is usually ${formatNumber(usual)} away from the encoder's. The centroids of the closest classes, ` +
    `${measures.centroidGapRatioPair.join(' and ')}, are ${formatNumber(distance)} apart. ${comparison}`
  );
}

const constantNames: Readonly<Record<FoundWitnessesRecord['bounds'][number]['constants'], string>> = {
  everywhere: 'upper bounds of the weights for any two latents',
  between: 'upper bounds of the weights between the two latents',
  measured: 'slopes measured between the two latents, no upper bounds',
};

function accountSentence({ account, checkedPairs }: FoundWitnessesRecord): string {
  return (
    'Checked: where two observations have one latent, and the auxiliary differs after some word, some loss along that word cannot be zero. ' +
    `For ${account.holding} of ${checkedPairs} pairs, errors and distances along the word add up to at least the difference of the ` +
    `auxiliary (the smallest sum: ${formatPercent(account.smallestAccount)} of it).`
  );
}

function weightsSentence({ missingWeights }: FoundWitnessesRecord): string[] {
  return missingWeights === null ? [] : [`There are no upper bounds from the weights: ${missingWeights}.`];
}

function boundTable({ bounds }: FoundWitnessesRecord): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'The least distance that the errors leave to a pair, by Lipschitz constants',
    columns: [left('constants'), right('pairs'), right('it holds for'), right('it is above 0 for')],
    rows: bounds.map(({ constants, pairs, holding, telling }) => [
      constantNames[constants],
      String(pairs),
      holding === pairs ? String(holding) : { text: String(holding), tone: 'bad' },
      String(telling),
    ]),
  };
}

/** The theorem is one-sided: what varies within a class is not forbidden. */
function extraInformation({ runtimes: [measures], classes }: EvaluationRecord): string {
  const { meanDistanceWithin: within, meanDistanceBetween: between } = measures;
  const kind = classes.of === 'state' ? 'of one state' : 'of one class';
  if (within === null) return `No two of the observations were ${kind}.`;
  return (
    `Extra information kept: two observations ${kind} are ${formatNumber(within)} apart on average, of different ones ` +
    `${formatNumber(between)} (${formatNumber(within / between)} of it). The theorem does not forbid them to differ; it only ` +
    'forbids different classes to meet.'
  );
}

interface WitnessContext {
  /** Names of the auxiliaries. */
  readonly auxiliary: string;
  /** Usual length of a dynamics residual. */
  readonly usual: number;
  readonly shape: readonly number[];
}

function witnessBlocks(witness: BoundedWitness, context: WitnessContext): ReportBlock[] {
  const { observations } = witness.path;
  return [
    ...(observations instanceof Uint8Array && context.shape.length === 3
      ? [imagesBlock(witness, observations, context.shape)]
      : []),
    {
      kind: 'text',
      paragraphs: [nearness(witness, context.auxiliary), cause(witness, context), leastDistance(witness)],
    },
    stepTable(witness),
  ];
}

function titleOf({ trace: { word, steps } }: BoundedWitness): string {
  const [first, second] = steps[0].states;
  return `${first} and ${second}, ${word.length === 0 ? 'different at once' : `told apart by ${word.join(', ')}`}`;
}

function nearness({ trace, relativeDistance }: BoundedWitness, auxiliary: string): string {
  const { steps, word, gap } = trace;
  const [first, second] = steps[0].states;
  const [firstEnd, secondEnd] = steps[word.length].states;
  const must =
    word.length === 0
      ? `They must be told apart: ${auxiliary} differs between them by ${formatPlain(gap)}.`
      : `They must be told apart: ${word.length === 1 ? 'one action' : `${word.length} actions`} later the first is at ${firstEnd}, the ` +
        `second at ${secondEnd}, and there ${auxiliary} differs by ${formatPlain(gap)}.`;
  const share = Number.isFinite(relativeDistance)
    ? `${formatPercent(relativeDistance)} of the mean distance`
    : 'as all latents are';
  return `An observation of ${first} and one of ${second} have latents that are ${formatNumber(steps[0].distance)} apart: ${share}. ${must}`;
}

function cause({ trace: { breaks, steps } }: BoundedWitness, { auxiliary, usual }: WitnessContext): string {
  const share = formatPercent(breaks.share);
  const side = breaks.side ?? 0;
  const step = steps[breaks.step];
  switch (breaks.kind) {
    case 'distance':
      return `No loss is broken: predictor and auxiliary head make the needed difference out of this distance (${share} of the explanation). The pair is near, and kept apart.`;
    case 'dynamics': {
      const residual = step.dynamicsResiduals[side];
      const ratio = usual > 0 ? `, ${formatNumber(residual / usual)} times the usual ${formatNumber(usual)}` : '';
      return (
        `It breaks at step ${breaks.step} (${step.action}): from the latent of ${steps[breaks.step - 1].states[side]}, the predictor ends ` +
        `${formatNumber(residual)} away from the latent that the encoder gives to ${step.states[side]}${ratio}. The errors of this step are the ` +
        `largest cause: ${share} of the explanation.`
      );
    }
    case 'auxiliary':
      return (
        `It breaks at the end, in the auxiliary head: it misses ${auxiliary} of ${step.states[side]} by ` +
        `${formatNumber(step.auxiliaryResiduals[side])}. That is the largest cause: ${share} of the explanation.`
      );
  }
}

function leastDistance({ bounds }: BoundedWitness): string {
  const violated = bounds.find(({ holds }) => !holds);
  if (violated !== undefined)
    return `The least distance of ${formatNumber(violated.bound)}, by ${constantNames[violated.constants]}, is violated: ${
      violated.constants === 'measured'
        ? 'the slopes between the measured points are steeper'
        : 'the networks that ran are not those whose weights were read'
    }.`;
  const telling = bounds.filter(({ bound }) => bound > 0);
  if (telling.length === 0)
    return 'With errors this large, no least distance follows: they could hide the whole difference, and the pair may lie anywhere.';
  const listed = telling.map(({ bound, constants }) => `${formatNumber(bound)} by ${constantNames[constants]}`);
  return `With errors this small, the latents must be at least so far apart: ${listed.join('; ')}. They are.`;
}

function imagesBlock(witness: BoundedWitness, observations: Uint8Array, shape: readonly number[]): BlockOf<'images'> {
  const { steps, breaks, word } = witness.trace;
  const rowSize = elementCount(shape);
  return wordImages({
    ...{ caption: titleOf(witness), steps, focus: breaks.step, shape },
    pixelsOf(side, j) {
      const row = side * (word.length + 1) + j;
      return observations.subarray(row * rowSize, (row + 1) * rowSize);
    },
    noteOf(side, j) {
      const isBroken = breaks.kind === 'dynamics' && breaks.step === j && breaks.side === side;
      const missed = formatNumber(steps[j].dynamicsResiduals[side]);
      return j === 0 ? '' : `, missed by ${missed}${isBroken ? ': it breaks here' : ''}`;
    },
  });
}

/** Without the zeros of three digits: a reward is 1, not 1.00. */
function formatPlain(value: number): string {
  return formatNumber(value).replace(/\.0+$/, '');
}

function stepTable(witness: BoundedWitness): BlockOf<'table'> {
  const { steps, breaks } = witness.trace;
  const marked = (kind: 'dynamics' | 'auxiliary', j: number, side: number, value: number) => {
    const text = formatNumber(value);
    return breaks.kind === kind && breaks.step === j && breaks.side === side ? { text, tone: 'bad' as const } : text;
  };
  return {
    kind: 'table',
    caption: `${titleOf(witness)}: step by step`,
    columns: [
      left('step'),
      left('first'),
      left('second'),
      right('latents apart'),
      right('predictor misses first'),
      right('second'),
      right('head misses first'),
      right('second'),
    ],
    rows: steps.map(({ action, states, distance, dynamicsResiduals, auxiliaryResiduals }: TraceStep, j) => [
      action === null ? 'start' : `${j}: ${action}`,
      ...states,
      formatNumber(distance),
      ...dynamicsResiduals.map((value, side) => (j === 0 ? '' : marked('dynamics', j, side, value))),
      ...auxiliaryResiduals.map((value, side) => marked('auxiliary', j, side, value)),
    ]),
  };
}

const causeNames = { distance: 'nothing: the distance', dynamics: 'predictor', auxiliary: 'auxiliary head' };

function witnessTable(witnesses: readonly BoundedWitness[], auxiliary: string): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'The nearest pairs that a word tells apart, and what breaks',
    columns: [
      left('pair'),
      left('word'),
      right('latents apart'),
      right('of the mean distance'),
      right(`${auxiliary} differs by`),
      left('breaks'),
      left('at step'),
      right('share'),
      right('least distance'),
    ],
    rows: witnesses.map(({ trace, relativeDistance, bounds }) => {
      const { steps, word, gap, breaks } = trace;
      const upper = bounds.filter(({ constants }) => constants !== 'measured').map(({ bound }) => bound);
      return [
        steps[0].states.join(' – '),
        word.join(' ') || 'none',
        formatNumber(steps[0].distance),
        Number.isFinite(relativeDistance) ? formatPercent(relativeDistance) : '',
        formatPlain(gap),
        causeNames[breaks.kind],
        breaks.kind === 'dynamics' ? `${breaks.step} of ${word.length}` : '',
        formatPercent(breaks.share),
        upper.length > 0 ? formatNumber(Math.max(...upper)) : '',
      ];
    }),
  };
}
