// A model as the exporter sees it: layers, their calls on tensors, and weights by role. It is made from a live
// tf.LayersModel (live.ts) or from a saved model.json (saved.ts), and knows nothing of either.
import type { Constant } from '../graph/constant.ts';
import type { Config } from './config.ts';

/** Output `tensor` of call number `call` of a layer. */
export interface TensorReference {
  readonly layer: LayerDescription;
  readonly call: number;
  readonly tensor: number;
}

/** An argument of a call: tensor `tensor` of the call's inputs, a list, or a plain value (number, text, null, ...). */
export type CallArgument =
  | { readonly kind: 'tensor'; readonly tensor: number }
  | { readonly kind: 'list'; readonly items: readonly CallArgument[] }
  | { readonly kind: 'plain'; readonly value: unknown };

/** The arguments of a call as Keras 3 writes them. */
export interface CallArguments {
  readonly positional: readonly CallArgument[];
  readonly named: ReadonlyMap<string, CallArgument>;
}

/** A layer applied once: shared layers have several calls. */
export interface CallDescription {
  readonly inputs: readonly TensorReference[];
  /** The masks that Keras 3 hands to the call, one an input. */
  readonly masks?: readonly (TensorReference | undefined)[];
  /** Absent where the inputs are all there is. */
  readonly arguments?: CallArguments;
}

/** Every tensor that a call needs. */
export function dependenciesOf(call: CallDescription): TensorReference[] {
  return [...call.inputs, ...(call.masks ?? []).filter((mask) => mask !== undefined)];
}

export interface LayerDescription {
  readonly className: string;
  /** Unique in its model. */
  readonly name: string;
  readonly config: Config;
  readonly weights: Weights;
  /** In the order of the layer's own node indices; empty for an input layer. */
  readonly calls: readonly CallDescription[];
  /** The model that this layer is, for a nested model. */
  readonly model?: ModelDescription;
  /** Layers inside this one: `layer` of a wrapper, `forward` and `backward`, `cell`, `cell0`, `cell1`, ... */
  readonly parts: ReadonlyMap<string, LayerDescription>;
}

/** A layers model as plain data: layers, connections, inputs and outputs. */
export interface ModelDescription {
  readonly name: string;
  readonly layers: readonly LayerDescription[];
  readonly inputs: readonly TensorReference[];
  readonly outputs: readonly TensorReference[];
}

export interface Weights {
  /** The names that `read` knows: `kernel`, `bias`, `gamma`, `moving_mean`, `recurrent_kernel`, ... */
  readonly roles: readonly string[];
  /** A float32 (or int32) tensor in TensorFlow's layout. Throws JepaError where there is none. */
  read(role: string): Constant;
}

export const noWeights: Weights = {
  roles: [],
  read: (role) => {
    throw new Error(`no weight ${role}`);
  },
};
