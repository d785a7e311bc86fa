// The table of runtimes: what ran, what it measured, and whether its rounding could have changed the verdict.

import type { AnyEvaluationRecord, AnyRuntimeRecord } from '../../evaluation/schema/evaluation.ts';
import { verdictTones } from '../answer.ts';
import { left, right } from '../column.ts';
import { formatNumber } from '../number.ts';
import type { BlockOf, ReportSection } from '../report.ts';

export function runtimeSection(record: AnyEvaluationRecord): ReportSection {
  const { runtimes, reference } = record;
  const isElsewhere = 'encoder' in record && record.encoder.elsewhere !== undefined;
  const others = runtimes.filter(({ runtime }) => runtime !== reference.runtime);
  const holding = others.filter((runtime) => runtime.verdictHolds).length;
  const risks = runtimes.filter((runtime) => runtime.pairsAtRisk.length > 0).map(describeRisk);
  return {
    id: 'runtimes',
    title: 'Runtimes',
    finding:
      others.length === 0 && isElsewhere
        ? 'Nothing was run: the latents were computed elsewhere.'
        : `${others.length === 0 ? 'Only the reference was run.' : `The verdict holds on ${holding} of ${others.length} beside the reference.`} Errors are distances to the latents of ${reference.runtime} ` +
          `(${reference.version}) for the same observations.`,
    blocks: [
      certificateTable(runtimes, reference.runtime),
      measureTable(runtimes),
      ...(risks.length > 0 ? [{ kind: 'text' as const, paragraphs: risks }] : []),
    ],
  };
}

function certificateTable(runtimes: readonly AnyRuntimeRecord[], reference: string): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'What ran, and whether its rounding could change the verdict',
    columns: [
      left('runtime'),
      left('verdict'),
      left('holds'),
      right('certified accuracy'),
      right('largest error'),
      right('deciding gap'),
      left('provider'),
      left('version'),
      right('threads'),
      right('ms an observation'),
    ],
    rows: runtimes.map((runtime) => [
      runtime.runtime,
      { text: runtime.verdict, tone: verdictTones[runtime.verdict] },
      runtime.runtime === reference
        ? 'the reference'
        : { text: runtime.verdictHolds ? 'yes' : 'no', tone: runtime.verdictHolds ? 'plain' : 'bad' },
      runtime.certifiedAccuracy.toFixed(4),
      formatNumber(runtime.maxLatentError),
      formatNumber(runtime.decidingGap),
      runtime.provider + (runtime.precision === 'float32' ? '' : ` (${runtime.precision})`),
      runtime.version,
      runtime.threads === 0 ? '-' : String(runtime.threads),
      runtime.encodeMs === undefined ? '-' : formatNumber(runtime.encodeMs),
    ]),
  };
}

function measureTable(runtimes: readonly AnyRuntimeRecord[]): BlockOf<'table'> {
  const hasPredictor = runtimes.some(({ dynamicsResidual }) => dynamicsResidual !== undefined);
  return {
    kind: 'table',
    caption: 'What each of them measured',
    columns: [
      left('runtime'),
      right('accuracy'),
      right('centroid gap ratio'),
      right('gap ratio'),
      right('mean distance'),
      right('effective rank'),
      right('RankMe'),
      ...(hasPredictor ? [right('dynamics residual')] : []),
    ],
    rows: runtimes.map((runtime) => [
      runtime.runtime,
      runtime.nearestCentroidAccuracy.toFixed(4),
      formatNumber(runtime.centroidGapRatio),
      formatNumber(runtime.gapRatio),
      formatNumber(runtime.meanDistance),
      formatNumber(runtime.effectiveRank),
      formatNumber(runtime.rankMe),
      ...(runtime.dynamicsResidual === undefined ? [] : [formatNumber(runtime.dynamicsResidual)]),
    ]),
  };
}

function describeRisk({ runtime, pairsAtRisk }: AnyRuntimeRecord): string {
  const pairs = pairsAtRisk.slice(0, 8).map(({ classes: [a, b], observations }) => `${a} as ${b} (${observations})`);
  return `At risk on ${runtime}, true class first, with the observations that could change sides: ${pairs.join(', ')}.`;
}
