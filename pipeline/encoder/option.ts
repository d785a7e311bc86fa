// What an encoder from anywhere has to be told, beside the options of every evaluation.
import type { PixelNormalization } from '../../src/run/encode.ts';
import type { ConstantPort } from '../../src/run/input.ts';
import type { Pool } from '../../src/run/latent.ts';
import type { EvaluateOptions } from '../evaluate/option.ts';

/** Which columns an input takes. */
export interface InputColumns {
  /** Of the input. */
  readonly name: string;
  /** Images side by side, or numbers one after the other. */
  readonly columns: readonly string[];
}

/** How an encoder from anywhere is fed, and what of its outputs is the latent. */
export interface EncoderOptions {
  /** The recording. */
  readonly data?: string | undefined;
  /** The name of an environment of ours to measure it on, instead of a recording in `data`. */
  readonly environment?: string | undefined;
  /** The recording's parts and their columns: observation=pixels,state=label. */
  readonly map?: string | undefined;
  /** Bring the recording's images to this size. Default: the file's. */
  readonly imageSize?: readonly [height: number, width: number] | undefined;
  /** Frames of an observation. Default: 1, and of a clip its own. */
  readonly stack?: number | undefined;
  /** The order of the file's axes. Default: by its shape. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** What the pixels are for a file that takes floats. Default: 0..1. */
  readonly pixels?: PixelNormalization | undefined;
  /** Of several inputs, which columns each takes. Default: those of its own name. */
  readonly input?: readonly InputColumns[] | undefined;
  /** Inputs that take the same numbers whatever is observed. */
  readonly fix?: readonly ConstantPort[] | undefined;
  /** The output that is the latent. Default: the only one, or the only one with a vector an observation. */
  readonly output?: string | undefined;
  /** How tokens or places become one vector. Default: all numbers, one after the other. */
  readonly pool?: Pool | undefined;
  /** l2: latents at length 1. Default: as they are. */
  readonly normalize?: 'l2' | undefined;
}

/** What one input of a predictor takes: latents, actions, or the same numbers always. */
export interface PredictorInput {
  /** Of the input. */
  readonly name: string;
  readonly takes: 'latent' | 'action' | readonly number[];
}

/** A predictor from anywhere, (latent, action) -> next latent, beside the encoder. */
export interface PredictorOptions {
  /** An ONNX file, by which witnesses are followed along recorded actions. Default: none, and no residuals. */
  readonly predictor?: string | undefined;
  /** What its inputs take. Default: by their widths, else by their names, else the latent first. */
  readonly predictorInput?: readonly PredictorInput[] | undefined;
  /** next: its output is the next latent. difference: what is added to the latent. Default: next. */
  readonly predictorGives?: 'next' | 'difference' | undefined;
}

/** What an encoder from anywhere is measured on, beside the options of every evaluation. */
export interface EvaluateEncoderOptions extends EvaluateOptions, Omit<EncoderOptions, 'data'>, PredictorOptions {
  /** The same encoder before training, which shows a collapse best: an ONNX file. */
  readonly untrained?: string | undefined;
}
