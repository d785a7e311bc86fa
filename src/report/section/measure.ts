// Every measure with its meaning in a line, and the thresholds that decided.

import type { AnyEvaluationRecord, AnyRuntimeRecord } from '../../evaluation/schema/evaluation.ts';
import { left, right } from '../column.ts';
import { formatNumber, formatPercent } from '../number.ts';
import type { ReportSection } from '../report.ts';

const reasonNames: Readonly<Record<string, string>> = {
  separation: 'told apart: share of the worst pair taken for its own class',
  clusterRatio: 'clustered: distance of the centres over the spread between them, worst pair',
  relativeSpread: "room: distance over the untrained encoder's",
  latentStd: 'room: standard deviation of the latents',
  roundingSteps: 'room: distance in steps of rounding; the scale is not known',
  leastSteps: 'distance in steps of rounding',
};

export function measureSection(record: AnyEvaluationRecord): ReportSection {
  const { runtimes, untrainedMeanDistance } = record;
  const [first]: readonly AnyRuntimeRecord[] = runtimes;
  return {
    id: 'measures',
    title: 'All measures',
    finding: `Of ${first.runtime}. Formulas and limits: docs/measures.md of jepa-onnx.`,
    blocks: [
      {
        kind: 'table',
        caption: 'What decided the verdict',
        columns: [left('number'), right('value'), right('95% interval'), right('threshold'), left('met')],
        rows: first.reasons.map(({ measure, value, threshold, isMet, interval }) => [
          reasonNames[measure] ?? measure,
          value === null ? 'infinite' : formatNumber(value),
          interval === undefined ? '' : intervalText(interval),
          `at least ${formatNumber(threshold)}`,
          { text: isMet ? 'yes' : 'no', tone: isMet ? 'plain' : 'bad' },
        ]),
      },
      {
        kind: 'facts',
        items: [
          ...orderFacts(first),
          ...spreadFacts(first, untrainedMeanDistance),
          ...jacobianFact(record),
          ...modelFacts(first),
        ],
      },
    ],
  };
}

function intervalText([low, high]: readonly [number, number | null]): string {
  const lowest = low === Number.MAX_VALUE ? 'infinite' : formatNumber(low);
  return `${lowest} to ${high === null ? 'infinite' : formatNumber(high)}`;
}

interface Fact {
  readonly term: string;
  readonly value: string;
  readonly note?: string;
}

function orderFacts(runtime: AnyRuntimeRecord): Fact[] {
  return [
    {
      term: 'Nearest-centroid accuracy',
      value: formatPercent(runtime.nearestCentroidAccuracy),
      note: 'observations nearest to the centroid of their own class; the centroids come from other observations',
    },
    {
      term: 'Told apart by neighbours, by a linear probe',
      value: `${formatPercent(runtime.separable.byNeighbours)}, ${formatPercent(runtime.separable.byProbe)}`,
      note: `of ${runtime.separable.observations} observations, the worst pair of each rule; learned from others`,
    },
    {
      term: 'Latents shared with another class',
      value: formatPercent(runtime.sharedLatents),
      note: 'observations whose latent, up to rounding, an observation of another class has',
    },
    {
      term: 'Certified accuracy',
      value: formatPercent(runtime.certifiedAccuracy),
      note: 'observations nearest to their own class whose nearest class no latent error of the measured size can change',
    },
    {
      term: '1-NN accuracy',
      value: formatPercent(runtime.nearestNeighbourAccuracy),
      note: 'observations whose nearest other observation is of their class',
    },
    {
      term: 'Gap ratio',
      value: formatNumber(runtime.gapRatio),
      note: `smallest distance of members over the larger diameter, worst pair: ${runtime.gapRatioPair.join(' – ')}`,
    },
    {
      term: 'Centroid gap ratio',
      value: formatNumber(runtime.centroidGapRatio),
      note: `distance of centroids over twice the larger radius, worst pair: ${runtime.centroidGapRatioPair.join(' – ')}`,
    },
    {
      term: 'Smallest gap',
      value: formatNumber(runtime.smallestGap),
      note: 'distance of the two closest observations of different classes',
    },
    { term: 'Silhouette', value: formatNumber(runtime.silhouette), note: '-1 to 1; near 0 where classes overlap' },
  ];
}

function spreadFacts(runtime: AnyRuntimeRecord, untrainedMeanDistance: number | null): Fact[] {
  return [
    {
      term: 'Mean distance',
      value: formatNumber(runtime.meanDistance),
      note:
        untrainedMeanDistance === null
          ? 'over all pairs'
          : `over all pairs; the untrained encoder's: ${formatNumber(untrainedMeanDistance)}`,
    },
    {
      term: 'Latent standard deviation',
      value: formatNumber(runtime.latentStd),
      note: 'mean over the dimensions',
    },
    {
      term: 'Effective rank, centred',
      value: formatNumber(runtime.effectiveRank),
      note: `exponential entropy of the singular values; not centred: ${formatNumber(runtime.effectiveRankUncentred)}`,
    },
    {
      term: 'RankMe',
      value: formatNumber(runtime.rankMe),
      note: `not centred; it has no scale and does not see a collapse to a point. Centred, with 1e-5, as newer code has it: ${formatNumber(runtime.rankMeCentred)}`,
    },
    {
      term: 'alpha-ReQ',
      value: formatNumber(runtime.alphaReQ?.alpha ?? null),
      note:
        runtime.alphaReQ === null
          ? 'too few directions'
          : `power law of the variances of the directions, ranks ${runtime.alphaReQ.from} to ${runtime.alphaReQ.to}; R² of the fit: ${formatNumber(runtime.alphaReQ.fit)}`,
    },
    {
      term: 'LiDAR',
      value: formatNumber(runtime.lidar),
      note: 'directions that tell the classes apart beyond what varies within them',
    },
    {
      term: 'Participation ratio',
      value: formatNumber(runtime.participationRatio),
      note: 'of the variance over the directions',
    },
    {
      term: 'Intrinsic dimension',
      value: formatNumber(runtime.intrinsicDimension),
      note: 'TwoNN, of the neighbourhoods within the classes',
    },
  ];
}

function jacobianFact({ encoderJacobianRank: rank }: AnyEvaluationRecord): Fact[] {
  const term = "Smallest rank of the encoder's Jacobian";
  if (rank === null)
    return [{ term, value: 'not measured', note: 'the encoder takes bytes, or a fixed number of observations' }];
  return [
    {
      term,
      value: `${rank.isLowerBound ? 'at least ' : ''}${rank.minimal}`,
      note: `directions in which a latent moves with its observation by at least ${formatPercent(rank.threshold)} of the strongest; at ${rank.ranks.length} held-out observations: ${rank.ranks.join(', ')}${rank.isLowerBound ? `; only ${rank.directions} directions were tried` : ''}`,
    },
  ];
}

function modelFacts(runtime: AnyRuntimeRecord): Fact[] {
  const { dynamicsResidual, relativeDynamicsResidual = null, auxiliaryResiduals = [] } = runtime;
  return [
    ...(dynamicsResidual === undefined
      ? []
      : [
          {
            term: 'Dynamics residual',
            value: formatNumber(dynamicsResidual),
            note: `mean squared error of the predicted latents; over their variance: ${formatNumber(relativeDynamicsResidual)} (1: no better than their mean)`,
          },
        ]),
    ...auxiliaryResiduals.map(({ name, loss, residual }) => ({
      term: `Auxiliary residual: ${name}`,
      value: formatNumber(residual),
      note: loss === 'squared' ? 'mean squared error' : 'mean cross-entropy',
    })),
    {
      term: 'Largest latent error',
      value: formatNumber(runtime.maxLatentError),
      note: `against the reference; relative to the latents: ${formatNumber(runtime.relativeLatentError)}`,
    },
    {
      term: 'Smallest deciding gap',
      value: formatNumber(runtime.decidingGap),
      note: 'twice the error that this verdict is certain to survive',
    },
  ];
}
