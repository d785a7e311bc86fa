// A TensorFlow graph under construction: nodes with static shapes, variables, and the tape that gradients are read from.
// The graph knows nothing of protobuf (saved-model.ts) nor of how it is run (session.ts); operations/ adds nodes to it.

export type GraphType = 'float32' | 'int32' | 'uint8' | 'bool';

/** One output of one node. Shapes are static: a graph is built for one batch size. */
export interface GraphTensor {
  /** `node:0`, as TensorFlow names outputs. */
  readonly name: string;
  readonly type: GraphType;
  readonly shape: readonly number[];
}

export type GraphAttribute =
  | { readonly type: GraphType | 'resource' }
  | { readonly shape: readonly number[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | {
      readonly tensor: {
        readonly type: GraphType;
        readonly shape: readonly number[];
        readonly data: Float32Array | Int32Array;
      };
    };

export interface GraphNode {
  readonly name: string;
  readonly operation: string;
  /** Outputs of other nodes (`node:0`), then control inputs (`^node`). */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, GraphAttribute>>;
}

/** A variable of the graph: its resource handle, and its value as read at the start of a run. */
export interface GraphVariable {
  readonly name: string;
  readonly shape: readonly number[];
  /** The name of the VarHandleOp's output. */
  readonly handle: string;
  /** The value before this run's updates. */
  readonly value: GraphTensor;
}

/** How the gradient of a recorded operation's inputs follows from that of its output. */
interface TapeEntry {
  readonly inputs: readonly GraphTensor[];
  readonly output: GraphTensor;
  /** Called only where the gradient of at least one input is wanted; `isWanted(i)` tells which. */
  readonly backward: (outputGradient: GraphTensor, isWanted: (input: number) => boolean) => (GraphTensor | undefined)[];
}

export interface NodeOptions {
  /** A readable name; made unique. Defaults to the operation's name. */
  readonly name?: string;
  /** Nodes that must have run before this one. */
  readonly after?: readonly string[];
}

export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly variables = new Map<string, GraphVariable>();
  readonly placeholders = new Map<string, GraphTensor>();
  /** Every output of every node, by name. */
  readonly tensors = new Map<string, GraphTensor>();
  /** Of each constant that `quotient` made, by the name of its node: what it is the quotient of. */
  readonly quotients = new Map<string, readonly [numerator: number, denominator: number]>();
  readonly #tape: TapeEntry[] = [];
  readonly #nameCounts = new Map<string, number>();
  readonly #constants = new Map<string, GraphTensor>();
  #scope = '';

  /** Names of nodes added inside `build` start with `name/`. */
  scoped<Result>(name: string, build: () => Result): Result {
    const outer = this.#scope;
    this.#scope = `${outer}${name}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /** Adds a node and returns its outputs. */
  add(
    operation: string,
    inputs: readonly (GraphTensor | string)[],
    attributes: Readonly<Record<string, GraphAttribute>>,
    outputs: readonly Omit<GraphTensor, 'name'>[],
    options: NodeOptions = {},
  ): GraphTensor[] {
    const name = this.#uniqueName(options.name ?? operation);
    const inputNames = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    const controls = (options.after ?? []).map((node) => `^${nodeOf(node)}`);
    this.nodes.push({ name, operation, inputs: [...inputNames, ...controls], attributes });
    const made = outputs.map(({ type, shape }, index): GraphTensor => ({ name: `${name}:${index}`, type, shape }));
    for (const tensor of made) this.tensors.set(tensor.name, tensor);
    return made;
  }

  /** Adds a node with no outputs (an assignment, an update) and returns its name, for `after`. */
  addEffect(
    operation: string,
    inputs: readonly (GraphTensor | string)[],
    attributes: Readonly<Record<string, GraphAttribute>>,
    options: NodeOptions = {},
  ): string {
    this.add(operation, inputs, attributes, [], options);
    return this.nodes[this.nodes.length - 1].name;
  }

  /** Records that `output` was computed from `inputs`, so that gradients can flow back. */
  record(inputs: readonly GraphTensor[], output: GraphTensor, backward: TapeEntry['backward']): GraphTensor {
    this.#tape.push({ inputs, output, backward });
    return output;
  }

  placeholder(name: string, type: GraphType, shape: readonly number[]): GraphTensor {
    const [tensor] = this.add('Placeholder', [], { dtype: { type }, shape: { shape } }, [{ type, shape }], { name });
    this.placeholders.set(name, tensor);
    return tensor;
  }

  constant(value: number | readonly number[], type: 'float32' | 'int32' = 'float32'): GraphTensor {
    const values = typeof value === 'number' ? [value] : value;
    const shape = typeof value === 'number' ? [] : [value.length];
    const key = `${type}[${shape}]:${values}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const data = type === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    const attributes = { dtype: { type }, value: { tensor: { type, shape, data } } };
    const outer = this.#scope;
    this.#scope = '';
    const [tensor] = this.add('Const', [], attributes, [{ type, shape }]);
    this.#scope = outer;
    this.#constants.set(key, tensor);
    return tensor;
  }

  /**
   * The constant numerator / denominator, for counts that follow the batch: the graph remembers both, so that it can be written for
   * batches of any size.
   */
  quotient(numerator: number, denominator = 1): GraphTensor {
    const key = `${numerator} / ${denominator}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const outer = this.#scope;
    this.#scope = '';
    const tensor = this.constantTensor([], Float32Array.of(numerator / denominator));
    this.#scope = outer;
    this.#constants.set(key, tensor);
    this.quotients.set(nodeOf(tensor.name), [numerator, denominator]);
    return tensor;
  }

  /** A float32 constant of any size, such as a table of weights that are never trained. */
  constantTensor(shape: readonly number[], data: Float32Array): GraphTensor {
    const attributes = {
      dtype: { type: 'float32' as const },
      value: { tensor: { type: 'float32' as const, shape, data } },
    };
    return this.add('Const', [], attributes, [{ type: 'float32', shape }])[0];
  }

  /** The float32 variable of this name; created at the first call. */
  variable(name: string, shape: readonly number[]): GraphVariable {
    const known = this.variables.get(name);
    if (known) return known;
    const outer = this.#scope;
    this.#scope = '';
    const attributes = {
      dtype: { type: 'float32' as const },
      shape: { shape },
      shared_name: { string: name },
      container: { string: '' },
    };
    const handle = this.add('VarHandleOp', [], attributes, [{ type: 'float32', shape: [] }], { name })[0].name;
    const dtype = { dtype: { type: 'float32' as const } };
    const [value] = this.add('ReadVariableOp', [handle], dtype, [{ type: 'float32', shape }], { name: `${name}/read` });
    this.#scope = outer;
    const variable = { name, shape, handle, value };
    this.variables.set(name, variable);
    return variable;
  }

  /**
   * Adds the nodes that compute d loss / d wanted[i] for a scalar loss, by reverse accumulation over the tape.
   * A wanted tensor that the loss does not depend on gets undefined.
   */
  gradients(loss: GraphTensor, wanted: readonly GraphTensor[]): (GraphTensor | undefined)[] {
    const needed = new Set(wanted.map((tensor) => tensor.name));
    for (const entry of this.#tape)
      if (entry.inputs.some((input) => needed.has(input.name))) needed.add(entry.output.name);

    const contributions = new Map<string, GraphTensor[]>([[loss.name, [this.constant(1)]]]);
    const totals = new Map<string, GraphTensor>();
    const total = (tensor: GraphTensor): GraphTensor | undefined => {
      const known = totals.get(tensor.name);
      if (known) return known;
      const parts = contributions.get(tensor.name);
      if (!parts) return undefined;
      const sum = parts.length === 1 ? parts[0] : this.#sum(parts);
      totals.set(tensor.name, sum);
      return sum;
    };
    // The nodes that the backward pass adds are not recorded: the tape is walked as it stood when the walk began.
    for (let i = this.#tape.length - 1; i >= 0; i--) {
      const { inputs, output, backward } = this.#tape[i];
      if (!needed.has(output.name)) continue;
      const outputGradient = total(output);
      if (!outputGradient) continue;
      const inputGradients = backward(outputGradient, (input) => needed.has(inputs[input].name));
      inputGradients.forEach((gradient, index) => {
        const input = inputs[index];
        if (!gradient || !needed.has(input.name)) return;
        const parts = contributions.get(input.name);
        if (parts) parts.push(gradient);
        else contributions.set(input.name, [gradient]);
      });
    }
    return wanted.map(total);
  }

  #sum(parts: readonly GraphTensor[]): GraphTensor {
    const attributes = { N: { int: parts.length }, T: { type: 'float32' as const } };
    return this.add('AddN', parts, attributes, [{ type: 'float32', shape: parts[0].shape }])[0];
  }

  #uniqueName(name: string): string {
    // TensorFlow's rule for node names: letters, digits, _ . - and /, not starting with _ or -.
    const clean = `${this.#scope}${name}`.replace(/[^A-Za-z0-9_.\-/]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n');
    const count = this.#nameCounts.get(clean) ?? 0;
    this.#nameCounts.set(clean, count + 1);
    return count === 0 ? clean : this.#uniqueName(`${name}_${count}`);
  }
}

/** `node` of `node:0`. */
export function nodeOf(output: string): string {
  const colon = output.indexOf(':');
  return colon < 0 ? output : output.slice(0, colon);
}
