// A model description of a saved model.json, whether TensorFlow.js or Keras' converter wrote it, without TensorFlow.js: it
// reads some models that TensorFlow.js itself refuses (grouped convolutions, GRUs with reset_after, causal padding).
import { FormatError } from '../../src/error.ts';
import type { Constant } from '../graph/constant.ts';
import { type Config, isObject, type Semantics, withCamelKeys } from './config.ts';
import type { ModelDescription, Weights } from './description.ts';
import { describeTopology, type WeightSource } from './topology.ts';
import { WeightData } from './weight-data.ts';
import { roleOrder } from './weight-order.ts';

/** A saved layers model that was read and described. */
export interface SavedModel {
  readonly description: ModelDescription;
  /** Whose meaning the layers have: that of Keras 3 for its files, else that of TensorFlow.js. */
  readonly semantics: Semantics;
  /** Weights of the file that no layer has read: ask after the conversion. */
  unusedWeights(): string[];
}

export interface SavedOptions {
  /** Whether weights are named by the path through nested models, as in HDF5 files. Default: in files of Keras 3. */
  readonly isNamedByPath?: boolean;
}

/**
 * @param json the parsed model.json
 * @param readShard the bytes of a weight file beside it, by its plain name
 * @param where what the file is, for error messages
 * @param options how the weights are named
 * @throws FormatError where it is not a layers model, or its parts do not fit together
 */
export function describeSaved(
  json: unknown,
  readShard: (name: string) => Uint8Array,
  where: string,
  options: SavedOptions = {},
): SavedModel {
  if (!isObject(json)) throw new FormatError(`${where}: expected the JSON of a tfjs model, got ${typeof json}`);
  if (json.format === 'graph-model' || (isObject(json.modelTopology) && 'node' in json.modelTopology))
    throw new FormatError(`${where}: expected a layers model, got a graph model`, {
      remedy: 'Graph models are read by describeModelFile, or describeGraphModel.',
    });
  const saved = json.modelTopology ?? json;
  const topology = topologyOf(saved, where);
  const semantics = semanticsOf(saved, topology.config);
  const data = new WeightData(json.weightsManifest ?? [], readShard, where);
  const index = new WeightIndex(data, where);
  const source = sourceOf(index, semantics, topology.config, options.isNamedByPath);
  const description = describeTopology(topology.className, topology.config, source, where);
  return { description, semantics, unusedWeights: () => index.unused() };
}

/** Keras 3 says its version; files that have lost it show its form: `batch_shape`, and calls as {args, kwargs}. */
function semanticsOf(saved: unknown, config: unknown): Semantics {
  const version = isObject(saved) ? (saved.keras_version ?? saved.kerasVersion) : undefined;
  if (typeof version === 'string' && /^\d/.test(version))
    return Number.parseInt(version, 10) >= 3 ? 'keras3' : 'tensorflowjs';
  const layers = isObject(config) && Array.isArray(config.layers) ? config.layers : [];
  const isForm = (layer: unknown): boolean =>
    isObject(layer) &&
    ((isObject(layer.config) && 'batchShape' in layer.config) ||
      (Array.isArray(layer.inboundNodes) && layer.inboundNodes.some((node) => isObject(node) && 'args' in node)));
  return version === undefined && layers.some(isForm) ? 'keras3' : 'tensorflowjs';
}

function sourceOf(
  index: WeightIndex,
  semantics: Semantics,
  config: unknown,
  isNamedByPath: boolean | undefined,
): WeightSource {
  if (semantics === 'tensorflowjs') return new SavedSource(index, [[]], semantics, isNamedByPath);
  if (index.hasFolders()) return new FolderSource(index, '');
  const name = isObject(config) && typeof config.name === 'string' ? [config.name] : [];
  return new SavedSource(index, unique([name, []]), semantics);
}

/** The model itself, or the whole of what Keras saves, in which it is `model_config` (an object, or JSON in a string). */
function topologyOf(value: unknown, where: string): { readonly className: string; readonly config: unknown } {
  let topology = value;
  if (isObject(topology) && topology.model_config !== undefined && topology.model_config !== null)
    topology = topology.model_config;
  if (typeof topology === 'string') {
    try {
      topology = JSON.parse(topology);
    } catch (cause) {
      throw new FormatError(`${where}: expected the model's configuration as JSON, got text that is none`, { cause });
    }
  }
  const camel = withCamelKeys(topology);
  if (!isObject(camel) || typeof camel.className !== 'string')
    throw new FormatError(
      `${where}: expected a model topology with a class name, got ${JSON.stringify(camel)?.slice(0, 80)}`,
    );
  return { className: camel.className, config: camel.config };
}

/** Names of weights in the file, and who has read each. */
class WeightIndex {
  readonly #data: WeightData;
  readonly #where: string;
  /** Normalised name -> name in the file. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #readers = new Map<string, string>();

  constructor(data: WeightData, where: string) {
    this.#data = data;
    this.#where = where;
    this.#names = new Map(data.names().map((name) => [normalName(name), name]));
  }

  unused(): string[] {
    return [...this.#names.values()].filter((name) => !this.#readers.has(name));
  }

  /** The file's name of the first wish that it has. */
  find(wishes: readonly string[]): string | undefined {
    for (const wish of wishes) {
      const exact = this.#names.get(wish);
      if (exact !== undefined) return exact;
    }
    // TensorFlow 2.2 and later name the cell in between: lstm/lstm_cell/kernel.
    for (const wish of wishes) {
      const at = wish.lastIndexOf('/');
      const [before, after] = [wish.slice(0, at + 1), wish.slice(at)];
      const inside = [...this.#names].filter(
        ([name]) =>
          name.startsWith(before) &&
          name.endsWith(after) &&
          !name.slice(before.length, name.length - after.length).includes('/') &&
          name.length > wish.length,
      );
      if (inside.length === 1) return inside[0][1];
    }
    return undefined;
  }

  /** Whether the names are the places of Keras 3's own file of weights: layers/dense_1/vars/0. */
  hasFolders(): boolean {
    return [...this.#names.keys()].some((name) => /^layers\/.*\/\d+$/.test(name));
  }

  rolesUnder(prefix: string): string[] {
    return [...this.#names.keys()]
      .filter((name) => name.startsWith(`${prefix}/`))
      .map((name) => name.slice(name.lastIndexOf('/') + 1));
  }

  read(name: string, reader: string): Constant {
    const earlier = this.#readers.get(name);
    if (earlier !== undefined && earlier !== reader)
      throw new FormatError(
        `${this.#where}: expected weight "${name}" to belong to one layer, got ${earlier} and ${reader}`,
        {
          remedy: 'Give the layers of nested models different names before saving.',
        },
      );
    this.#readers.set(name, reader);
    return this.#data.read(name);
  }

  fail(role: string, wishes: readonly string[]): FormatError {
    return new FormatError(`${this.#where}: expected a weight ${wishes[0] ?? role}, got none of ${wishes.join(', ')}`, {
      remedy: 'The weight files belong to another model, or were saved without this layer.',
    });
  }
}

/** Keras 3 names by folder: `_layer_checkpoint_dependencies/dense/vars/0` is `dense/0`. */
function normalName(name: string): string {
  return name
    .split('/')
    .map((part) => (part.startsWith('_') ? part.slice(1) : part))
    .filter((part) => part !== 'vars' && part !== 'layer_checkpoint_dependencies')
    .join('/');
}

class SavedSource implements WeightSource {
  readonly semantics: Semantics;
  readonly #index: WeightIndex;
  /** The prefixes under which this layer's weights may stand, the most likely first. */
  readonly #prefixes: readonly (readonly string[])[];

  /** Whether names are paths through all models: then the longest that is there is the right one. */
  readonly #isByPath: boolean;

  constructor(
    index: WeightIndex,
    prefixes: readonly (readonly string[])[],
    semantics: Semantics,
    isByPath = semantics === 'keras3',
  ) {
    this.#index = index;
    this.#prefixes = prefixes;
    this.semantics = semantics;
    this.#isByPath = isByPath;
  }

  /** Weights of nested models are mostly named by the layer alone; Keras 3 names them by the whole path. */
  layer(name: string): WeightSource {
    const longer = this.#prefixes.map((prefix) => [...prefix, name]);
    // A model in a model in a group of an HDF5 file: the outermost names the group, the ones between are left out.
    const outermost = this.#prefixes.flatMap((prefix) => (prefix.length > 1 ? [[prefix[0], name]] : []));
    const all = this.#isByPath ? [...longer, ...outermost, [name]] : [[name], ...longer];
    return new SavedSource(this.#index, unique(all), this.semantics, this.#isByPath);
  }

  part(role: string, name: string): WeightSource {
    const number = /^cell(\d+)$/.exec(role)?.[1];
    const names = number === undefined ? [name] : [name, `RNNCell_${number}`, `cell_${number}`];
    const inside = names.flatMap((part) => this.#prefixes.map((prefix) => [...prefix, part]));
    // A wrapper's only layer, and the one cell of a recurrent layer, go without a name of their own.
    const isOnly = role === 'layer' || role === 'cell';
    const prefixes = unique([...inside, ...(isOnly ? this.#prefixes : []), [name]]);
    return new SavedSource(this.#index, prefixes, this.semantics, this.#isByPath);
  }

  weights(className: string, config: Config, offset: number): Weights {
    const prefixes = this.#prefixes.map((prefix) => prefix.join('/'));
    const order = roleOrder(className, config);
    const wishesFor = (role: string): string[] => {
      const number = order.indexOf(role);
      const numbers = number < 0 ? [] : [...new Set([number, number + offset])];
      // Keras 3 calls every kernel so.
      const second = role === 'depthwise_kernel' && className.startsWith('Depthwise') ? ['kernel'] : [];
      return prefixes.flatMap((prefix) => [role, ...second, ...numbers].map((last) => `${prefix}/${last}`));
    };
    return {
      roles: prefixes.flatMap((prefix) => this.#index.rolesUnder(prefix)),
      read: (role) => {
        const wishes = wishesFor(role);
        const name = this.#index.find(wishes);
        if (name === undefined) throw this.#index.fail(role, wishes);
        return this.#index.read(name, prefixes[0]);
      },
    };
  }
}

/** Weights in Keras 3's own file, where layers are numbered by class: the second Dense of a model is `layers/dense_1`. */
class FolderSource implements WeightSource {
  readonly semantics = 'keras3';
  readonly #index: WeightIndex;
  readonly #path: string;
  readonly #counts = new Map<string, number>();

  constructor(index: WeightIndex, path: string) {
    this.#index = index;
    this.#path = path;
  }

  layer(_name: string, className: string): WeightSource {
    return new FolderSource(this.#index, `${this.#path}layers/${this.#numbered(className)}/`);
  }

  part(role: string, _name: string, className: string): WeightSource {
    const folder = folderOfRole(role) ?? `cells/${this.#numbered(className)}`;
    return new FolderSource(this.#index, `${this.#path}${folder}/`);
  }

  #numbered(className: string): string {
    // Registered under another name than its class has.
    const name = className === 'GroupQueryAttention' ? 'grouped_query_attention' : snakeCase(className);
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }

  weights(className: string, config: Config): Weights {
    const order = roleOrder(className, config);
    return {
      roles: order,
      read: (role) => {
        const at = role.lastIndexOf('/');
        const inside = at < 0 ? '' : `${folderOfPart(role.slice(0, at))}/`;
        const roles = at < 0 ? order : ['kernel', 'bias'];
        const number = roles.indexOf(role.slice(at + 1));
        // A recurrent layer's weights are its cell's.
        const wishes = ['', 'cell/'].map((cell) => `${this.#path}${inside}${cell}${number}`);
        const name = number < 0 ? undefined : this.#index.find(wishes);
        if (name === undefined) throw this.#index.fail(role, wishes);
        return this.#index.read(name, this.#path);
      },
    };
  }
}

function folderOfRole(role: string): string | undefined {
  if (role === 'forward' || role === 'backward') return `${role}_layer`;
  return role === 'layer' || role === 'cell' ? role : undefined;
}

/** The layers inside of an attention layer, by the names that they give their weights. */
function folderOfPart(part: string): string {
  return part === 'attention_output' ? 'output_dense' : `${part}_dense`;
}

/** Keras' own rule: MultiHeadAttention -> multi_head_attention, Conv2DTranspose -> conv2d_transpose. */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function unique(prefixes: readonly (readonly string[])[]): (readonly string[])[] {
  return [...new Map(prefixes.map((prefix) => [prefix.join('/'), prefix])).values()];
}
