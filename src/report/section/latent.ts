// Sections of what latents look like, of a run's encoder or of one from anywhere: projections, distances, dimensions.

import type { EncoderEvaluation } from '../../evaluation/runtime-measurement.ts';
import type { EncoderRuntimeRecord } from '../../evaluation/schema/evaluation.ts';
import { distanceMatrix } from '../../measures/pair-distance.ts';
import { projectOnAxes } from '../../measures/spectrum/spectrum.ts';
import { umapOf } from '../../measures/umap.ts';
import { formatCount, formatNumber, formatPercent } from '../number.ts';
import type { BlockOf, ReportBlock, ReportSection } from '../report.ts';
import { rounded, sampleByClass } from '../sample.ts';

/** Points of a scatter plot: more would only overlap, and make the page heavy. */
const SCATTER_LIMIT = 1350;
/** Rows of the distance heat map: one pixel each where the picture is 400 px wide. */
const MATRIX_LIMIT = 270;

/** UMAP takes about a second for so many. */
const UMAP_LIMIT = 450;
/** Components with less of the variance than this are noise in a picture. */
const SHOWN_SHARE = 0.01;

/**
 * Collapsed latents fill any picture that is fitted to them: they are drawn at the scale that they had before training, where
 * that is known.
 */
export function firstPicture(
  runtime: EncoderEvaluation,
  { verdict }: EncoderRuntimeRecord,
  classes: readonly string[],
  untrainedMeanDistance: number | null,
): ReportBlock {
  const projection = projectionBlock(runtime, classes, [0, 1]);
  if (verdict !== 'collapsed' || untrainedMeanDistance === null) return projection;
  return {
    ...projection,
    extent: rounded(untrainedMeanDistance),
    description: `${projection.description} Drawn at the scale of the untrained encoder: the axes are as long as its mean distance.`,
  };
}

function projectionBlock(
  { latents, distinctness }: EncoderEvaluation,
  classes: readonly string[],
  [a, b]: readonly [number, number],
): BlockOf<'scatter'> {
  const { spectrum } = distinctness;
  const components = Math.max(a, b) + 1;
  const projected = projectOnAxes(latents, spectrum, components);
  const chosen = sampleByClass(latents.labels, latents.classCount, SCATTER_LIMIT);
  const share = (axis: number) => formatPercent(spectrum.explainedVariance[axis] ?? 0);
  return {
    kind: 'scatter',
    title: a === 0 ? 'Held-out latents, by class' : `The same along components ${a + 1} and ${b + 1}`,
    description:
      `Principal components ${a + 1} and ${b + 1} of the latents of ${formatCount(chosen.length)} held-out observations, ` +
      `coloured by class. They hold ${share(a)} and ${share(b)} of the variance.`,
    x: `component ${a + 1} (${share(a)} of the variance)`,
    y: `component ${b + 1} (${share(b)} of the variance)`,
    hasUnits: true,
    classes: [...classes],
    points: Array.from(chosen, (index) => [
      rounded(projected[index * components + a]),
      rounded(projected[index * components + b]),
      latents.labels[index],
    ]),
  };
}

export function distanceSection(
  { latents, distinctness }: EncoderEvaluation,
  measures: EncoderRuntimeRecord,
  classes: readonly string[],
): ReportSection {
  const chosen = sampleByClass(latents.labels, latents.classCount, MATRIX_LIMIT);
  const sizes = new Int32Array(latents.classCount);
  for (const index of chosen) sizes[latents.labels[index]]++;
  const { histogram } = distinctness.pairs;
  return {
    id: 'distances',
    title: 'Distances',
    finding:
      `Two observations are ${formatNumber(measures.meanDistance)} apart on average; ` +
      `the silhouette is ${formatNumber(measures.silhouette)} (1: classes are far apart, 0: they overlap).`,
    blocks: [
      {
        kind: 'matrix',
        title: 'Distances, sorted by class',
        description:
          'Rows and columns are observations, sorted by class. Dark blocks on the diagonal alone: each class is close to itself and far from the others.',
        unit: 'distance of two latents',
        groups: Array.from(sizes, (size, label) => ({ name: classes[label], size })).filter(({ size }) => size > 0),
        values: Array.from(distanceMatrix(latents, chosen), rounded),
      },
      {
        kind: 'histogram',
        title: 'Distances within and between classes',
        description:
          'Fractions of all pairs of observations by their distance. The less the two overlap, the more distinct the classes.',
        x: 'distance of two latents',
        width: histogram.width,
        series: [
          { name: 'same class', counts: Array.from(histogram.within) },
          { name: 'different classes', counts: Array.from(histogram.between) },
        ],
      },
    ],
  };
}

export function spreadSection(
  evaluation: EncoderEvaluation,
  measures: EncoderRuntimeRecord,
  classes: readonly string[],
  seed: number,
): ReportSection {
  const { spectrum } = evaluation.distinctness;
  const size = evaluation.latents.size;
  return {
    id: 'dimensions',
    title: 'Dimensions',
    finding:
      `Of ${size} dimensions, the latents use ${formatNumber(measures.effectiveRank)} by their effective rank ` +
      `(centred) and ${formatNumber(measures.participationRatio)} by the participation ratio of the variance.`,
    blocks: [
      ...(measures.verdict === 'collapsed' ? [magnified(projectionBlock(evaluation, classes, [0, 1]))] : []),
      ...((spectrum.explainedVariance[2] ?? 0) >= SHOWN_SHARE && size > 3
        ? [projectionBlock(evaluation, classes, [2, 3])]
        : []),
      ...neighbourhoodBlock(evaluation, classes, seed),
      {
        kind: 'bars',
        title: 'Singular values',
        description: 'Of the centred latents, falling: a steep fall means that few directions carry everything.',
        x: 'direction',
        y: { label: 'singular value', scale: 'log' },
        values: Array.from(spectrum.centredSingularValues, rounded),
      },
      {
        kind: 'bars',
        title: 'Standard deviation of each dimension',
        description: 'Collapsed latents have small deviations in all dimensions.',
        x: 'dimension',
        y: { label: 'standard deviation', scale: 'linear' },
        values: measures.standardDeviations.map(rounded),
      },
    ],
  };
}

function neighbourhoodBlock({ latents }: EncoderEvaluation, classes: readonly string[], seed: number): ReportBlock[] {
  const chosen = sampleByClass(latents.labels, latents.classCount, UMAP_LIMIT);
  const points = umapOf(latents, chosen, seed);
  if (points === undefined) return [];
  return [
    {
      kind: 'scatter',
      title: 'Neighbourhoods (UMAP)',
      description: `Of ${formatCount(chosen.length)} latents: what is near in all ${latents.size} dimensions is near here; distances and sizes mean nothing.`,
      x: 'no unit',
      y: 'no unit',
      classes: [...classes],
      points: Array.from(chosen, (index, i) => [
        rounded(points[2 * i]),
        rounded(points[2 * i + 1]),
        latents.labels[index],
      ]),
    },
  ];
}

function magnified(block: BlockOf<'scatter'>): BlockOf<'scatter'> {
  return { ...block, title: 'The same latents, magnified', description: `${block.description} Fitted to the latents.` };
}
