// One model of the conformance suite: how to build it, and what is special about comparing it.
import * as tf from '@tensorflow/tfjs';
import type { ParityOptions } from '../harness.ts';

export interface Case {
  /** Unique; says what the case is about. */
  readonly name: string;
  readonly build: () => tf.LayersModel;
  readonly options?: ParityOptions;
  /**
   * A model that computes the formula, with weights of the same order: for layers that the cpu backend of TensorFlow.js
   * gets wrong. The native backend agrees with the formula.
   */
  readonly reference?: () => tf.LayersModel;
}

type Tensor = tf.SymbolicTensor;

/** A model of one layer on one input. */
export function one(
  name: string,
  shape: readonly (number | null)[],
  layer: () => tf.layers.Layer,
  options?: ParityOptions,
): Case {
  return {
    name,
    build: () => {
      const input = tf.input({ shape: [...shape], name: 'x' });
      return tf.model({ inputs: input, outputs: layer().apply(input) as Tensor });
    },
    ...(options ? { options } : {}),
  };
}

/** A model of one layer on several inputs. */
export function several(
  name: string,
  shapes: readonly (readonly (number | null)[])[],
  layer: () => tf.layers.Layer,
  options?: ParityOptions,
): Case {
  return {
    name,
    build: () => {
      const inputs = shapes.map((shape, i) => tf.input({ shape: [...shape], name: `x${i}` }));
      return tf.model({ inputs, outputs: layer().apply(inputs) as Tensor });
    },
    ...(options ? { options } : {}),
  };
}

/** Layers one after the other. */
export function chain(
  name: string,
  shape: readonly (number | null)[],
  layers: () => tf.layers.Layer[],
  options?: ParityOptions,
): Case {
  return {
    name,
    build: () => {
      const input = tf.input({ shape: [...shape], name: 'x' });
      const output = layers().reduce<Tensor>((x, layer) => layer.apply(x) as Tensor, input);
      return tf.model({ inputs: input, outputs: output });
    },
    ...(options ? { options } : {}),
  };
}

/** Any model. */
export function model(name: string, build: () => tf.LayersModel, options?: ParityOptions): Case {
  return { name, build, ...(options ? { options } : {}) };
}
