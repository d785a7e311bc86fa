// What is in an ONNX file, without its weights being read: for `jepa inspect` and for anybody who wants to know.
import { FormatError } from '../src/error.ts';
import { unknownDimension } from './graph/dimension.ts';
import { elementCount } from './graph/tensor-message.ts';
import { decode } from './schema/decode.ts';
import * as onnx from './schema/onnx.ts';

export interface PortSummary {
  readonly name: string;
  /** The element type; `?` where the file has another kind of value than a tensor. */
  readonly type: string;
  readonly shape: readonly (number | string)[];
  readonly doc: string;
}

export interface NodeSummary {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** How many graphs this node is inside of. */
  readonly depth: number;
}

export interface ModelSummary {
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly name: string;
  readonly doc: string;
  readonly inputs: readonly PortSummary[];
  readonly outputs: readonly PortSummary[];
  /** Operators with how often they occur, subgraphs included, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeSummary[];
  /** Elements of all floating-point initializers (and 8-bit ones). */
  readonly parameters: number;
  /** Initializers by element type. */
  readonly initializers: Readonly<Record<string, number>>;
  /**
   * What the file computes in: `int8` where values are rounded to 8 bits on their way, `float16` where its weights of floating
   * point are mostly that, else `float32`. Weights alone in 8 bits are computed with in float32.
   */
  readonly precision: 'float32' | 'float16' | 'int8';
  readonly bytes: number;
  /** Files beside the model that hold weights. */
  readonly externalFiles: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

const typeNames = new Map<number, string>(Object.entries(onnx.dataTypes).map(([name, number]) => [number, name]));

/**
 * @param where what the bytes are, for error messages
 * @throws FormatError where they are not an ONNX model
 */
export function inspectOnnx(bytes: Uint8Array, where: string): ModelSummary {
  const model = decode(onnx.model, bytes, where);
  const { graph } = model;
  if (graph === undefined || model.irVersion === undefined)
    throw new FormatError(`${where}: expected an ONNX model with a version and a graph, got neither`, {
      remedy: 'The file is empty, truncated or not ONNX.',
    });
  const found = new Found(where);
  found.visit(graph, 0);
  const constants = new Set(graph.initializer.map((tensor) => tensor.name ?? ''));
  return {
    irVersion: model.irVersion,
    opsets: ordered(model.opsetImport.map(({ domain, version }) => [domain || 'ai.onnx', version ?? 0])),
    producer: [model.producerName, model.producerVersion].filter((part) => part).join(' '),
    name: graph.name ?? '',
    doc: model.docString ?? graph.docString ?? '',
    inputs: graph.input.filter((info) => !constants.has(info.name ?? '')).map(portOf),
    outputs: graph.output.map(portOf),
    operators: ordered([...found.operators].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))),
    nodes: found.nodes,
    parameters: found.parameters,
    initializers: ordered([...found.initializers]),
    precision: precisionOf(found),
    bytes: bytes.length,
    externalFiles: [...found.externalFiles].sort(),
    metadata: ordered(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
  };
}

/** Operators that round values to 8 bits, or compute with such values. */
const eightBitOperator = /(^|\.)(DynamicQuantize|QuantizeLinear$|QLinear|QAttention|QGemm|ConvInteger|MatMulInteger)/;

function precisionOf({ operators, initializers }: Found): ModelSummary['precision'] {
  if ([...operators.keys()].some((operator) => eightBitOperator.test(operator))) return 'int8';
  const halves = initializers.get('float16') ?? 0;
  return halves > (initializers.get('float32') ?? 0) ? 'float16' : 'float32';
}

/** Own properties only, so that a name such as `__proto__` in a foreign file is a plain key. */
function ordered<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries);
}

class Found {
  readonly operators = new Map<string, number>();
  readonly initializers = new Map<string, number>();
  readonly externalFiles = new Set<string>();
  readonly nodes: NodeSummary[] = [];
  parameters = 0;
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  visit(graph: onnx.Graph, depth: number): void {
    for (const tensor of graph.initializer) this.#tensor(tensor);
    for (const node of graph.node) {
      const domain = node.domain ?? '';
      const operator = node.opType ?? '';
      const key = domain === '' || domain === 'ai.onnx' ? operator : `${domain}.${operator}`;
      this.operators.set(key, (this.operators.get(key) ?? 0) + 1);
      this.nodes.push({ name: node.name ?? '', operator, domain, inputs: node.input, outputs: node.output, depth });
      for (const attribute of node.attribute) {
        if (attribute.g) this.visit(attribute.g, depth + 1);
        for (const inner of attribute.graphs) this.visit(inner, depth + 1);
        for (const tensor of [...(attribute.t ? [attribute.t] : []), ...attribute.tensors]) this.#tensor(tensor);
      }
    }
  }

  #tensor(tensor: onnx.Tensor): void {
    const type = typeNames.get(tensor.dataType ?? 0) ?? '?';
    this.initializers.set(type, (this.initializers.get(type) ?? 0) + 1);
    const isWeight = type.startsWith('float') || type === 'bfloat16' || type === 'int8' || type === 'uint8';
    if (isWeight) this.parameters += elementCount(tensor.dims, `${this.#where}: initializer "${tensor.name ?? ''}"`);
    for (const { key, value } of tensor.externalData) if (key === 'location' && value) this.externalFiles.add(value);
  }
}

function portOf(info: onnx.ValueInfo): PortSummary {
  const tensor = info.type?.tensorType;
  const shape = tensor?.shape?.dim.map((dimension) => dimension.dimValue ?? (dimension.dimParam || unknownDimension));
  return {
    name: info.name ?? '',
    type: typeNames.get(tensor?.elemType ?? 0) ?? '?',
    shape: shape ?? [],
    doc: info.docString ?? '',
  };
}
