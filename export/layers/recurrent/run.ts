// Running a cell over a sequence: with ONNX's own recurrent operators where they can express it, with Scan where not
// (masks, activations that they lack, custom cells).
import type { GraphBuilder } from '../../graph/builder.ts';
import { type Constant, floats, reshaped, sizeOf } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { Dimension, ValueType } from '../../graph/type.ts';
import type { Cell, NativeCell } from '../converter.ts';

export interface Sequence {
  /** [N, T, ...] */
  readonly x: Value;
  /** bool [N, T]: steps that count. */
  readonly mask: Value | undefined;
  /** The states before the first step, if they are given. */
  readonly initial: readonly Value[] | undefined;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
}

export interface Ran {
  /** [N, T, size] in the order of processing, or the last output [N, size]. */
  readonly output: Value;
  readonly states: readonly Value[];
}

export function runCell(graph: GraphBuilder, cell: Cell, sequence: Sequence): Ran {
  const cells = cell.native ? [{ cell, offset: 0 }] : cell.stack;
  return cells && sequence.mask === undefined ? runNative(graph, cells, sequence) : runScan(graph, cell, sequence);
}

/** Cells of a stack one after the other over the whole sequence: the same as step by step, since each only sees the one below. */
function runNative(graph: GraphBuilder, cells: NonNullable<Cell['stack']>, sequence: Sequence): Ran {
  const { x, initial, goBackwards, returnSequences } = sequence;
  let timeMajor = graph.transpose(x, [1, 0, 2]);
  let last: Value | undefined;
  const states: Value[] = [];
  for (const { cell, offset } of cells) {
    const { native } = cell;
    if (native === undefined) continue;
    const own = initial?.slice(offset, offset + cell.stateSizes.length).map((state) => graph.unsqueeze(state, [0]));
    const [y, ...finals] = recurrentNode(graph, timeMajor, [native], own, goBackwards ? 'reverse' : 'forward');
    timeMajor = graph.squeeze(y, [1]);
    const squeezed = finals.map((state) => graph.squeeze(state, [0]));
    for (const [i, state] of squeezed.entries()) states[offset + i] = state;
    [last] = squeezed;
  }
  const ordered = goBackwards && returnSequences ? graph.reverse(timeMajor, 0) : timeMajor;
  return { output: returnSequences || last === undefined ? graph.transpose(ordered, [1, 0, 2]) : last, states };
}

type Direction = 'forward' | 'reverse' | 'bidirectional';

/**
 * RNN, GRU or LSTM over [T, N, inputs]: Y [T, directions, N, hidden] and the final states [directions, N, hidden].
 * @param natives one cell a direction, alike but for their weights
 */
export function recurrentNode(
  graph: GraphBuilder,
  timeMajor: Value,
  natives: readonly NativeCell[],
  initial: readonly Value[] | undefined,
  direction: Direction,
): Value[] {
  const [{ operator, hidden, linearBeforeReset }] = natives;
  const weight = graph.constant('kernel', stacked(natives.map((native) => native.weight)));
  const recurrence = graph.constant('recurrent_kernel', stacked(natives.map((native) => native.recurrence)));
  const biases = natives.map((native) => native.bias);
  const bias = biases.every((each) => each !== undefined) ? graph.constant('bias', stacked(biases)) : undefined;
  const functions = natives.flatMap((native) => native.activations);
  const alphas = functions.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha]));
  const betas = functions.flatMap(({ beta }) => (beta === undefined ? [] : [beta]));
  const attributes = {
    activations: functions.map(({ name }) => name),
    activation_alpha: alphas.length > 0 ? alphas : undefined,
    activation_beta: betas.length > 0 ? betas : undefined,
    direction,
    hidden_size: hidden,
    linear_before_reset: operator === 'GRU' ? Number(linearBeforeReset ?? false) : undefined,
  };
  return graph.nodes(
    operator,
    [timeMajor, weight, recurrence, bias, undefined, ...(initial ?? [])],
    attributes,
    operator === 'LSTM' ? 3 : 2,
  );
}

/** Constants of one shape along a new first axis. */
function stacked(constants: readonly Constant[]): Constant {
  const [first] = constants;
  if (constants.length === 1) return reshaped(first, [1, ...first.shape]);
  const size = sizeOf(first.shape);
  const data = new Float32Array(size * constants.length);
  for (const [i, constant] of constants.entries())
    for (let j = 0; j < size; j++) data[i * size + j] = Number(constant.data[j]);
  return floats([constants.length, ...first.shape], data);
}

/** Zeros of shape [N, ...sizes], N being the batch of `like`. */
export function zeroState(graph: GraphBuilder, like: Value, sizes: readonly Dimension[]): Value {
  const shape: Dimension[] = [like.shape[0], ...sizes];
  if (shape.every((size) => typeof size === 'number')) {
    const numbers = shape.map(Number);
    return graph.constant('initial_state', floats(numbers, new Float32Array(sizeOf(numbers))));
  }
  return graph.node('ConstantOfShape', [graph.shapeLike(like, shape)]);
}

function runScan(graph: GraphBuilder, cell: Cell, sequence: Sequence): Ran {
  const projected = cell.project(graph, sequence.x);
  const initial = sequence.initial ?? cell.stateSizes.map((size) => zeroState(graph, sequence.x, [size]));
  return scan(graph, projected, initial, sequence, cell.step);
}

/**
 * One Scan over axis 1. A masked step repeats the first state as its output and keeps the states, as TensorFlow.js does.
 * @param step gets one step [N, ...] and the states
 */
export function scan(
  graph: GraphBuilder,
  x: Value,
  initial: readonly Value[],
  { mask, goBackwards, returnSequences }: Pick<Sequence, 'mask' | 'goBackwards' | 'returnSequences'>,
  step: Cell['step'],
): Ran {
  const stepType = ({ type, shape }: Value): ValueType => ({ type, shape: shape.filter((_, axis) => axis !== 1) });
  const inputs = [
    ...initial.map((state, i) => ({ name: `state_${i}`, type: state.type, shape: state.shape })),
    { name: 'x', ...stepType(x) },
    ...(mask ? [{ name: 'mask', ...stepType(mask) }] : []),
  ];
  // A cell of the user's own may give an output that is not its first state; then the last one has to be scanned out too.
  let scansOutput = returnSequences;
  const body = graph.subgraph('step', inputs, (inner, values) => {
    const states = values.slice(0, initial.length);
    const result = step(inner, values[initial.length], states);
    if (result.output.name !== result.states[0].name) scansOutput = true;
    if (mask === undefined) return [...result.states, ...(scansOutput ? [result.output] : [])];
    const rank = states[0].shape.length;
    const axes = Array.from({ length: rank - 1 }, (_, i) => i + 1);
    const counts = inner.unsqueeze(values[initial.length + 1], axes);
    const choose = (fresh: Value, old: Value): Value => inner.node('Where', [counts, fresh, old]);
    const kept = result.states.map((state, i) => choose(state, states[i]));
    return [...kept, ...(scansOutput ? [choose(result.output, states[0])] : [])];
  });
  const scanned = mask ? [x, mask] : [x];
  const outputs = graph.nodes(
    'Scan',
    [...initial, ...scanned],
    {
      body,
      num_scan_inputs: scanned.length,
      scan_input_axes: scanned.map(() => 1),
      scan_input_directions: goBackwards ? scanned.map(() => 1) : undefined,
      scan_output_axes: scansOutput ? [1] : undefined,
    },
    initial.length + (scansOutput ? 1 : 0),
  );
  const states = outputs.slice(0, initial.length);
  if (!scansOutput) return { output: states[0], states };
  const sequence = outputs[initial.length];
  return { output: returnSequences ? sequence : graph.squeeze(graph.slice(sequence, 1, -1), [1]), states };
}
