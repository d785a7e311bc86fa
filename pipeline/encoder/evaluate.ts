// Evaluates one encoder from anywhere: any ONNX file, on a recording of the user's or on an environment of ours. Few observations are
// compared all with all, more are streamed.
import { option, UsageError } from '../../src/error.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { LARGEST_COMPARED } from '../../src/measures/stream/block.ts';
import { expectRuntimes } from '../evaluate/option.ts';
import { encoderSubject, type StreamingOptions, streamEvaluation } from '../stream/run.ts';
import { compareEncoder, encoderEvaluationOptions } from './judge-encoder.ts';
import { requireOneSource } from './observe.ts';
import type { EvaluateEncoderOptions } from './option.ts';

/**
 * Measures whether the latents of any ONNX encoder keep the classes of labelled observations apart.
 *
 * @param path of the encoder; NAME.evaluation.json and NAME.report.html go beside it, unless `report` is false
 * @returns what NAME.evaluation.json holds
 * @throws UsageError where the observations are not what the file takes, or both or neither of `data` and `environment` are given
 */
export async function evaluateEncoder(
  path: string,
  given: EvaluateEncoderOptions & StreamingOptions,
): Promise<EncoderEvaluationRecord> {
  expectRuntimes(given.runtimes);
  const { observations } = encoderEvaluationOptions(path, given);
  if (observations <= LARGEST_COMPARED) return compareEncoder(path, given);
  requireOneSource(path, given);
  if (given.data === undefined) {
    if (observations !== Number.POSITIVE_INFINITY) return compareEncoder(path, given);
    throw new UsageError(
      `${option('observations')}: expected a number of an environment, which has no last one, got all`,
    );
  }
  const streamed = await streamEvaluation(encoderSubject(path, given), given);
  if (!('comparable' in streamed)) return streamed;
  return compareEncoder(path, { ...given, observations: streamed.comparable });
}
