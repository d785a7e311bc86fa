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
  const isUncertain = first.verdict === 'distinct' && first.separable.answer === 'undecided';
  return {
    tone: isUncertain ? 'fair' : verdictTones[first.verdict],
    headline: isUncertain ? `${verdictHeadlines[first.verdict]}, undecided` : verdictHeadlines[first.verdict],
    sentences: [separableSentence(first), clusteredSentence(first), roomSentence(first), certificateSentence(record)],
  };
}

const answerWords = { yes: 'Yes', no: 'No', undecided: 'Undecided' } as const;

function separableSentence({ separable, sharedLatents }: EncoderRuntimeRecord): string {
  const { answer, share, interval, threshold, pair } = separable;
  const [low, high] = [interval[0], interval[1] ?? 1];
  const shared =
    sharedLatents > 0
      ? ` ${formatPercent(sharedLatents)} of the observations have exactly the latent of another class.`
      : '';
  return (
    `Can the classes be told apart? ${answerWords[answer]}: in the worst pair, ${pair.join(' and ')}, ${formatPercent(share)} of the unseen ` +
    `observations are taken for their own class (95% interval ${formatPercent(low)} to ${formatPercent(high)}; asked for: ${formatPercent(threshold)}).${moreSentence(separable)}${shared}`
  );
}

/** What would decide an answer that is undecided. */
function moreSentence({
  answer,
  moreObservations: more,
}: {
  answer: string;
  moreObservations?: number | null;
}): string {
  if (answer !== 'undecided' || more === undefined) return '';
  return more === null
    ? ' It is too near the threshold, or seen too seldom, to say what would decide it.'
    : ` ${formatCount(more)} more observations would decide it.`;
}

function clusteredSentence({ clustered }: EncoderRuntimeRecord): string {
  const { answer, ratio, interval, threshold, pair } = clustered;
  if (ratio === null) return `Is each class one cluster? ${answerWords[answer]}: each is one point.`;
  return (
    `Is each class one cluster? ${answerWords[answer]}: in the worst pair, ${pair.join(' and ')}, the centres are ${formatNumber(ratio)} times ` +
    `as far apart as the classes spread between them (95% interval ${formatNumber(interval[0])} to ${formatNumber(interval[1])}; asked for: ${formatNumber(threshold)}).${moreSentence(clustered)}`
  );
}

function roomSentence({ meanDistance, relativeSpread, reasons }: EncoderRuntimeRecord): string {
  const own = reasons.find(({ measure }) => measure === 'roundingSteps');
  if (own !== undefined)
    return `Latents are ${formatNumber(meanDistance)} apart on average, ${formatNumber(own.value)} steps of their rounding.`;
  return (
    `Latents are ${formatNumber(meanDistance)} apart on average, ${formatNumber(relativeSpread)} times as far as the ` +
    'untrained encoder puts the same observations.'
  );
}

function certificateSentence(record: AnyEvaluationRecord): string {
  const { runtimes, reference } = record;
  const isElsewhere = 'encoder' in record && record.encoder.elsewhere !== undefined;
  if (isElsewhere && reference.runtime === runtimes[0].runtime)
    return 'These latents were computed elsewhere: the encoder was never seen, nothing was run, and without reference latents nothing is said of their rounding.';
  return `${isElsewhere ? 'These latents were computed elsewhere: the encoder was never seen. ' : ''}${comparedSentence(record)}`;
}

function comparedSentence({ runtimes, reference }: AnyEvaluationRecord): string {
  const verdicts = new Set(runtimes.map((runtime) => runtime.verdict));
  const failing = runtimes.filter((runtime) => !runtime.verdictHolds).map((runtime) => runtime.runtime);
  if (verdicts.size > 1)
    return `The verdict differs: ${runtimes.map((runtime) => `${runtime.runtime} ${runtime.verdict}`).join(', ')}.`;
  if (failing.length > 0)
    return `Rounding could change the verdict on ${failing.join(', ')}: see the runtimes for the classes at risk.`;
  const names = runtimes.map((runtime) => runtime.runtime).join(', ');
  const others = runtimes.filter((runtime) => runtime.runtime !== reference.runtime);
  if (others.length === 0) return `Measured on ${names}, the reference itself: nothing is said of other runtimes.`;
  const error = Math.max(...others.map((runtime) => runtime.maxLatentError));
  const gap = Math.min(...others.map((runtime) => runtime.decidingGap));
  return (
    `On these observations the verdict has a margin for the rounding of ${names}: twice the largest latent error measured (${formatNumber(2 * error)}, against ` +
    `${reference.runtime}) is below the smallest gap that decides it (${formatNumber(gap)}).`
  );
}
