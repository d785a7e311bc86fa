// Which classes are taken for which, and how far each pair stands apart.

import type { EncoderEvaluation } from '../../evaluation/runtime-measurement.ts';
import type { EncoderRuntimeRecord } from '../../evaluation/schema/evaluation.ts';
import { classPairs } from '../../measures/class-gap.ts';
import { left, right } from '../column.ts';
import { formatNumber, formatPercent } from '../number.ts';
import type { ReportBlock, ReportSection } from '../report.ts';

/** Classes of a table with a column for each; beyond, only the worst pairs are listed. */
const GRID_LIMIT = 16;
const LISTED_PAIRS = 12;

export function classSection(
  { distinctness }: EncoderEvaluation,
  measures: EncoderRuntimeRecord,
  names: readonly string[],
): ReportSection {
  const count = names.length;
  const { centroids, gaps } = distinctness;
  const isDiagonal = (index: number) => Math.floor(index / count) === index % count;
  const finite = (value: number, index: number) => (isDiagonal(index) || !Number.isFinite(value) ? null : value);
  const grids: ReportBlock[] =
    count > GRID_LIMIT
      ? []
      : [
          {
            kind: 'grid',
            caption: 'Confusion',
            rowTitle: 'own class of the observations',
            columnTitle: 'nearest centroid',
            names: [...names],
            values: Array.from(centroids.confusion),
            digits: 0,
            shade: 'large',
          },
          {
            kind: 'grid',
            caption: 'Centroid gap ratio: above 1, the balls of mean radius are disjoint; the smallest are shaded',
            rowTitle: 'one class',
            columnTitle: 'the other',
            names: [...names],
            values: Array.from(centroids.ratios, finite),
            digits: 2,
            shade: 'small',
          },
        ];
  const pairs = classPairs(count)
    .sort(([a, b], [c, d]) => centroids.ratios[a * count + b] - centroids.ratios[c * count + d])
    .slice(0, LISTED_PAIRS);
  return {
    id: 'classes',
    title: 'Classes',
    finding:
      `The closest classes are ${measures.centroidGapRatioPair.join(' and ')}; the class most often taken for another is ` +
      `${measures.smallestRecallClass} (${formatPercent(1 - measures.smallestRecall)} of its observations).`,
    blocks: [
      ...grids,
      {
        kind: 'table',
        caption: 'The closest pairs of classes',
        columns: [
          left('pair'),
          right('centroid gap ratio'),
          right('centroid distance'),
          right('smallest distance of members'),
          right('gap ratio'),
        ],
        rows: pairs.map(([a, b]) => {
          const index = a * count + b;
          return [
            `${names[a]} – ${names[b]}`,
            formatNumber(centroids.ratios[index]),
            formatNumber(centroids.centroidDistances[index]),
            formatNumber(distinctness.pairs.smallestBetween[index]),
            formatNumber(gaps.ratios[index]),
          ];
        }),
      },
    ],
  };
}
