// A graph under rewriting: who makes and who uses each value, nodes added and replaced, and a clean graph at the end.
import { JepaError } from '../../src/error.ts';
import type { Constant } from '../graph/constant.ts';
import { unknownDimension } from '../graph/dimension.ts';
import { type Attributes, type Graph, graphsOf, type Node } from '../graph/graph.ts';
import type { ValueType } from '../graph/type.ts';
import type { OperatorName } from '../operators/index.ts';
import { inferNode, type Scope, typeOfConstant } from '../operators/infer.ts';
import { collectNames, renameInputs, usedNames } from './names.ts';

export class GraphEditor {
  readonly opset: number;
  readonly #graph: Graph;
  readonly #outer: Scope | undefined;
  /** Nodes with their place: a node that is added gets a place next to another one. */
  readonly #places = new Map<Node, number>();
  readonly #byName = new Map<string, Node>();
  readonly #producers = new Map<string, Node>();
  readonly #consumers = new Map<string, Set<Node>>();
  readonly #constants: Map<string, Constant>;
  readonly #types: Map<string, ValueType>;
  readonly #outputs: Set<string>;
  readonly #names = new Set<string>();

  constructor(graph: Graph, opset: number, outer?: Scope) {
    this.opset = opset;
    this.#graph = graph;
    this.#outer = outer;
    this.#constants = new Map(graph.constants);
    this.#types = new Map(graph.types);
    this.#outputs = new Set(graph.outputs.map((output) => output.name));
    for (const input of graph.inputs) this.#types.set(input.name, input);
    for (const name of [...this.#types.keys(), ...this.#constants.keys()]) this.#names.add(name);
    for (const [place, node] of graph.nodes.entries()) {
      this.#names.add(node.name);
      for (const inner of graphsOf(node)) collectNames(inner, this.#names);
      this.#insert(node, place);
    }
  }

  readonly scope: Scope = {
    typeOf: (name) => this.typeOf(name),
    constantOf: (name) => this.constantOf(name),
  };

  /** All nodes, in order of place; safe against changes while it is walked. */
  nodes(): Node[] {
    return [...this.#places].sort(([, a], [, b]) => a - b).map(([node]) => node);
  }

  /** Every node of now that is still there when its turn comes, as it is then: nodes may be changed and removed on the way. */
  *each(): Generator<Node> {
    for (const { name } of this.nodes()) {
      const node = this.#byName.get(name);
      if (node) yield node;
    }
  }

  has(node: Node): boolean {
    return this.#places.has(node);
  }

  typeOf(name: string): ValueType | undefined {
    const constant = this.#constants.get(name);
    return constant ? typeOfConstant(constant) : (this.#types.get(name) ?? this.#outer?.typeOf(name));
  }

  /** The type of a value that is certainly there. */
  type(name: string): ValueType {
    const type = this.typeOf(name);
    if (type === undefined) throw new JepaError(`graph ${this.#graph.name}: expected a value ${name}, got none`);
    return type;
  }

  constantOf(name: string): Constant | undefined {
    return this.#constants.get(name) ?? (this.#types.has(name) ? undefined : this.#outer?.constantOf(name));
  }

  producerOf(name: string): Node | undefined {
    return this.#producers.get(name);
  }

  /** Nodes that use a value, also from inside their subgraphs. */
  consumersOf(name: string): Node[] {
    return [...(this.#consumers.get(name) ?? [])].sort((a, b) => this.#place(a) - this.#place(b));
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /** Whether one node's one input is the only use of a value. */
  isUsedOnce(name: string): boolean {
    const consumers = this.#consumers.get(name);
    if (this.#outputs.has(name) || consumers?.size !== 1) return false;
    const [only] = consumers;
    return only.inputs.filter((input) => input === name).length === 1;
  }

  constant(name: string, constant: Constant): string {
    const unique = this.#uniqueName(name);
    this.#constants.set(unique, constant);
    return unique;
  }

  /** A new node with one output, placed before or after `at`. Returns the output's name. */
  add(
    operator: OperatorName,
    inputs: readonly string[],
    attributes: Attributes,
    place: { readonly name: string; readonly before?: Node; readonly after?: Node },
  ): string {
    const name = this.#uniqueName(place.name);
    const node: Node = { name, operator, domain: '', inputs, outputs: [name], attributes };
    const at = place.before ? this.#place(place.before) - 0.5 : place.after ? this.#place(place.after) + 0.5 : 0;
    this.#types.set(name, inferNode({ ...node, outputCount: 1 }, this.opset, this.scope)[0]);
    this.#insert(node, at);
    return name;
  }

  /** Changes a node in place; its outputs keep their names, and their types are inferred again. Returns the new node. */
  update(node: Node, changes: Partial<Pick<Node, 'operator' | 'inputs' | 'attributes'>>): Node {
    const place = this.#place(node);
    const changed: Node = { ...node, ...changes };
    this.remove(node);
    if (changed.domain === '') {
      const types = inferNode({ ...changed, outputCount: changed.outputs.length }, this.opset, this.scope);
      for (const [i, output] of changed.outputs.entries()) if (output !== '') this.#types.set(output, types[i]);
    }
    this.#insert(changed, place);
    return changed;
  }

  /**
   * Gives a node's first output to a new value and the old name to whatever `make` appends to it: what a pass does that
   * changes how a value is laid out and restores the layout behind it.
   */
  relayout(
    node: Node,
    changes: Partial<Pick<Node, 'inputs' | 'attributes'>>,
    restore: (value: string, output: number) => Node,
  ): void {
    const place = this.#place(node);
    const inner = node.outputs.map((output) => (output === '' ? '' : this.#uniqueName(`${output}_inner`)));
    const changed: Node = { ...node, ...changes, outputs: inner };
    this.remove(node);
    const types = inferNode({ ...changed, outputCount: inner.length }, this.opset, this.scope);
    for (const [i, output] of inner.entries()) if (output !== '') this.#types.set(output, types[i]);
    this.#insert(changed, place);
    for (const [i, output] of inner.entries()) {
      if (output === '') continue;
      const restoring = restore(output, i);
      this.#insert({ ...restoring, name: this.#uniqueName(restoring.name) }, place + 0.25);
    }
  }

  remove(node: Node): void {
    this.#places.delete(node);
    if (this.#byName.get(node.name) === node) this.#byName.delete(node.name);
    for (const output of node.outputs) if (this.#producers.get(output) === node) this.#producers.delete(output);
    for (const input of usedNames(node)) this.#consumers.get(input)?.delete(node);
  }

  /** Every use of `from` becomes a use of `to`; where `from` is an output of the graph, `to` takes over its name. */
  replaceValue(from: string, to: string): void {
    for (const consumer of this.consumersOf(from)) this.#renameInputs(consumer, from, to);
    if (!this.#outputs.has(from)) return;
    const producer = this.#producers.get(from);
    if (producer) this.remove(producer);
    const source = this.#producers.get(to);
    if (source === undefined || this.#outputs.has(to)) {
      this.#insert(
        {
          name: this.#uniqueName(`${from}/Identity`),
          operator: 'Identity',
          domain: '',
          inputs: [to],
          outputs: [from],
          attributes: {},
        },
        this.#end(),
      );
      return;
    }
    const place = this.#place(source);
    this.remove(source);
    this.#types.set(from, this.type(to));
    this.#insert({ ...source, outputs: source.outputs.map((output) => (output === to ? from : output)) }, place);
    for (const consumer of this.consumersOf(to)) this.#renameInputs(consumer, to, from);
  }

  /** Makes `value` what the graph gives out under the name `output`; what was called so is called differently from now on. */
  exposeAs(output: string, value: string): void {
    const former = this.#producers.get(output);
    const next = this.#producers.get(value);
    if (former === undefined || next === undefined) return;
    const inner = this.#uniqueName(`${output}_inner`);
    const swap = (node: Node, from: string, to: string): Node => ({
      ...node,
      outputs: node.outputs.map((name) => (name === from ? to : name)),
    });
    const [formerPlace, nextPlace] = [this.#place(former), this.#place(next)];
    const consumers = this.consumersOf(output);
    const followers = this.consumersOf(value);
    this.#types.set(inner, this.type(output));
    this.remove(former);
    this.#insert(swap(former, output, inner), formerPlace);
    for (const consumer of consumers) this.#renameInputs(consumer, output, inner);
    const current = this.#producers.get(value) ?? next;
    this.remove(current);
    this.#insert(swap(current, value, output), nextPlace);
    for (const follower of followers) if (this.has(follower)) this.#renameInputs(follower, value, output);
  }

  /** The rewritten graph: without dead nodes and constants, in topological order, types inferred anew. */
  finish(): Graph {
    const nodes = this.#sorted(this.#live());
    const used = new Set(nodes.flatMap(usedNames));
    const constants = new Map([...this.#constants].filter(([name]) => used.has(name)));
    const types = new Map<string, ValueType>(
      this.#graph.inputs.map((input) => [input.name, { type: input.type, shape: input.shape }]),
    );
    const scope: Scope = {
      typeOf: (name) => {
        const constant = constants.get(name);
        return types.get(name) ?? (constant ? typeOfConstant(constant) : this.#outer?.typeOf(name));
      },
      constantOf: (name) => constants.get(name) ?? this.#outer?.constantOf(name),
    };
    for (const node of nodes) {
      const inferred =
        node.domain === '' ? inferNode({ ...node, outputCount: node.outputs.length }, this.opset, scope) : [];
      for (const [i, output] of node.outputs.entries()) {
        const type = refine(inferred[i], this.#types.get(output));
        if (output !== '' && type) types.set(output, type);
      }
    }
    const outputs = this.#graph.outputs.map((output) => ({ ...output, ...refine(types.get(output.name), output) }));
    return { ...this.#graph, outputs, nodes, constants, types };
  }

  #place(node: Node): number {
    const place = this.#places.get(node);
    if (place === undefined)
      throw new JepaError(`graph ${this.#graph.name}: expected node ${node.name} in the graph, got none`);
    return place;
  }

  #end(): number {
    return Math.max(0, ...this.#places.values()) + 1;
  }

  #insert(node: Node, place: number): void {
    this.#places.set(node, place);
    this.#byName.set(node.name, node);
    for (const output of node.outputs) if (output !== '') this.#producers.set(output, node);
    for (const input of usedNames(node)) {
      const consumers = this.#consumers.get(input);
      if (consumers) consumers.add(node);
      else this.#consumers.set(input, new Set([node]));
    }
  }

  #renameInputs(node: Node, from: string, to: string): void {
    const place = this.#place(node);
    this.remove(node);
    this.#insert(renameInputs(node, from, to), place);
  }

  #uniqueName(name: string): string {
    let unique = name;
    for (let i = 1; this.#names.has(unique); i++) unique = `${name}_${i}`;
    this.#names.add(unique);
    return unique;
  }

  /** Nodes that an output depends on. */
  #live(): Set<Node> {
    const live = new Set<Node>();
    const stack = [...this.#outputs];
    while (stack.length > 0) {
      const producer = this.#producers.get(stack.pop() ?? '');
      if (producer === undefined || live.has(producer)) continue;
      live.add(producer);
      stack.push(...usedNames(producer));
    }
    return live;
  }

  /** Topological order that keeps to the places where it can. */
  #sorted(live: ReadonlySet<Node>): Node[] {
    const result: Node[] = [];
    const state = new Map<Node, 'open' | 'done'>();
    for (const root of this.nodes().filter((node) => live.has(node))) {
      const stack = [root];
      while (stack.length > 0) {
        const node = stack[stack.length - 1];
        if (state.get(node) === 'done') {
          stack.pop();
          continue;
        }
        const waiting = usedNames(node).flatMap((name) => {
          const producer = this.#producers.get(name);
          return producer && state.get(producer) !== 'done' ? [producer] : [];
        });
        if (waiting.length === 0) {
          state.set(node, 'done');
          result.push(node);
          stack.pop();
        } else if (state.get(node) === 'open') {
          throw new JepaError(`graph ${this.#graph.name}: expected no cycles, got one through node ${node.name}`);
        } else {
          state.set(node, 'open');
          stack.push(...waiting.reverse());
        }
      }
    }
    return result;
  }
}

/** What is known of a value: what inference finds, and sizes that were known before where inference has none. */
function refine(inferred: ValueType | undefined, before: ValueType | undefined): ValueType | undefined {
  if (inferred === undefined || before === undefined) return inferred ?? before;
  if (inferred.shape.length !== before.shape.length) return inferred;
  const shape = inferred.shape.map((size, axis) => (size === unknownDimension ? before.shape[axis] : size));
  return { ...inferred, shape };
}
