// The steps of a quantisation: ranges and units, the setting that all of them have, the search, the choice among what it found,
// and the verdict on it.

import {
  type CalibrationMethod,
  calibratedValues,
  calibrationMethods,
  encodeModel,
  type Histogram,
  isCalibrated,
  type OnnxModel,
  observeValues,
  quantizableUnits,
  quantizeModel,
  rangeOf,
  type Unit,
} from '../../export/index.ts';
import { JepaError, option } from '../../src/error.ts';
import type { QuantizationJudgement, QuantizationRecord } from '../../src/evaluation/schema/quantization.ts';
import { type Headroom, headroom } from '../../src/measures/bound/headroom.ts';
import { median } from '../../src/measures/median.ts';
import { fixedBatchSize, observationFeeds, paddedRows } from '../../src/run/encode.ts';
import { elementCount } from '../../src/shape.ts';
import {
  type Bench,
  encodeSets,
  measureError,
  measureQuantized,
  measureReference,
  type Reference,
  timeInTurns,
} from './measuring.ts';
import type { DividedObservations } from './observation.ts';
import type { Options } from './option.ts';
import { type Levels, type SearchResult, searchLevels, type Trial } from './search.ts';

/** Observations that are calibrated on at once: what is between the nodes is held for all of them. */
const CALIBRATION_BATCH = 8;
const ROUNDS = 11;
/** Files whose times are compared in turns at the end. */
const FINALISTS = 4;
/** Share of the float32 file's bytes by which a file may exceed the smallest and be as small: the fastest of these is taken. */
const SAME_SIZE = 0.02;

/** What the steps of one quantisation share. */
export interface Work {
  readonly bench: Bench;
  readonly model: OnnxModel;
  readonly units: readonly Unit[];
  readonly histograms: ReadonlyMap<string, Histogram>;
  readonly options: Options;
  /** The float32 file on the observations of the search. */
  readonly reference: Reference;
  readonly progress: (line: string) => void;
}

export async function calibrateUnits(
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
export type Setting = Pick<QuantizationRecord, 'method' | 'weightBits'>;

export function quantizeBy({ model, units, histograms, options }: Work, setting: Setting, levels: Levels): OnnxModel {
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
export async function chooseSetting(work: Work) {
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

export async function searchIn(work: Work, setting: Setting): Promise<SearchResult> {
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
export async function choose(
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
  if (options.prefer === 'time' && ratios[best] > 1)
    options.onNote?.(
      `no certified choice is faster than the float32 file on this machine: the fastest takes ${ratios[best].toPrecision(3)} times as long`,
    );
  return {
    trial: finalists[best],
    time: { floatMs: median(floats), resultMs: median(others[best]), ratio: ratios[best], rounds: ROUNDS },
  };
}

export async function judge(
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
