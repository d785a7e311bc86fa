// A model description of a live tf.LayersModel. Only types are imported: the exporter never loads TensorFlow.js, it is
// handed a model that has loaded it.
import type * as tf from '@tensorflow/tfjs';
import { JepaError } from '../../src/error.ts';
import type { Constant, Elements } from '../graph/constant.ts';
import { isObject } from './config.ts';
import type { ModelDescription, Weights } from './description.ts';
import { describeTopology, type WeightSource } from './topology.ts';

type Layer = tf.layers.Layer;
type Variable = Layer['weights'][number];

/** Weights read ahead of time, for backends that cannot read synchronously (WebGPU). */
export type WeightCache = ReadonlyMap<Variable, Elements>;

/**
 * Describes a live model.
 * @throws JepaError where it was disposed, has no weights yet, or cannot be serialised
 */
export function describeModel(model: tf.LayersModel, cache?: WeightCache): ModelDescription {
  return describeTopology(model.getClassName(), configOf(model), new LiveSource(model, cache), `model "${model.name}"`);
}

/**
 * What `getConfig` gives, read off the layers. A model's own `getConfig` warns on the console about call arguments that
 * are tensors (initial states), which are inputs of the call anyway.
 */
function configOf(layer: Layer): unknown {
  const inside = layersOf(layer);
  if (inside === undefined) return { ...layer.getConfig(), ...lostFacts(layer) };
  const entries = inside.map((each) => ({ name: each.name, className: each.getClassName(), config: configOf(each) }));
  if (layer.getClassName() === 'Sequential') return { name: layer.name, layers: entries };
  const facts = containerFacts(layer);
  const numbers = callNumbers(inside, facts.nodes);
  const end = (ends: readonly Layer[], calls: readonly number[], tensors: readonly number[]): unknown[] =>
    ends.map((each, i) => [each.name, numbers.get(nodeKey(each, calls[i])) ?? 0, tensors[i]]);
  return {
    name: layer.name,
    layers: entries.map((entry, i) => ({ ...entry, inboundNodes: inboundNodesOf(inside[i], facts.nodes, numbers) })),
    inputLayers: end(facts.inputLayers, facts.inputLayersNodeIndices, facts.inputLayersTensorIndices),
    outputLayers: end(facts.outputLayers, facts.outputLayersNodeIndices, facts.outputLayersTensorIndices),
  };
}

/** Conv1D leaves its data format out of its configuration. */
function lostFacts(layer: Layer): object {
  return layer.getClassName() === 'Conv1D' && 'dataFormat' in layer ? { dataFormat: layer.dataFormat } : {};
}

/** The part of a container that its types do not show. */
interface ContainerFacts {
  /** Keys of the calls that belong to the container: a layer may be called elsewhere too. */
  readonly nodes: ReadonlySet<string>;
  readonly inputLayers: readonly Layer[];
  readonly inputLayersNodeIndices: readonly number[];
  readonly inputLayersTensorIndices: readonly number[];
  readonly outputLayers: readonly Layer[];
  readonly outputLayersNodeIndices: readonly number[];
  readonly outputLayersTensorIndices: readonly number[];
}

function containerFacts(layer: Layer): ContainerFacts {
  const fields: Record<string, unknown> = { ...layer };
  const list = <T>(key: string): readonly T[] => (Array.isArray(fields[key]) ? fields[key] : []);
  return {
    nodes: fields.containerNodes instanceof Set ? fields.containerNodes : new Set(),
    inputLayers: list('inputLayers'),
    inputLayersNodeIndices: list('inputLayersNodeIndices'),
    inputLayersTensorIndices: list('inputLayersTensorIndices'),
    outputLayers: list('outputLayers'),
    outputLayersNodeIndices: list('outputLayersNodeIndices'),
    outputLayersTensorIndices: list('outputLayersTensorIndices'),
  };
}

/** The layers of a model; undefined for a layer that is none. */
function layersOf(layer: Layer): readonly Layer[] | undefined {
  const isModel = 'layers' in layer && 'inputLayers' in layer;
  return isModel && Array.isArray(layer.layers) ? layer.layers.filter(isLayer) : undefined;
}

/** TensorFlow.js's key of a call. */
const nodeKey = (layer: Layer, call: number): string => `${layer.name}_ib-${call}`;

/** The number of each call among those of its layer that belong to the model. A model's own creation is its call 0. */
function callNumbers(layers: readonly Layer[], nodes: ReadonlySet<string>): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const layer of layers) {
    let next = layersOf(layer) ? 1 : 0;
    for (const call of layer.inboundNodes.keys())
      if (nodes.has(nodeKey(layer, call))) numbers.set(nodeKey(layer, call), next++);
  }
  return numbers;
}

function inboundNodesOf(layer: Layer, nodes: ReadonlySet<string>, numbers: ReadonlyMap<string, number>): unknown[] {
  return layer.inboundNodes.flatMap((node, call) => {
    if (!nodes.has(nodeKey(layer, call)) || node.inboundLayers.length === 0) return [];
    const inputs = node.inboundLayers.map((from, i) => [
      from.name,
      numbers.get(nodeKey(from, node.nodeIndices[i])) ?? 0,
      node.tensorIndices[i],
    ]);
    return [inputs];
  });
}

/** Reads all weights of a model asynchronously. */
export async function readWeights(model: tf.LayersModel): Promise<WeightCache> {
  const entries = await Promise.all(
    model.weights.map(
      async (variable): Promise<[Variable, Elements]> => [variable, elementsOf(await variable.read().data())],
    ),
  );
  return new Map(entries);
}

class LiveSource implements WeightSource {
  readonly semantics = 'tensorflowjs';
  readonly #layer: Layer;
  readonly #cache: WeightCache | undefined;

  constructor(layer: Layer, cache: WeightCache | undefined) {
    this.#layer = layer;
    this.#cache = cache;
  }

  layer(name: string): WeightSource {
    const found = layersOf(this.#layer)?.find((layer) => layer.name === name);
    if (found === undefined) throw new JepaError(`model "${this.#layer.name}": expected a layer "${name}", got none`);
    return new LiveSource(found, this.#cache);
  }

  part(role: string): WeightSource {
    const inside = partsOf(this.#layer);
    const found = inside[role];
    if (!isLayer(found)) throw new JepaError(`layer "${this.#layer.name}": expected a ${role} inside, got none`);
    return new LiveSource(found, this.#cache);
  }

  weights(): Weights {
    const name = this.#layer.name;
    const cache = this.#cache;
    // A recurrent layer's weights belong to its cell; the layer lists them as its own.
    const byRole = new Map(this.#layer.weights.map((variable) => [roleOf(variable.originalName), variable]));
    return {
      roles: [...byRole.keys()],
      read: (role) => {
        const variable = byRole.get(role);
        if (variable === undefined) throw new JepaError(`layer "${name}": expected a weight ${role}, got none`);
        return constantOf(variable, cache);
      },
    };
  }
}

function isLayer(value: unknown): value is Layer {
  return isObject(value) && typeof value.getClassName === 'function' && Array.isArray(value.weights);
}

function partsOf(layer: object): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = { ...layer };
  const cells = 'cells' in layer && Array.isArray(layer.cells) ? layer.cells : [];
  return {
    layer: fields.layer,
    forward: fields.forwardLayer,
    backward: fields.backwardLayer,
    cell: fields.cell,
    ...Object.fromEntries(cells.map((cell, i) => [`cell${i}`, cell])),
  };
}

/** `conv1/kernel` -> `kernel`; a name that was made unique loses its `_1` nowhere, since this is the original name. */
function roleOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function constantOf(variable: Variable, cache: WeightCache | undefined): Constant {
  const tensor = readVariable(variable);
  const data = cache?.get(variable) ?? elementsOf(tensor.dataSync());
  return {
    type: tensor.dtype === 'int32' ? 'int32' : tensor.dtype === 'bool' ? 'bool' : 'float32',
    shape: tensor.shape,
    data,
  };
}

function readVariable(variable: Variable): tf.Tensor {
  try {
    return variable.read();
  } catch (cause) {
    throw new JepaError(
      `weight "${variable.originalName}": expected a model that is alive, got one that was disposed`,
      {
        cause,
      },
    );
  }
}

function elementsOf(data: unknown): Elements {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  throw new JepaError(`weights: expected numbers, got ${Object.prototype.toString.call(data)}`);
}
