// Inputs and outputs of the exported graph: their names, layout, element type and dynamic axes.
import { FormatError, UsageError, unknownName } from '../src/error.ts';
import type { GraphBuilder } from './graph/builder.ts';
import type { Graph, Port, Value } from './graph/graph.ts';
import { type Dimension, describeShape, type Shape, type TensorType } from './graph/type.ts';
import type { LayerDescription, ModelDescription } from './model/description.ts';
import type { ResolvedOptions } from './options.ts';

/** How the model itself lays out images, and which rank-5 tensors it works on. */
export interface ImageFacts {
  readonly layout: 'nchw' | 'nhwc';
  readonly hasVolumes: boolean;
}

/** The ends of a model that is no layers model: of a graph. */
export interface ModelEnds {
  readonly name: string;
  readonly facts: ImageFacts;
  /** A size of null is dynamic. */
  readonly inputs: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly shape: readonly (number | null)[];
  }[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
}

/** A model as its inputs and outputs are planned: layers, or the ends of a graph. */
export type AnyModel = ModelDescription | { readonly ends: ModelEnds };

export function imageFacts(model: AnyModel): ImageFacts {
  if ('ends' in model) return model.ends.facts;
  const layers = allLayers(model);
  const isFirst = layers.some(({ config }) => /^channels_?first$/i.test(String(config.value('dataFormat') ?? '')));
  return { layout: isFirst ? 'nchw' : 'nhwc', hasVolumes: layers.some(({ className }) => className.includes('3D')) };
}

function allLayers(model: ModelDescription): LayerDescription[] {
  return model.layers.flatMap((layer) => [
    layer,
    ...(layer.model ? allLayers(layer.model) : []),
    ...[...layer.parts.values()].flatMap((part) => (part.model ? [part, ...allLayers(part.model)] : [part])),
  ]);
}

/** The permutation from channels last to channels first for an image, a volume or a video; undefined for other ranks. */
function channelsFirstOrder(rank: number, facts: ImageFacts): readonly number[] | undefined {
  if (rank === 4) return [0, 3, 1, 2];
  if (rank === 5) return facts.hasVolumes ? [0, 4, 1, 2, 3] : [0, 1, 4, 2, 3];
  return undefined;
}

export const inverse = (permutation: readonly number[]): number[] => permutation.map((_, i) => permutation.indexOf(i));

/** The layout of the file's images. */
function fileLayout(facts: ImageFacts, options: ResolvedOptions): string {
  return options.layout === 'model' ? facts.layout : options.layout;
}

/** Where axis i of the file's tensor is found in the model's tensor; undefined where they are laid out alike. */
export function fileOrder(rank: number, facts: ImageFacts, options: ResolvedOptions): readonly number[] | undefined {
  if (options.layout === 'model' || options.layout === facts.layout) return undefined;
  const toFirst = channelsFirstOrder(rank, facts);
  return toFirst && (options.layout === 'nchw' ? toFirst : inverse(toFirst));
}

/** One input or output as the file has it, and how it differs from the model's own tensor. */
export interface PortPlan {
  readonly name: string;
  readonly type: TensorType;
  /** In the file's layout. */
  readonly shape: Shape;
  /** Axis i of the file's tensor is axis order[i] of the model's tensor; undefined where they are laid out alike. */
  readonly order: readonly number[] | undefined;
  /** The model's tensor is the file's times this: 1/255 for uint8 pixels. */
  readonly scale: number;
  readonly doc: string;
}

/** The model's own names, types and shapes of its inputs. */
function inputsOf(model: AnyModel): ModelEnds['inputs'] {
  if ('ends' in model) return model.ends.inputs;
  return model.inputs.map(({ layer }) => ({ name: layer.name, type: elementType(layer), shape: layerShape(layer) }));
}

export function planInputs(model: AnyModel, options: ResolvedOptions): PortPlan[] {
  const facts = imageFacts(model);
  const inputs = inputsOf(model);
  const names = portNames(
    'inputNames',
    options.inputNames,
    inputs.map(({ name }) => name),
  );
  for (const name of Object.keys(options.inputShapes ?? {}))
    if (!names.includes(name))
      throw new UsageError(`inputShapes: expected names among ${names.join(', ')}, got "${name}"`);
  return inputs.map(({ type, shape: given }, i) => {
    const shape = inputShape(given, names[i], inputs.length, options);
    const order = fileOrder(shape.length, facts, options);
    const isImage = type === 'float32' && channelsFirstOrder(shape.length, facts) !== undefined;
    const isPixels = isImage && options.pixels === 'uint8';
    const fileShape = order ? order.map((axis) => shape[axis]) : shape;
    const fileType = isPixels ? 'uint8' : type;
    const doc =
      options.portDocs?.[names[i]] ?? inputDoc(fileType, fileShape, isImage ? fileLayout(facts, options) : undefined);
    return { name: names[i], type: fileType, shape: fileShape, order, scale: isPixels ? 1 / 255 : 1, doc };
  });
}

/** The names of the dynamic axes that the file would have without `axisSizes`. */
export function dynamicAxes(model: AnyModel, options: ResolvedOptions): string[] {
  const plans = planInputs(model, { ...options, axisSizes: {} });
  return [...new Set(plans.flatMap(({ shape }) => shape.filter((size) => typeof size === 'string')))];
}

/** Throws UsageError where a fixed size is given for an axis that the model does not leave open. */
export function checkAxisSizes(model: AnyModel, options: ResolvedOptions): void {
  const known = dynamicAxes(model, options);
  for (const [name, size] of Object.entries(options.axisSizes ?? {})) {
    if (!known.includes(name)) throw unknownName('axisSizes', 'a dynamic axis', name, known);
    if (!Number.isInteger(size) || size < 1)
      throw new UsageError(`axisSizes: expected ${name} to be a size, got ${size}`);
  }
}

/** Adds the graph's inputs. Returns the values that the model sees: in its own layout, type and scale. */
export function addInputs(builder: GraphBuilder, model: AnyModel, options: ResolvedOptions): Value[] {
  return planInputs(model, options).map(({ name, type, shape, order, scale, doc }) => {
    const port = builder.input(name, { type, shape }, doc);
    return builder.within(name, () => {
      const value =
        scale === 1 ? port : builder.node('Mul', [builder.cast(port, 'float32'), builder.scalar(scale, 'pixel_scale')]);
      return order ? builder.transpose(value, inverse(order)) : value;
    });
  });
}

function inputDoc(type: TensorType, shape: Shape, layout: string | undefined): string {
  const range = type === 'uint8' ? ', pixels 0..255' : '';
  return `${describeShape(shape)} ${type}${layout ? `, ${layout.toUpperCase()}` : ''}${range}`;
}

function elementType(layer: LayerDescription): TensorType {
  const dtype = String(layer.config.value('dtype') ?? 'float32').toLowerCase();
  if (dtype === 'int32' || dtype === 'bool' || dtype === 'int64' || dtype === 'uint8') return dtype;
  // Keras files may say float16 or a policy here; TensorFlow.js computes in float32.
  return 'float32';
}

const axisNames: Readonly<Record<number, readonly string[]>> = {
  2: ['', 'length'],
  3: ['', 'time', 'features'],
  4: ['', 'height', 'width', 'channels'],
  5: ['', 'depth', 'height', 'width', 'channels'],
};

function layerShape(layer: LayerDescription): (number | null)[] {
  const key = layer.config.has('batchInputShape') ? 'batchInputShape' : 'batchShape';
  return layer.config.list(key).map((size) => (typeof size === 'number' ? size : null));
}

function inputShape(
  given: readonly (number | null)[],
  name: string,
  inputCount: number,
  options: ResolvedOptions,
): Dimension[] {
  const asked = options.inputShapes?.[name];
  if (asked && asked.length !== given.length)
    throw new UsageError(`inputShapes.${name}: expected ${given.length} sizes, got ${asked.length}`);
  const fixed = (name: string): Dimension => options.axisSizes?.[name] ?? name;
  return given.map((size, axis): Dimension => {
    if (typeof size === 'number' && !(Number.isSafeInteger(size) && size >= 0))
      throw new FormatError(`${name}: expected a batch shape of whole numbers, or null for what may vary, got ${size}`);
    const isFreed = axis === 0 && options.dynamicBatch === true;
    const own = typeof size === 'number' && !isFreed ? size : undefined;
    const wish = asked?.[axis];
    if (wish !== undefined && wish !== null) {
      const isKept = own === undefined || own === wish || axis === 0;
      if (!isKept)
        throw new UsageError(`inputShapes.${name}: expected size ${own} on axis ${axis}, as in the model, got ${wish}`);
      return wish;
    }
    if (own !== undefined) return own;
    if (axis === 0) return fixed(options.batchAxis);
    const axisName = axisNames[given.length]?.[axis] ?? `axis${axis}`;
    return fixed(inputCount > 1 ? `${name}_${axisName}` : axisName);
  });
}

export function portNames(what: string, given: readonly string[] | undefined, own: readonly string[]): string[] {
  if (given && given.length !== own.length)
    throw new UsageError(`${what}: expected ${own.length} names, got ${given.length}`);
  const names = [...(given ?? own)];
  if (given && new Set(given).size !== given.length)
    throw new UsageError(`${what}: expected different names, got ${given.join(', ')}`);
  return names;
}

/** The names of the outputs: the user's, or the model's own, made different from each other and from the inputs. */
export function outputNames(model: AnyModel, inputs: readonly string[], options: ResolvedOptions): string[] {
  const names = portNames(
    'outputNames',
    options.outputNames,
    'ends' in model ? model.ends.outputs : model.outputs.map(({ layer }) => layer.name),
  );
  const taken = new Set(inputs);
  return names.map((name) => {
    if (options.outputNames && taken.has(name))
      throw new UsageError(`outputNames: expected a name that no input has, got "${name}"`);
    let unique = name;
    for (let i = 0; taken.has(unique); i++) unique = i === 0 ? `${name}_output` : `${name}_output_${i}`;
    taken.add(unique);
    return unique;
  });
}

/** Values as the file's outputs: in the file's layout, each computed by a node of its own. */
export function addOutputs(
  builder: GraphBuilder,
  model: AnyModel,
  results: readonly Value[],
  names: readonly string[],
  options: ResolvedOptions,
): Port[] {
  const facts = imageFacts(model);
  const used = new Set<string>();
  return results.map((result, i) => {
    const order = fileOrder(result.shape.length, facts, options);
    const value = builder.within(names[i], () => {
      const laidOut = order ? builder.transpose(result, order) : result;
      return used.has(laidOut.name) || !builder.isComputed(laidOut) ? builder.node('Identity', [laidOut]) : laidOut;
    });
    used.add(value.name);
    const doc =
      options.portDocs?.[names[i]] ??
      outputDoc(value, channelsFirstOrder(value.shape.length, facts) && fileLayout(facts, options));
    return { name: value.name, type: value.type, shape: value.shape, doc };
  });
}

function outputDoc(value: Value, layout: string | undefined): string {
  return `${describeShape(value.shape)} ${value.type}${layout ? `, ${layout.toUpperCase()}` : ''}`;
}

/** Gives the outputs the names that the file promises. */
export function renameOutputs(graph: Graph, names: readonly string[]): Graph {
  const renamed = new Map(graph.outputs.map((output, i) => [output.name, names[i]]));
  const own = [...graph.constants.keys(), ...graph.nodes.flatMap((node) => node.outputs)];
  const taken = new Set([...names, ...own]);
  // The passes may have called a constant or a value what an output is to be called.
  for (const name of own) {
    if (!names.includes(name) || renamed.has(name)) continue;
    let other = name;
    for (let i = 1; taken.has(other); i++) other = `${name}_${i}`;
    taken.add(other);
    renamed.set(name, other);
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  return {
    ...graph,
    constants: new Map([...graph.constants].map(([name, constant]) => [rename(name), constant])),
    outputs: graph.outputs.map((output) => ({ ...output, name: rename(output.name) })),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
      attributes: Object.fromEntries(
        Object.entries(node.attributes).map(([key, attribute]) => [
          key,
          attribute.type === 'graph'
            ? { type: 'graph' as const, value: renameFree(attribute.value, renamed) }
            : attribute,
        ]),
      ),
    })),
    types: new Map([...graph.types].map(([name, type]) => [rename(name), type])),
  };
}

/** Inside a subgraph, names of the graph around it may be used. */
function renameFree(graph: Graph, renamed: ReadonlyMap<string, string>): Graph {
  const rename = (name: string): string => renamed.get(name) ?? name;
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) })) };
}
