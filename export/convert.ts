// Walks a model's calls in the order in which TensorFlow.js runs them and asks each layer's converter for its part of the
// graph. What a nested model or a wrapper holds is converted in place, once for each call.

import { nearestName } from '../src/error.ts';
import { expectKnownArguments, noArguments, resolved } from './call-arguments.ts';
import type { GraphBuilder } from './graph/builder.ts';
import type { Constant } from './graph/constant.ts';
import type { Value } from './graph/graph.ts';
import { type ActivationConverter, activations as builtInActivations, kerasActivations } from './layers/activation.ts';
import {
  type Cell,
  type CellContext,
  type LayerContext,
  type LayerConverter,
  type ResolvedArguments,
  UnsupportedLayerError,
} from './layers/converter.ts';
import { inComputedType } from './layers/element-type.ts';
import { converters as builtInConverters } from './layers/index.ts';
import { kerasConverters, passesMaskInKeras } from './layers/keras/index.ts';
import {
  dependenciesOf,
  type LayerDescription,
  type ModelDescription,
  type TensorReference,
} from './model/description.ts';

export interface ConversionOptions {
  /** Converters of custom layers by class name; they come before the built-in ones. */
  readonly converters?: Readonly<Record<string, LayerConverter>>;
  /** Converters of custom activations by class name. */
  readonly activations?: Readonly<Record<string, ActivationConverter>>;
  /** Told in one line of what the file does otherwise than the model. */
  readonly warn?: (message: string) => void;
}

/** A value with the mask that TensorFlow.js's executor keeps beside it. */
interface Masked {
  readonly value: Value;
  readonly mask: Value | undefined;
}

/**
 * The executor of TensorFlow.js hands one object of call arguments down a whole run, and its `mask` stays there once set:
 * a later layer without a mask of its own gets the last one. `current` is absent until the first mask.
 */
interface Sticky {
  current?: { mask: Value | undefined };
}

export class Conversion {
  readonly #graph: GraphBuilder;
  readonly #converters: ReadonlyMap<string, LayerConverter>;
  /** Classes that the user converts, who also sees to the types of their inputs. */
  readonly #own: ReadonlySet<string>;
  readonly #activations: ReadonlyMap<string, ActivationConverter>;
  readonly #keras: ReadonlyMap<string, LayerConverter>;
  readonly #kerasActivations: ReadonlyMap<string, ActivationConverter>;
  readonly #warn: (message: string) => void;

  constructor(graph: GraphBuilder, options: ConversionOptions) {
    this.#graph = graph;
    const own = Object.entries(options.converters ?? {});
    this.#own = new Set(own.map(([name]) => name));
    const ownActivations = Object.entries(options.activations ?? {});
    this.#converters = new Map([...Object.entries(builtInConverters), ...own]);
    this.#keras = new Map([...Object.entries(builtInConverters), ...Object.entries(kerasConverters), ...own]);
    this.#activations = new Map([...builtInActivations, ...ownActivations]);
    this.#kerasActivations = new Map([...kerasActivations, ...ownActivations]);
    this.#warn = options.warn ?? (() => undefined);
  }

  /** The model's outputs, given one value for each of its inputs. */
  convert(model: ModelDescription, inputs: readonly Value[]): Value[] {
    return this.#run(model, inputs, [], {}).map(({ value }) => value);
  }

  #run(
    model: ModelDescription,
    inputs: readonly Value[],
    masks: readonly (Value | undefined)[],
    sticky: Sticky,
  ): Masked[] {
    const tensors = new Map<string, Masked>();
    for (const [i, input] of model.inputs.entries()) tensors.set(keyOf(input), { value: inputs[i], mask: masks[i] });
    for (const reference of executionOrder(model)) this.#runCall(reference, tensors, sticky);
    return model.outputs.map((output) => valueAt(tensors, output));
  }

  #runCall(reference: TensorReference, tensors: Map<string, Masked>, sticky: Sticky): void {
    if (reference.layer.config.isKeras3) this.#runKerasCall(reference, tensors);
    else this.#runTensorFlowCall(reference, tensors, sticky);
  }

  /** Keras 3 hands masks over in the call, or each tensor carries its own. */
  #runKerasCall(reference: TensorReference, tensors: Map<string, Masked>): void {
    const { layer, call } = reference;
    if (tensors.has(keyOf(reference))) return;
    const description = layer.calls[call];
    const inputs = description.inputs.map((input) => valueAt(tensors, input));
    const received = inputs.map(({ value }) => value);
    const masks = inputs.map(({ mask }, i) => {
      const given = description.masks?.[i];
      return given === undefined ? mask : valueAt(tensors, given).value;
    });
    const outputs = this.#graph.within(layer.name, (): readonly Masked[] => {
      if (layer.model) return this.#run(layer.model, received, masks, {});
      const values = this.#inComputedType(layer, received);
      const [results, mask] = this.#apply(layer, values, masks, masks[0], resolved(description.arguments, values));
      return results.map((value) => ({ value, mask }));
    });
    for (const [tensor, output] of outputs.entries()) tensors.set(keyOf({ layer, call, tensor }), output);
    expectOutput(reference, outputs.length);
  }

  #runTensorFlowCall(reference: TensorReference, tensors: Map<string, Masked>, sticky: Sticky): void {
    const { layer, call } = reference;
    const inputs = layer.calls[call].inputs.map((input) => valueAt(tensors, input));
    // The executor sets the argument for every output of a call that it visits, even if the call has run already.
    if (inputs.some(({ mask }) => mask !== undefined)) sticky.current = { mask: inputs[0].mask };
    if (tensors.has(keyOf(reference))) return;
    const values = inputs.map(({ value }) => value);
    const [outputs, mask] = this.#graph.within(layer.name, () =>
      layer.model
        ? [this.#run(layer.model, values, [], sticky).map(({ value }) => value), undefined]
        : this.#apply(
            layer,
            values,
            inputs.map(({ mask }) => mask),
            sticky.current?.mask,
          ),
    );
    for (const [tensor, value] of outputs.entries()) tensors.set(keyOf({ layer, call, tensor }), { value, mask });
    expectOutput(reference, outputs.length);
  }

  #apply(
    layer: LayerDescription,
    values: readonly Value[],
    masks: readonly (Value | undefined)[],
    mask: Value | undefined,
    given: ResolvedArguments = noArguments,
  ): [outputs: readonly Value[], mask: Value | undefined] {
    const { isKeras3 } = layer.config;
    const converter = this.#convertersOf(layer).get(layer.className);
    if (converter === undefined) throw this.#unknownLayer(layer);
    if (isKeras3) expectKnownArguments(layer, converter, given);
    const inputs = this.#inComputedType(layer, values);
    const context = this.#context(layer, inputs, masks, mask, given);
    const result = converter.convert(context);
    const outputs = isList(result) ? result : [result];
    const passes = isKeras3 ? passesMaskInKeras(layer.className) : converter.masking === 'pass';
    return [outputs, converter.mask ? converter.mask(context) : passes ? masks[0] : undefined];
  }

  #inComputedType(layer: LayerDescription, inputs: readonly Value[]): readonly Value[] {
    return this.#own.has(layer.className) ? inputs : inComputedType(this.#graph, layer, inputs);
  }

  #convertersOf(layer: LayerDescription): ReadonlyMap<string, LayerConverter> {
    return layer.config.isKeras3 ? this.#keras : this.#converters;
  }

  #context(
    layer: LayerDescription,
    inputs: readonly Value[],
    masks: readonly (Value | undefined)[],
    mask: Value | undefined,
    given: ResolvedArguments,
  ): LayerContext {
    return {
      ...this.#facts(layer),
      arguments: given,
      graph: this.#graph,
      inputs,
      masks,
      mask,
      input: inputs[0],
      apply: (inner, values, innerMasks) => {
        if (inner.model) return this.#run(inner.model, values, innerMasks ?? [], {}).map(({ value }) => value);
        return this.#apply(inner, values, innerMasks ?? values.map(() => undefined), innerMasks?.[0])[0];
      },
      cell: (cell) => this.#cell(cell),
    };
  }

  /** What converters of layers and of cells are both given. */
  #facts(layer: LayerDescription): Omit<CellContext, 'inner'> {
    const where = layer.config.where;
    return {
      layer,
      config: layer.config,
      activations: layer.config.isKeras3 ? this.#kerasActivations : this.#activations,
      weight: (role): Constant => layer.weights.read(role),
      hasWeight: (role) => layer.weights.roles.includes(role),
      warn: (message) => this.#warn(`${where}: ${message}`),
      unsupported: (what, remedy) =>
        new UnsupportedLayerError(`${where}: expected something that ONNX can express, got ${what}`, { remedy }),
    };
  }

  #cell(layer: LayerDescription): Cell {
    const convert = this.#convertersOf(layer).get(layer.className)?.cell;
    if (convert === undefined) {
      const known = [...this.#convertersOf(layer)].filter(([, converter]) => converter.cell).map(([name]) => name);
      throw new UnsupportedLayerError(
        `${layer.config.where}: expected a recurrent cell among ${known.join(', ')}, got ${layer.className}`,
        {
          remedy: `Register a converter with a \`cell\` for it: exportOnnx(model, { converters: { ${layer.className}: ... } }).`,
        },
      );
    }
    return convert({
      ...this.#facts(layer),
      inner: (role) => {
        const part = layer.parts.get(role);
        if (part === undefined) throw layer.config.fail('cells', `a list with a ${role}`);
        return this.#cell(part);
      },
    });
  }

  #unknownLayer(layer: LayerDescription): UnsupportedLayerError {
    const near = nearestName(layer.className, [...this.#convertersOf(layer).keys()]);
    return new UnsupportedLayerError(
      `layer "${layer.name}": expected a layer class that has a converter, got ${layer.className}${near ? ` (near: ${near})` : ''}`,
      { remedy: remedyFor(layer.className) },
    );
  }
}

function expectOutput({ layer, tensor }: TensorReference, count: number): void {
  if (tensor < count) return;
  throw new UnsupportedLayerError(`${layer.config.where}: expected output ${tensor}, got ${count} outputs`);
}

function isList(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}

function remedyFor(className: string): string {
  if (className === 'Lambda') return 'It holds Python code: write what it does with keras.ops, or with layers.';
  if (className.startsWith('ops.'))
    return 'Write it with other functions of keras.ops, or give the model a layer for it.';
  return `Register a converter for it: exportOnnx(model, { converters: { ${className}: ... } }).`;
}

function keyOf({ layer, call, tensor }: TensorReference): string {
  return `${layer.name}\n${call}\n${tensor}`;
}

function valueAt(tensors: ReadonlyMap<string, Masked>, reference: TensorReference): Masked {
  const found = tensors.get(keyOf(reference));
  if (found === undefined)
    throw new UnsupportedLayerError(
      `${reference.layer.config.where}: expected output ${reference.tensor} of call ${reference.call}, got none (is it an input that the model does not list?)`,
    );
  return found;
}

/**
 * The tensors to compute, in TensorFlow.js's order: for each output in turn, depth first, inputs of a call from the last to
 * the first. The order matters only for masks, which stick (see Sticky), and for readable files.
 */
export function executionOrder(model: ModelDescription): TensorReference[] {
  const order: TensorReference[] = [];
  const done = new Set(model.inputs.map(keyOf));
  const open = new Set<string>();
  for (const output of model.outputs) {
    const stack: { readonly reference: TensorReference; isExpanded: boolean }[] = [
      { reference: output, isExpanded: false },
    ];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const key = keyOf(top.reference);
      if (done.has(key)) {
        stack.pop();
        continue;
      }
      const call = top.reference.layer.calls[top.reference.call];
      const inputs = call ? dependenciesOf(call) : [];
      if (top.isExpanded || inputs.length === 0) {
        stack.pop();
        done.add(key);
        open.delete(key);
        if (inputs.length > 0) order.push(top.reference);
        continue;
      }
      if (open.has(key))
        throw new UnsupportedLayerError(
          `${top.reference.layer.config.where}: expected a model without cycles, got one through this layer`,
        );
      open.add(key);
      top.isExpanded = true;
      for (const input of inputs) if (!done.has(keyOf(input))) stack.push({ reference: input, isExpanded: false });
    }
  }
  return order;
}
