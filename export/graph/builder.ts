// Builds a graph node by node: unique readable names, and the type and shape of every value from the operators' table.
import { JepaError } from '../../src/error.ts';
import type { OperatorName } from '../operators/index.ts';
import { inferNode, type Scope, typeOfConstant } from '../operators/infer.ts';
import { dataTypes } from '../schema/onnx.ts';
import { type PlainAttribute, typedAttributes } from './attribute.ts';
import { booleans, type Constant, integerScalar, integers, scalar } from './constant.ts';
import type { Attributes, Graph, Node, Port, Value } from './graph.ts';
import type { Shape, TensorType, ValueType } from './type.ts';

/** What all builders of one model share. */
interface Model {
  readonly names: Set<string>;
  readonly domains: Map<string, number>;
}

/** The end of a slice that means "to the last element": every axis is shorter, and 32-bit runtimes can hold it. */
const farEnd = 2 ** 31 - 1;

export class GraphBuilder {
  readonly opset: number;
  readonly #model: Model;
  readonly #outer: GraphBuilder | undefined;
  readonly #nodes: Node[] = [];
  readonly #inputs: Port[] = [];
  readonly #constants = new Map<string, Constant>();
  readonly #types = new Map<string, ValueType>();
  readonly #path: string[] = [];

  /** @param outer the builder of the graph around, whose values are visible in this one (the body of a Scan) */
  constructor(opset: number, outer?: GraphBuilder) {
    this.opset = opset;
    this.#outer = outer;
    this.#model = outer ? outer.#model : { names: new Set(), domains: new Map() };
    if (outer) this.#path.push(...outer.#path);
  }

  /** Operator domains beyond ONNX's own that were used, with their versions. */
  get domains(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#model.domains);
  }

  /** Everything made inside gets `name/` before its own name. */
  within<T>(name: string, make: () => T): T {
    this.#path.push(cleanName(name));
    try {
      return make();
    } finally {
      this.#path.pop();
    }
  }

  /** A name that nothing in the model has yet: `path/name`, then `path/name_1`, ... */
  uniqueName(name: string): string {
    const base = [...this.#path, cleanName(name)].filter((part) => part !== '').join('/');
    let unique = base;
    for (let i = 1; this.#model.names.has(unique); i++) unique = `${base}_${i}`;
    this.#model.names.add(unique);
    return unique;
  }

  input(name: string, type: ValueType, doc?: string): Value {
    const port: Port = { name: this.uniqueName(name), ...type, ...(doc ? { doc } : {}) };
    this.#inputs.push(port);
    this.#types.set(port.name, type);
    return port;
  }

  /** A tensor stored in the file. */
  constant(name: string, constant: Constant): Value {
    const unique = this.uniqueName(name);
    this.#constants.set(unique, constant);
    return { name: unique, ...typeOfConstant(constant) };
  }

  /** The elements of a value, where it is a constant. */
  constantOf(value: Value): Constant | undefined {
    return this.#constantNamed(value.name);
  }

  #constantNamed(name: string): Constant | undefined {
    return this.#constants.get(name) ?? (this.#outer ? this.#outer.#constantNamed(name) : undefined);
  }

  #typeNamed(name: string): ValueType | undefined {
    const constant = this.#constants.get(name);
    const own = constant ? typeOfConstant(constant) : this.#types.get(name);
    return own ?? (this.#outer ? this.#outer.#typeNamed(name) : undefined);
  }

  readonly #scope: Scope = {
    typeOf: (name) => this.#typeNamed(name),
    constantOf: (name) => this.#constantNamed(name),
  };

  /** One node with one output. `undefined` leaves an optional input out. */
  node(
    operator: OperatorName,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, PlainAttribute>> = {},
  ): Value {
    return this.nodes(operator, inputs, attributes, 1)[0];
  }

  /** One node with several outputs. */
  nodes(
    operator: OperatorName,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, PlainAttribute>>,
    outputCount: number,
  ): Value[] {
    const name = this.uniqueName(operator);
    const used = [...inputs];
    while (used.length > 0 && used[used.length - 1] === undefined) used.pop();
    const call = {
      name,
      operator,
      inputs: used.map((input) => input?.name ?? ''),
      attributes: typedAttributes(name, operator, attributes),
      outputCount,
    };
    const types = inferNode(call, this.opset, this.#scope);
    return this.#append(call, '', types);
  }

  /** A node of another operator domain, whose output types the caller knows. */
  foreign(
    domain: { readonly name: string; readonly version: number },
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    types: readonly ValueType[],
  ): Value[] {
    this.#model.domains.set(domain.name, domain.version);
    const name = this.uniqueName(operator);
    const call = {
      name,
      operator,
      inputs: inputs.map((input) => input?.name ?? ''),
      attributes,
      outputCount: types.length,
    };
    return this.#append(call, domain.name, types);
  }

  #append(
    call: Omit<Node, 'domain' | 'outputs'> & { readonly outputCount: number },
    domain: string,
    types: readonly ValueType[],
  ): Value[] {
    const { outputCount, ...rest } = call;
    const values = types.map(
      ({ type, shape, content }, i): Value => ({
        name: i === 0 ? call.name : this.#outputName(call.name, i),
        type,
        shape,
        ...(content ? { content } : {}),
      }),
    );
    this.#nodes.push({ ...rest, domain, outputs: values.map((value) => value.name) });
    for (const { name, ...type } of values) this.#types.set(name, type);
    if (values.length !== outputCount)
      throw new JepaError(`node ${call.name}: expected ${outputCount} outputs, got ${values.length}`);
    return values;
  }

  #outputName(node: string, index: number): string {
    const name = `${node}:${index}`;
    this.#model.names.add(name);
    return name;
  }

  /** A graph inside a node (the body of a Scan). Its values may refer to those of this builder. */
  subgraph(
    name: string,
    inputs: readonly (ValueType & { readonly name: string })[],
    make: (body: GraphBuilder, inputs: readonly Value[]) => readonly Value[],
  ): Graph {
    const body = new GraphBuilder(this.opset, this);
    body.#path.push(cleanName(name));
    const values = inputs.map(({ name: inputName, ...type }) => body.input(inputName, type));
    const used = new Set<string>();
    const outputs = make(body, values).map((value) => {
      const output = used.has(value.name) ? body.node('Identity', [value]) : body.#asOutput(value);
      used.add(output.name);
      return output;
    });
    return body.build(this.uniqueName(name), outputs);
  }

  get inputNames(): string[] {
    return this.#inputs.map((input) => input.name);
  }

  /** Keeps a name free for an output, which is only named at the end. */
  reserve(name: string): void {
    this.#model.names.add(name);
  }

  /** Whether a node of this graph computes the value: it is neither an input nor a constant. */
  isComputed(value: Value): boolean {
    return this.#nodes.some((node) => node.outputs.includes(value.name));
  }

  /** A value that may be a graph's output: computed by a node of this graph. */
  #asOutput(value: Value): Value {
    return this.isComputed(value) ? value : this.node('Identity', [value]);
  }

  build(name: string, outputs: readonly Port[], doc?: string): Graph {
    return {
      name,
      ...(doc ? { doc } : {}),
      inputs: this.#inputs,
      outputs,
      nodes: this.#nodes,
      constants: this.#constants,
      types: this.#types,
    };
  }

  // ------------------------------------------------------------------------------------------------- frequent operators

  scalar(value: number, name = 'value'): Value {
    return this.constant(name, scalar(value));
  }

  integers(values: readonly number[], name = 'values'): Value {
    return this.constant(name, integers(values));
  }

  integer(value: number, name = 'value'): Value {
    return this.constant(name, integerScalar(value));
  }

  booleans(values: readonly boolean[], shape: readonly number[] = [values.length]): Value {
    return this.constant('value', booleans(shape, values));
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    return permutation.every((axis, i) => axis === i) ? x : this.node('Transpose', [x], { perm: permutation });
  }

  cast(x: Value, type: TensorType): Value {
    return x.type === type ? x : this.node('Cast', [x], { to: dataTypes[type] });
  }

  /**
   * The same elements in another shape, however dynamic: sizes that are names become 0 (copied) or -1 (left over) where that
   * is enough, and are read from `x` at run time otherwise.
   */
  reshape(x: Value, shape: Shape): Value {
    if (shape.length === x.shape.length && shape.every((size, i) => size === x.shape[i])) return x;
    const names = shape.flatMap((size, i) => (typeof size === 'string' && size !== x.shape[i] ? [i] : []));
    if (names.length <= 1) {
      const target = shape.map((size, i) => (typeof size === 'number' ? size : names.includes(i) ? -1 : 0));
      return this.refined(this.node('Reshape', [x, this.integers(target, 'shape')]), shape);
    }
    // What cannot be read off the input (a product of its sizes) is what is left over.
    const leftOver = names.find((i) => !x.shape.includes(shape[i])) ?? names[names.length - 1];
    const pieces = shape.map((size, i): Value => {
      if (typeof size === 'number') return this.integers([size], 'size');
      if (i === leftOver) return this.integers([-1], 'size');
      const axis = x.shape.indexOf(size);
      if (axis < 0)
        throw new JepaError(
          `${this.#path.join('/')}: expected a new shape out of sizes of [${x.shape.join(', ')}], got ${size}`,
        );
      return this.sizeOf(x, axis);
    });
    return this.refined(this.node('Reshape', [x, this.node('Concat', pieces, { axis: 0 })]), shape);
  }

  /** Reshape to a given target list (0 copies, -1 is left over), whose result the caller knows. */
  reshapeTo(x: Value, target: readonly number[], shape: Shape): Value {
    return this.refined(this.node('Reshape', [x, this.integers(target, 'shape')]), shape);
  }

  /** Reshape to a target computed in the graph, whose result the caller knows. */
  reshapeAs(x: Value, target: Value, shape: Shape): Value {
    return this.refined(this.node('Reshape', [x, target]), shape);
  }

  /** A value whose shape the caller knows better than inference does. */
  refined(value: Value, shape: Shape): Value {
    const type = { type: value.type, shape };
    this.#types.set(value.name, type);
    return { name: value.name, ...type };
  }

  /** The size of one axis at run time, as a list of one integer. */
  sizeOf(x: Value, axis: number): Value {
    return this.node('Shape', [x], { start: axis, end: axis + 1 });
  }

  /** A shape at run time: fixed sizes as they are, named ones read off `x`, on which they must occur. */
  shapeLike(x: Value, shape: Shape): Value {
    if (shape.every((size) => typeof size === 'number')) return this.integers(shape.map(Number), 'shape');
    const pieces = shape.map((size): Value => {
      if (typeof size === 'number') return this.integers([size], 'size');
      const axis = x.shape.indexOf(size);
      if (axis < 0)
        throw new JepaError(`${this.#path.join('/')}: expected a size of [${x.shape.join(', ')}], got ${size}`);
      return this.sizeOf(x, axis);
    });
    return pieces.length === 1 ? pieces[0] : this.node('Concat', pieces, { axis: 0 });
  }

  reduce(
    operator:
      | 'ReduceMean'
      | 'ReduceMax'
      | 'ReduceMin'
      | 'ReduceSum'
      | 'ReduceProd'
      | 'ReduceL2'
      | 'ReduceLogSumExp'
      | 'ReduceSumSquare',
    x: Value,
    axes: readonly number[],
    keep: boolean,
  ): Value {
    const keepdims = keep ? 1 : 0;
    if (operator === 'ReduceSum' || this.opset >= 18)
      return this.node(operator, [x, this.integers(axes, 'axes')], { keepdims });
    return this.node(operator, [x], { axes, keepdims });
  }

  unsqueeze(x: Value, axes: readonly number[]): Value {
    return this.node('Unsqueeze', [x, this.integers(axes, 'axes')]);
  }

  squeeze(x: Value, axes: readonly number[]): Value {
    return this.node('Squeeze', [x, this.integers(axes, 'axes')]);
  }

  /** Elements `start` to `end` of one axis; negative positions count from the end, an end of `undefined` is the end. */
  slice(x: Value, axis: number, start: number, end?: number): Value {
    const ends = end ?? farEnd;
    return this.node('Slice', [
      x,
      this.integers([start], 'start'),
      this.integers([ends], 'end'),
      this.integers([axis], 'axis'),
    ]);
  }

  reverse(x: Value, axis: number): Value {
    const inputs = [[-1], [-farEnd], [axis], [-1]].map((values) => this.integers(values));
    return this.node('Slice', [x, ...inputs]);
  }

  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.node('Concat', values, { axis });
  }

  /** Pieces of the given sizes along one axis. */
  split(x: Value, axis: number, sizes: readonly number[]): Value[] {
    return this.nodes('Split', [x, this.integers(sizes, 'sizes')], { axis }, sizes.length);
  }

  /** @param pads for each axis: how many elements before and after */
  pad(x: Value, pads: readonly (readonly [before: number, after: number])[], value = 0): Value {
    const amounts = this.integers([...pads.map(([before]) => before), ...pads.map(([, after]) => after)], 'pads');
    // A zero of floats is written as -0: onnxruntime (seen in 1.30) takes a padding by +0, or by nothing, for the
    // padding of the pooling behind it, which is minus infinity for a maximum and left out of an average.
    const filler = value === 0 && x.type === 'float32' ? -0 : value;
    const inputs = Object.is(filler, 0) ? [x, amounts] : [x, amounts, this.scalar(filler)];
    return this.node('Pad', inputs, { mode: 'constant' });
  }
}

/** Characters that viewers and file formats stumble over become `_`. */
export function cleanName(name: string): string {
  return name.replaceAll(/[\s\p{C}"'\\]+/gu, '_');
}
