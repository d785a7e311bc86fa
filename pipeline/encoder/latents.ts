// Evaluates latents that were computed elsewhere: few are compared all with all, more are streamed.
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { LARGEST_COMPARED } from '../../src/measures/stream/block.ts';
import { resolveEvaluateOptions } from '../evaluate/option.ts';
import { latentsSubject, type StreamingOptions, streamEvaluation } from '../stream/run.ts';
import type { EvaluateLatentsOptions } from './given-latents.ts';
import { compareLatents } from './judge-latents.ts';

export type { EvaluateLatentsOptions } from './given-latents.ts';

/**
 * Measures whether latents that were computed elsewhere keep their classes apart. The numbers are those that the encoder itself
 * would be given for the same latents (`encodeRecording` writes such a file).
 *
 * @param path of the latents, a row an observation: NPY, NPZ, Parquet, CSV or any recording; NAME.evaluation.json and
 *   NAME.report.html go beside it, unless `report` is false
 * @returns what NAME.evaluation.json holds, which says that the encoder was never seen
 * @throws UsageError where the files have not as many rows, or no classes
 */
export async function evaluateLatents(
  path: string,
  given: EvaluateLatentsOptions & StreamingOptions,
): Promise<EncoderEvaluationRecord> {
  if (resolveEvaluateOptions(given).observations <= LARGEST_COMPARED) return compareLatents(path, given);
  const streamed = await streamEvaluation(latentsSubject(path, given), given);
  if (!('comparable' in streamed)) return streamed;
  return compareLatents(path, { ...given, observations: streamed.comparable });
}
