// Where the inputs of compared files come from, what they become, and how they are told.
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { EvaluationSource, HeldOut } from '../../src/evaluation/held-out/held-out.ts';
import { significant } from '../../src/number-text.ts';
import type { RuntimeTensor } from '../../src/runtimes/index.ts';
import type { FedRun } from '../../src/verification/file/feeds.ts';
import type { ShapeChoices } from '../../src/verification/file/random-inputs.ts';
import type { ComparisonRecord } from '../../src/verification/file/schema.ts';
import { numbersOf } from '../../src/verification/file/tensor-error.ts';
import type { EvaluateEncoderOptions } from '../encoder/option.ts';
import type { ComparedFile } from './compared-file.ts';

/** Rows of one run: bounds its memory. */
export const BATCH = 64;

/** Where inputs come from; at most one of `data`, `environment`, `tensors`. */
export interface InputOptions
  extends Pick<
    EvaluateEncoderOptions,
    'classes' | 'data' | 'environment' | 'imageSize' | 'layout' | 'map' | 'onNote' | 'pixels' | 'stack'
  > {
  /** An `.npz` of arrays by the names of the inputs, or a folder of input_0.pb, input_1.pb ... (ONNX test data). */
  readonly tensors?: string | undefined;
  /** Rows. Default: 512 where classes are judged, 64 of a recording without any, 16 random ones. */
  readonly observations?: number | undefined;
  readonly seed: number;
  /** Sizes of open axes by their names, or shapes of inputs by theirs. */
  readonly shapes?: ShapeChoices | undefined;
}

export interface ComparedInputs {
  readonly record: ComparisonRecord['inputs'];
  /** Undefined where tensors are fed whole. */
  readonly rows: number | undefined;
  /**
   * @param largest rows of one run where the file leaves that open
   * @throws UsageError where they do not fit the file
   */
  runs(file: ComparedFile, largest?: number): Generator<FedRun>;
  /** Where the observations have classes. */
  readonly judged?: JudgedInputs | undefined;
}

/** Observations that both verdicts are of. */
export interface JudgedInputs {
  readonly source: EvaluationSource;
  readonly heldOut: Pick<HeldOut, 'judged' | 'centroids'>;
  readonly classes: NamedClasses;
}

/** A tensor as the record tells it. */
export function described(name: string, { type, shape }: RuntimeTensor, values: string) {
  return { name, type, shape: [...shape], values };
}

/** The smallest and the largest number. */
export function rangeOf(tensor: RuntimeTensor): string {
  const values = numbersOf(tensor);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return values.length === 0 ? 'none' : `from ${significant(low, 4)} to ${significant(high, 4)}`;
}
