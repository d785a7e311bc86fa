// The report of an encoder from anywhere: whether its latents keep the classes apart, on every runtime.
import type { ForeignEvaluation } from '../evaluation/foreign-encoder.ts';
import type { EncoderEvaluationRecord } from '../evaluation/schema/evaluation.ts';
import { answerOf } from './answer.ts';
import { formatCount } from './number.ts';
import { readingSection } from './reading-section.ts';
import { REPORT_FORMAT, type Report } from './report.ts';
import { classSection } from './section/class.ts';
import { encoderWitnessSection } from './section/encoder-witness.ts';
import { gateSection } from './section/gate.ts';
import { distanceSection, firstPicture, spreadSection } from './section/latent.ts';
import { measureSection } from './section/measure.ts';
import { runtimeSection } from './section/runtime.ts';
import { settingsSection } from './section/settings.ts';

/** Numbers and pictures are of the first runtime; the table compares all of them. @param generator package and version */
export function encoderReport(
  evaluation: Pick<ForeignEvaluation, 'runtimes'> & Partial<Pick<ForeignEvaluation, 'input' | 'witnesses'>>,
  record: EncoderEvaluationRecord,
  generator: string,
): Report {
  const [first] = evaluation.runtimes;
  const [measures] = record.runtimes;
  const classes = record.classes.names;
  const { file } = record.encoder;
  // Latents and their classes may lie in one file.
  const source = record.environment.name === file ? undefined : record.environment.name;
  return {
    format: REPORT_FORMAT,
    generator,
    title: source === undefined ? file : `${file} · ${source}`,
    question: `Do the latents of ${file} keep ${formatCount(classes.length)} classes${source === undefined ? '' : ` of ${source}`} apart?`,
    answer: answerOf(record),
    picture: firstPicture(first, measures, classes, record.untrainedMeanDistance),
    sections: [
      readingSection(record.classes.of),
      ...gateSection(record.gate),
      distanceSection(first, measures, classes),
      classSection(first, measures, classes),
      ...encoderWitnessSection(evaluation, record),
      runtimeSection(record),
      spreadSection(first, measures, classes, record.seed),
      measureSection(record),
      settingsSection(record, undefined),
    ],
  };
}
