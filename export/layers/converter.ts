// What a layer converter is given and what it gives back. Converters write plain TensorFlow semantics (channels last where
// the layer says so) with transposes wherever ONNX wants another layout: the passes make the graph lean afterwards.
import { JepaError } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Constant } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { describeType } from '../graph/type.ts';
import type { Config } from '../model/config.ts';
import type { LayerDescription } from '../model/description.ts';
import type { ActivationConverter } from './activation.ts';

/** A layer that cannot be exported, or not with these options. */
export class UnsupportedLayerError extends JepaError {
  override readonly name = 'UnsupportedLayerError';
}

/** Writes the layers of one class into the graph. */
export interface LayerConverter {
  /**
   * What becomes of the mask of the first input, as TensorFlow.js's executor handles it: `pass` hands it on, `drop` ends it.
   * A converter that makes or changes masks gives `mask` instead.
   */
  readonly masking: 'pass' | 'drop';
  /** The mask that the layer gives on, where it makes or changes one. */
  readonly mask?: (layer: LayerContext) => Value | undefined;
  /** One value for each output of the layer. */
  readonly convert: (layer: LayerContext) => Value | readonly Value[];
  /**
   * Arguments of Keras 3's calls, by name, that the converter knows. A call with any other is refused: what it means would be
   * lost. Absent: none but tensors and masks.
   */
  readonly callArguments?: readonly string[];
  /** Whether arguments without a name may be other things than tensors: those of a function. */
  readonly takesPositional?: boolean;
  /** For a recurrent cell: what one step of it does. Layers that run cells (RNN, StackedRNNCells) ask for it. */
  readonly cell?: (layer: CellContext) => Cell;
  readonly documentation: Documentation;
}

/** One row of the coverage table. */
export interface Documentation {
  /** ONNX operators it becomes, in words where there are several ways. */
  readonly operators: string;
  /** Options of the layer that the export honours. */
  readonly options?: string;
  /** What is refused, and why. */
  readonly refused?: string;
  /** Where TensorFlow.js and Keras disagree, and anything else that may surprise. */
  readonly notes?: string;
}

/** An argument of Keras 3's call: a tensor, a list, or a plain value. */
export type Argument =
  | { readonly kind: 'tensor'; readonly value: Value }
  | { readonly kind: 'list'; readonly items: readonly Argument[] }
  | { readonly kind: 'plain'; readonly value: unknown };

export interface ResolvedArguments {
  readonly positional: readonly Argument[];
  readonly named: ReadonlyMap<string, Argument>;
}

/** What a converter is given of one layer: its configuration, inputs and weights, and the graph to write into. */
export interface LayerContext {
  readonly layer: LayerDescription;
  readonly config: Config;
  readonly graph: GraphBuilder;
  readonly inputs: readonly Value[];
  /** Masks of the inputs: bool tensors, true where a step counts. */
  readonly masks: readonly (Value | undefined)[];
  /**
   * The mask that TensorFlow.js passes to this call. Mostly that of the first input; but its executor keeps the last mask
   * that it saw in a variable, and gives it to later layers that have none of their own.
   */
  readonly mask: Value | undefined;
  readonly activations: ReadonlyMap<string, ActivationConverter>;
  /** The arguments of the call as Keras 3 wrote them; empty for other files. */
  readonly arguments: ResolvedArguments;
  /** The first input. */
  readonly input: Value;
  /** A weight in TensorFlow's layout; throws where the layer has none of this role. */
  weight(role: string): Constant;
  /** Whether the model has a weight of this role for the layer. */
  hasWeight(role: string): boolean;
  /** Something that the user should know about this layer's export. */
  warn(message: string): void;
  /** An error that names the layer, what it has that cannot be exported, and what to do. */
  unsupported(what: string, remedy: string): UnsupportedLayerError;
  /** Converts another layer on given inputs: what a wrapper does with the layer inside it. */
  apply(layer: LayerDescription, inputs: readonly Value[], masks?: readonly (Value | undefined)[]): readonly Value[];
  /** The recurrent cell that a layer description is. */
  cell(layer: LayerDescription): Cell;
}

/** What a recurrent cell's converter is given. */
export interface CellContext
  extends Pick<LayerContext, 'layer' | 'config' | 'weight' | 'hasWeight' | 'warn' | 'unsupported' | 'activations'> {
  /** The cell inside this one: for StackedRNNCells. */
  inner(role: string): Cell;
}

/** A recurrent cell, ready to be run over a sequence. */
export interface Cell {
  /** Sizes of the states [N, size]; the first is the output's. */
  readonly stateSizes: readonly number[];
  /** The part of a step that only depends on the input, for a whole sequence [N, T, ...] or one step [N, ...] at a time. */
  readonly project: (graph: GraphBuilder, x: Value) => Value;
  /** One step: the projected input and the states to the output and the new states, all [N, size]. */
  readonly step: (
    graph: GraphBuilder,
    projected: Value,
    states: readonly Value[],
  ) => { readonly output: Value; readonly states: readonly Value[] };
  /** The cell as ONNX's own recurrent operator, where there is one with these activations. */
  readonly native?: NativeCell;
  /** The cells of a stack, bottom first, where all of them are native, and where the states of each begin among all. */
  readonly stack?: readonly { readonly cell: Cell; readonly offset: number }[];
}

export interface NativeCell {
  readonly operator: 'RNN' | 'GRU' | 'LSTM';
  readonly hidden: number;
  /** [gates * hidden, inputs], in ONNX's order of gates. */
  readonly weight: Constant;
  /** [gates * hidden, hidden]. */
  readonly recurrence: Constant;
  /** [2 * gates * hidden]: of the input, then of the recurrence. */
  readonly bias: Constant | undefined;
  readonly activations: readonly NativeActivation[];
  readonly linearBeforeReset?: boolean;
}

export interface NativeActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** The input, which must have this rank. */
export function inputOfRank(layer: LayerContext, rank: number): Value {
  const { input } = layer;
  if (input.shape.length !== rank)
    throw new JepaError(`${layer.config.where}: expected an input of rank ${rank}, got ${describeType(input)}`);
  return input;
}

/** A size of the input that must be a number. */
export function fixedSize(layer: LayerContext, value: Value, axis: number): number {
  const size = value.shape.at(axis);
  if (typeof size !== 'number')
    throw layer.unsupported(
      `a dynamic size on axis ${axis} (${describeType(value)})`,
      'Give the model a fixed size on this axis.',
    );
  return size;
}
