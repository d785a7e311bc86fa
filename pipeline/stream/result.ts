// What a streamed evaluation records: everything that is measured of a sample as of any evaluation (rules, clusters, certificate, pictures),
// and over it the measures of all rows.
import { episodeAt } from '../../src/data/flat-layout.ts';
import type { StateClasses } from '../../src/evaluation/class/state.ts';
import type { ForeignEvaluation } from '../../src/evaluation/foreign-encoder.ts';
import type { LatentsEvaluation } from '../../src/evaluation/foreign-latents.ts';
import {
  type LabelledRows,
  observationsThatFit,
  readLabelledRows,
} from '../../src/evaluation/held-out/labelled-rows.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { withAllRows } from '../../src/evaluation/schema/stream.ts';
import type { SampledRows } from '../../src/measures/stream/block.ts';
import { SAMPLED_ROWS } from '../../src/measures/stream/moments.ts';
import { measureStreamed, type StreamedMeasures } from '../../src/measures/stream/result.ts';
import { lookAtPredictor } from '../encoder/follow.ts';
import { encoderEvaluationOptions, judgeEncoder } from '../encoder/judge-encoder.ts';
import { judgeLatents } from '../encoder/judge-latents.ts';
import { readyPasses } from './pass.ts';
import type { StoredPlan, StreamPlan } from './plan.ts';
import { type OpenedSubject, sourceOf, wordsOf } from './subject.ts';

/** Classes that rules, clusters and pictures are of: of more, those whose centroids are nearest for their width. */
const MOST_SAMPLED_CLASSES = 256;

export interface StreamResult {
  readonly evaluation: ForeignEvaluation | LatentsEvaluation;
  readonly record: EncoderEvaluationRecord;
  /** The record as its page shows it: with the classes of the sample. */
  readonly shown: EncoderEvaluationRecord;
}

interface Telling {
  readonly onProgress: (line: string) => void;
  readonly onNote: (note: string) => void;
}

/** @throws UsageError where a pass is not merged */
export async function streamResult(
  stored: StoredPlan,
  subject: OpenedSubject,
  telling: Telling,
): Promise<StreamResult> {
  const { plan } = stored;
  const { options, first, comparison, closest, machines, digest } = readyPasses(stored);
  const measures = measureStreamed(options, first, comparison, closest.result());
  const classes = sampledClasses(plan, measures);
  const most = subject.judged.of === 'encoder' ? observationsThatFit(subject.rows) : SAMPLED_ROWS;
  const drawn = drawnRows(plan, subject, {
    judged: only(first.judgedSample, classes, most),
    centroids: only(first.centroidSample, classes, most),
    classes: stateClasses(plan, classes),
  });
  telling.onProgress(`judging a sample of ${drawn.judged.length} observations`);
  const { evaluation, record } = await judge(plan, subject, drawn, telling);
  const all = withAllRows(record, evaluation.runtimes[0], {
    measures,
    ...{ digest, machines, seed: plan.seed, classes: plan.classes },
    sampledClasses: classes.length,
  });
  return { evaluation, record: all, shown: { ...all, classes: record.classes } };
}

/** Of all classes, or of the hardest. */
function sampledClasses({ classes }: StreamPlan, { hardest }: StreamedMeasures): readonly number[] {
  if (classes.keys.length <= MOST_SAMPLED_CLASSES) return Array.from(classes.keys.keys());
  return Array.from(hardest.subarray(0, MOST_SAMPLED_CLASSES)).sort((a, b) => a - b);
}

function stateClasses({ classes: { of, claim, names } }: StreamPlan, chosen: readonly number[]): StateClasses {
  return {
    ...{ of, claim, count: chosen.length },
    names: chosen.map((label) => names[label]),
    classOf: Int32Array.from(chosen, (_, index) => index),
  };
}

interface ChosenRows {
  readonly rows: Int32Array;
  readonly labels: Int32Array;
}

/** Rows of some classes, which are numbered anew; the first of each class where all are too many. */
function only({ rows, labels }: SampledRows, classes: readonly number[], most: number): ChosenRows {
  const numbers = new Map(classes.map((label, index) => [label, index]));
  const quota = Math.max(2, Math.floor(most / classes.length));
  const taken = new Map<number, number>();
  const isAll = rows.length <= most;
  const chosen = Array.from(rows.keys()).filter((n) => {
    const count = (taken.get(labels[n]) ?? 0) + 1;
    taken.set(labels[n], count);
    return numbers.has(labels[n]) && (isAll || count <= quota);
  });
  return {
    rows: Int32Array.from(chosen, (n) => rows[n]),
    labels: Int32Array.from(chosen, (n) => numbers.get(labels[n]) ?? 0),
  };
}

function drawnRows(
  { unit }: StreamPlan,
  { rows: { starts } }: OpenedSubject,
  { judged, centroids, classes }: { judged: ChosenRows; centroids: ChosenRows; classes: StateClasses },
): LabelledRows {
  return {
    judged: judged.rows,
    centroids: centroids.rows,
    judgedLabels: judged.labels,
    centroidLabels: centroids.labels,
    judgedEpisodes: unit === 'episode' ? judged.rows.map((row) => episodeAt(starts, row)) : undefined,
    classes,
  };
}

async function judge(
  { subject: planned, seed, metric, classes }: StreamPlan,
  opened: OpenedSubject,
  drawn: LabelledRows,
  telling: Telling,
): Promise<Pick<StreamResult, 'evaluation' | 'record'>> {
  const { judged } = opened;
  const { path, ...subject } = planned;
  if (judged.of === 'latents')
    return judgeLatents(path, judged.opened, drawn, { ...subject, seed, metric, ...telling });
  const { rows } = opened;
  const heldOut = await readLabelledRows(rows, drawn);
  const none = new Float32Array(0);
  const transitions = { observations: none, nextObservations: none, actions: none, states: new Int32Array(0) };
  const source = { ...sourceOf(opened), observationShape: rows.shape, draw: () => ({ ...heldOut, transitions }) };
  const options = encoderEvaluationOptions(path, { ...subject, seed, metric, ...telling, observations: SAMPLED_ROWS });
  const predictor = planned.of === 'encoder' ? await lookAtPredictor(planned) : undefined;
  const words = await wordsOf(opened, { of: classes.of, seed, predictor: predictor?.path });
  const looked = { ...judged.looked, observed: { source, words, classes: drawn.classes }, predictor };
  const { evaluation, record } = await judgeEncoder(path, looked, options);
  return { evaluation, record };
}
