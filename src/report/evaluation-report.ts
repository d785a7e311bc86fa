// The report of one evaluation: its record and its latents as sections and pictures.
import type { Evaluation, RuntimeEvaluation } from '../evaluation/evaluate.ts';
import { distanceMatrix } from '../evaluation/pair-distance.ts';
import type { EvaluationRecord, RuntimeRecord } from '../evaluation/record.ts';
import { projectOnAxes } from '../evaluation/spectrum.ts';
import { umapOf } from '../evaluation/umap.ts';
import type { MetricsRecord } from '../storage/jsonl.ts';
import { answerOf } from './answer.ts';
import { classSection } from './class-section.ts';
import { measureSection } from './measure-section.ts';
import { formatCount, formatNumber } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportBlock, type ReportSection } from './report.ts';
import { runtimeSection } from './runtime-section.ts';
import { rounded, sampleByClass } from './sample.ts';
import { simulationOrigin } from './simulation-origin.ts';
import { trainingSection } from './training-section.ts';
import { witnessSection } from './witness-section.ts';

/** Points of a scatter plot: more would only overlap, and make the page heavy. */
const SCATTER_LIMIT = 1350;
/** Rows of the distance heat map: one pixel each where the picture is 400 px wide. */
const MATRIX_LIMIT = 270;

/** UMAP takes about a second for so many. */
const UMAP_LIMIT = 450;
/** Components with less of the variance than this are noise in a picture. */
const SHOWN_SHARE = 0.01;

export interface EvaluationReportInput {
  readonly evaluation: Evaluation;
  readonly record: EvaluationRecord;
  /** Rows of the run's metrics.jsonl; empty where it is not there. */
  readonly metrics: readonly MetricsRecord[];
  /** Rows of its measures.jsonl. */
  readonly measuresWhileTraining?: readonly MetricsRecord[];
  /** Package and version. */
  readonly generator: string;
  /** Of other features, put before the table of measures. */
  readonly sections?: readonly ReportSection[];
}

/** Numbers and pictures are of the first runtime; the table compares all of them. */
export function evaluationReport({
  evaluation,
  record,
  metrics,
  measuresWhileTraining,
  generator,
  sections = [],
}: EvaluationReportInput): Report {
  const [first] = evaluation.runtimes;
  const [measures] = record.runtimes;
  const classes = record.classes.names;
  return {
    format: REPORT_FORMAT,
    generator,
    title: titleOf(record),
    question: `Do the latents of ${record.environment.name} keep ${formatCount(classes.length)} classes apart?`,
    answer: answerOf(record),
    picture: firstPicture(first, record),
    sections: [
      distanceSection(first, measures, classes),
      classSection(first, measures, classes),
      witnessSection(evaluation, record),
      runtimeSection(record),
      ...trainingSection(metrics, measuresWhileTraining),
      ...sections,
      spreadSection(first, measures, classes, record.seed),
      measureSection(record),
      settingsSection(record, evaluation),
    ],
  };
}

function titleOf({ run, step, auxiliaries, objective, environment }: EvaluationRecord): string {
  const terms = [...(objective.dynamics > 0 ? ['dynamics'] : []), ...(objective.auxiliary > 0 ? auxiliaries : [])];
  const trained = `trained on ${terms.join(' + ') || 'nothing'}${step === null ? '' : `, ${formatCount(step)} steps`}`;
  return `${run} · ${environment.name} · ${trained}`;
}

/** Collapsed latents fill any picture that is fitted to them: they are drawn at the scale that they had before training. */
function firstPicture(runtime: RuntimeEvaluation, record: EvaluationRecord): ReportBlock {
  const projection = projectionBlock(runtime, record.classes.names, [0, 1]);
  if (record.runtimes[0].verdict !== 'collapsed') return projection;
  return {
    ...projection,
    extent: rounded(record.untrainedMeanDistance),
    description: `${projection.description} Drawn at the scale of the untrained encoder: the axes are as long as its mean distance.`,
  };
}

function projectionBlock(
  { latents, distinctness }: RuntimeEvaluation,
  classes: readonly string[],
  [a, b]: readonly [number, number],
): BlockOf<'scatter'> {
  const { spectrum } = distinctness;
  const components = Math.max(a, b) + 1;
  const projected = projectOnAxes(latents, spectrum, components);
  const chosen = sampleByClass(latents.labels, latents.classCount, SCATTER_LIMIT);
  const share = (axis: number) => `${(100 * (spectrum.explainedVariance[axis] ?? 0)).toFixed(1)} %`;
  return {
    kind: 'scatter',
    title: a === 0 ? 'Held-out latents, by class' : `The same along components ${a + 1} and ${b + 1}`,
    description:
      `Principal components ${a + 1} and ${b + 1} of the latents of ${formatCount(chosen.length)} held-out observations, ` +
      `coloured by class. They hold ${share(a)} and ${share(b)} of the variance.`,
    x: `component ${a + 1}`,
    y: `component ${b + 1}`,
    classes: [...classes],
    points: Array.from(chosen, (index) => [
      rounded(projected[index * components + a]),
      rounded(projected[index * components + b]),
      latents.labels[index],
    ]),
  };
}

function distanceSection(
  { latents, distinctness }: RuntimeEvaluation,
  measures: RuntimeRecord,
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

function spreadSection(
  evaluation: RuntimeEvaluation,
  measures: RuntimeRecord,
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

function neighbourhoodBlock({ latents }: RuntimeEvaluation, classes: readonly string[], seed: number): ReportBlock[] {
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

function settingsSection(record: EvaluationRecord, { input }: Evaluation): ReportSection {
  const { observations, centroidObservations, transitions, seed, classes, reference } = record;
  return {
    id: 'settings',
    title: 'How this was made',
    blocks: [
      {
        kind: 'facts',
        items: [
          { term: 'Held-out observations', value: formatCount(observations), note: 'none of them was trained on' },
          { term: 'Observations of the centroids', value: formatCount(centroidObservations), note: 'others again' },
          { term: 'Held-out transitions', value: formatCount(transitions), note: 'for the residuals' },
          { term: 'Seed of the observations', value: String(seed) },
          {
            term: 'Classes',
            value: `${classes.names.length}, by ${classes.of}`,
            note: classes.claim ?? classNote(classes.of),
          },
          ...originFact(record),
          { term: 'Reference', value: reference.runtime, note: `${reference.provider}, ${reference.version}` },
        ],
      },
      {
        kind: 'code',
        summary: 'Configuration of the run',
        text: JSON.stringify(input.subject.configuration, undefined, 2),
      },
    ],
  };
}

function classNote(source: EvaluationRecord['classes']['of']): string {
  switch (source) {
    case 'reward':
      return 'the largest bisimulation of dynamics and reward: what control needs';
    case 'auxiliary':
      return 'the largest bisimulation of dynamics and the auxiliaries of the run';
    case 'state':
      return 'every abstract state by itself';
    case 'column':
      return 'the values of a recorded column';
    case 'quantiles':
      return 'ranges of the auxiliary';
    case 'observed':
      return 'what the training transitions tell apart';
  }
}

function originFact({ environment: { simulation } }: EvaluationRecord) {
  return simulation ? [{ term: 'Recorded in', value: simulation.simulator, note: simulationOrigin(simulation) }] : [];
}
