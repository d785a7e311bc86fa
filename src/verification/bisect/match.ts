// Which value of one file is which of another: by name, through the roundings of a quantised or half-precision copy, and by
// structure where names are others. And the pieces between matched values, which can be run on their own.
import type { FileGraph, GraphNode } from './graph.ts';
import { closureOf, constantNodes, producersOf } from './walk.ts';

/** How a value of 8 bits stands for a number: (value - zero point) x scale. Names of weights. */
export interface Quantization {
  readonly scale: string;
  readonly zeroPoint: string;
}

export interface MatchedValue {
  /** In the file that is looked at. */
  readonly value: string;
  /** The same in the reference. */
  readonly reference: string;
  readonly quantization?: Quantization | undefined;
}

/** Nodes between matched values that give one or more of them. */
export interface Unit {
  /** The last of its nodes, of which it has the name. */
  readonly node: number;
  readonly nodes: readonly number[];
  readonly inputs: readonly MatchedValue[];
  readonly outputs: readonly MatchedValue[];
}

export interface Match {
  readonly values: ReadonlyMap<string, MatchedValue>;
  readonly units: readonly Unit[];
  /** Nodes whose values have no counterpart, and are in the unit of a later one or in none. */
  readonly unmatched: readonly string[];
}

/** Give on what they take, rounded or not. */
const carriers: readonly string[] = ['Cast', 'CastLike', 'Identity', 'QuantizeLinear', 'DequantizeLinear'];
/** What quantisers write behind the name of a value. */
const suffixes = /(_(De)?QuantizeLinear_(Input|Output)|_quantized|_cast_\d+)+$/i;
/** Where scale and zero point of the output are among the inputs of operators on 8 bits. */
const quantizedOutputs: Readonly<Record<string, readonly [scale: number, zeroPoint: number]>> = {
  QLinearConv: [6, 7],
  QLinearMatMul: [6, 7],
  QLinearAdd: [6, 7],
  QLinearMul: [6, 7],
  QGemm: [7, 8],
  QLinearSigmoid: [3, 4],
  QLinearLeakyRelu: [3, 4],
  QLinearAveragePool: [3, 4],
  QLinearGlobalAveragePool: [3, 4],
  QLinearSoftmax: [3, 4],
  QLinearConcat: [0, 1],
};

/**
 * @param inputs names of the graph's inputs, and of the reference's
 */
export function matchGraphs(
  reference: FileGraph,
  graph: FileGraph,
  inputs: ReadonlyMap<string, string>,
  { isThere, isComparable }: MatchOptions,
): Match {
  const values = new Map<string, MatchedValue>();
  const producers = producersOf(graph);
  const constant = constantNodes(graph);
  const words = new Map<string, number>();
  const structure = new Structure(words, inputs);
  const referenceStructure = new Structure(words, new Map([...inputs.values()].map((name) => [name, name])));
  const referenceConstant = constantNodes(reference);
  for (const [place, node] of reference.nodes.entries()) referenceStructure.add(node, referenceConstant.has(place));
  const byKey = valuesByKey(reference, referenceStructure);
  const turns = new Map<string, number>();
  const referenceProducers = producersOf(reference);
  const add = (value: string, of: string | undefined): boolean => {
    if (of === undefined || !isThere(of)) return false;
    const quantization = quantizationOf(graph, producers.get(value));
    const meant = quantization === undefined ? of : afterActivation(reference, graph, of);
    if (!isThere(meant) || (quantization === undefined && !isComparable(value, meant))) return false;
    values.set(value, { value, reference: meant, quantization });
    // What follows is compared with what follows there, though something in between is only in one of them.
    structure.set(value, referenceStructure.keyOf(meant));
    return true;
  };
  for (const [name, of] of inputs) add(name, of);
  graph.nodes.forEach((node, place) => {
    const { outputs, operator, inputs: taken } = node;
    structure.add(node, constant.has(place));
    // A rounded value is looked at once it is a number again.
    if (constant.has(place) || /^(Dynamic)?QuantizeLinear$/.test(operator)) return;
    const source = carriers.includes(operator) ? sourceOf(graph, taken[0], producers) : undefined;
    for (const name of outputs.filter((each) => each !== '')) {
      const key = structure.keyOf(name) ?? '';
      const alike = byKey.get(key) ?? [];
      const turn = turns.get(key) ?? 0;
      if (source === undefined) turns.set(key, turn + 1);
      const twin = source === undefined ? alike[Math.min(turn, alike.length - 1)] : undefined;
      const named = [name, name.replace(suffixes, '')].find(
        (each) => isThere(each) && (!isNumber(each) || referenceStructure.keyOf(each) === key),
      );
      const namedBy = named === undefined ? undefined : referenceProducers.get(named);
      // A quantiser that drops an activation gives its name to what was before it: what the operators say goes first.
      const isSameOperator = namedBy === undefined || reference.nodes[namedBy].operator === operator;
      const candidates =
        source !== undefined ? [named, values.get(source)?.reference] : isSameOperator ? [named, twin] : [twin, named];
      candidates.some((each) => add(name, each));
    }
  });
  return { values, ...unitsOf(graph, values, { producers, constant }) };
}

export interface MatchOptions {
  /** Whether a value of the reference was computed. */
  readonly isThere: (name: string) => boolean;
  /** Whether a value of the file is of the kind of the reference's: both of floating point, or both not. */
  readonly isComparable: (value: string, reference: string) => boolean;
}

/**
 * Operators on 8 bits take an activation that follows into their rounding: where nothing else reads the value in the reference and
 * no node of the file does the same, its output is that of the activation.
 */
function afterActivation(reference: FileGraph, graph: FileGraph, name: string): string {
  const readers = reference.nodes.filter(({ inputs }) => inputs.includes(name));
  const [reader] = readers;
  if (readers.length !== 1 || (reader.operator !== 'Relu' && reader.operator !== 'Clip')) return name;
  return graph.nodes.some(({ name: other, operator }) => other === reader.name && operator === reader.operator)
    ? name
    : reader.outputs[0];
}

/** Names such as 123, by which exporters count: another file counts differently. */
function isNumber(name: string): boolean {
  return /^[%_]?\d+$/.test(name);
}

/** What a chain of carriers begins with. */
function sourceOf(graph: FileGraph, name: string, producers: ReadonlyMap<string, number>): string {
  const producer = producers.get(name);
  if (producer === undefined || !carriers.includes(graph.nodes[producer].operator)) return name;
  return sourceOf(graph, graph.nodes[producer].inputs[0], producers);
}

function quantizationOf({ nodes }: FileGraph, producer: number | undefined): Quantization | undefined {
  if (producer === undefined) return undefined;
  const { operator, inputs } = nodes[producer];
  const places = Object.hasOwn(quantizedOutputs, operator) ? quantizedOutputs[operator] : undefined;
  return places && { scale: inputs[places[0]] ?? '', zeroPoint: inputs[places[1]] ?? '' };
}

/** Words of values by which operators they come from which inputs: the same word in both files has the same number. */
class Structure {
  readonly #words: Map<string, number>;
  readonly #keys = new Map<string, string>();

  constructor(words: Map<string, number>, inputs: ReadonlyMap<string, string>) {
    this.#words = words;
    for (const [name, of] of inputs) this.#keys.set(name, `input ${of}`);
  }

  /** Undefined for what no node has made yet. */
  keyOf(name: string): string | undefined {
    return this.#keys.get(name);
  }

  /** Gives a value another word: that of its counterpart. */
  set(name: string, key: string | undefined): void {
    if (key !== undefined) this.#keys.set(name, key);
  }

  /** Weights are not told apart: `isConstant` says that a node computes nothing else. */
  add({ operator, kind, inputs, outputs }: GraphNode, isConstant: boolean): void {
    const from = inputs.map((name) => this.#keys.get(name) ?? (name === '' ? '' : 'weight'));
    for (const [i, name] of outputs.entries()) {
      if (name === '' || isConstant) continue;
      this.#keys.set(name, carriers.includes(operator) ? from[0] : this.#numberOf(`${kind} ${i} (${from.join(', ')})`));
    }
  }

  /** Words would grow with the depth. */
  #numberOf(word: string): string {
    const number = this.#words.get(word) ?? this.#words.size;
    this.#words.set(word, number);
    return `#${number}`;
  }
}

/** What computes, in the order of the graph. */
function valuesByKey({ nodes }: FileGraph, structure: Structure): Map<string, string[]> {
  const byKey = new Map<string, string[]>();
  for (const { operator, outputs } of nodes) {
    if (carriers.includes(operator)) continue;
    for (const name of outputs) {
      const key = structure.keyOf(name) ?? '';
      byKey.set(key, [...(byKey.get(key) ?? []), name]);
    }
  }
  return byKey;
}

function unitsOf(
  graph: FileGraph,
  values: ReadonlyMap<string, MatchedValue>,
  { producers, constant }: { readonly producers: ReadonlyMap<string, number>; readonly constant: ReadonlySet<number> },
): Pick<Match, 'units' | 'unmatched'> {
  const units: Unit[] = [];
  const unmatched: string[] = [];
  graph.nodes.forEach(({ name, outputs, operator }, place) => {
    if (constant.has(place)) return;
    const matched = outputs.flatMap((each) => values.get(each) ?? []);
    if (matched.length === 0) {
      if (!carriers.includes(operator)) unmatched.push(name);
      return;
    }
    const { nodes, inputs } = closureOf(graph, [place], { producers, isThere: (each) => values.has(each) });
    // A graph's input that the reference does not have cannot be fed.
    const isFed = nodes.every((each) =>
      graph.nodes[each].inputs.every(
        (input) =>
          input === '' || graph.constants.has(input) || values.has(input) || nodes.includes(producers.get(input) ?? -1),
      ),
    );
    if (!isFed) {
      unmatched.push(name);
      return;
    }
    units.push({ node: place, nodes, inputs: inputs.flatMap((each) => values.get(each) ?? []), outputs: matched });
  });
  return { units, unmatched };
}
