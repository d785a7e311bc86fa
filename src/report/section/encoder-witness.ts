// The nearest observations that must be apart, of an encoder from anywhere: followed along the actions that were recorded from both, with
// their images, for a person to check by hand (docs/measures.md). It says what is shown, and promises nothing: no training is known.
import type { ForeignEvaluation } from '../../evaluation/foreign-encoder.ts';
import type { EncoderWitnessesRecord, FoundEncoderWitnessesRecord } from '../../evaluation/schema/encoder-witness.ts';
import type { EncoderEvaluationRecord } from '../../evaluation/schema/evaluation.ts';
import type { EncoderWitness } from '../../evaluation/witness/evaluate-encoder.ts';
import type { SeparationCause } from '../../evaluation/witness/separation.ts';
import { separationCause } from '../../evaluation/witness/separation-text.ts';
import type { ObservationInput, Observations } from '../../run/encode.ts';
import { elementCount } from '../../shape.ts';
import { capital } from '../capital.ts';
import { left, right } from '../column.ts';
import { formatCount, formatNumber, formatPercent } from '../number.ts';
import type { BlockOf, ReportBlock, ReportSection } from '../report.ts';
import { wordImages } from './word-images.ts';

/** Witnesses with images and every step; the table lists more. */
const SHOWN_WITNESSES = 3;
const LISTED_WITNESSES = 12;

/** Nothing where none were looked for. */
export function encoderWitnessSection(
  evaluation: Partial<Pick<ForeignEvaluation, 'input' | 'witnesses'>>,
  record: EncoderEvaluationRecord,
): readonly ReportSection[] {
  if (record.witnesses === undefined) return [];
  const { input, witnesses } = evaluation;
  const section = { id: 'witnesses', title: 'Witnesses', finding: capital(encoderWitnessFinding(record.witnesses)) };
  if (!witnesses?.isFound || input === undefined || record.witnesses.none !== null)
    return [{ ...section, blocks: [{ kind: 'text', paragraphs: [ABSENT] }] }];
  const found = witnesses.witnesses;
  const pictureOf = pictures(input.encoder.input, input.source.observationShape);
  return [
    {
      ...section,
      blocks: [
        { kind: 'text', paragraphs: [meaning(record.witnesses), ...predictionSentence(record, record.witnesses)] },
        // First, since what follows images stands beside them, in half of the width.
        witnessTable(found.slice(0, LISTED_WITNESSES)),
        ...found.slice(0, SHOWN_WITNESSES).flatMap((witness) => witnessBlocks(witness, pictureOf)),
      ],
    },
  ];
}

const ABSENT =
  'A witness is a pair of observations from which the same actions were recorded, after which a column differs: the two must be apart, ' +
  'and are named where their latents are the nearest.';

/** What was found, or why there are none, in one line; for the console too. */
export function encoderWitnessFinding(witnesses: EncoderWitnessesRecord): string {
  if (witnesses.none !== null) return `There are none: ${witnesses.none}.`;
  const { pairs, causes, checkedPairs, prediction, among } = witnesses;
  const parts =
    prediction === null
      ? `parted on the way: ${causes.stretch}`
      : `parted by errors of the predictor: ${causes.dynamics}, by the predictor itself: ${causes.distance}`;
  return `${pairs[0].sentence}. Nearest pairs of two ${among} that were followed: ${formatCount(checkedPairs)}; left to a head: ${causes.reading}, ${parts}.`;
}

function meaning({ column, of, candidates, words }: FoundEncoderWitnessesRecord): string {
  const differs = of === 'classes' ? 'another class' : 'another value';
  return (
    `Among ${formatCount(candidates)} observations these have the nearest latents of those from which the same ${words} actions lead to ${differs} of ` +
    `${column}. Whoever reads ${column} from the latents, now or after these actions, has to tell the two apart. Nothing is known of the ` +
    'training, so that nothing was promised: the constants are lower bounds by definition, and measured on these observations alone.'
  );
}

function predictionSentence(
  { predictor }: EncoderEvaluationRecord,
  { prediction, account, checkedPairs }: FoundEncoderWitnessesRecord,
): string[] {
  if (prediction === null || predictor === undefined) return [];
  const { transitions, usualError, relativeDynamicsResidual: relative } = prediction;
  return [
    `${predictor.file} is usually ${formatNumber(usualError)} away from the latent of what follows (${formatCount(transitions)} recorded transitions` +
      `${relative === null ? '' : `; ${formatNumber(relative)} of their variance`}). ` +
      (account === null
        ? ''
        : `Distances and errors along the actions add up to at least the distance at the end for ${account.holding} of ${checkedPairs} pairs: a check of the computation, which no networks can fail.`),
  ];
}

/** The bytes of an observation to look at: itself, or the first image of several inputs; undefined of numbers. */
function pictures(input: ObservationInput, shape: readonly number[]) {
  const parts = input.parts ?? [{ ...input, shape }];
  const image = parts.findIndex((part) => part.layout !== 'flat' && part.shape.length === 3);
  if (image < 0) return undefined;
  const offset = parts.slice(0, image).reduce((sum, part) => sum + elementCount(part.shape), 0);
  const { shape: own } = parts[image];
  const rowSize = elementCount(shape);
  return {
    shape: own,
    of: (observations: Observations, row: number) =>
      Uint8Array.from(observations.subarray(row * rowSize + offset, row * rowSize + offset + elementCount(own))),
  };
}

function witnessBlocks(witness: EncoderWitness, pictureOf: ReturnType<typeof pictures>): ReportBlock[] {
  return [
    ...(pictureOf === undefined ? [] : [imagesBlock(witness, pictureOf)]),
    { kind: 'text', paragraphs: [nearness(witness), `${capital(separationCause(witness.trace))}.`] },
    // What differs at once has no steps.
    ...(witness.trace.word.length === 0 ? [] : [stepTable(witness)]),
  ];
}

function imagesBlock(witness: EncoderWitness, pictureOf: NonNullable<ReturnType<typeof pictures>>): BlockOf<'images'> {
  const { trace, path } = witness;
  const { steps, breaks } = trace;
  return wordImages({
    ...{ caption: titleOf(witness), steps, focus: breaks.step, shape: pictureOf.shape },
    pixelsOf: (side, j) => pictureOf.of(path.observations, side * steps.length + j),
    noteOf(side, j) {
      const residuals = steps[j].dynamicsResiduals;
      const isBroken = breaks.kind === 'dynamics' && breaks.step === j && breaks.side === side;
      const missed = residuals === undefined || j === 0 ? '' : `, missed by ${formatNumber(residuals[side])}`;
      const value = j === steps.length - 1 ? `, ${witness.values[side]}` : '';
      return `${missed}${isBroken ? ': most here' : ''}${value}`;
    },
  });
}

function titleOf({ trace: { word, steps } }: EncoderWitness): string {
  const [first, second] = steps[0].states;
  return `${capital(first)} and ${second}, ${word.length === 0 ? 'different at once' : `told apart by ${word.join(', ')}`}`;
}

function nearness({ trace, relativeDistance, values }: EncoderWitness): string {
  const { steps, word } = trace;
  const share = Number.isFinite(relativeDistance)
    ? `${formatPercent(relativeDistance)} of the mean distance`
    : 'as all latents are';
  const later =
    word.length === 0 ? 'At once' : word.length === 1 ? 'One action later' : `The same ${word.length} actions later`;
  return `Their latents are ${formatNumber(steps[0].distance)} apart: ${share}. ${later} the first has ${values[0]}, the second ${values[1]}.`;
}

function stepTable(witness: EncoderWitness): BlockOf<'table'> {
  const { steps, breaks, contributions, stretches } = witness.trace;
  const isPredicted = contributions !== undefined;
  const marked = (j: number, side: number, value: number) => {
    const text = formatNumber(value);
    const isBroken = breaks.kind === 'dynamics' && breaks.step === j && breaks.side === side;
    return isBroken ? { text, tone: 'bad' as const } : text;
  };
  return {
    kind: 'table',
    caption: `${titleOf(witness)}: step by step`,
    columns: [
      ...[left('step'), left('first'), left('second'), right('latents apart')],
      ...(isPredicted ? [right('predictor misses first'), right('second')] : [right('times those before')]),
      right('column differs by'),
    ],
    rows: steps.map(({ action, states, distance, gap, dynamicsResiduals = [0, 0] }, j) => [
      ...[action === null ? 'start' : `${j}: ${action}`, ...states, formatNumber(distance)],
      ...(isPredicted
        ? dynamicsResiduals.map((value, side) => (j === 0 ? '' : marked(j, side, value)))
        : [j === 0 ? '' : open(stretches[j - 1])]),
      Number.isNaN(gap) ? '' : formatNumber(gap),
    ]),
  };
}

const causeNames: Readonly<Record<SeparationCause, string>> = {
  reading: 'a steep head',
  dynamics: 'errors of the predictor',
  distance: 'the predictor',
  stretch: 'a stretch on the way',
};

function witnessTable(witnesses: readonly EncoderWitness[]): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'The nearest pairs that must be apart, and what would have to part them',
    columns: [
      ...[left('pair'), left('actions'), right('latents apart'), right('of the mean'), right('at the end')],
      ...[right('a head, times the usual'), left('most by')],
    ],
    rows: witnesses.map(({ trace, relativeDistance }) => {
      const { steps, word, relativeSteepness, breaks } = trace;
      const at = breaks.kind === 'dynamics' || breaks.kind === 'stretch' ? `, step ${breaks.step}` : '';
      return [
        ...[steps[0].states.join(' – '), word.join(', ') || 'none', formatNumber(steps[0].distance)],
        Number.isFinite(relativeDistance) ? formatPercent(relativeDistance) : '',
        ...[formatNumber(steps[word.length].distance), open(relativeSteepness), `${causeNames[breaks.kind]}${at}`],
      ];
    }),
  };
}

function open(value: number): string {
  return Number.isFinite(value) ? formatNumber(value) : '∞';
}
