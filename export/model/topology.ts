// From a serialised topology (camelCase keys) to a model description: what TensorFlow.js writes, what Keras 2 writes, the
// legacy forms (a Sequential as a bare list), and Keras 3's form of inbound nodes.
import { FormatError } from '../../src/error.ts';
import { Config, type ConfigObject, isObject, type Semantics } from './config.ts';
import {
  type CallDescription,
  dependenciesOf,
  type LayerDescription,
  type ModelDescription,
  noWeights,
  type TensorReference,
  type Weights,
} from './description.ts';
import { type Entry, entryOf, isOperation, operationPrefix, refuseQuantised } from './entry.ts';
import { type KerasCall, kerasCall } from './keras-call.ts';
import { roleOrder } from './weight-order.ts';

/** Where weights come from: mirrors the nesting of layers. */
export interface WeightSource {
  /** Whose meaning the options have. */
  readonly semantics: Semantics;
  /** The source of a layer of this model. */
  layer(name: string, className: string): WeightSource;
  /** The source of a layer inside a wrapper or recurrent layer: `layer`, `forward`, `backward`, `cell`, `cell0`, ... */
  part(role: string, name: string, className: string): WeightSource;
  /** @param offset how many numbered weights come before this layer's: the backward layer of a Bidirectional follows the forward one */
  weights(className: string, config: Config, offset: number): Weights;
}

const modelClasses = new Set(['Sequential', 'Model', 'Functional']);

/** Whether this serialised layer is itself a model. Subclasses of models are recognised by their configuration. */
function isModel(className: string, config: unknown): boolean {
  if (modelClasses.has(className)) return true;
  return isObject(config) && Array.isArray(config.layers) && Array.isArray(config.outputLayers);
}

export function describeTopology(
  className: string,
  config: unknown,
  source: WeightSource,
  where: string,
): ModelDescription {
  if (className === 'Sequential') return describeSequential(config, source, where);
  if (!isModel(className, config) || !isObject(config))
    throw new FormatError(`${where}: expected a Sequential or functional model, got class ${className}`, {
      remedy: 'Subclassed Keras models carry no topology; rebuild the model with the functional API.',
    });
  return describeFunctional(config, source, where);
}

/** A description whose calls are filled in after it exists, since calls refer to layers. */
interface Draft extends LayerDescription {
  readonly calls: CallDescription[];
}

function draft(entry: Entry, source: WeightSource, where: string, offset = 0): Draft {
  const { name, config } = entry;
  const { semantics } = source;
  const isFunction = semantics === 'keras3' && isOperation(entry);
  const className = isFunction ? `${operationPrefix}${entry.className}` : entry.className;
  const label = `${className} "${name}"`;
  if (isModel(className, config)) {
    const model = describeTopology(className, config, source, `${where}/${name}`);
    const own = new Config({}, label, semantics);
    return { className, name, config: own, weights: noWeights, calls: [], model, parts: new Map() };
  }
  const values = isObject(config) ? config : {};
  const own = new Config(values, label, semantics);
  refuseQuantised(own, where);
  const parts = describeParts(className, values, source, where);
  return { className, name, config: own, weights: source.weights(className, own, offset), calls: [], parts };
}

function describeParts(
  className: string,
  config: ConfigObject,
  source: WeightSource,
  where: string,
): Map<string, LayerDescription> {
  const parts = new Map<string, LayerDescription>();
  const add = (role: string, value: unknown, rename?: (name: string) => string): void => {
    const entry = entryOf(value, where);
    const renamed = rename ? { ...entry, name: rename(entry.name) } : entry;
    const forward = role === 'backward' ? parts.get('forward') : undefined;
    const before = forward ? roleOrder(forward.className, forward.config).length : 0;
    parts.set(role, draft(renamed, source.part(role, renamed.name, entry.className), where, before));
  };
  if (className === 'Bidirectional') {
    // Keras 3 saves the layers under the names that it gave them for their directions.
    const directed = (direction: string) => (name: string) =>
      source.semantics === 'keras3' ? name.replace(/^forward_/, `${direction}_`) : `${direction}_${name}`;
    add('forward', config.layer, directed('forward'));
    add(
      'backward',
      isObject(config.backwardLayer) ? config.backwardLayer : reversed(config.layer),
      directed('backward'),
    );
  } else if (isObject(config.layer) && typeof config.layer.className === 'string') {
    add('layer', config.layer);
  }
  const cells = Array.isArray(config.cells) ? config.cells : Array.isArray(config.cell) ? config.cell : undefined;
  if (className === 'StackedRNNCells' && cells) for (const [i, cell] of cells.entries()) add(`cell${i}`, cell);
  else if (isObject(config.cell)) add('cell', config.cell);
  else if (cells) add('cell', { className: 'StackedRNNCells', config: { name: 'stacked_rnn_cells', cells } });
  return parts;
}

/** The backward layer of a Bidirectional is the forward one with the direction turned. */
function reversed(layer: unknown): unknown {
  if (!isObject(layer) || !isObject(layer.config)) return layer;
  return { ...layer, config: { ...layer.config, goBackwards: layer.config.goBackwards !== true } };
}

function describeSequential(config: unknown, source: WeightSource, where: string): ModelDescription {
  const list = Array.isArray(config)
    ? config
    : isObject(config) && Array.isArray(config.layers)
      ? config.layers
      : undefined;
  if (list === undefined || list.length === 0)
    throw new FormatError(`${where}: expected a Sequential with layers, got none`);
  const name = isObject(config) && typeof config.name === 'string' ? config.name : 'sequential';
  const layers: Draft[] = list.map((item) => {
    const entry = entryOf(item, where);
    return draft(entry, source.layer(entry.name, entry.className), where);
  });
  const first = layers[0];
  let input: TensorReference;
  if (first.className === 'InputLayer') {
    input = { layer: first, call: 0, tensor: 0 };
  } else {
    const shape = first.model
      ? inputShapeOf(first.model)
      : (first.config.value('batchInputShape') ?? first.config.value('batchShape') ?? buildShape(config));
    if (!Array.isArray(shape))
      throw new FormatError(
        `${where}: expected the first layer ${first.config.where} to have an input shape, got none`,
      );
    const dtype = first.model ? inputTypeOf(first.model) : first.config.value('dtype');
    const inputConfig = { batchInputShape: shape, dtype: dtype ?? 'float32' };
    const layer: Draft = {
      className: 'InputLayer',
      name: `${first.name}_input`,
      config: new Config(inputConfig, `InputLayer "${first.name}_input"`, source.semantics),
      weights: noWeights,
      calls: [],
      parts: new Map(),
    };
    layers.unshift(layer);
    input = { layer, call: 0, tensor: 0 };
  }
  let output = input;
  for (const layer of layers.slice(1)) {
    layer.calls.push({ inputs: [output] });
    output = { layer, call: 0, tensor: 0 };
  }
  return { name, layers, inputs: [input], outputs: [output] };
}

function buildShape(config: unknown): unknown {
  return isObject(config) ? config.buildInputShape : undefined;
}

function inputShapeOf(model: ModelDescription): unknown {
  const { config } = model.inputs[0].layer;
  return config.value('batchInputShape') ?? config.value('batchShape');
}

function inputTypeOf(model: ModelDescription): unknown {
  return model.inputs[0].layer.config.value('dtype');
}

function describeFunctional(config: ConfigObject, source: WeightSource, where: string): ModelDescription {
  const list = Array.isArray(config.layers) ? config.layers : [];
  const entries = list.map((item) => entryOf(item, where));
  const layers = new Map<string, Draft>();
  for (const entry of entries) {
    if (layers.has(entry.name))
      throw new FormatError(`${where}: expected layers of different names, got "${entry.name}" twice`);
    // Functions have no weights, and Keras 3 does not number them.
    const isFunction = source.semantics === 'keras3' && isOperation(entry);
    const own = isFunction ? source : source.layer(entry.name, entry.className);
    layers.set(entry.name, draft(entry, own, where));
  }
  const reference = (value: unknown): TensorReference => {
    if (!Array.isArray(value))
      throw new FormatError(`${where}: expected [layer, call, tensor], got ${JSON.stringify(value)}`);
    const [name, call = 0, tensor = 0] = value;
    const layer = layers.get(String(name));
    if (layer === undefined || !Number.isInteger(call) || !Number.isInteger(tensor) || call < 0 || tensor < 0)
      throw new FormatError(
        `${where}: expected the output of a layer of the model, got ${JSON.stringify(value.slice(0, 3))}`,
      );
    return { layer, call, tensor };
  };
  const calls = entries.map((entry) => {
    const nodes = Array.isArray(entry.inboundNodes) ? entry.inboundNodes : [];
    const isFunction = layers.get(entry.name)?.className.startsWith(operationPrefix) ?? false;
    return nodes.map((node) => inboundOf(node, isFunction, `${where}: ${entry.name}`));
  });
  const references = calls.flat().flatMap(({ inputs, masks = [] }) => [...inputs, ...masks]);
  const firstCalls = firstCallNumbers(layers, entries, [...references, ...endsOf(config.outputLayers)]);
  const call = (value: unknown): TensorReference => {
    const found = reference(value);
    return { ...found, call: found.call - (firstCalls.get(found.layer.name) ?? 0) };
  };
  for (const [i, entry] of entries.entries())
    for (const { inputs, masks, arguments: given } of calls[i])
      layers.get(entry.name)?.calls.push({
        inputs: inputs.map(call),
        ...(masks ? { masks: masks.map((mask) => (mask === undefined ? undefined : call(mask))) } : {}),
        ...(given ? { arguments: given } : {}),
      });
  const name = typeof config.name === 'string' ? config.name : 'model';
  const inputs = endsOf(config.inputLayers).map(reference);
  const outputs = endsOf(config.outputLayers).map(call);
  if (inputs.length === 0 || outputs.length === 0)
    throw new FormatError(
      `${where}: expected a model with inputs and outputs, got ${inputs.length} and ${outputs.length}`,
    );
  for (const layer of layers.values())
    for (const call of layer.calls) for (const input of dependenciesOf(call)) expectCall(input, where);
  for (const output of outputs) expectCall(output, where);
  return { name, layers: [...layers.values()], inputs, outputs };
}

/**
 * The number that a file gives to the first call of each nested model. Its creation counts as call 0 in TensorFlow.js and
 * mostly in Keras, so calls start at 1; some versions of Keras start at 0, which shows in a reference to call 0.
 */
function firstCallNumbers(
  layers: ReadonlyMap<string, Draft>,
  entries: readonly Entry[],
  references: readonly unknown[],
): Map<string, number> {
  const result = new Map<string, number>();
  for (const entry of entries) {
    if (layers.get(entry.name)?.model === undefined) continue;
    const isFromZero = references.some(
      (value) => Array.isArray(value) && value[0] === entry.name && (value[1] ?? 0) === 0,
    );
    result.set(entry.name, isFromZero ? 0 : 1);
  }
  return result;
}

function expectCall({ layer, call }: TensorReference, where: string): void {
  if (layer.className !== 'InputLayer' && call >= layer.calls.length)
    throw new FormatError(
      `${where}: expected call ${call} of ${layer.config.where} to exist, got ${layer.calls.length} calls`,
    );
}

type Inbound = Pick<KerasCall, 'inputs' | 'masks'> & Partial<Pick<KerasCall, 'arguments'>>;

/** One call: TensorFlow.js and Keras 2 write [[layer, call, tensor, kwargs], ...], Keras 3 {args, kwargs}. */
function inboundOf(node: unknown, isFunction: boolean, where: string): Inbound {
  if (Array.isArray(node)) return { inputs: typeof node[0] === 'string' ? [node] : node, masks: undefined };
  if (!isObject(node)) return { inputs: [], masks: undefined };
  return kerasCall(node, isFunction, where);
}

/**
 * Model inputs or outputs: [layer, call, tensor] in a list, or (Keras 3) that triple itself, or lists and dictionaries of triples
 * at any depth, in the order in which Keras flattens them: dictionaries by their sorted keys.
 */
function endsOf(value: unknown): unknown[] {
  if (isObject(value))
    return Object.keys(value)
      .sort()
      .flatMap((key) => endsOf(value[key]));
  if (!Array.isArray(value)) return [];
  return typeof value[0] === 'string' ? [value] : value.flatMap(endsOf);
}
