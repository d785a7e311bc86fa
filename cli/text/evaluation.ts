// The record of an evaluation as text: one column a runtime, one line a measure.
import type { AnyEvaluationRecord, AnyRuntimeRecord } from '../../src/evaluation/schema/evaluation.ts';
import type { StreamRecord } from '../../src/evaluation/schema/stream-record.ts';
import { decoderFinding } from '../../src/report/section/decoder.ts';
import { encoderWitnessFinding } from '../../src/report/section/encoder-witness.ts';
import { probeFinding } from '../../src/report/section/probe.ts';
import { witnessFinding } from '../../src/report/section/witness.ts';
import { simulationOrigin } from '../../src/report/simulation-origin.ts';
import { shortNumber } from './number.ts';
import { alignedTable } from './table.ts';

type Row = readonly [label: string, value: (runtime: AnyRuntimeRecord) => string];

const rows: readonly Row[] = [
  ['provider', (r) => r.provider],
  ['version', (r) => r.version],
  ['threads', (r) => (r.threads === 0 ? '-' : String(r.threads))],
  ['precision', (r) => r.precision],
  ['ms an observation', (r) => shortNumber(r.encodeMs ?? null)],
  [
    'verdict',
    (r) => (r.verdict === 'distinct' && r.separable.answer === 'undecided' ? 'distinct, undecided' : r.verdict),
  ],
  ['classes told apart', ({ separable: s }) => `${s.answer} (${percent(s.share)}, ${interval(s.interval, percent)})`],
  ['  worst pair', ({ separable: s }) => s.pair.join(' - ')],
  [
    'each one cluster',
    ({ clustered: c }) => `${c.answer} (${shortNumber(c.ratio)}, ${interval(c.interval, shortNumber)})`,
  ],
  ['  worst pair', ({ clustered: c }) => c.pair.join(' - ')],
  ['with the latent of another class', (r) => percent(r.sharedLatents)],
  ['verdict holds', (r) => (r.verdictHolds ? 'yes' : 'no')],
  ['nearest-centroid accuracy', (r) => r.nearestCentroidAccuracy.toFixed(4)],
  ['smallest recall', (r) => `${r.smallestRecall.toFixed(4)} (class ${r.smallestRecallClass})`],
  ['1-NN accuracy', (r) => r.nearestNeighbourAccuracy.toFixed(4)],
  ['centroid gap ratio', (r) => `${shortNumber(r.centroidGapRatio)} (${r.centroidGapRatioPair.join(' - ')})`],
  ['gap ratio', (r) => `${shortNumber(r.gapRatio)} (${r.gapRatioPair.join(' - ')})`],
  ['silhouette', (r) => r.silhouette.toFixed(3)],
  ['mean distance', (r) => shortNumber(r.meanDistance)],
  ['times the untrained one', (r) => shortNumber(r.relativeSpread)],
  ['latent standard deviation', (r) => shortNumber(r.latentStd)],
  ['effective rank, centred', (r) => shortNumber(r.effectiveRank)],
  ['RankMe, not centred', (r) => shortNumber(r.rankMe)],
  [
    'alpha-ReQ',
    (r) =>
      r.alphaReQ === null ? '-' : `${shortNumber(r.alphaReQ.alpha)} (ranks ${r.alphaReQ.from} to ${r.alphaReQ.to})`,
  ],
  ['LiDAR', (r) => shortNumber(r.lidar)],
  ['intrinsic dimension', (r) => shortNumber(r.intrinsicDimension)],
  ['certified accuracy', (r) => r.certifiedAccuracy.toFixed(4)],
  ['largest latent error', (r) => shortNumber(r.maxLatentError)],
  ['smallest deciding gap', (r) => shortNumber(r.decidingGap)],
];

/** Of what only a world model has. */
const worldRows: readonly Row[] = [
  ['dynamics residual', (r) => shortNumber(r.dynamicsResidual ?? null)],
  ['  over the variance', (r) => shortNumber(r.relativeDynamicsResidual ?? null)],
  [
    'auxiliary residual',
    ({ auxiliaryResiduals = [] }) =>
      auxiliaryResiduals.map(({ name, residual }) => `${shortNumber(residual)} (${name})`).join(', ') || 'none',
  ],
];

export function renderEvaluation(record: AnyEvaluationRecord): string {
  const { observations, centroidObservations, classes, reference } = record;
  const runtimes: readonly AnyRuntimeRecord[] = record.runtimes;
  const isWorld = 'run' in record;
  const name = isWorld ? record.run : record.encoder.file;
  const shown = rows.flatMap((row) => (isWorld && row[0] === 'largest latent error' ? [...worldRows, row] : [row]));
  const head = [
    `${name}: ${observations} held-out observations, centroids of ${centroidObservations} others, ` +
      `${classes.names.length} classes (by ${classes.of})`,
    ...(!isWorld && record.encoder.elsewhere
      ? ['latents that were computed elsewhere: the encoder was never seen, and nothing was run']
      : []),
    ...originLines(record),
    ...(record.stream ? streamLines(record.stream) : []),
    `reference: ${reference.runtime} (${reference.provider}, ${reference.version})`,
    '',
  ];
  const table = [
    ['', ...runtimes.map((r) => r.runtime)],
    ...shown.map(([label, value]) => [
      label,
      ...runtimes.map((r) =>
        label === 'verdict holds' && r.runtime === reference.runtime ? 'is the reference' : value(r),
      ),
    ]),
  ];
  const lines = alignedTable(table);
  const risks = [
    ...runtimes.flatMap((r) => undecidedLines(r)),
    ...runtimes.flatMap((r) =>
      r.verdictHolds
        ? r.pairsAtRisk.length > 0
          ? [`${r.runtime}: observations that could change sides${listOfRisks(r)}`]
          : []
        : [`${r.runtime}: ${describeRisk(r)}`],
    ),
  ];
  const readings = isWorld
    ? [
        '',
        `witnesses: ${witnessFinding(record.witnesses)}`,
        ...(record.decoder ? ['', decoderFinding(record.decoder)] : []),
        ...(record.probes ? ['', probeFinding(record.probes)] : []),
      ]
    : record.witnesses && !record.encoder.elsewhere
      ? ['', `witnesses: ${encoderWitnessFinding(record.witnesses)}`]
      : [];
  return `${[...head, ...lines, ...(risks.length > 0 ? ['', ...risks] : []), ...readings].join('\n')}\n`;
}

/** Where the observations come from, and what is known of the classes, where it is not an environment's own. */
function originLines({ environment, classes }: AnyEvaluationRecord): string[] {
  return [
    ...(environment.simulation ? [`recorded in: ${simulationOrigin(environment.simulation)}`] : []),
    ...(classes.claim ? [`classes: ${classes.claim}`] : []),
  ];
}

/** How so many observations were measured, and how sure the means over queries are. */
function streamLines({ digest, queries, standardErrors, smallestGap, sample }: StreamRecord): string[] {
  const { meanDistance, nearestNeighbourAccuracy, silhouette } = standardErrors;
  const [low, high] = smallestGap;
  const gap =
    low === high
      ? `is ${shortNumber(low)}`
      : `lies between ${shortNumber(low)} and ${high === null ? 'infinity' : shortNumber(high)}`;
  return [
    `streamed: 1-NN accuracy (± ${shortNumber(2 * nearestNeighbourAccuracy)}), silhouette (± ${shortNumber(2 * silhouette)}) and mean distance (± ${shortNumber(2 * meanDistance)}) are of ${queries} ` +
      `observations against all, two standard errors given; the smallest gap ${gap}`,
    `told apart, clusters, LiDAR and the deciding gap are of a sample of ${sample.observations} and ${sample.centroidObservations} observations, ${sample.classes} classes`,
    `digest: ${digest}`,
  ];
}

/** What would decide where an interval has its threshold inside. */
function undecidedLines({ runtime, separable, clustered }: AnyRuntimeRecord): string[] {
  const decided = (more: number, stays: string) => `${more} more observations would decide it, if the ${stays}`;
  const line = (question: string, what: string) => `${runtime}: whether ${question} is undecided: ${what}`;
  const lines: string[] = [];
  if (separable.answer === 'undecided') {
    const { moreObservations: more, share, threshold } = separable;
    const tooNear = `${percent(share)} is too near the threshold of ${percent(threshold)}`;
    lines.push(line('the classes are told apart', more === null ? tooNear : decided(more, 'share stays')));
  }
  if (clustered.answer === 'undecided') {
    const { moreObservations: more, ratio, threshold } = clustered;
    const tooNear = `${ratio === null ? 'infinite' : Number(ratio.toPrecision(3))} is too near the threshold of ${threshold}, or a class is seen too seldom`;
    lines.push(line('each class is one cluster', more == null ? tooNear : decided(more, 'ratio stays')));
  }
  return lines;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))}%`;
}

function interval([low, high]: readonly [number, number | null], text: (value: number) => string): string {
  return `${low === Number.MAX_VALUE ? 'infinite' : text(low)} to ${high === null ? 'infinite' : text(high)}`;
}

function listOfRisks(runtime: AnyRuntimeRecord): string {
  const pairs = runtime.pairsAtRisk
    .slice(0, 5)
    .map(({ classes, observations }) => `${classes.join(' as ')} (${observations})`);
  return pairs.length > 0 ? `; at risk: ${pairs.join(', ')}` : '';
}

function describeRisk(runtime: AnyRuntimeRecord): string {
  const listed = listOfRisks(runtime);
  return `twice the error of ${shortNumber(runtime.maxLatentError)} reaches the deciding gap of ${shortNumber(runtime.decidingGap)}${listed}`;
}
