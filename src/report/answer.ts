// The verdict in words: the first screen of a report, and all that some readers read.
import type { AnyEvaluationRecord, EncoderRuntimeRecord } from '../evaluation/schema/evaluation.ts';
import { formatCount, formatNumber, formatPercent } from './number.ts';
import type { Report, Tone } from './report.ts';

export const verdictTones: Readonly<Record<EncoderRuntimeRecord['verdict'], Tone>> = {
  distinct: 'good',
  coarse: 'fair',
  collapsed: 'bad',
};

export const verdictHeadlines: Readonly<Record<EncoderRuntimeRecord['verdict'], string>> = {
  distinct: 'Distinct',
  coarse: 'Coarse',
  collapsed: 'Collapsed',
};

export function answerOf(record: AnyEvaluationRecord): Report['answer'] {
  const [first] = record.runtimes;
  return {
    tone: verdictTones[first.verdict],
    headline: verdictHeadlines[first.verdict],
    sentences: [orderSentence(first), recallSentence(record, first), roomSentence(first), certificateSentence(record)],
  };
}

function orderSentence({ centroidGapRatio, centroidGapRatioPair: [a, b] }: EncoderRuntimeRecord): string {
  const touching = 'the distance at which their balls of mean radius touch';
  if (centroidGapRatio === null) return 'The classes have no extent at all: each is one point, apart from the others.';
  if (centroidGapRatio >= 1)
    return `Every class stands apart: in the closest pair, ${a} and ${b}, the centroids are ${formatNumber(centroidGapRatio)} times ${touching}.`;
  return `Not every class stands apart: in the closest pair, ${a} and ${b}, the centroids are only ${formatNumber(centroidGapRatio)} times ${touching}.`;
}

function recallSentence(record: AnyEvaluationRecord, runtime: EncoderRuntimeRecord): string {
  const { nearestCentroidAccuracy, smallestRecall, smallestRecallClass } = runtime;
  const chance = formatPercent(1 / record.classes.names.length);
  return (
    `${formatPercent(nearestCentroidAccuracy)} of ${formatCount(record.observations)} held-out observations are nearest to ` +
    `their own class (chance: ${chance}); in the worst class, ${smallestRecallClass}, ${formatPercent(smallestRecall)}.`
  );
}

function roomSentence({ meanDistance, relativeSpread, reasons }: EncoderRuntimeRecord): string {
  const own = reasons.find(({ measure }) => measure === 'ownSpread');
  if (own !== undefined)
    return `Latents are ${formatNumber(meanDistance)} apart on average, ${formatNumber(own.value)} times as far as they are from 0.`;
  return (
    `Latents are ${formatNumber(meanDistance)} apart on average, ${formatNumber(relativeSpread)} times as far as the ` +
    'untrained encoder puts the same observations.'
  );
}

function certificateSentence({ runtimes, reference }: AnyEvaluationRecord): string {
  const verdicts = new Set(runtimes.map((runtime) => runtime.verdict));
  const failing = runtimes.filter((runtime) => !runtime.verdictHolds).map((runtime) => runtime.runtime);
  if (verdicts.size > 1)
    return `The verdict differs: ${runtimes.map((runtime) => `${runtime.runtime} ${runtime.verdict}`).join(', ')}.`;
  if (failing.length > 0)
    return `Rounding could change the verdict on ${failing.join(', ')}: see the runtimes for the classes at risk.`;
  const names = runtimes.map((runtime) => runtime.runtime).join(', ');
  const others = runtimes.filter((runtime) => runtime.runtime !== reference.runtime);
  if (others.length === 0) return `Measured on ${names}, the reference itself.`;
  const error = Math.max(...others.map((runtime) => runtime.maxLatentError));
  const gap = Math.min(...others.map((runtime) => runtime.decidingGap));
  return (
    `The verdict holds under the rounding of ${names}: twice the largest latent error (${formatNumber(2 * error)}, against ` +
    `${reference.runtime}) is below the smallest gap that decides it (${formatNumber(gap)}).`
  );
}
