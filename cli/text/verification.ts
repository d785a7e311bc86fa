// The record of a verification as text: a line a runtime, then what is wrong, and what is absent with the remedy.

import type { RanRow, VerificationRecord, VerificationRow } from '../../src/verification/schema.ts';
import { bisectionLines } from './comparison.ts';
import { shortNumber } from './number.ts';
import { withDashes } from './option.ts';
import { alignedTable } from './table.ts';

type Column = readonly [name: string, value: (row: RanRow) => string];

const columns: readonly Column[] = [
  ['runtime', (r) => r.runtime],
  [
    'holds',
    (r) => (r.holds ? (r.isReference ? 'the reference' : 'yes') : r.model === 'float32' ? 'NO' : 'not certain'),
  ],
  ['verdict', (r) => r.verdict],
  ['latent error', (r) => shortNumber(r.maxLatentError)],
  ['relative', (r) => shortNumber(r.relativeLatentError)],
  ['1 - cosine', (r) => shortNumber(1 - r.smallestCosine)],
  ['predictor error, 1 and 2 ahead', (r) => r.predictorErrors.map(shortNumber).join(', ')],
  ['recorded', (r) => shortNumber(r.recordedError)],
  ['accuracy', (r) => r.nearestCentroidAccuracy.toFixed(4)],
  ['certified', (r) => r.certifiedAccuracy.toFixed(4)],
  ['gap ratio', (r) => shortNumber(r.centroidGapRatio)],
  ['ms', (r) => shortNumber(r.millisecondsPerObservation)],
  ['threads', (r) => String(r.threads)],
  ['precision', (r) => (r.model === 'float32' ? r.precision : `${r.model} encoder`)],
  ['version', (r) => r.version],
  ['provider', (r) => r.provider],
  ['device', (r) => r.device],
];

export function renderVerification(record: VerificationRecord): string {
  const { run, observations, centroidObservations, recordedObservations, classes, reference, tolerances } = record;
  const ran = record.runtimes.filter((row) => row.status === 'ran');
  const head = [
    `${run}: ${observations} ${observationKind(record)} observations, centroids of ${centroidObservations} others, ` +
      `${recordedObservations} recorded at export, ${classes.names.length} classes (by ${classes.of})`,
    `reference: ${reference.runtime} (${reference.provider}, ${reference.version}): ${reference.verdict}`,
    `tolerances: latents ${shortNumber(tolerances.latent)} (half of the deciding gap of ${shortNumber(tolerances.decidingGap)}), ` +
      `predictions ${tolerances.predictor.map(shortNumber).join(' and ')} one and two actions ahead`,
    ...(ran.length > 0 ? [`batch sizes: ${ran[0].batchSizes.join(', ')}`] : []),
    '',
  ];
  const table = [columns.map(([name]) => name), ...ran.map((row) => columns.map(([, value]) => value(row)))];
  const lines = alignedTable(table);
  const notes = [...record.runtimes.flatMap(notesOf), ...variantNote(record)];
  return `${[...head, ...lines, ...(notes.length > 0 ? ['', ...notes] : []), ...(record.bisection === undefined ? [] : ['', ...bisectionLines(record.bisection)])].join('\n')}\n`;
}

function observationKind({ observedFrom }: VerificationRecord): string {
  return observedFrom === 'random' ? 'random (the recording is not there)' : 'held-out';
}

function notesOf(row: VerificationRow): string[] {
  if (row.status === 'ran')
    return [
      ...row.faults.map((fault) => `${row.runtime}: ${fault}`),
      ...(row.holds && row.pairsAtRisk.length > 0 ? [`${row.runtime}: ${riskOf(row)}`] : []),
    ];
  const remedy = row.remedy === null ? '' : ` ${withDashes(row.remedy)}`;
  return [
    `${row.runtime}: ${row.status}${row.isRequired ? ', though required' : ''}: ${withDashes(row.reason)}.${remedy}`,
  ];
}

/** Why a variant that is not certain is no failure, where it is none. */
function variantNote({ holds, runtimes }: VerificationRecord): string[] {
  const names = runtimes.flatMap((row) =>
    row.status === 'ran' && !row.holds && row.model !== 'float32' ? [row.runtime] : [],
  );
  if (!holds || names.length === 0) return [];
  return [`${names.join(', ')}: optional, so no failure; name it in --runtimes or --require to make it one`];
}

/** Single observations that could change sides though the verdict holds. */
function riskOf({ pairsAtRisk }: RanRow): string {
  const count = pairsAtRisk.reduce((sum, { observations }) => sum + observations, 0);
  const pairs = pairsAtRisk.slice(0, 3).map(({ classes, observations }) => `${classes.join(' as ')} (${observations})`);
  return `${count} ${count === 1 ? 'observation' : 'observations'} could change sides: ${pairs.join(', ')}`;
}
