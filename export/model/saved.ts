// A model description of a saved model.json, whether TensorFlow.js or Keras' converter wrote it, without TensorFlow.js: it
// reads some models that TensorFlow.js itself refuses (grouped convolutions, GRUs with reset_after, causal padding).
import { FormatError } from '../../src/error.ts';
import type { Constant } from '../graph/constant.ts';
import { type Config, isObject, withCamelKeys } from './config.ts';
import type { ModelDescription, Weights } from './description.ts';
import { describeTopology, type WeightSource } from './topology.ts';
import { WeightData } from './weight-data.ts';
import { roleOrder } from './weight-order.ts';

export interface SavedModel {
  readonly description: ModelDescription;
  /** Weights of the file that no layer has read: ask after the conversion. */
  unusedWeights(): string[];
}

/**
 * @param json the parsed model.json
 * @param readShard the bytes of a weight file beside it, by its plain name
 * @param where what the file is, for error messages
 * @throws FormatError where it is not a layers model, or its parts do not fit together
 */
export function describeSaved(json: unknown, readShard: (name: string) => Uint8Array, where: string): SavedModel {
  if (!isObject(json)) throw new FormatError(`${where}: expected the JSON of a tfjs model, got ${typeof json}`);
  if (json.format === 'graph-model' || (isObject(json.modelTopology) && 'node' in json.modelTopology))
    throw new FormatError(`${where}: expected a layers model, got a graph model`, {
      remedy: 'Graph models are read by describeModelFile, or describeGraphModel.',
    });
  const topology = topologyOf(json.modelTopology ?? json, where);
  const data = new WeightData(json.weightsManifest ?? [], readShard, where);
  const index = new WeightIndex(data, where);
  const description = describeTopology(topology.className, topology.config, new SavedSource(index, [[]]), where);
  return { description, unusedWeights: () => index.unused() };
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
  readonly #index: WeightIndex;
  /** The prefixes under which this layer's weights may stand, the most likely first. */
  readonly #prefixes: readonly (readonly string[])[];

  constructor(index: WeightIndex, prefixes: readonly (readonly string[])[]) {
    this.#index = index;
    this.#prefixes = prefixes;
  }

  /** Weights of nested models are mostly named by the layer alone. */
  layer(name: string): WeightSource {
    const longer = this.#prefixes.map((prefix) => [...prefix, name]);
    return new SavedSource(this.#index, unique([[name], ...longer]));
  }

  part(role: string, name: string): WeightSource {
    const number = /^cell(\d+)$/.exec(role)?.[1];
    const names = number === undefined ? [name] : [name, `RNNCell_${number}`, `cell_${number}`];
    const inside = names.flatMap((part) => this.#prefixes.map((prefix) => [...prefix, part]));
    // A wrapper's only layer, and the one cell of a recurrent layer, go without a name of their own.
    const isOnly = role === 'layer' || role === 'cell';
    return new SavedSource(this.#index, unique([...inside, ...(isOnly ? this.#prefixes : []), [name]]));
  }

  weights(className: string, config: Config, offset: number): Weights {
    const prefixes = this.#prefixes.map((prefix) => prefix.join('/'));
    const order = roleOrder(className, config);
    const wishesFor = (role: string): string[] => {
      const number = order.indexOf(role);
      const numbers = number < 0 ? [] : [...new Set([number, number + offset])];
      return prefixes.flatMap((prefix) => [role, ...numbers].map((last) => `${prefix}/${last}`));
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

function unique(prefixes: readonly (readonly string[])[]): (readonly string[])[] {
  return [...new Map(prefixes.map((prefix) => [prefix.join('/'), prefix])).values()];
}
