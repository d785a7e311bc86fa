// The evaluation of an encoder from anywhere: an ONNX file and observations with classes, nothing else. What it takes is read
// from the file; where the file does not say enough, it is asked for.
// Letters: N observations, H W C image, D numbers.
import { basename } from 'node:path';
import { option, UsageError } from '../error.ts';
import { type Latents, underMetric } from '../measures/latents.ts';
import { meanPairDistance } from '../measures/pair-distance.ts';
import { batchDependenceNote } from '../run/batch-dependence.ts';
import type { ObservationInput } from '../run/encode.ts';
import { type PredictorPorts, predictLatents } from '../run/predictor.ts';
import { openRuntimeVariant, parseRuntimeVariant, type RuntimeVariant } from '../run/runtime-variant.ts';
import type { EncoderSubject } from '../run/subject.ts';
import { type EncoderSession, openEncoderSession } from '../run/world-session.ts';
import type { Runtime, RuntimeDescription } from '../runtimes/index.ts';
import { elementCount } from '../shape.ts';
import type { StateClasses } from './class/state.ts';
import { type EncoderRank, measureEncoderRank } from './encoder-jacobian.ts';
import type { EvaluationSource, HeldOut } from './held-out/held-out.ts';
import type { NoWords, RowWords } from './held-out/row-words.ts';
import { findPredictorPorts, type PredictorAnswers, type PredictorQuestion } from './predictor-input.ts';
import {
  compareWithReference,
  type EncoderEvaluation,
  type MeasuredEncoder,
  type MeasuringOptions,
  measureEncoder,
  untrainedSample,
} from './runtime-measurement.ts';
import { type EncoderWitnessEvaluation, evaluateEncoderWitnesses } from './witness/evaluate-encoder.ts';

export {
  type FoundInput,
  findObservationInput,
  type InputAnswers,
  type InputPort,
} from './encoder-input.ts';

export interface ForeignEncoder {
  /** Of the ONNX file. */
  readonly path: string;
  readonly input: ObservationInput;
  /** Path of the same encoder before training, where there is one. */
  readonly untrained?: string | undefined;
}

/** A predictor from anywhere, and what its file says. */
export interface ForeignPredictor extends Pick<PredictorQuestion, 'where' | 'inputs' | 'outputs'> {
  /** Of the ONNX file. */
  readonly path: string;
  readonly answers: PredictorAnswers;
}

export interface ForeignEvaluationInput {
  readonly encoder: ForeignEncoder;
  /** Recorded actions that witnesses follow, or why there are none. Absent: none are looked for. */
  readonly words?: RowWords | NoWords | undefined;
  /** By which they are followed. */
  readonly predictor?: ForeignPredictor | undefined;
  /** Another file that the encoder is compared with, on the runtime `reference`. Default: the encoder itself there. */
  readonly referenceFile?: Pick<ForeignEncoder, 'path' | 'input'> | undefined;
  readonly source: EvaluationSource;
  readonly classes: StateClasses;
}

export interface ForeignEvaluation {
  readonly input: ForeignEvaluationInput;
  readonly options: MeasuringOptions;
  readonly heldOut: Pick<HeldOut, 'judged' | 'centroids'>;
  readonly untrainedMeanDistance: number | undefined;
  readonly reference: RuntimeDescription;
  readonly runtimes: readonly EncoderEvaluation[];
  /** Undefined where the encoder takes bytes, or a fixed number of observations at once. */
  readonly encoderRank: EncoderRank | undefined;
  /** On the first runtime; undefined where none were looked for. */
  readonly witnesses: EncoderWitnessEvaluation | undefined;
  /** How the predictor was fed. */
  readonly predictorPorts: PredictorPorts | undefined;
}

/** @throws UnavailableError where this machine lacks one of the runtimes, FormatError where the file cannot be fed */
export async function evaluateForeignEncoder(
  input: ForeignEvaluationInput,
  options: MeasuringOptions,
): Promise<ForeignEvaluation> {
  const { encoder, referenceFile, source, classes } = input;
  const { metric } = options;
  const progress = options.onProgress ?? (() => {});
  const runtimes = new Map<string, Runtime>();
  try {
    for (const name of new Set([...(referenceFile === undefined ? [options.reference] : []), ...options.runtimes])) {
      const variant = parseForeignVariant(encoder.path, name);
      runtimes.set(name, await openRuntimeVariant(variant, options.threads));
    }
    progress('drawing observations');
    const heldOut = await source.draw(options.observations, options.seed);
    const subject = subjectOf(encoder.path, encoder.input);
    const [first] = runtimes.values();
    const untrainedMeanDistance =
      encoder.untrained === undefined
        ? undefined
        : await meanDistanceOf(first, subjectOf(encoder.untrained, encoder.input), { source, heldOut, metric });
    const measured = new Map<string, MeasuredEncoder>();
    let encoderRank: EncoderRank | undefined;
    let followed: FollowedWords | undefined;
    for (const [name, runtime] of runtimes) {
      progress(`${measured.size + 1}/${runtimes.size} encoding on ${name}`);
      const session = await openEncoderSession(runtime, subject, source.observationShape);
      try {
        // Before all measuring there, so that a predictor that does not fit costs little.
        if (name === options.runtimes[0]) {
          followed = await followWords(runtime, session, input, progress);
          const { encode } = session;
          const { observations } = heldOut.judged;
          const rowSize = elementCount(source.observationShape);
          const odd = await batchDependenceNote(basename(encoder.path), encode, observations, rowSize);
          if (odd !== undefined) options.onNote?.(odd);
        }
        const measurement = { source, classes, heldOut, untrainedMeanDistance, hasUnitScale: false, runtime, session };
        const encoded = await measureEncoder({ ...measurement, metric, progress });
        measured.set(name, encoded);
        if (name === options.runtimes[0])
          encoderRank = await measureEncoderRank({
            encoder: session.encoder,
            observations: heldOut.judged.observations,
            observationShape: source.observationShape,
            input: encoder.input,
            latentSize: encoded.latents.size,
            seed: options.seed,
          });
      } finally {
        await session.dispose();
      }
    }
    const reference =
      referenceFile === undefined
        ? options.reference
        : await measureReferenceFile(referenceFile, { input, options, heldOut, measured, progress });
    const compared = compareWithReference(measured, { ...options, reference });
    const { witnesses, ports: predictorPorts } = followed ?? { witnesses: undefined, ports: undefined };
    return { input, options, heldOut, untrainedMeanDistance, ...compared, encoderRank, witnesses, predictorPorts };
  } finally {
    for (const runtime of runtimes.values()) await runtime.dispose();
  }
}

interface FollowedWords {
  readonly witnesses: EncoderWitnessEvaluation;
  readonly ports: PredictorPorts | undefined;
}

/** @throws UsageError where the predictor's file does not fit the encoder's latents or the recorded actions */
async function followWords(
  runtime: Runtime,
  { encode }: EncoderSession,
  { encoder, words, predictor }: ForeignEvaluationInput,
  progress: (message: string) => void,
): Promise<FollowedWords | undefined> {
  if (words === undefined) return undefined;
  const { runtime: name } = runtime.describe();
  if (!('none' in words)) progress(`looking for witnesses on ${name}`);
  if (predictor === undefined || 'none' in words)
    return { witnesses: await evaluateEncoderWitnesses(words, { runtime: name, encode }), ports: undefined };
  const { where, answers } = predictor;
  const first = words.observations.subarray(0, words.observations.length / (words.count * (words.length + 1)));
  const { size: latentSize } = await encode(first);
  const ports = findPredictorPorts(
    { ...predictor, encoder: basename(encoder.path), latentSize, actions: words.recordedActions },
    answers,
  );
  const session = await runtime.load(predictor.path);
  try {
    const predict = (latents: Latents, actions: Float32Array) =>
      predictLatents(where, session, ports, latents, actions);
    const networks = { runtime: name, encode, predictor: { gives: ports.gives, predict } };
    return { witnesses: await evaluateEncoderWitnesses(words, networks), ports };
  } finally {
    await session.dispose();
  }
}

interface ReferenceFileInput {
  readonly input: ForeignEvaluationInput;
  readonly options: MeasuringOptions;
  readonly heldOut: Pick<HeldOut, 'judged' | 'centroids'>;
  /** By runtime; the reference is added. */
  readonly measured: Map<string, MeasuredEncoder>;
  readonly progress: (message: string) => void;
}

/** @returns its name among the measured: the file and its runtime */
async function measureReferenceFile(
  { path, input: observationInput }: Pick<ForeignEncoder, 'path' | 'input'>,
  { input: { source, classes }, options, heldOut, measured, progress }: ReferenceFileInput,
): Promise<string> {
  const name = `${basename(path)} on ${options.reference}`;
  progress(`encoding with ${name}`);
  const runtime = await openRuntimeVariant(parseForeignVariant(path, options.reference), options.threads);
  try {
    const session = await openEncoderSession(runtime, subjectOf(path, observationInput), source.observationShape);
    try {
      const encoded = await measureEncoder({
        ...{ source, classes, heldOut, runtime, session, progress, metric: options.metric },
        untrainedMeanDistance: undefined,
        hasUnitScale: false,
      });
      const [other] = measured.values();
      if (other !== undefined && other.latents.size !== encoded.latents.size)
        throw new UsageError(
          `${option('reference')}: expected latents of ${other.latents.size} numbers, got ${encoded.latents.size} from ${basename(path)}`,
        );
      measured.set(name, { ...encoded, description: { ...encoded.description, runtime: name } });
    } finally {
      await session.dispose();
    }
  } finally {
    await runtime.dispose();
  }
  return name;
}

/** @throws UsageError for a runtime that does not run ONNX files, or not as they are */
export function parseForeignVariant(path: string, name: string, where = 'evaluate'): RuntimeVariant {
  const variant = parseRuntimeVariant(where, name);
  if (variant.runtime !== 'tfjs' && variant.precision !== 'float16') return variant;
  throw new UsageError(`${where}: expected runtimes that run ${path} as it is, got ${name}`, {
    remedy: 'Choose among cpu, wasm, cuda, webgpu.',
  });
}

function subjectOf(path: string, input: ObservationInput): EncoderSubject {
  return { name: path, folder: path, onnx: { encoder: { path, input } } };
}

async function meanDistanceOf(
  runtime: Runtime,
  subject: EncoderSubject,
  {
    source: { observationShape },
    heldOut,
    metric,
  }: {
    readonly source: EvaluationSource;
    readonly heldOut: Pick<HeldOut, 'judged'>;
    readonly metric: MeasuringOptions['metric'];
  },
): Promise<number> {
  const session = await openEncoderSession(runtime, subject, observationShape);
  try {
    return meanPairDistance(underMetric(await session.encode(untrainedSample(heldOut, observationShape)), metric));
  } finally {
    await session.dispose();
  }
}
