// Compares evaluations: of runs, of exports, of ONNX files, or the JSON files by themselves. Nothing is measured again.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { FormatError, option, UsageError } from '../../src/error.ts';
import { type ComparedEvaluation, compareEvaluations } from '../../src/evaluation/comparison.ts';
import type { RunComparisonRecord } from '../../src/evaluation/schema/comparison.ts';
import {
  type AnyEvaluationRecord,
  EVALUATION_FORMAT,
  encoderEvaluationSchema,
  evaluationSchema,
} from '../../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import type { LearningCurves } from '../../src/report/run-comparison-report.ts';
import { runPath } from '../../src/run/folder.ts';
import { openSubject } from '../../src/run/subject.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import { lookAtEncoder } from '../encoder/file.ts';
import { besideEncoder } from '../encoder/report-file.ts';

/** Where the page of a comparison goes. */
export interface CompareOptions {
  /** Where the page is written; the record goes beside it as JSON. Default: compare.html; false: neither. */
  readonly out?: string | false | undefined;
  /** Told in one line which files were written. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Compares what evaluations have found, each with the first: paired where they judged the same observations.
 *
 * @param paths folders of runs or exports, ONNX files, evaluation.json files: any mix of at least two that were evaluated
 * @returns what compare.json holds
 * @throws UsageError where one was not evaluated, or they are of other classes or data
 */
export async function compareResults(
  paths: readonly string[],
  options: CompareOptions = {},
): Promise<RunComparisonRecord> {
  const { out = 'compare.html' } = options;
  if (paths.length < 2)
    throw new UsageError(`compare: expected at least two runs or files, got ${paths.length}`, {
      remedy: 'Name them: jepa compare runs/a runs/b encoder.onnx',
    });
  const twice = paths.find((path, index) => paths.findIndex((each) => resolve(each) === resolve(path)) !== index);
  if (twice !== undefined) throw new UsageError(`compare: expected each once, got ${twice} twice`);
  if (out !== false && !/\.html$/i.test(out))
    throw new UsageError(`${option('out')}: expected the name of a page, NAME.html, got "${out}"`);
  if (out !== false) requireWritable(dirname(out));
  const opened: (ComparedEvaluation & LearningCurves)[] = [];
  for (const path of paths) opened.push(await openEvaluated(path));
  const named = withDifferentNames(opened);
  const record = compareEvaluations(named);
  if (out !== false) {
    const { runComparisonReport } = await import('../../src/report/run-comparison-report.ts');
    const { renderReport } = await import('../../src/report/page.ts');
    const page = await renderReport(runComparisonReport(record, named, `jepa-onnx ${packageVersion()}`));
    writeFileAtomic(out.replace(/\.html$/i, '.json'), formatJson(record));
    writeFileAtomic(out, page);
    options.onProgress?.(`${out}: the report`);
  }
  return record;
}

async function openEvaluated(path: string): Promise<ComparedEvaluation & LearningCurves> {
  if (/\.json$/i.test(path)) {
    requireFile(path, 'an evaluation');
    const record = readEvaluation(path);
    const name = 'run' in record ? record.run : basename(path).replace(/(?:\.evaluation)?\.json$/i, '');
    return { name, path, kind: 'evaluation', record, metrics: [], measures: [] };
  }
  if (/\.onnx$/i.test(path)) return openEncoder(path);
  const subject = openSubject(path);
  const file = runPath(path, 'evaluation');
  requireEvaluated(path, file, `jepa evaluate ${path}`);
  return {
    name: basename(resolve(path)),
    path,
    kind: existsSync(runPath(path, 'configuration')) ? 'run' : 'export',
    record: readEvaluation(file),
    configuration: subject.configuration,
    metrics: readMetrics(runPath(path, 'metrics')).records,
    measures: readMetrics(runPath(path, 'measures')).records,
  };
}

/** @throws UsageError where the file is another one than was evaluated */
async function openEncoder(path: string): Promise<ComparedEvaluation & LearningCurves> {
  requireFile(path, 'an ONNX file');
  const name = basename(path).replace(/\.onnx$/i, '');
  const file = besideEncoder(path, 'evaluation.json');
  const command = `jepa evaluate ${path} --data RECORDING`;
  requireEvaluated(path, file, command);
  const record = readEvaluation(file);
  const { sha256 } = await lookAtEncoder(path);
  if ('encoder' in record && record.encoder.sha256 !== sha256)
    throw new UsageError(`${file}: expected the evaluation of ${path}, got one of a former file of that name`, {
      remedy: `Evaluate it again: ${command}`,
    });
  return { name, path, kind: 'encoder', record, metrics: [], measures: [] };
}

function requireEvaluated(path: string, file: string, command: string): void {
  if (!existsSync(file))
    throw new UsageError(`${path}: expected its evaluation, ${file}, got nothing there`, {
      remedy: `Evaluate it first: ${command}`,
    });
}

function readEvaluation(path: string): AnyEvaluationRecord {
  const text = readFileSync(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected an evaluation, got ${text.length} characters that are no JSON`, { cause });
  }
  const fields: Partial<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const schema = !('runtimes' in fields)
    ? undefined
    : 'encoder' in fields
      ? encoderEvaluationSchema
      : 'witnesses' in fields
        ? evaluationSchema
        : undefined;
  if (schema === undefined)
    throw new UsageError(`${path}: expected an evaluation, got JSON that is none`, {
      remedy: 'jepa evaluate writes evaluation.json of a run, and NAME.evaluation.json of NAME.onnx.',
    });
  if (fields.format !== EVALUATION_FORMAT)
    throw new FormatError(`${path}: expected format ${EVALUATION_FORMAT}, got ${JSON.stringify(fields.format)}`, {
      remedy: 'It was made by another version of jepa-onnx: evaluate again.',
    });
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path: at, message }] = parsed.error.issues;
  throw new FormatError(`${path}: expected an evaluation, got one whose ${at.join('.')} is wrong: ${message}`, {
    remedy: 'Evaluate again.',
  });
}

/** By their last name, or by their path where two have the same. */
function withDifferentNames<Evaluated extends ComparedEvaluation>(evaluations: readonly Evaluated[]): Evaluated[] {
  const names = evaluations.map(({ name }) => name);
  return evaluations.map((each) =>
    names.filter((name) => name === each.name).length > 1 ? { ...each, name: each.path } : each,
  );
}
