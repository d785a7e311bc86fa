// Curves of the training, out of metrics.jsonl.
import type { MetricsRecord } from '../storage/jsonl.ts';
import type { ReportSection } from './report.ts';
import { rounded } from './sample.ts';

/** What a row of metrics has beside the terms of the loss. */
const otherColumns = ['step', 'learningRate', 'latentDeviation'];

/** No section where nothing was recorded. */
export function trainingSection(metrics: readonly MetricsRecord[]): ReportSection[] {
  if (metrics.length < 2) return [];
  const columns = Object.keys(metrics[0]).filter((name) => !otherColumns.includes(name));
  const seriesOf = (name: string) => ({
    name,
    points: metrics.flatMap((row): [number, number][] => {
      const value = row[name];
      return typeof value === 'number' && Number.isFinite(value) ? [[row.step, rounded(value)]] : [];
    }),
  });
  const losses = columns.map(seriesOf).filter((series) => series.points.some(([, value]) => value > 0));
  const deviation = seriesOf('latentDeviation');
  return [
    {
      id: 'training',
      title: 'Training',
      finding:
        'Small losses are not distinctness: errors of single steps add up along the words that tell classes apart.',
      blocks: [
        {
          kind: 'lines',
          title: 'Losses',
          description: `The loss and its terms over ${metrics[metrics.length - 1].step} steps, on a logarithmic scale.`,
          x: { label: 'step', scale: 'linear' },
          y: { label: 'loss', scale: 'log' },
          series: losses,
        },
        ...(deviation.points.length > 1
          ? [
              {
                kind: 'lines' as const,
                title: 'Standard deviation of the latents',
                description: 'Mean over the dimensions, within a batch. It goes to 0 where the latents collapse.',
                x: { label: 'step', scale: 'linear' as const },
                y: { label: 'standard deviation', scale: 'log' as const },
                series: [deviation],
              },
            ]
          : []),
      ],
    },
  ];
}
