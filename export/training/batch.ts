// A training graph for batches of any size. Graphs are built with fixed shapes; what changes when the same graph is built for other sizes
// is what follows the batch, and becomes arithmetic on the size of the batch that is fed.
import { JepaError, option } from '../../src/error.ts';
import { type Constant, numbersOf } from '../graph/constant.ts';
import { add, multiply } from '../graph/dimension.ts';
import type { Dimension, Shape } from '../graph/type.ts';
import { QUOTIENT } from '../tensorflow/built-graph.ts';
import { parseReference, type TensorFlowGraph, type TensorFlowNode } from '../tensorflow/node.ts';

const FIXED_REMEDY = `Write it for the batch of the configuration alone: ${option('fixedBatch')}.`;

/** The name of the axis: sequences of a batch. */
export const BATCH_AXIS = 'batch';

/**
 * Sizes that a graph is built for: two points make a line, the third one checks it. Primes, so that no other size of the graph is one of
 * them by chance.
 */
export const probedBatchSizes = [101, 103, 107] as const;

/** One graph at each of `probedBatchSizes`. */
export type ProbedGraphs = readonly [TensorFlowGraph, TensorFlowGraph, TensorFlowGraph];

/** A graph whose inputs have named sizes. */
export interface SizedGraph {
  readonly graph: TensorFlowGraph;
  /** By the key of the input. */
  readonly inputShapes: Readonly<Record<string, Shape>>;
}

/** factor * batch + offset */
interface Line {
  readonly factor: number;
  readonly offset: number;
}

type Triple = readonly [string, string, string];

/**
 * The graph for batches of any size.
 * @throws JepaError naming a node whose sizes or numbers do not follow the batch in a line
 */
export function withAnyBatch(graphs: ProbedGraphs): SizedGraph {
  return new BatchGraph(graphs).build();
}

class BatchGraph {
  readonly #graphs: ProbedGraphs;
  readonly #nodes = new Map<string, TensorFlowNode>();
  readonly #constants = new Map<string, Constant>();
  /** Names that nodes of the first graph have in the others. */
  readonly #partners = new Map<string, Triple>();
  /** Made for constants that follow the batch, by what they are made of. */
  readonly #made = new Map<string, string>();
  #count = 0;

  constructor(graphs: ProbedGraphs) {
    this.#graphs = graphs;
  }

  build(): SizedGraph {
    const [first] = this.#graphs;
    const outputs = first.outputs.map(({ tensor }, i) =>
      this.#tensors([tensor, this.#output(1, i), this.#output(2, i)]),
    );
    const stack = outputs.map(nodesOf);
    for (let triple = stack.pop(); triple !== undefined; triple = stack.pop()) {
      if (this.#partners.has(triple[0])) {
        this.#expectPartners(triple);
        continue;
      }
      this.#partners.set(triple[0], triple);
      stack.push(...this.#add(triple));
    }
    const inputShapes = Object.fromEntries(first.inputs.map(({ key }, i) => [key, this.#inputShape(i)]));
    this.#addSize(inputShapes);
    return {
      graph: {
        ...first,
        nodes: this.#nodes,
        inputs: first.inputs.map((input) => ({
          ...input,
          shape: inputShapes[input.key].map((size) => (typeof size === 'number' ? size : -1)),
        })),
        constant: (node) => this.#constants.get(node) ?? first.constant(node),
      },
      inputShapes,
    };
  }

  #output(graph: 1 | 2, index: number): string {
    return this.#graphs[graph].outputs[index].tensor;
  }

  #tensors(triple: Triple): Triple {
    const [first, ...others] = triple.map(parseReference);
    for (const other of others)
      if (other.output !== first.output || other.isControl !== first.isControl) throw this.#unlike(first.node);
    return triple;
  }

  #expectPartners(triple: Triple): void {
    if (this.#partners.get(triple[0])?.join() !== triple.join()) throw this.#unlike(triple[0]);
  }

  #unlike(node: string): JepaError {
    return new JepaError(
      `training step: node "${node}": expected the same computation for every size of a batch, got another`,
      { remedy: FIXED_REMEDY },
    );
  }

  #nodeOf(graph: number, name: string): TensorFlowNode {
    const node = this.#graphs[graph].nodes.get(name);
    if (node === undefined) throw new JepaError(`training step: expected a node "${name}", got none`);
    return node;
  }

  /** Adds a node that is no constant. Returns the nodes that it needs. */
  #add(triple: Triple): Triple[] {
    const [node, ...others] = triple.map((name, graph) => this.#nodeOf(graph, name));
    const isAlike = others.every(
      (other) => other.operation === node.operation && other.inputs.length === node.inputs.length,
    );
    if (!isAlike) throw this.#unlike(node.name);
    if (node.operation === 'Const') {
      this.#nodes.set(node.name, node);
      return [];
    }
    const needed: Triple[] = [];
    const inputs = node.inputs.map((input, i) => {
      const given = this.#tensors([input, others[0].inputs[i], others[1].inputs[i]]);
      if (parseReference(input).isControl) return input;
      const replaced = this.#following(node, nodesOf(given));
      if (replaced !== undefined) return replaced;
      needed.push(nodesOf(given));
      return input;
    });
    this.#nodes.set(node.name, { ...node, inputs });
    return needed;
  }

  /** What a constant that follows the batch is computed by; undefined where it is another node, or the same for every size. */
  #following(user: TensorFlowNode, triple: Triple): string | undefined {
    const nodes = triple.map((name, graph) => this.#nodeOf(graph, name));
    if (nodes.some(({ operation }) => operation !== 'Const')) return undefined;
    const [first, ...others] = triple.map((name, graph) => this.#graphs[graph].constant(name));
    if (first === undefined) throw new JepaError(`training step: expected a constant "${triple[0]}", got none`);
    const isSame = others.every(
      (other) => other?.data.length === first.data.length && first.data.every((value, i) => value === other.data[i]),
    );
    if (isSame) return undefined;
    if (first.type === 'int32') {
      const [values, second, third] = [first, ...others].map((constant) => (constant ? numbersOf(constant) : []));
      const lines = values.map((value, i) => this.#line(user, [value, second[i], third[i]]));
      return this.#integers(lines, first.shape);
    }
    const parts = nodes.map(({ attributes }) => attributes[QUOTIENT]);
    const pairs = parts.map((part) => (part && 'numbers' in part ? part.numbers : []));
    if (pairs.some(({ length }) => length !== 2)) throw this.#unlike(user.name);
    const [numerator, denominator] = [0, 1].map((i) =>
      this.#line(
        user,
        pairs.map((pair) => pair[i]),
      ),
    );
    return this.#quotient(numerator, denominator);
  }

  /** The line through what three sizes gave. */
  #line(user: TensorFlowNode, values: readonly number[]): Line {
    const [a, b, c] = probedBatchSizes;
    const factor = (values[1] - values[0]) / (b - a);
    const offset = values[0] - factor * a;
    if (!Number.isInteger(factor) || factor * c + offset !== values[2])
      throw new JepaError(
        `training step: node "${user.name}" (${user.operation}): expected sizes that follow the batch in a line, got ${values.join(', ')} for batches of ${probedBatchSizes.join(', ')}`,
        { remedy: FIXED_REMEDY },
      );
    return { factor, offset };
  }

  #node(name: string, operation: string, inputs: readonly string[], attributes: TensorFlowNode['attributes'] = {}) {
    this.#nodes.set(name, { name, operation, inputs, attributes });
    return `${name}:0`;
  }

  #constant(name: string, constant: Constant): string {
    this.#constants.set(name, constant);
    return this.#node(name, 'Const', []);
  }

  #once(key: string, make: (name: string) => string): string {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make(`batch/size_${this.#count++}`);
    this.#made.set(key, made);
    return made;
  }

  /** batch * factors + offsets, int32. */
  #integers(lines: readonly Line[], shape: readonly number[]): string {
    const factors = lines.map(({ factor }) => factor);
    const offsets = lines.map(({ offset }) => offset);
    return this.#once(`int32[${shape}]:${factors}:${offsets}`, (name) => {
      const constant = (of: string, values: readonly number[]): string =>
        this.#constant(`${name}/${of}`, { type: 'int32', shape: [...shape], data: Int32Array.from(values) });
      const scaled = this.#node(name, 'Mul', ['batch/sizes:0', constant('factors', factors)]);
      if (offsets.every((offset) => offset === 0)) return scaled;
      return this.#node(`${name}/moved`, 'AddV2', [scaled, constant('offsets', offsets)]);
    });
  }

  /** A line as a float32 scalar. */
  #number({ factor, offset }: Line): string {
    return this.#once(`float32:${factor}:${offset}`, (name) => {
      if (factor === 0) return this.#scalar(`${name}/number`, offset);
      const scaled =
        factor === 1
          ? 'batch/count:0'
          : this.#node(name, 'Mul', ['batch/count:0', this.#scalar(`${name}/factor`, factor)]);
      if (offset === 0) return scaled;
      return this.#node(`${name}/moved`, 'AddV2', [scaled, this.#scalar(`${name}/offset`, offset)]);
    });
  }

  #scalar(name: string, value: number): string {
    return this.#constant(name, { type: 'float32', shape: [], data: Float32Array.of(value) });
  }

  #quotient(numerator: Line, denominator: Line): string {
    if (denominator.factor === 0 && denominator.offset === 1) return this.#number(numerator);
    // (n / a) / batch: one division, whatever n and a are.
    const isShare = numerator.factor === 0 && denominator.offset === 0;
    const above = isShare ? { factor: 0, offset: numerator.offset / denominator.factor } : numerator;
    const below = isShare ? { factor: 1, offset: 0 } : denominator;
    return this.#once(`${JSON.stringify(above)} / ${JSON.stringify(below)}`, (name) =>
      this.#node(name, 'RealDiv', [this.#number(above), this.#number(below)]),
    );
  }

  #inputShape(index: number): Shape {
    const shapes = this.#graphs.map(({ inputs }) => inputs[index].shape ?? []);
    const user = this.#nodeOf(0, this.#graphs[0].inputs[index].node);
    return shapes[0].map((_, axis): Dimension => {
      const { factor, offset } = this.#line(
        user,
        shapes.map((shape) => shape[axis]),
      );
      return factor === 0 ? offset : add(multiply(BATCH_AXIS, factor), offset);
    });
  }

  /** `batch/sizes`, int32 [1], and `batch/count`, a float32 scalar, off the input that has the fewest rows. */
  #addSize(inputShapes: Readonly<Record<string, Shape>>): void {
    if (this.#made.size === 0) return;
    const [first] = this.#graphs;
    const factors = first.inputs.map(({ shape }, i) => {
      const [rows] = inputShapes[first.inputs[i].key];
      if (typeof rows !== 'string') return Number.POSITIVE_INFINITY;
      return this.#line(this.#nodeOf(0, first.inputs[i].node), [
        Number(shape?.[0]),
        ...[1, 2].map((graph) => Number(this.#graphs[graph].inputs[i].shape?.[0])),
      ]).factor;
    });
    const factor = Math.min(...factors);
    if (!Number.isFinite(factor))
      throw new JepaError('training step: expected an input that follows the batch, got none');
    const { node } = first.inputs[factors.indexOf(factor)];
    const integers = (name: string, values: readonly number[]): string =>
      this.#constant(`batch/${name}`, { type: 'int32', shape: [values.length], data: Int32Array.from(values) });
    const shape = this.#node('batch/shape', 'Shape', [`${node}:0`]);
    const rows = ['batch/rows', 'Slice', [shape, integers('begin', [0]), integers('one', [1])]] as const;
    if (factor === 1) this.#node('batch/sizes', rows[1], rows[2]);
    else this.#node('batch/sizes', 'FloorDiv', [this.#node(...rows), integers('factor', [factor])]);
    const scalar = this.#node('batch/scalar', 'Squeeze', ['batch/sizes:0']);
    this.#node('batch/count', 'Cast', [scalar], { DstT: { type: 'float32' } });
  }
}

const nodesOf = (triple: Triple): Triple => {
  const [a, b, c] = triple.map((tensor) => parseReference(tensor).node);
  return [a, b, c];
};
