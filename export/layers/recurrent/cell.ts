// The recurrent cells of TensorFlow.js: SimpleRNN, GRU (both kinds of reset), LSTM, and stacks of them. One definition
// serves the layer of the same name, RNN over a cell, and Bidirectional.

import type { GraphBuilder } from '../../graph/builder.ts';
import { type Constant, floats, gathered, reshaped, transposed } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import { activate, activationName } from '../activation.ts';
import type { Cell, CellContext, NativeActivation, NativeCell } from '../converter.ts';

/** Activations that ONNX's recurrent operators have themselves. */
const nativeActivations: Readonly<Record<string, NativeActivation>> = {
  tanh: { name: 'Tanh' },
  relu: { name: 'Relu' },
  sigmoid: { name: 'Sigmoid' },
  softsign: { name: 'Softsign' },
  softplus: { name: 'Softplus' },
  elu: { name: 'Elu', alpha: 1 },
  hardSigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
};

/** Keras 3's hard sigmoid is relu6(x + 3) / 6. */
const kerasNativeActivations: typeof nativeActivations = {
  ...nativeActivations,
  hardSigmoid: { name: 'HardSigmoid', alpha: 1 / 6, beta: 0.5 },
};

interface CellWeights {
  readonly units: number;
  /** [inputs, gates * units] */
  readonly kernel: Constant;
  /** [units, gates * units] */
  readonly recurrentKernel: Constant;
  readonly bias: Constant | undefined;
}

function weightsOf(context: CellContext): CellWeights {
  const { config } = context;
  return {
    units: config.integer('units'),
    kernel: context.weight('kernel'),
    recurrentKernel: context.weight('recurrent_kernel'),
    bias: config.boolean('useBias', true) ? context.weight('bias') : undefined,
  };
}

function activation(context: CellContext, key: string, fallback: string): unknown {
  return context.config.value(key) ?? (context.config.isNull(key) ? 'linear' : fallback);
}

function natives(context: CellContext, ...given: readonly unknown[]): NativeActivation[] | undefined {
  const names = given.map((value) => activationName(value, context.config.where));
  // An activation that the user registered under a built-in name must not be bypassed.
  const table = context.config.isKeras3 ? kerasNativeActivations : nativeActivations;
  const found = names.map((name) => table[name]);
  return found.every((native) => native !== undefined) ? found : undefined;
}

/** A cell's weights in ONNX's form: transposed, gates in ONNX's order. */
function nativeOf(
  operator: NativeCell['operator'],
  { units, kernel, recurrentKernel }: CellWeights,
  bias: Constant | undefined,
  order: readonly number[],
  activations: readonly NativeActivation[] | undefined,
): NativeCell | undefined {
  if (activations === undefined) return undefined;
  const rows = order.flatMap((gate) => Array.from({ length: units }, (_, i) => gate * units + i));
  const reorder = (matrix: Constant): Constant => gathered(transposed(matrix, [1, 0]), 0, rows);
  return {
    operator,
    hidden: units,
    weight: reorder(kernel),
    recurrence: reorder(recurrentKernel),
    bias: bias && floats([2 * rows.length], [...biasHalf(bias, 0, rows), ...biasHalf(bias, 1, rows)]),
    activations,
  };
}

/** Keras' GRU with reset_after has two biases [2, 3 u]; all others have one, which is the input's. */
function biasHalf(bias: Constant, half: number, rows: readonly number[]): number[] {
  if (bias.shape.length === 1) return rows.map((row) => (half === 0 ? Number(bias.data[row]) : 0));
  return rows.map((row) => Number(bias.data[half * bias.shape[1] + row]));
}

/** x -> x kernel + bias, on any leading axes. */
function projection(kernel: Constant, bias: Constant | undefined): Cell['project'] {
  return (graph, x) => {
    const product = graph.node('MatMul', [x, graph.constant('kernel', kernel)]);
    return bias ? graph.node('Add', [product, graph.constant('bias', bias)]) : product;
  };
}

export function simpleRnnCell(context: CellContext): Cell {
  const weights = weightsOf(context);
  const { kernel, recurrentKernel, bias } = weights;
  const given = context.config.value('activation') ?? 'tanh';
  const native = nativeOf('RNN', weights, bias, [0], natives(context, given));
  return {
    stateSizes: [weights.units],
    project: projection(kernel, bias),
    step: (graph, projected, [previous]) => {
      const recurrent = graph.node('MatMul', [previous, graph.constant('recurrent_kernel', recurrentKernel)]);
      const sum = graph.node('Add', [projected, recurrent]);
      const output = activate(graph, sum, given, context.config.where, context.activations);
      return { output, states: [output] };
    },
    ...(native ? { native } : {}),
  };
}

export function gruCell(context: CellContext): Cell {
  const weights = weightsOf(context);
  const { units, kernel, recurrentKernel, bias } = weights;
  const where = context.config.where;
  const resetAfter = context.config.boolean('resetAfter', false);
  if (resetAfter && !context.config.isKeras3)
    context.warn('has resetAfter, which TensorFlow.js does not run: exported as Keras defines it');
  const [inner, outer] = [
    activation(context, 'activation', 'tanh'),
    activation(context, 'recurrentActivation', 'hardSigmoid'),
  ];
  const native = nativeOf('GRU', weights, bias, [0, 1, 2], natives(context, outer, inner));
  const hasTwo = bias?.shape.length === 2;
  const inputBias = bias && hasTwo ? half(bias, 0) : bias;
  const recurrentBias = bias && hasTwo ? half(bias, 1) : undefined;
  const gate = (graph: GraphBuilder, x: Value): Value => activate(graph, x, outer, where, context.activations);
  return {
    stateSizes: [units],
    project: projection(kernel, inputBias),
    step: (graph, projected, [previous]) => {
      const [xz, xr, xh] = graph.split(projected, -1, [units, units, units]);
      const columns = (from: number, to: number): Constant =>
        gathered(recurrentKernel, 1, range(from * units, to * units));
      let candidate: Value;
      let gates: readonly [z: Value, r: Value];
      if (resetAfter) {
        const product = graph.node('MatMul', [previous, graph.constant('recurrent_kernel', recurrentKernel)]);
        const shifted = recurrentBias
          ? graph.node('Add', [product, graph.constant('recurrent_bias', recurrentBias)])
          : product;
        const [hz, hr, hh] = graph.split(shifted, -1, [units, units, units]);
        gates = [gate(graph, graph.node('Add', [xz, hz])), gate(graph, graph.node('Add', [xr, hr]))];
        candidate = graph.node('Mul', [gates[1], hh]);
      } else {
        const product = graph.node('MatMul', [previous, graph.constant('recurrent_kernel', columns(0, 2))]);
        const [hz, hr] = graph.split(product, -1, [units, units]);
        gates = [gate(graph, graph.node('Add', [xz, hz])), gate(graph, graph.node('Add', [xr, hr]))];
        const reset = graph.node('Mul', [gates[1], previous]);
        candidate = graph.node('MatMul', [reset, graph.constant('candidate_kernel', columns(2, 3))]);
      }
      const fresh = activate(graph, graph.node('Add', [xh, candidate]), inner, where, context.activations);
      // z h + (1 - z) fresh
      const kept = graph.node('Mul', [gates[0], previous]);
      const taken = graph.node('Mul', [graph.node('Sub', [graph.scalar(1), gates[0]]), fresh]);
      const output = graph.node('Add', [kept, taken]);
      return { output, states: [output] };
    },
    ...(native ? { native: { ...native, linearBeforeReset: resetAfter } } : {}),
  };
}

export function lstmCell(context: CellContext): Cell {
  const weights = weightsOf(context);
  const { units, kernel, recurrentKernel, bias } = weights;
  const where = context.config.where;
  const [inner, outer] = [
    activation(context, 'activation', 'tanh'),
    activation(context, 'recurrentActivation', 'hardSigmoid'),
  ];
  // Keras: input, forget, candidate, output; ONNX: input, output, forget, candidate.
  const native = nativeOf('LSTM', weights, bias, [0, 3, 1, 2], natives(context, outer, inner, inner));
  return {
    stateSizes: [units, units],
    project: projection(kernel, bias),
    step: (graph, projected, [previous, carry]) => {
      const product = graph.node('MatMul', [previous, graph.constant('recurrent_kernel', recurrentKernel)]);
      const gates = graph.split(graph.node('Add', [projected, product]), -1, [units, units, units, units]);
      return lstmStep(
        graph,
        gates,
        carry,
        (x) => activate(graph, x, outer, where, context.activations),
        (x) => activate(graph, x, inner, where, context.activations),
      );
    },
    ...(native ? { native } : {}),
  };
}

/** c' = f c + i g, h' = o act(c'), for gates [i, f, g, o] before their activations. */
export function lstmStep(
  graph: GraphBuilder,
  [input, forget, candidate, output]: readonly Value[],
  carry: Value,
  gate: (x: Value) => Value,
  activated: (x: Value) => Value,
): { readonly output: Value; readonly states: readonly Value[] } {
  const kept = graph.node('Mul', [gate(forget), carry]);
  const taken = graph.node('Mul', [gate(input), activated(candidate)]);
  const fresh = graph.node('Add', [kept, taken]);
  const result = graph.node('Mul', [gate(output), activated(fresh)]);
  return { output: result, states: [result, fresh] };
}

/** States are one flat list: those of the bottom cell first in Keras 3, those of the top cell first in TensorFlow.js. */
export function stackedCells(context: CellContext): Cell {
  const count = context.config.list('cells').length;
  const cells = Array.from({ length: count }, (_, i) => context.inner(`cell${i}`));
  const { isKeras3 } = context.config;
  const statesOf = (some: readonly Cell[]): number => some.reduce((sum, cell) => sum + cell.stateSizes.length, 0);
  const offsets = cells.map((_, i) => statesOf(isKeras3 ? cells.slice(0, i) : cells.slice(i + 1)));
  return {
    stateSizes: (isKeras3 ? cells : [...cells].reverse()).flatMap((cell) => cell.stateSizes),
    project: (graph, x) => cells[0].project(graph, x),
    step: (graph, projected, states) => {
      const fresh: Value[] = [...states];
      let output = projected;
      for (const [i, cell] of cells.entries()) {
        const own = states.slice(offsets[i], offsets[i] + cell.stateSizes.length);
        const result = cell.step(graph, i === 0 ? projected : cell.project(graph, output), own);
        output = result.output;
        fresh.splice(offsets[i], own.length, ...result.states);
      }
      return { output, states: fresh };
    },
    ...(cells.every((cell) => cell.native) ? { stack: cells.map((cell, i) => ({ cell, offset: offsets[i] })) } : {}),
  };
}

function half(bias: Constant, index: number): Constant {
  return reshaped(gathered(bias, 0, [index]), [bias.shape[1]]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
