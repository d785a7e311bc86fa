import { describe, expect, test } from 'vitest';
import { trainingSection } from '../../../src/report/section/training.ts';

const metrics = [
  { step: 10, loss: 4, dynamics: 1, latentDeviation: 0.5, learningRate: 0.1 },
  { step: 20, loss: 2, dynamics: 0, latentDeviation: 0.25, learningRate: 0.1 },
];
const linesOf = (...records: Parameters<typeof trainingSection>) =>
  trainingSection(...records)
    .flatMap((section) => section.blocks)
    .flatMap((block) => (block.kind === 'lines' ? [block] : []));
const titlesOf = (...records: Parameters<typeof trainingSection>) => linesOf(...records).map(({ title }) => title);

describe('the training section', () => {
  test('is not there without rows, and has no curves of measures where nothing was measured', () => {
    expect(trainingSection([])).toEqual([]);
    expect(titlesOf(metrics)).toEqual(['Losses', 'Standard deviation of the latents']);
  });

  test('draws every measure once, with those of its scale', () => {
    const row = (step: number) => ({
      ...{ step, accuracy: 0.5, centroidGapRatio: 0.9, gapRatio: 0.2, meanDistance: 3 },
      ...{ rankMe: 4, effectiveRank: 5, intrinsicDimension: 6, jacobianRank: 7 },
    });
    const lines = linesOf(metrics, [row(100), row(200)]).slice(2);
    expect(lines.map(({ y, series }) => [y.scale, ...series.map(({ name }) => name)])).toEqual([
      ['linear', 'accuracy'],
      ['log', 'centroids', 'observations'],
      ['linear', 'RankMe', 'effective', 'intrinsic', 'Jacobian'],
      ['log', 'mean distance'],
    ]);
    expect(lines[2].series[3].points).toEqual([
      [100, 7],
      [200, 7],
    ]);
  });

  test('leaves out what cannot be drawn: no number, and 0 on a logarithmic scale', () => {
    const measures = [
      { step: 1, gapRatio: 0, meanDistance: 1, intrinsicDimension: Number.NaN },
      { step: 2, gapRatio: 0.5, meanDistance: 2, intrinsicDimension: Number.POSITIVE_INFINITY },
      { step: 3, gapRatio: 0.25, meanDistance: 3, intrinsicDimension: 4 },
    ];
    const lines = linesOf(metrics, measures).slice(2);
    expect(lines.map(({ title }) => title)).toEqual([
      'Gap ratios while training',
      'Size of the latents while training',
    ]);
    expect(lines[0].series.map(({ points }) => points)).toEqual([
      [
        [2, 0.5],
        [3, 0.25],
      ],
    ]);
  });
});
