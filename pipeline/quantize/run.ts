// Quantises an encoder to 8 bits without losing its classes: calibrates, searches for what must stay in float32, and judges the
// result on observations that neither has seen. Nothing is written before the verdict on it.
import { basename } from 'node:path';
import { readModel, writeModel } from '../../export/files.ts';
import { encodeModel, prepareForQuantization } from '../../export/index.ts';
import { JepaError, option, UsageError } from '../../src/error.ts';
import { QUANTIZATION_FORMAT, type QuantizationRecord } from '../../src/evaluation/schema/quantization.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { sha256 } from '../../src/storage/sha256.ts';
import { certificationInput } from '../encoder/certify.ts';
import { type Bench, measureReference, type Reference } from './measuring.ts';
import { type DividedObservations, divideObservations } from './observation.ts';
import { type Options, type QuantizeEncoderOptions, resolveOptions, targetsOf } from './option.ts';
import type { Trial } from './search.ts';
import { calibrateUnits, choose, chooseSetting, judge, quantizeBy, searchIn, type Work } from './step.ts';

/** What `quantizeEncoder` wrote. */
export interface QuantizedEncoder {
  readonly record: QuantizationRecord;
  readonly path: string;
  /** Of the page and the record; undefined where none were asked for. */
  readonly reportPath: string | undefined;
  readonly recordPath: string | undefined;
}

/**
 * Writes an encoder with 8-bit weights and activations (QDQ) whose verdict on labelled observations is certified to be the
 * float32 file's.
 *
 * @param path of an ONNX file, with observations of `data` or `environment`; or the folder of a run or an export
 * @throws UsageError where observations, classes or files do not fit, FormatError where the file cannot be quantised, JepaError
 *   where no choice is certified; nothing is written then
 */
export async function quantizeEncoder(path: string, given: QuantizeEncoderOptions = {}): Promise<QuantizedEncoder> {
  const options = resolveOptions(given);
  const { onProgress, onNote, signal } = options;
  const progress = (line: string): void => {
    signal?.throwIfAborted();
    onProgress?.(line);
  };
  // A run says where its encoder is only once it is opened; a file that is there is refused before anything is read.
  const files = /\.onnx$/i.test(path) ? targetsOf(path, options) : undefined;
  const { observations, searchObservations, calibrationObservations } = options;
  const total = observations + searchObservations + Math.ceil(calibrationObservations / 2);
  const found = await certificationInput(path, { ...options, observations: total });
  const { out, recordPath, reportPath } = files ?? targetsOf(found.path, options);
  if (found.source.isRandom)
    onNote?.(
      'the recording is not there: random observations in its range stand for it, and the certificate speaks of them',
    );
  const source = readModel(found.path);
  const model = prepareForQuantization(source, basename(found.path));
  progress('drawing observations');
  const drawn = await found.source.draw(total, options.seed);
  const shape = found.source.observationShape;
  const divided = divideObservations(
    drawn,
    elementCount(shape),
    { judging: observations, search: searchObservations, calibration: calibrationObservations },
    found.classes,
  );
  if (divided.repeated > 0)
    onNote?.(`${divided.repeated} observations are left out of calibration and search: the same judge the result`);
  if (divided.shared > 0)
    onNote?.(
      `${divided.shared} observations of calibration and search are also among those that judge: their classes have too few others`,
    );
  const runtime = await openRuntime('cpu', options.threads === undefined ? {} : { threads: options.threads });
  try {
    const bench: Bench = {
      runtime,
      input: found.input,
      shape,
      classes: found.classes,
      metric: options.metric,
      hasUnitScale: files === undefined,
    };
    const reference = await measureReference(bench, found.path, divided.search);
    requireDistinct(path, reference, options);
    progress('calibrating');
    const { units, histograms } = await calibrateUnits(model, bench, divided, options);
    if (units.length === 0)
      throw new UsageError(
        `${basename(found.path)}: expected convolutions, products or sums in float32 to quantise, got none`,
        { remedy: 'Of a file in half precision, give the float32 one that it was made from.' },
      );
    const work: Work = { bench, model, units, histograms, options, reference, progress };
    const { calibrations, setting } = await chooseSetting(work);
    const search = await searchIn(work, setting);
    const chosen = await choose(work, setting, search, divided, found.path);
    progress('judging');
    const quantized = quantizeBy(work, setting, chosen.trial.levels);
    const bytes = encodeModel(quantized);
    const judged = await judge(work, found.path, bytes, setting, chosen.trial, divided);
    const record: QuantizationRecord = {
      format: QUANTIZATION_FORMAT,
      generator: `jepa-onnx ${packageVersion()}`,
      encoder: {
        file: basename(found.path),
        sha256: sha256(encodeModel(source)),
        bytes: encodeModel(source).byteLength,
      },
      result: { file: basename(out), sha256: sha256(bytes), bytes: bytes.byteLength },
      keep: options.keep,
      prefer: options.prefer,
      for: options.for,
      observed: found.source.name,
      classes: { of: found.classes.of, names: [...found.classes.names] },
      seed: options.seed,
      runtime: {
        version: runtime.describe().version,
        provider: runtime.describe().provider,
        threads: runtime.describe().threads,
      },
      observations: countsOf(divided, elementCount(shape)),
      reserve: options.reserve,
      ...setting,
      percentile: options.percentile,
      calibrations,
      units: units.map(({ name, operator, bytes: size }) => ({
        name,
        operator,
        bytes: size,
        level: chosen.trial.levels.get(name) ?? 'float',
        alone: search.sensitivities
          .filter((each) => each.name === name)
          .map(({ level, largestError, lostMargin, certifiedAccuracy }) => ({
            level,
            largestError,
            lostMargin,
            certifiedAccuracy,
          })),
      })),
      trials: search.trials.map((trial) => trialRecord(trial, trial === chosen.trial)),
      time: chosen.time,
      judged,
    };
    requireCertified(path, record);
    signal?.throwIfAborted();
    if (reportPath !== undefined && recordPath !== undefined) await writeReport(record, recordPath, reportPath);
    writeModel(out, quantized);
    return { record, path: out, reportPath, recordPath };
  } finally {
    await runtime.dispose();
  }
}

/** @throws UsageError where there are no classes to keep */
function requireDistinct(path: string, { measured, observed }: Reference, { keep }: Options): void {
  const { verdict } = measured.decision;
  if (keep === 'none' || verdict === 'distinct') return;
  throw new UsageError(
    `${path}: expected an encoder whose classes are told apart, got the verdict ${verdict} on ${observed.judged.states.length} observations`,
    { remedy: `Look at it with jepa evaluate; ${option('keep', 'none')} quantises it all the same.` },
  );
}

/** @throws JepaError where observations that the search has not seen do not bear what it chose */
function requireCertified(path: string, { keep, judged: { result }, observations }: QuantizationRecord): void {
  if (keep === 'none' || result.holds) return;
  throw new JepaError(
    `${path}: expected the verdict to hold on ${observations.judging} observations that the search had not seen, got ${result.verdict} with a largest error of ${result.largestError.toPrecision(3)} where ${result.tolerance.toPrecision(3)} is borne`,
    {
      remedy: `Leave more in reserve (${option('reserve', '0.5')}), or search by more (${option('searchObservations')}).`,
    },
  );
}

function trialRecord({ levels, ...trial }: Trial, isChosen: boolean): QuantizationRecord['trials'][number] {
  const counted = (level: string) => [...levels.values()].filter((each) => each === level).length;
  return {
    ...trial,
    int8: counted('int8'),
    weights: counted('weights'),
    half: counted('half'),
    float: counted('float'),
    kept: [...levels].flatMap(([name, level]) => (level === 'int8' ? [] : [name])),
    isChosen,
  };
}

function countsOf({ calibration, search, judging, repeated, shared }: DividedObservations, rowSize: number) {
  return {
    calibration: calibration.length / rowSize,
    search: search.judged.states.length,
    searchCentroids: search.centroids.states.length,
    judging: judging.judged.states.length,
    judgingCentroids: judging.centroids.states.length,
    repeated,
    shared,
  };
}

async function writeReport(record: QuantizationRecord, recordPath: string, reportPath: string): Promise<void> {
  const { quantizationReport } = await import('../../src/report/quantization-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(quantizationReport(record));
  writeFileAtomic(recordPath, formatJson(record));
  writeFileAtomic(reportPath, page);
}
