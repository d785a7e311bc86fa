// A rounding certificate as text: what is proven first, then what widens the bounds, then what was measured beside them.
import { existsSync } from 'node:fs';
import { type ProofRecord, proofPath, readProof } from '../../src/evaluation/schema/proof.ts';
import { shortNumber } from './number.ts';

export function renderProof(record: ProofRecord): string {
  const { encoder, observations, centroidObservations, classes, hypotheses, latentErrorBound, measured } = record;
  const order =
    hypotheses.additions === null
      ? 'in any order of summation'
      : `with at most ${hypotheses.additions} additions between a product and its sum`;
  const lines = [
    `${encoder.file}: ${observations} held-out observations of ${record.observed}, centroids of ${centroidObservations} others, ${classes.count} classes (by ${classes.of})`,
    `proven for every runtime that computes in float32, ${order}, with or without fused multiply-add:`,
    '',
    `nearest class cannot change   ${percent(record.certified)} of the observations, ${percent(record.certifiedOfRight)} of those that are right`,
    `nearest-centroid accuracy     ${share(record.accuracy)} in float64; ${range(record.accuracyRange)} on every runtime`,
    `smallest recall of a class    ${range(record.smallestRecallRange)} on every runtime`,
    ...verdictLines(record),
    `error of a latent             at most ${shortNumber(latentErrorBound.largest)}, in the median ${shortNumber(latentErrorBound.median)}, of a length of ${shortNumber(record.latentScale)}`,
    ...measured.map(
      (each) =>
        `measured on ${each.runtime.padEnd(17)} ${shortNumber(each.largest)}, ${shortNumber(each.largestPart)} of the bound at most; ${each.elsewhere} observations elsewhere (${each.version})`,
    ),
    '',
    `widened most by: ${record.widest.map(({ node, operator, share: part }) => `${node} (${operator}) ${percent(part)}`).join(', ')}`,
    ...undecidedLines(record),
    `${shortNumber(record.millisecondsPerObservation)} ms an observation`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Both answers of the verdict, and whether every such runtime gives them. */
function verdictLines({ verdict }: ProofRecord): string[] {
  if (verdict === undefined) return [];
  if (verdict === null) return ['verdict                       not asked: fewer than two observations of a class'];
  const { separable, clustered } = verdict;
  const line = ({ answer, isProven, pair }: typeof separable, what: string) =>
    `${answer}${isProven ? ' on every runtime' : answer === 'undecided' ? '' : ' in float64, not proven of every runtime'}: ${what}${isProven ? '' : ` (the least certain: ${pair.join(' and ')})`}`;
  const [low, high] = clustered.range;
  return [
    `classes told apart            ${line(separable, `by neighbours at least ${percent(separable.range[0])} of the worst pair, ${percent(separable.threshold)} asked for`)}`,
    `each one cluster              ${line(clustered, `ratio ${shortNumber(low)} to ${high === null ? 'infinite' : shortNumber(high)}, ${clustered.threshold} asked for`)}`,
  ];
}

/** The verdict in a few words. */
function verdictWords({ verdict }: ProofRecord): string {
  if (verdict === undefined || verdict === null) return '';
  const { isDistinct, separable, clustered } = verdict;
  const word = (question: string, { answer, isProven }: typeof separable) =>
    `${question}: ${isProven ? `${answer}, proven` : answer === 'undecided' ? answer : 'not proven'}`;
  return `verdict ${isDistinct ? 'distinct, proven' : 'not proven'} (${word('told apart', separable)}; ${word('each one cluster', clustered)}), `;
}

/**
 * One line of what was proven of an encoder, to stand beside what was measured; empty where `jepa certify` was not run on this file.
 * @param subject the folder of the run, or the encoder's path
 */
export async function proofLine(subject: string, encoder: string): Promise<string> {
  // Most encoders have none, and hashing one reads all its weights.
  if (!existsSync(proofPath(subject))) return '';
  const { lookAtEncoder } = await import('../../pipeline/encoder/file.ts');
  const { sha256 } = await lookAtEncoder(encoder);
  const proof = readProof(proofPath(subject), sha256);
  if (proof === undefined) return '';
  const { latentErrorBound, certifiedOfRight, accuracyRange, observations } = proof;
  return (
    `\nproven of every float32 runtime: ${verdictWords(proof)}latent error at most ${shortNumber(latentErrorBound.largest)}; ` +
    `${percent(certifiedOfRight)} of those that are right are certain, accuracy ${range(accuracyRange)} ` +
    `(${observations} observations, jepa certify)\n`
  );
}

function undecidedLines({ undecided, widest }: ProofRecord): string[] {
  if (undecided.length === 0) return [];
  const pairs = undecided.slice(0, 5).map(({ classes, observations }) => `${classes.join(' or ')} (${observations})`);
  return [
    `not decided: ${pairs.join(', ')}${undecided.length > 5 ? ' and others' : ''}; the bounds are too wide there, mostly by ${widest[0]?.node ?? 'nothing'}`,
  ];
}

function percent(value: number): string {
  return `${(100 * value).toFixed(value > 0.9 && value < 1 ? 2 : 1)}%`;
}

function share(value: number): string {
  return value.toFixed(4);
}

function range([low, high]: readonly [number, number]): string {
  return low === high ? share(low) : `${share(low)} to ${share(high)}`;
}
