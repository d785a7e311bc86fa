// A runtime in another precision, by name: `cuda:tf32` runs the same files with TF32 on, `NAME:fp16` the encoder in half
// precision, as `jepa convert --precision float16` makes it. Without a variant everything is full float32.
import { UnavailableError, UsageError } from '../error.ts';
import { openRuntime, type Runtime, type RuntimeOptions, runtimeNames, unknownRuntime } from '../runtimes/index.ts';
import type { EncoderSubject } from './subject.ts';

export interface RuntimeVariant {
  /** As on the command line. */
  readonly name: string;
  /** The runtime itself. */
  readonly runtime: string;
  readonly precision: 'float32' | 'tf32' | 'float16';
}

/** @throws UsageError for an unknown runtime, or a variant that it does not have */
export function parseRuntimeVariant(where: string, name: string): RuntimeVariant {
  const [runtime, variant, ...rest] = name.split(':');
  if (!runtimeNames.includes(runtime)) throw unknownRuntime(where, runtime, runtimeNames);
  if (variant === undefined) return { name, runtime, precision: 'float32' };
  if (rest.length === 0 && variant === 'tf32' && runtime === 'cuda') return { name, runtime, precision: 'tf32' };
  if (rest.length === 0 && variant === 'fp16' && runtime !== 'tfjs') return { name, runtime, precision: 'float16' };
  throw new UsageError(`${where}: expected cuda:tf32, or :fp16 behind a runtime of ONNX files, got "${name}"`);
}

/** The runtime options of a variant: TF32 is on where it is asked for by name, and nowhere else. */
export function optionsOfVariant({ precision }: RuntimeVariant, threads: number | undefined): RuntimeOptions {
  return { ...(threads === undefined ? {} : { threads }), reducedPrecision: precision === 'tf32' };
}

/** The runtime under the variant's name, with the precision that its encoder computes in. */
export async function openRuntimeVariant(variant: RuntimeVariant, threads: number | undefined): Promise<Runtime> {
  const runtime = await openRuntime(variant.runtime, optionsOfVariant(variant, threads));
  if (variant.name === variant.runtime) return runtime;
  return {
    ...runtime,
    describe: () => ({ ...runtime.describe(), runtime: variant.name, precision: variant.precision }),
  };
}

/**
 * The subject with the encoder that the variant runs.
 * @param halfEncoder path of the encoder in half precision, with ports as they were
 */
export function subjectOfVariant<Subject extends EncoderSubject>(
  { name, precision }: RuntimeVariant,
  subject: Subject,
  halfEncoder: string | undefined,
): Subject {
  if (precision !== 'float16') return subject;
  if (subject.onnx === undefined || halfEncoder === undefined)
    throw new UnavailableError(`${name}: expected an encoder in half precision, got none`, {
      remedy: `Export the run: jepa export ${subject.folder}`,
    });
  const { encoder } = subject.onnx;
  return { ...subject, onnx: { ...subject.onnx, encoder: { ...encoder, path: halfEncoder } } };
}
