// The evaluation of an encoder from anywhere: an ONNX file and observations with classes, nothing else. What it takes is read
// from the file; where the file does not say enough, it is asked for.
// Letters: N observations, H W C image, D numbers.
import { basename } from 'node:path';
import { FormatError, option, UsageError } from '../error.ts';
import { underMetric } from '../measures/latents.ts';
import { meanPairDistance } from '../measures/pair-distance.ts';
import type { ObservationInput, PixelNormalization } from '../run/encode.ts';
import { openRuntimeVariant, parseRuntimeVariant, type RuntimeVariant } from '../run/runtime-variant.ts';
import type { EncoderSubject } from '../run/subject.ts';
import { openEncoderSession } from '../run/world-session.ts';
import type { Runtime, RuntimeDescription } from '../runtimes/index.ts';
import type { StateClasses } from './class/state.ts';
import { type EncoderRank, measureEncoderRank } from './encoder-jacobian.ts';
import type { EvaluationSource, HeldOut } from './held-out/held-out.ts';
import {
  compareWithReference,
  type EncoderEvaluation,
  type MeasuredEncoder,
  type MeasuringOptions,
  measureEncoder,
  untrainedSample,
} from './runtime-measurement.ts';

export interface ForeignEncoder {
  /** Of the ONNX file. */
  readonly path: string;
  readonly input: ObservationInput;
  /** Path of the same encoder before training, where there is one. */
  readonly untrained?: string | undefined;
}

export interface ForeignEvaluationInput {
  readonly encoder: ForeignEncoder;
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
    for (const [name, runtime] of runtimes) {
      progress(`${measured.size + 1}/${runtimes.size} encoding on ${name}`);
      const session = await openEncoderSession(runtime, subject, source.observationShape);
      try {
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
    return { input, options, heldOut, untrainedMeanDistance, ...compared, encoderRank };
  } finally {
    for (const runtime of runtimes.values()) await runtime.dispose();
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
export function parseForeignVariant(path: string, name: string): RuntimeVariant {
  const variant = parseRuntimeVariant('evaluate', name);
  if (variant.runtime !== 'tfjs' && variant.precision !== 'float16') return variant;
  throw new UsageError(`evaluate: expected runtimes that run ${path} as it is, got ${name}`, {
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

/** What a person says of an encoder's input where its file does not. */
export interface InputAnswers {
  /** Of two inputs, the one that takes observations. */
  readonly name?: string | undefined;
  readonly layout?: 'nhwc' | 'nchw' | undefined;
  readonly normalization?: PixelNormalization | undefined;
}

/** An input as a file or a session describes it. */
export interface InputPort {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of an open axis. */
  readonly shape: readonly (number | string)[];
}

/** An encoder's input, and the image that it takes as far as the file says. */
export interface FoundInput {
  readonly input: ObservationInput;
  /** Sides in pixels; undefined for vectors, and where the file leaves them open. */
  readonly imageSize?: readonly [height: number, width: number] | undefined;
}

/** Channels that an image may have, alone or as frames of a stack. */
const MAXIMAL_CHANNELS = 64;

/**
 * What an encoder takes, by the type and shape of its input: [N, H, W, C] or [N, C, H, W] images, [N, D] numbers.
 * @param where the file, for messages
 * @throws UsageError where that cannot be told or is none of them
 */
export function findObservationInput(where: string, specs: readonly InputPort[], answers: InputAnswers): FoundInput {
  const names = specs.map(({ name }) => name).join(', ');
  const spec = answers.name === undefined ? specs[0] : specs.find(({ name }) => name === answers.name);
  if (spec === undefined || (answers.name === undefined && specs.length > 1))
    throw new UsageError(`${where}: expected one input, got ${names || 'none'}`, {
      remedy: 'An encoder of one image or one vector is measured: export it with one input.',
    });
  const { name, type, shape } = spec;
  const described = `${type}[${shape.join(', ')}]`;
  if (shape.length === 2) {
    if (type !== 'float32') throw new FormatError(`${where}: expected numbers as float32, got ${described}`);
    if (answers.layout !== undefined || answers.normalization !== undefined)
      throw new UsageError(
        `${where}: expected images for ${option('layout')} and ${option('pixels')}, got an input of ${described}`,
      );
    return { input: { name, layout: 'flat', type } };
  }
  if (shape.length !== 4 || (type !== 'uint8' && type !== 'float32'))
    throw new FormatError(
      `${where}: expected an input of images, [N, H, W, C] or [N, C, H, W] as uint8 or float32, or of numbers, [N, D] as float32, got ${described}`,
    );
  if (type === 'uint8' && answers.normalization !== undefined)
    throw new UsageError(`${where}: expected no ${option('pixels')} for an input of bytes, got ${described}`);
  const layout = answers.layout ?? guessLayout(where, shape, described);
  const [height, width] = layout === 'nchw' ? shape.slice(2) : shape.slice(1);
  return {
    input: { name, layout, type, ...(answers.normalization ? { normalization: answers.normalization } : {}) },
    ...(typeof height === 'number' && typeof width === 'number' ? { imageSize: [height, width] } : {}),
  };
}

/** The axis of channels is the one that is short. */
function guessLayout(where: string, [, first, , last]: InputPort['shape'], described: string): 'nhwc' | 'nchw' {
  const isFirst =
    typeof first === 'number' && first <= MAXIMAL_CHANNELS && !(typeof last === 'number' && last <= first);
  const isLast = typeof last === 'number' && last <= MAXIMAL_CHANNELS && !(typeof first === 'number' && first <= last);
  if (isFirst !== isLast) return isFirst ? 'nchw' : 'nhwc';
  throw new UsageError(`${where}: expected an axis of channels, got ${described}`, {
    remedy: `Say where it is: ${option('layout', 'nchw')} or ${option('layout', 'nhwc')}.`,
  });
}
