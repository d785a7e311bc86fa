// What a quantisation is told, with its defaults, and the files that it writes.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { CalibrationMethod } from '../../export/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { expectWhole } from '../../src/options.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import type { CertifyEncoderOptions } from '../encoder/certify.ts';
import type { Bench } from './measuring.ts';

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

export type Options = QuantizeEncoderOptions & {
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

export function resolveOptions(given: QuantizeEncoderOptions): Options {
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
  const { observations, searchObservations, calibrationObservations, threads, seed } = options;
  expectWhole(1, { observations, searchObservations, calibrationObservations, threads });
  expectWhole(0, { seed });
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

export interface Targets {
  readonly out: string;
  readonly recordPath: string | undefined;
  readonly reportPath: string | undefined;
}

/** @throws UsageError where a file would be overwritten that was not to be */
export function targetsOf(encoder: string, { out: given, force, report = true }: Options): Targets {
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
