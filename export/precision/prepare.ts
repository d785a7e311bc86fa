// An ONNX file from anywhere, made ready for quantisation: constants are constants, batch normalisation is part of the
// convolution in front of it, every node has a name of its own. It needs no inference, so that operators that are not known
// here, and other domains, stay as they are.
import { FormatError } from '../../src/error.ts';
import { type Constant, floats, transposed } from '../graph/constant.ts';
import { floatAttribute, graphsOf, intAttribute, intsAttribute, type Node, type OnnxModel } from '../graph/graph.ts';

/** Of a DequantizeLinear with one scale a channel. */
const leastOpset = 13;

/** Operators that are 8-bit already. */
const quantizedOperator =
  /^(QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|QLinear.*|.*Integer|QGemm|QAttention)$/;

/** @throws FormatError where the file is older than 8-bit channels, or is quantised already */
export function prepareForQuantization(model: OnnxModel, where: string): OnnxModel {
  if (model.opset < leastOpset)
    throw new FormatError(
      `${where}: expected opset ${leastOpset} or newer, whose weights can have one scale a channel, got ${model.opset}`,
      { remedy: 'Export it again with a newer opset (torch.onnx.export: opset_version=17).' },
    );
  const { graph } = model;
  const quantized = graph.nodes.find(({ operator }) => quantizedOperator.test(operator));
  if (quantized !== undefined)
    throw new FormatError(`${where}: expected a file in float32, got ${quantized.operator} ("${quantized.name}")`, {
      remedy: 'Give the file that it was quantised from.',
    });
  const constants = new Map(graph.constants);
  const named = foldConstants(namedNodes(graph.nodes), constants, new Set(graph.outputs.map(({ name }) => name)));
  const nodes = foldNormalizations(named, constants, usesOf(model.graph.nodes, model));
  const used = usesOf(nodes, model);
  return {
    ...model,
    graph: { ...graph, nodes, constants: new Map([...constants].filter(([name]) => used.has(name))) },
  };
}

function namedNodes(nodes: readonly Node[]): Node[] {
  const taken = new Set<string>();
  return nodes.map((node) => {
    const base = node.name || node.outputs.find((output) => output !== '') || node.operator;
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name === node.name ? node : { ...node, name };
  });
}

/** How often a value is used: by nodes, inside of their graphs, and as an output. */
export function usesOf(nodes: readonly Node[], { graph }: Pick<OnnxModel, 'graph'>): Map<string, number> {
  const uses = new Map<string, number>();
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  const visit = (each: readonly Node[]): void => {
    for (const node of each) {
      node.inputs.forEach(use);
      for (const inner of graphsOf(node)) {
        visit(inner.nodes);
        for (const { name } of inner.outputs) use(name);
      }
    }
  };
  visit(nodes);
  for (const { name } of graph.outputs) use(name);
  return uses;
}

/** Constant, and Identity or Transpose of a constant, as initializers of the same name. */
function foldConstants(nodes: readonly Node[], constants: Map<string, Constant>, outputs: ReadonlySet<string>): Node[] {
  return nodes.filter((node) => {
    const [output] = node.outputs;
    const value = node.domain === '' && !outputs.has(output) ? constantOf(node, constants) : undefined;
    if (value === undefined) return true;
    constants.set(output, value);
    return false;
  });
}

function constantOf({ operator, attributes, inputs, ...node }: Node, constants: Map<string, Constant>) {
  if (operator === 'Constant') return attributes.value?.type === 'tensor' ? attributes.value.value : undefined;
  const source = constants.get(inputs[0] ?? '');
  if (source === undefined) return undefined;
  if (operator === 'Identity') return source;
  if (operator !== 'Transpose') return undefined;
  const reversed = source.shape.map((_, axis) => source.shape.length - 1 - axis);
  return transposed(source, intsAttribute({ ...node, operator, attributes, inputs }, 'perm') ?? reversed);
}

/** y = (conv(x) - mean) / sqrt(variance + epsilon) * scale + bias, as a convolution. */
function foldNormalizations(
  nodes: readonly Node[],
  constants: Map<string, Constant>,
  uses: Map<string, number>,
): Node[] {
  const folded = new Map<Node, Node>();
  const dropped = new Set<Node>();
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  for (const node of nodes) {
    if (node.operator !== 'BatchNormalization' || node.domain !== '' || intAttribute(node, 'training_mode', 0) !== 0)
      continue;
    const convolution = producers.get(node.inputs[0]);
    const weight = constants.get(convolution?.inputs[1] ?? '');
    const biasName = convolution?.inputs[2] ?? '';
    const bias = constants.get(biasName);
    const numbers = node.inputs.slice(1).map((input) => constants.get(input));
    if (
      convolution?.operator !== 'Conv' ||
      convolution.domain !== '' ||
      uses.get(node.inputs[0]) !== 1 ||
      weight?.type !== 'float32' ||
      (biasName !== '' && bias?.type !== 'float32') ||
      numbers.length !== 4
    )
      continue;
    const [scale, shift, mean, variance] = numbers;
    if (![scale, shift, mean, variance].every((each) => each?.type === 'float32')) continue;
    const at = (constant: Constant | undefined, channel: number): number => Number(constant?.data[channel] ?? 0);
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const channels = weight.shape[0];
    const factors = Array.from({ length: channels }, (_, c) => at(scale, c) / Math.sqrt(at(variance, c) + epsilon));
    const size = weight.data.length / channels;
    const [weightName, newBias] = [`${convolution.name}/weight`, `${convolution.name}/bias`];
    constants.set(
      weightName,
      floats(
        weight.shape,
        Float32Array.from(weight.data as Float32Array, (value, i) => value * factors[Math.floor(i / size)]),
      ),
    );
    constants.set(
      newBias,
      floats(
        [channels],
        factors.map((factor, c) => (at(bias, c) - at(mean, c)) * factor + at(shift, c)),
      ),
    );
    folded.set(convolution, {
      ...convolution,
      inputs: [convolution.inputs[0], weightName, newBias],
      outputs: [node.outputs[0]],
    });
    dropped.add(node);
  }
  return nodes.filter((node) => !dropped.has(node)).map((node) => folded.get(node) ?? node);
}
