// Quantises an encoder to 8 bits without losing its classes: calibrates, searches for what must stay in float32, and judges the
// result on observations that neither has seen. Nothing is written before the verdict on it.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { readModel, writeModel } from '../../export/files.ts';
import {
  type CalibrationMethod,
  calibratedValues,
  calibrationMethods,
  encodeModel,
  type Histogram,
  isCalibrated,
  type OnnxModel,
  observeValues,
  prepareForQuantization,
  quantizableUnits,
  quantizeModel,
  rangeOf,
  type Unit,
} from '../../export/index.ts';
import { JepaError, option, UsageError } from '../../src/error.ts';
import {
  QUANTIZATION_FORMAT,
  type QuantizationJudgement,
  type QuantizationRecord,
} from '../../src/evaluation/schema/quantization.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { type Headroom, headroom } from '../../src/measures/bound/headroom.ts';
import { fixedBatchSize, observationFeeds, paddedRows } from '../../src/run/encode.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { type CertifyEncoderOptions, certificationInput } from '../encoder/certify.ts';
import {
  type Bench,
  encodeSets,
  measureError,
  measureQuantized,
  measureReference,
  median,
  type Reference,
  timeInTurns,
} from './measuring.ts';
import { type DividedObservations, divideObservations } from './observation.ts';
import { type Levels, type SearchResult, searchLevels, type Trial } from './search.ts';

/** What is quantised for which observations, and how; nothing but those has to be said. */
export interface QuantizeEncoderOptions
  extends Omit<CertifyEncoderOptions, 'additions' | 'runtimes' | 'observations'>,
    Partial<Pick<Bench, 'metric'>> {
  /** The file to write. Default: NAME.int8.onnx beside NAME.onnx. */
  readonly out?: string | undefined;
  /** `distinct`: units stay in float32 until the verdict is certified; `none`: everything in 8 bits. Default: distinct. */
  readonly keep?: 'distinct' | 'none' | undefined;
  /** The smallest file, or the fastest graph. Default: size. */
  readonly prefer?: 'size' | 'time' | undefined;
  /** `tensorrt`: zero points 0, biases in float32. Default: onnxruntime. */
  readonly for?: 'onnxruntime' | 'tensorrt' | undefined;
  /** How ranges are taken from samples. Default: the method that leaves the classes most margin. */
  readonly calibration?: CalibrationMethod | undefined;
  /** Of the method `percentile`, in per cent. Default: 99.99. */
  readonly percentile?: number | undefined;
  /** Default: those of 7 and 8 that leave the classes most margin here. */
  readonly weightBits?: 7 | 8 | undefined;
  /** Judged observations; as many more give the centroids. Default: 1,024. */
  readonly observations?: number | undefined;
  /** Observations that the search looks at; as many more give its centroids. Default: 512. */
  readonly searchObservations?: number | undefined;
  /** Observations that ranges are taken from. Default: 128. */
  readonly calibrationObservations?: number | undefined;
  /** Share of the error that the verdict bears which the search leaves, for observations that it has not seen. Default: 0.2. */
  readonly reserve?: number | undefined;
  readonly threads?: number | undefined;
  /** Replace files that are there. */
  readonly force?: boolean | undefined;
}

/** What `quantizeEncoder` wrote. */
export interface QuantizedEncoder {
  readonly record: QuantizationRecord;
  readonly path: string;
  /** Of the page and the record; undefined where none were asked for. */
  readonly reportPath: string | undefined;
  readonly recordPath: string | undefined;
}

/** Observations that are calibrated on at once: what is between the nodes is held for all of them. */
const CALIBRATION_BATCH = 8;
const ROUNDS = 11;
/** Files whose times are compared in turns at the end. */
const FINALISTS = 4;
/** Share of the float32 file's bytes by which a file may exceed the smallest and be as small: the fastest of these is taken. */
const SAME_SIZE = 0.02;

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

type Options = QuantizeEncoderOptions & {
  readonly keep: 'distinct' | 'none';
  readonly prefer: 'size' | 'time';
  readonly for: 'onnxruntime' | 'tensorrt';
  readonly percentile: number;
  readonly observations: number;
  readonly searchObservations: number;
  readonly calibrationObservations: number;
  readonly reserve: number;
  readonly seed: number;
};

function resolveOptions(given: QuantizeEncoderOptions): Options {
  const options: Options = {
    ...given,
    keep: given.keep ?? 'distinct',
    prefer: given.prefer ?? 'size',
    for: given.for ?? 'onnxruntime',
    percentile: given.percentile ?? 99.99,
    observations: given.observations ?? 1024,
    searchObservations: given.searchObservations ?? 512,
    calibrationObservations: given.calibrationObservations ?? 128,
    reserve: given.reserve ?? 0.2,
    seed: given.seed ?? 0,
  };
  if (!(options.reserve >= 0 && options.reserve < 1))
    throw new UsageError(`${option('reserve')}: expected a share from 0 to below 1, got ${options.reserve}`);
  if (!(options.percentile > 50 && options.percentile <= 100))
    throw new UsageError(`${option('percentile')}: expected more than 50 and at most 100, got ${options.percentile}`);
  if (given.percentile !== undefined && given.calibration !== undefined && given.calibration !== 'percentile')
    throw new UsageError(
      `${option('percentile')}: expected ${option('calibration', 'percentile')} beside it, got ${given.calibration}`,
    );
  return options;
}

interface Targets {
  readonly out: string;
  readonly recordPath: string | undefined;
  readonly reportPath: string | undefined;
}

/** @throws UsageError where a file would be overwritten that was not to be */
function targetsOf(encoder: string, { out: given, force, report = true }: Options): Targets {
  const out = given ?? encoder.replace(/(\.onnx)?$/i, '.int8.onnx');
  if (!/\.onnx$/i.test(out)) throw new UsageError(`${option('out')}: expected a file that ends with .onnx, got ${out}`);
  if (resolve(out) === resolve(encoder))
    throw new UsageError(`${option('out')}: expected another file than the one that is quantised, got ${out}`);
  const beside = (suffix: string): string => out.replace(/\.onnx$/i, `.${suffix}`);
  const targets = report
    ? { out, recordPath: beside('quantization.json'), reportPath: beside('quantization.html') }
    : { out, recordPath: undefined, reportPath: undefined };
  const there = [out, targets.recordPath, targets.reportPath].find((file) => file !== undefined && existsSync(file));
  if (there !== undefined && !force)
    throw new UsageError(`quantize: expected ${there} not to be there, found it`, {
      remedy: `Choose another name (${option('out')}), or ${option('force')} to replace it.`,
    });
  requireWritable(dirname(out));
  return targets;
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

/** What the steps of one quantisation share. */
interface Work {
  readonly bench: Bench;
  readonly model: OnnxModel;
  readonly units: readonly Unit[];
  readonly histograms: ReadonlyMap<string, Histogram>;
  readonly options: Options;
  /** The float32 file on the observations of the search. */
  readonly reference: Reference;
  readonly progress: (line: string) => void;
}

async function calibrateUnits(
  model: OnnxModel,
  { runtime, shape, input }: Bench,
  { calibration }: DividedObservations,
  { prefer, keep }: Options,
): Promise<Pick<Work, 'units' | 'histograms'>> {
  const all = quantizableUnits(model);
  const session = await runtime.load(encodeModel(model));
  const feedsOf = observationFeeds(session.inputs, shape, input);
  const fixed = fixedBatchSize(session, input);
  await session.dispose();
  const rowSize = elementCount(shape);
  const step = (fixed ?? CALIBRATION_BATCH) * rowSize;
  const samples = function* () {
    for (let start = 0; start < calibration.length; start += step) {
      const rows = calibration.subarray(start, start + step);
      yield feedsOf(fixed === undefined ? rows : paddedRows(rows, step));
    }
  };
  const values = calibratedValues(model, all);
  const histograms = await observeValues(model, values, (bytes) => runtime.load(bytes), samples);
  const ranges = rangesBy(histograms, 'min-max', 100);
  // What has no weight makes no file smaller.
  const units = all.filter((unit) => isCalibrated(unit, model, ranges));
  const isWanted = ({ weight }: Unit): boolean => prefer === 'time' || keep === 'none' || weight !== undefined;
  return { units: units.filter(isWanted), histograms };
}

function rangesBy(histograms: ReadonlyMap<string, Histogram>, method: CalibrationMethod, percentile: number) {
  return new Map([...histograms].map(([name, histogram]) => [name, rangeOf(histogram, method, percentile)]));
}

/** How ranges are taken, and how many bits weights have. */
type Setting = Pick<QuantizationRecord, 'method' | 'weightBits'>;

function quantizeBy({ model, units, histograms, options }: Work, setting: Setting, levels: Levels): OnnxModel {
  const ranges = rangesBy(histograms, setting.method, options.percentile);
  const quantized = quantizeModel(model, units, {
    levels,
    ranges,
    weightBits: setting.weightBits,
    isSymmetric: options.for === 'tensorrt',
  });
  const counts = (level: string) => units.filter(({ name }) => (levels.get(name) ?? 'float') === level).length;
  const summary = {
    ...setting,
    int8: counts('int8'),
    weights: counts('weights'),
    half: counts('half'),
    float: counts('float'),
  };
  return { ...quantized, metadata: { ...quantized.metadata, 'jepa_onnx.quantization': JSON.stringify(summary) } };
}

/** Everything in 8 bits, by each method that may be chosen: the one with the smallest error in latents is. */
async function chooseSetting(work: Work) {
  const { options, units, bench, reference, progress } = work;
  const methods = options.calibration === undefined ? calibrationMethods : [options.calibration];
  const bits = options.weightBits === undefined ? ([8, 7] as const) : [options.weightBits];
  const levels: Levels = new Map(units.map(({ name }) => [name, 'int8']));
  const calibrations: (Setting & Headroom)[] = [];
  for (const weightBits of bits)
    for (const method of methods) {
      progress(`everything in 8 bits: ${method}, weights of ${weightBits}`);
      const {
        bytes: _,
        milliseconds: __,
        ...measured
      } = await measureQuantized(bench, reference, quantizeBy(work, { method, weightBits }, levels));
      calibrations.push({ method, weightBits, ...measured });
    }
  const best = calibrations.reduce((a, b) => (b.largestError < a.largestError ? b : a));
  return { calibrations, setting: { method: best.method, weightBits: best.weightBits } };
}

async function searchIn(work: Work, setting: Setting): Promise<SearchResult> {
  const { options, units, bench, reference, progress } = work;
  const measure = async (levels: Levels, step: string): Promise<Trial> => ({
    levels,
    step,
    ...(await measureQuantized(bench, reference, quantizeBy(work, setting, levels))),
  });
  const isGood = ({ holds, largestError, tolerance }: Trial): boolean =>
    options.keep === 'none' || (holds && largestError <= (1 - options.reserve) * tolerance);
  const result = await searchLevels(
    units.map(({ name, bytes }) => ({ name, bytes })),
    {
      prefer: options.prefer,
      isGood,
      measure,
      measureAlone: (levels) => measureError(bench, reference, quantizeBy(work, setting, levels)),
      onProgress: progress,
    },
  );
  if (isGood(result.last)) return result;
  throw new JepaError(
    `quantize: expected a choice of 8-bit nodes that the verdict bears, found none (${result.last.tolerance.toPrecision(3)} is borne)`,
    { remedy: `Lower ${option('reserve')}, or keep the file in float32.` },
  );
}

/** The smallest or the fastest of the trials that are good: rough times choose a few, times in turns among them. */
async function choose(
  work: Work,
  setting: Setting,
  { trials, last }: SearchResult,
  { search }: DividedObservations,
  path: string,
): Promise<{ readonly trial: Trial; readonly time: QuantizationRecord['time'] }> {
  const { options, bench, progress } = work;
  const isGood = ({ holds, largestError, tolerance }: Trial): boolean =>
    holds && largestError <= (1 - options.reserve) * tolerance;
  const good = options.keep === 'none' ? [last] : trials.filter(isGood);
  const smallest = Math.min(...good.map(({ bytes }) => bytes));
  const slack = SAME_SIZE * encodeModel(work.model).byteLength;
  const small = options.prefer === 'size' ? good.filter(({ bytes }) => bytes <= smallest + slack) : good;
  const finalists = [...small].sort((a, b) => a.milliseconds - b.milliseconds).slice(0, FINALISTS);
  if (small.includes(last) && !finalists.includes(last)) finalists[finalists.length - 1] = last;
  progress(`timing ${finalists.length} files and the float32 file in turns`);
  const files = finalists.map(({ levels }) => encodeModel(quantizeBy(work, setting, levels)));
  const [floats, ...others] = await timeInTurns(bench, [path, ...files], search.judged.observations, ROUNDS);
  const ratios = others.map((times) => median(times.map((ms, round) => ms / floats[round])));
  const best = ratios.indexOf(Math.min(...ratios));
  return {
    trial: finalists[best],
    time: { floatMs: median(floats), resultMs: median(others[best]), ratio: ratios[best], rounds: ROUNDS },
  };
}

async function judge(
  work: Work,
  path: string,
  bytes: Uint8Array,
  setting: Setting,
  trial: Trial,
  { judging }: DividedObservations,
): Promise<QuantizationRecord['judged']> {
  const { bench, units } = work;
  const reference = await measureReference(bench, path, judging);
  const on = async (file: Uint8Array): Promise<QuantizationJudgement> => {
    const { sets } = await encodeSets(bench, file, judging);
    return headroom(reference, sets);
  };
  const result = await on(bytes);
  const isEverything = [...trial.levels.values()].every((level) => level === 'int8');
  const { decision, centroids } = reference.measured;
  return {
    reference: { verdict: decision.verdict, tolerance: result.tolerance, accuracy: centroids.accuracy },
    result,
    ...(isEverything
      ? {}
      : {
          everything: await on(
            encodeModel(quantizeBy(work, setting, new Map(units.map(({ name }) => [name, 'int8'])))),
          ),
        }),
  };
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeReport(record: QuantizationRecord, recordPath: string, reportPath: string): Promise<void> {
  const { quantizationReport } = await import('../../src/report/quantization-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(quantizationReport(record));
  writeFileAtomic(recordPath, `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileAtomic(reportPath, page);
}
