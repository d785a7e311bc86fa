// The report of one evaluation: its record and its latents as sections and pictures.
import type { Evaluation } from '../evaluation/evaluate.ts';
import type { EvaluationRecord } from '../evaluation/schema/evaluation.ts';
import type { MetricsRecord } from '../storage/jsonl.ts';
import { answerOf } from './answer.ts';
import { formatCount } from './number.ts';
import { readingSection } from './reading-section.ts';
import { REPORT_FORMAT, type Report, type ReportSection } from './report.ts';
import { classSection } from './section/class.ts';
import { gateSection } from './section/gate.ts';
import { distanceSection, firstPicture, spreadSection } from './section/latent.ts';
import { measureSection } from './section/measure.ts';
import { runtimeSection } from './section/runtime.ts';
import { settingsSection } from './section/settings.ts';
import { trainingSection } from './section/training.ts';
import { witnessSection } from './section/witness.ts';

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
    picture: firstPicture(first, measures, classes, record.untrainedMeanDistance),
    sections: [
      readingSection(record.classes.of),
      ...gateSection(record.gate),
      distanceSection(first, measures, classes),
      classSection(first, measures, classes),
      witnessSection(evaluation, record),
      runtimeSection(record),
      ...trainingSection(metrics, measuresWhileTraining),
      ...sections,
      spreadSection(first, measures, classes, record.seed),
      measureSection(record),
      settingsSection(record, {
        transitions: record.transitions,
        configuration: evaluation.input.subject.configuration,
      }),
    ],
  };
}

function titleOf({ run, step, auxiliaries, objective, environment }: EvaluationRecord): string {
  const terms = [...(objective.dynamics > 0 ? ['dynamics'] : []), ...(objective.auxiliary > 0 ? auxiliaries : [])];
  const trained = `trained on ${terms.join(' + ') || 'nothing'}${step === null ? '' : `, ${formatCount(step)} steps`}`;
  return `${run} · ${environment.name} · ${trained}`;
}
