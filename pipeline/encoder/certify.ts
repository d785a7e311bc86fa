// Certifies an encoder of a run, of an export, or from anywhere: finds its observations and classes, proves, keeps the record.
import { UsageError } from '../../src/error.ts';
import { describePort } from '../../src/evaluation/encoder-input.ts';
import { type ProofRecord, proofPath } from '../../src/evaluation/schema/proof.ts';
import { formatJson } from '../../src/json.ts';
import { expectWhole } from '../../src/options.ts';
import { parseRuntimeVariant } from '../../src/run/runtime-variant.ts';
import { openSubject } from '../../src/run/subject.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { observationsOfRun } from '../verify/observation.ts';
import { type CertificationInput, proveEncoder } from './certification.ts';
import { lookAtEncoder } from './file.ts';
import { observeForEncoder } from './observe.ts';
import type { EvaluateEncoderOptions } from './option.ts';

/** Each takes seconds, where an evaluation takes milliseconds. */
const DEFAULT_OBSERVATIONS = 256;

/** What an encoder is certified on, under which assumption, and beside which runtimes. */
export interface CertifyEncoderOptions
  extends Pick<
    EvaluateEncoderOptions,
    | 'classes'
    | 'data'
    | 'environment'
    | 'imageSize'
    | 'layout'
    | 'map'
    | 'onNote'
    | 'onProgress'
    | 'pixels'
    | 'report'
    | 'seed'
    | 'stack'
  > {
  /** Held-out observations; as many more give the centroids. Default: 256. */
  readonly observations?: number | undefined;
  /** At most so many additions between a product and its sum, as in blocked or pairwise sums. Default: any order. */
  readonly additions?: number | undefined;
  /** Names of runtimes that are run beside the proof: float32, of ONNX files. Default: cpu. */
  readonly runtimes?: readonly string[] | undefined;
  /** Stops between two observations. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Proves, rather than measures, for how many observations rounding cannot change the nearest class, on any float32 runtime
 * (docs/certificate.md has the assumptions).
 *
 * @param path of an ONNX file, with observations of `data` or `environment`; or the folder of a run or an export
 * @returns what certificate.json holds, which is written beside the encoder unless `report` is false. Whether a runtime that
 *   was run leaves its bounds is said by `brokenHypothesis(record)`.
 * @throws UsageError where the observations do not fit, or a runtime is none of float32; FormatError naming a node whose rounding
 *   is not bounded
 */
export async function certifyEncoder(path: string, options: CertifyEncoderOptions = {}): Promise<ProofRecord> {
  const {
    observations = DEFAULT_OBSERVATIONS,
    seed = 0,
    additions = Number.POSITIVE_INFINITY,
    runtimes = ['cpu'],
  } = options;
  expectWhole(1, { observations });
  expectWhole(0, { seed });
  requireFloat32('runtime', runtimes);
  const input = await certificationInput(path, options);
  const { onProgress, signal } = options;
  const record = await proveEncoder(input, { observations, seed, additions, runtimes, onProgress, signal });
  if (options.report ?? true) {
    writeFileAtomic(proofPath(path), formatJson(record));
    onProgress?.(`${proofPath(path)}: the certificate`);
  }
  return record;
}

/** @throws UsageError for a runtime that there is not, or one that computes in another precision than the proof is of */
export function requireFloat32(where: string, runtimes: readonly string[]): void {
  for (const name of runtimes) {
    const { runtime, precision } = parseRuntimeVariant(where, name);
    if (precision !== 'float32' || runtime === 'tfjs')
      throw new UsageError(`${where}: expected runtimes that run ONNX files in float32, got ${name}`, {
        remedy: 'The certificate is of float32; `jepa evaluate` measures other precisions.',
      });
  }
}

/**
 * An encoder's file, what it takes, and observations with classes for it.
 * @param path of an ONNX file, or of the folder of a run or an export
 */
export function certificationInput(path: string, options: CertifyEncoderOptions): Promise<CertificationInput> {
  return /\.onnx$/i.test(path) ? inputOfFile(path, options) : inputOfFolder(path, options);
}

async function inputOfFile(path: string, options: CertifyEncoderOptions): Promise<CertificationInput> {
  requireFile(path, 'an ONNX file');
  const { outputs, where } = await lookAtEncoder(path);
  const [first, ...others] = outputs;
  if (others.length > 0)
    options.onNote?.(
      `${where}: the certificate is of its first output, ${describePort(first)}, and not of ${others.map(describePort).join(', ')}`,
    );
  const { found, observed } = await observeForEncoder(path, {
    ...options,
    output: first?.name,
    pool: 'flatten',
    observations: options.observations ?? DEFAULT_OBSERVATIONS,
  });
  return { path, input: found.input, ...observed };
}

async function inputOfFolder(folder: string, options: CertifyEncoderOptions): Promise<CertificationInput> {
  const subject = openSubject(folder);
  if (subject.onnx === undefined)
    throw new UsageError(`${folder}: expected an export, found none`, {
      remedy: `Export the run: jepa export ${folder}`,
    });
  const { classes, data, observations = DEFAULT_OBSERVATIONS, seed, onNote } = options;
  const { source, classes: found } = await observationsOfRun(subject, { classes, data, observations, seed, onNote });
  return { ...subject.onnx.encoder, source, classes: found };
}
