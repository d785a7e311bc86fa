// Curves of the training: losses out of metrics.jsonl, and what was measured on the way out of measures.jsonl.
import type { BaselineMeasure } from '../../measures/baseline.ts';
import type { MetricsRecord } from '../../storage/jsonl.ts';
import type { BlockOf, ReportBlock, ReportSection } from '../report.ts';
import { rounded } from '../sample.ts';

/** What a row of metrics has beside the terms of the loss. */
const otherColumns = ['step', 'learningRate', 'latentDeviation'];

type Series = BlockOf<'lines'>['series'][number];

/** Measures that share a scale share a picture. Their names there are short: a legend that is too wide shrinks the picture. */
const measurePictures: readonly {
  readonly title: string;
  readonly description: string;
  readonly axis: string;
  readonly scale: 'linear' | 'log';
  readonly measures: Readonly<Partial<Record<BaselineMeasure, string>>>;
}[] = [
  {
    title: 'Accuracy while training',
    description: 'Observations that are nearest to the centroid of their own class; the centroids are of others.',
    axis: 'accuracy',
    scale: 'linear',
    measures: { accuracy: 'accuracy' },
  },
  {
    title: 'Gap ratios while training',
    description: 'Of the two classes that are hardest to tell apart: distance between them over their extent.',
    axis: 'gap ratio',
    scale: 'log',
    measures: { centroidGapRatio: 'centroids', gapRatio: 'observations' },
  },
  {
    title: 'Ranks and dimensions while training',
    description:
      "RankMe and effective rank of the latents, their intrinsic dimension (TwoNN), the smallest rank of the encoder's Jacobian, LiDAR, and alpha-ReQ, which is an exponent.",
    axis: 'dimensions',
    scale: 'linear',
    measures: {
      rankMe: 'RankMe',
      effectiveRank: 'effective',
      intrinsicDimension: 'intrinsic',
      jacobianRank: 'Jacobian',
      lidar: 'LiDAR',
      alphaReQ: 'alpha-ReQ',
    },
  },
  {
    title: 'Size of the latents while training',
    description: 'The mean distance of two observations: it goes to 0 where the latents collapse.',
    axis: 'distance',
    scale: 'log',
    measures: { meanDistance: 'mean distance' },
  },
];

/**
 * No section where nothing was recorded.
 * @param measures rows of measures.jsonl; empty where nothing was measured
 */
export function trainingSection(
  metrics: readonly MetricsRecord[],
  measures: readonly MetricsRecord[] = [],
): ReportSection[] {
  if (metrics.length < 2) return [];
  const steps = metrics[metrics.length - 1].step;
  const columns = Object.keys(metrics[0]).filter((name) => !otherColumns.includes(name));
  const losses = columns
    .map((name) => seriesOf(metrics, name))
    .filter((series) => series.points.some(([, value]) => value > 0));
  const deviation = seriesOf(metrics, 'latentDeviation');
  return [
    {
      id: 'training',
      title: 'Training',
      finding:
        'Small losses are not distinctness: errors of single steps add up along the words that tell classes apart.',
      blocks: [
        curves('Losses', `The loss and its terms over ${steps} steps, on a logarithmic scale.`, 'loss', 'log', losses),
        ...(deviation.points.length > 1
          ? [
              curves(
                'Standard deviation of the latents',
                'Mean over the dimensions, within a batch. It goes to 0 where the latents collapse.',
                'standard deviation',
                'log',
                [deviation],
              ),
            ]
          : []),
        ...measureBlocks(measures),
      ],
    },
  ];
}

/** A picture for each scale on which at least two numbers were measured. */
function measureBlocks(rows: readonly MetricsRecord[]): ReportBlock[] {
  return measurePictures.flatMap(({ title, description, axis, scale, measures }) => {
    const series = Object.entries(measures)
      .map(([measure, name]) => ({ ...seriesOf(rows, measure, scale), name }))
      .filter(({ points }) => points.length > 1);
    return series.length === 0 ? [] : [curves(title, description, axis, scale, series)];
  });
}

/** Numbers that can be drawn: finite, and above 0 where the scale is logarithmic. */
export function seriesOf(rows: readonly MetricsRecord[], name: string, scale: 'linear' | 'log' = 'linear'): Series {
  const points = rows.flatMap((row): [number, number][] => {
    const value = row[name];
    const isDrawn = typeof value === 'number' && Number.isFinite(value) && (scale === 'linear' || value > 0);
    return isDrawn ? [[row.step, rounded(value)]] : [];
  });
  return { name, points };
}

export function curves(
  title: string,
  description: string,
  axis: string,
  scale: 'linear' | 'log',
  series: Series[],
): BlockOf<'lines'> {
  return {
    kind: 'lines',
    title,
    description,
    x: { label: 'step', scale: 'linear' },
    y: { label: axis, scale },
    series,
  };
}
