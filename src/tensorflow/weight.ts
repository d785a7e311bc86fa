// The names under which the weights of a model are known in graphs, checkpoints and safetensors: `encoder/conv1/kernel`.
import * as tf from '@tensorflow/tfjs';
import { FormatError } from '../error.ts';
import type { NamedArray } from '../storage/safetensors.ts';

/** All weights of `model`, those of nested models included, each once, by name. */
export function namedWeights(model: tf.LayersModel, prefix: string): Map<string, tf.LayerVariable> {
  const named = new Map<string, tf.LayerVariable>();
  for (const layer of model.layers) {
    const inner = `${prefix}/${layer.name}`;
    if (layer instanceof tf.LayersModel)
      for (const [name, weight] of namedWeights(layer, inner)) named.set(name, weight);
    else for (const weight of layer.weights) named.set(`${inner}/${weightName(weight)}`, weight);
  }
  return named;
}

/** `kernel` of `conv1/kernel`: what a layer calls its weight. */
export function weightName(weight: tf.LayerVariable): string {
  return weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
}

/** Writes values into the weights of `model`; throws a FormatError where one is missing or of another shape. */
export function setNamedWeights(model: tf.LayersModel, prefix: string, values: ReadonlyMap<string, NamedArray>): void {
  for (const [name, weight] of namedWeights(model, prefix)) {
    const value = values.get(name);
    const wanted = weight.shape.map(Number);
    if (!(value?.values instanceof Float32Array) || value.shape.join() !== wanted.join())
      throw new FormatError(
        `weight ${name}: expected float32 of shape [${wanted}], got ${value ? `[${value.shape}]` : 'nothing'}`,
      );
    const tensor = tf.tensor(value.values, wanted);
    weight.write(tensor);
    tensor.dispose();
  }
}

/** The same for networks that are trained together, each under its own name: `encoder/...`, `predictor/...`. */
export function setNetworkWeights(
  networks: {
    readonly encoder: tf.LayersModel;
    readonly predictor: tf.LayersModel;
    readonly auxiliary?: tf.LayersModel;
  },
  values: ReadonlyMap<string, NamedArray>,
): void {
  setNamedWeights(networks.encoder, 'encoder', values);
  setNamedWeights(networks.predictor, 'predictor', values);
  if (networks.auxiliary) setNamedWeights(networks.auxiliary, 'auxiliary', values);
}
