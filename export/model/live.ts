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
  const config: unknown = model.getConfig();
  return describeTopology(model.getClassName(), config, new LiveSource(model, cache), `model "${model.name}"`);
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
  readonly #layer: Layer;
  readonly #cache: WeightCache | undefined;

  constructor(layer: Layer, cache: WeightCache | undefined) {
    this.#layer = layer;
    this.#cache = cache;
  }

  layer(name: string): WeightSource {
    const layers: unknown = 'layers' in this.#layer ? this.#layer.layers : undefined;
    const found = Array.isArray(layers) ? layers.find((layer) => isLayer(layer) && layer.name === name) : undefined;
    if (!isLayer(found)) throw new JepaError(`model "${this.#layer.name}": expected a layer "${name}", got none`);
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
  const tensor = variable.read();
  const data = cache?.get(variable) ?? elementsOf(tensor.dataSync());
  return {
    type: tensor.dtype === 'int32' ? 'int32' : tensor.dtype === 'bool' ? 'bool' : 'float32',
    shape: tensor.shape,
    data,
  };
}

function elementsOf(data: unknown): Elements {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  throw new JepaError(`weights: expected numbers, got ${Object.prototype.toString.call(data)}`);
}
