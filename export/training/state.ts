// A training graph without variables: what the step reads and changes becomes inputs and outputs, each kind of state one flat tensor,
// so that whoever runs the file carries three or four tensors along, and Adam is a dozen nodes however many weights there are.
// Nodes stay TensorFlow's: the one table of operations exports them.
import { FormatError, JepaError } from '../../src/error.ts';
import { elementCount } from '../../src/shape.ts';
import type { NamedArray } from '../../src/storage/safetensors.ts';
import type { Graph, GraphNode } from '../../src/tensorflow/graph.ts';
import type { Constant } from '../graph/constant.ts';
import { describeBuiltGraph } from '../tensorflow/built-graph.ts';
import { type GraphInput, parseReference, type TensorFlowGraph, type TensorFlowNode } from '../tensorflow/node.ts';
import { asBiasedVariance } from './batch-variance.ts';

/** Where one variable lies in a flat tensor. */
export interface StateSlot {
  readonly name: string;
  /** As TensorFlow lays it out: kernels are [h, w, C, F]. */
  readonly shape: readonly number[];
  readonly offset: number;
}

/** The flat tensors of a training graph's state. */
export interface StateLayout {
  /** What Adam trains; both moments lie alike. */
  readonly weights: readonly StateSlot[];
  /** What moves without being trained: averages of batch norms, a target encoder. */
  readonly averages: readonly StateSlot[];
  /** What never changes (frozen networks): part of the file. */
  readonly fixed: readonly string[];
}

/** Numbers of a flat tensor. */
export const sizeOfSlots = (slots: readonly StateSlot[]): number => {
  const last = slots.at(-1);
  return last === undefined ? 0 : last.offset + elementCount(last.shape);
};

const ADAM = 'ResourceApplyAdam';
const ASSIGN_ADD = 'AssignAddVariableOp';
/** Inputs of ResourceApplyAdam. */
const adamInput = { variable: 0, first: 1, second: 2, power1: 3, power2: 4, rate: 5, beta1: 6, beta2: 7, gradient: 9 };

/** The nodes that a run of `tensor` runs, those that only have to run before it among them, in their order. */
function nodesBehind(graph: Graph, tensor: string): GraphNode[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const found = new Set<string>();
  const stack = [parseReference(tensor).node];
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const input of byName.get(name)?.inputs ?? []) stack.push(parseReference(input).node);
  }
  return graph.nodes.filter(({ name }) => found.has(name));
}

/**
 * What the nodes that change variables make of the state.
 * @param step the tensor whose run is a step: a node that it does not wait for changes nothing
 */
export function stateLayoutOf(graph: Graph, step: string): StateLayout {
  const nodes = nodesBehind(graph, step);
  const nameByHandle = new Map([...graph.variables.values()].map(({ name, handle }) => [handle, name]));
  const changedBy = (operation: string): string[] =>
    nodes.filter((node) => node.operation === operation).map(({ inputs }) => nameByHandle.get(inputs[0]) ?? inputs[0]);
  const weights = changedBy(ADAM);
  const averages = [...new Set(changedBy(ASSIGN_ADD))];
  const moments = nodes
    .filter((node) => node.operation === ADAM)
    .flatMap(({ inputs }) => [nameByHandle.get(inputs[1]), nameByHandle.get(inputs[2])]);
  const changed = new Set<string | undefined>([...weights, ...averages, ...moments]);
  const lay = (names: readonly string[]): StateSlot[] => {
    let offset = 0;
    return names.map((name) => {
      const shape = graph.variables.get(name)?.shape ?? [];
      const slot = { name, shape, offset };
      offset += elementCount(shape);
      return slot;
    });
  };
  return {
    weights: lay(weights),
    averages: lay(averages),
    fixed: [...graph.variables.keys()].filter((name) => !changed.has(name)),
  };
}

/** Several variables as one flat tensor. */
export function flatten(
  slots: readonly StateSlot[],
  values: ReadonlyMap<string, NamedArray>,
  prefix = '',
): Float32Array {
  const flat = new Float32Array(sizeOfSlots(slots));
  for (const { name, shape, offset } of slots) {
    const value = values.get(`${prefix}${name}`);
    if (!(value?.values instanceof Float32Array) || value.shape.join() !== shape.join())
      throw new FormatError(
        `variable ${prefix}${name}: expected float32 of shape [${shape}], got ${value ? `[${value.shape}]` : 'nothing'}`,
      );
    flat.set(value.values, offset);
  }
  return flat;
}

/** The variables of a flat tensor, each a copy. */
export function unflatten(slots: readonly StateSlot[], flat: Float32Array, prefix = ''): Map<string, NamedArray> {
  return new Map(
    slots.map(({ name, shape, offset }) => [
      `${prefix}${name}`,
      { shape, values: flat.slice(offset, offset + elementCount(shape)) },
    ]),
  );
}

/** Names of the inputs and outputs that are state. */
export const stateNames = {
  weights: 'weights',
  first: 'first_moment',
  second: 'second_moment',
  averages: 'averages',
} as const;
/** `weights` comes back as `next_weights`. */
export const nextName = (name: string): string => `next_${name}`;

export interface FunctionalOptions {
  readonly layout: StateLayout;
  /** Values of what never changes. */
  readonly fixed: ReadonlyMap<string, NamedArray>;
  /** Tensors of the graph by the name that they are to have outside. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Names of placeholders outside, where they are others. */
  readonly inputNames: Readonly<Record<string, string>>;
  /** The tensor whose run is a step, where the state after it is to be among the outputs. */
  readonly step?: string;
}

/** The same computation with the state as values. */
export function functionalGraph(graph: Graph, options: FunctionalOptions): TensorFlowGraph {
  return new FunctionalGraph(graph, options).build();
}

class FunctionalGraph {
  readonly #graph: Graph;
  readonly #options: FunctionalOptions;
  readonly #described: TensorFlowGraph;
  readonly #nodes: Map<string, TensorFlowNode>;
  readonly #constants = new Map<string, Constant>();
  readonly #inputs: GraphInput[] = [];
  readonly #outputs: { key: string; tensor: string }[] = [];
  readonly #nameByHandle: ReadonlyMap<string, string>;
  /** What a run of the step runs. */
  readonly #stepNodes: readonly GraphNode[];
  readonly #slots: ReadonlyMap<string, { readonly group: string; readonly slot: StateSlot }>;

  constructor(graph: Graph, options: FunctionalOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#described = describeBuiltGraph(graph, Object.fromEntries(options.outputs));
    this.#nodes = new Map(this.#described.nodes);
    this.#nameByHandle = new Map([...graph.variables.values()].map(({ name, handle }) => [handle, name]));
    this.#stepNodes = options.step === undefined ? [] : nodesBehind(graph, options.step);
    this.#slots = new Map(
      (['weights', 'averages'] as const).flatMap((group) =>
        options.layout[group].map((slot): [string, { group: string; slot: StateSlot }] => [slot.name, { group, slot }]),
      ),
    );
  }

  build(): TensorFlowGraph {
    const { layout, step } = this.#options;
    this.#input(stateNames.weights, [sizeOfSlots(layout.weights)]);
    if (layout.averages.length > 0) this.#input(stateNames.averages, [sizeOfSlots(layout.averages)]);
    for (const [name, node] of this.#nodes) this.#nodes.set(name, asBiasedVariance(node, this.#nodes) ?? node);
    this.#readVariables();
    for (const output of this.#described.outputs) this.#outputs.push(output);
    if (step !== undefined) {
      const next = this.#addAdam(layout.weights);
      this.#addAverages(layout.averages, next);
    }
    for (const [key, { type, shape }] of this.#graph.placeholders)
      if (this.#isNeeded(key)) this.#inputs.push({ key: this.#options.inputNames[key] ?? key, node: key, type, shape });
    // What is fed of a batch first, then the numbers of the step, then the state: the order in which a person reads them.
    const isState = ({ key }: GraphInput): boolean => Object.values<string>(stateNames).includes(key);
    const needed = this.#neededNodes();
    const inputs = this.#inputs.filter(({ node }) => needed.has(node));
    return {
      ...this.#described,
      name: step === undefined ? 'training_encoder' : 'training_step',
      nodes: this.#nodes,
      inputs: [...inputs.filter((input) => !isState(input)), ...inputs.filter(isState)],
      outputs: this.#outputs,
      constant: (node) => this.#constants.get(node) ?? this.#described.constant(node),
    };
  }

  #node(name: string, operation: string, inputs: readonly string[], attributes: TensorFlowNode['attributes'] = {}) {
    this.#nodes.set(name, { name, operation, inputs, attributes });
    return `${name}:0`;
  }

  #integers(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    this.#constants.set(name, { type: 'int32', shape, data: Int32Array.from(values) });
    return this.#node(name, 'Const', []);
  }

  #input(key: string, shape: readonly number[]): string {
    const name = `state/${key}`;
    this.#inputs.push({ key, node: name, type: 'float32', shape });
    return this.#node(name, 'Placeholder', []);
  }

  /**
   * The piece of a flat tensor that is a variable. One node a piece rather than a Split into all of them: WebGPU lets a program have ten
   * buffers.
   */
  #piece(name: string, flat: string, { offset, shape }: StateSlot): string {
    const begin = this.#integers(`${name}/begin`, [offset]);
    const size = this.#integers(`${name}/size`, [elementCount(shape)]);
    const piece = this.#node(`${name}/piece`, 'Slice', [flat, begin, size]);
    return this.#node(name, 'Reshape', [piece, this.#integers(`${name}/shape`, shape)]);
  }

  /** Every read of a variable before the updates: its piece of the state, or its value where it never changes. */
  #readVariables(): void {
    for (const { name, shape, value } of this.#graph.variables.values()) {
      const read = parseReference(value.name).node;
      const slot = this.#slots.get(name);
      if (slot !== undefined) {
        this.#piece(read, `state/${slot.group}:0`, slot.slot);
      } else if (this.#options.layout.fixed.includes(name)) {
        const fixed = this.#options.fixed.get(name);
        if (!(fixed?.values instanceof Float32Array))
          throw new JepaError(`training step: expected a value of ${name}, which never changes, got none`);
        this.#constants.set(read, { type: 'float32', shape, data: fixed.values });
        this.#node(read, 'Const', []);
      }
    }
  }

  /** One Adam over all weights. Returns the name of its node. */
  #addAdam(slots: readonly StateSlot[]): string {
    const updates = this.#stepNodes.filter(({ operation }) => operation === ADAM);
    const flatGradients = updates.map(({ name, inputs }) =>
      this.#node(`${name}/gradient`, 'Reshape', [inputs[adamInput.gradient], this.#integers('state/flat', [-1])]),
    );
    const gradient = this.#join('adam/gradient', flatGradients);
    const [first] = updates;
    // Adam's corrections, 1 - beta^t, out of the number of the step.
    const step = this.#input('step', []);
    for (const [power, beta] of [
      [adamInput.power1, adamInput.beta1],
      [adamInput.power2, adamInput.beta2],
    ])
      this.#node(parseReference(first.inputs[power]).node, 'Pow', [first.inputs[beta], step]);
    const inputs = [...first.inputs];
    inputs[adamInput.variable] = 'state/weights:0';
    inputs[adamInput.first] = this.#input(stateNames.first, [sizeOfSlots(slots)]);
    inputs[adamInput.second] = this.#input(stateNames.second, [sizeOfSlots(slots)]);
    inputs[adamInput.rate] = this.#rates(updates, slots);
    inputs[adamInput.gradient] = gradient;
    this.#node('adam/update', ADAM, inputs);
    for (const [index, key] of [stateNames.weights, stateNames.first, stateNames.second].entries())
      this.#outputs.push({ key: nextName(key), tensor: `adam/update:${index}` });
    return 'adam/update';
  }

  /** One rate for all, or a rate for each weight where groups of them have rates of their own. */
  #rates(updates: readonly GraphNode[], slots: readonly StateSlot[]): string {
    const runs: { rate: string; count: number }[] = [];
    for (const [index, { inputs }] of updates.entries()) {
      const rate = inputs[adamInput.rate];
      const count = elementCount(slots[index].shape);
      const last = runs.at(-1);
      if (last?.rate === rate) last.count += count;
      else runs.push({ rate, count });
    }
    if (runs.length === 1) return runs[0].rate;
    const filled = runs.map(({ rate, count }, i) =>
      this.#node(`adam/rates_${i}`, 'Fill', [this.#integers(`adam/rates_${i}/count`, [count]), rate]),
    );
    return this.#join('adam/rates', filled);
  }

  #join(name: string, tensors: readonly string[]): string {
    if (tensors.length === 1) return tensors[0];
    return this.#node(name, 'ConcatV2', [...tensors, this.#integers(`${name}/axis`, [0], [])]);
  }

  /** What moves without being trained, after the step; a target encoder follows the weights as they are then. */
  #addAverages(slots: readonly StateSlot[], adam: string): void {
    if (slots.length === 0) return;
    const updates = this.#stepNodes.filter(({ operation }) => operation === ASSIGN_ADD);
    const next = new Map<string, string>();
    for (const { name, inputs } of updates) {
      const variable = this.#nameByHandle.get(inputs[0]) ?? '';
      const old = next.get(variable) ?? this.#graph.variables.get(variable)?.value.name ?? '';
      next.set(variable, this.#node(name, 'AddV2', [old, inputs[1]]));
    }
    this.#readUpdated(next, adam);
    const flat = slots.map(({ name }) =>
      this.#node(`${name}/flat`, 'Reshape', [next.get(name) ?? '', this.#integers('state/flat', [-1])]),
    );
    const key = nextName(stateNames.averages);
    this.#outputs.push({ key, tensor: this.#join('state/averages/next', flat) });
  }

  /** Reads that wait for the updates. */
  #readUpdated(averages: ReadonlyMap<string, string>, adam: string): void {
    const reads = this.#stepNodes.filter(
      ({ operation, inputs }) => operation === 'ReadVariableOp' && inputs.some((input) => input.startsWith('^')),
    );
    if (reads.length === 0) return;
    for (const { name, inputs } of reads) {
      const variable = this.#nameByHandle.get(inputs[0]) ?? '';
      const slot = this.#slots.get(variable);
      const moved = averages.get(variable);
      if (moved !== undefined) this.#node(name, 'Identity', [moved]);
      else if (slot?.group === 'weights') this.#piece(name, `${adam}:0`, slot.slot);
      else this.#node(name, 'Identity', [this.#graph.variables.get(variable)?.value.name ?? '']);
    }
  }

  #isNeeded(placeholder: string): boolean {
    return this.#nodes.get(placeholder)?.operation === 'Placeholder';
  }

  /** Every node that some output depends on. */
  #neededNodes(): ReadonlySet<string> {
    const needed = new Set<string>();
    const stack = this.#outputs.map(({ tensor }) => parseReference(tensor).node);
    for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
      if (needed.has(name)) continue;
      needed.add(name);
      for (const input of this.#nodes.get(name)?.inputs ?? []) {
        const { node, isControl } = parseReference(input);
        if (!isControl) stack.push(node);
      }
    }
    return needed;
  }
}
