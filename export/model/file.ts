// Any model.json of TensorFlow.js: layers or a graph, by what is in it.
import { FormatError } from '../../src/error.ts';
import type { ExportOptions } from '../options.ts';
import { describeGraphModel, type GraphModel, isGraphModel } from '../tensorflow/index.ts';
import { isObject } from './config.ts';
import type { ModelDescription } from './description.ts';
import { describeSaved, type SavedModel } from './saved.ts';

type Semantics = SavedModel['semantics'];

/** A model that was read from its file, and which weights of the file belong to no layer. */
export interface ModelFile {
  readonly description: ModelDescription | GraphModel;
  /** Whose meaning a file of layers has; undefined of graphs. */
  readonly semantics?: Semantics;
  /** Weights of the file that nothing has read: ask after the conversion. */
  unusedWeights(): string[];
}

/**
 * @param json the parsed model.json
 * @param readShard the bytes of a weight file beside it, by its plain name
 * @param where what the file is, for error messages
 * @param options sizes of inputs whose rank a graph does not say
 * @throws FormatError where it is no model of TensorFlow.js
 */
export function describeModelFile(
  json: unknown,
  readShard: (name: string) => Uint8Array,
  where: string,
  options: ExportOptions = {},
): ModelFile {
  if (isWeightManifest(json))
    throw new FormatError(
      `${where}: expected a model.json, got a list of weights without a model (as face-api ships them)`,
      {
        remedy:
          'Its layers are in the code of the library: build the tf.LayersModel there and export it by exportOnnx.',
      },
    );
  if (!isGraphModel(json)) return describeSaved(json, readShard, where);
  const description = describeGraphModel(json, readShard, where, options.inputShapes);
  // A graph keeps constants that only its control flow or its training used: no sign of a mistake.
  return { description, unusedWeights: () => [] };
}

/**
 * Says which weights of the file no layer has read: ask after the conversion. The state of an optimizer is none.
 * @param where what the file is, for error messages
 * @param warn hears of leftovers
 * @throws FormatError where they are the adapters of LoRA, which a layer of Keras adds to its kernel
 */
export function expectReadWeights(file: ModelFile, where: string, warn: (message: string) => void): void {
  for (const name of file.unusedWeights()) {
    if (/(^|\/)lora_\w+$/.test(name))
      throw new FormatError(`${where}: expected weights without adapters, got "${name}" of LoRA`, {
        remedy: 'Save the model as .keras, which adds them to the kernel.',
      });
    if (!name.startsWith('optimizer/')) warn(`weight "${name}" of the file belongs to no layer`);
  }
}

/** What `weightsManifest` would be, alone in a file. */
function isWeightManifest(json: unknown): boolean {
  return (
    Array.isArray(json) &&
    json.length > 0 &&
    json.every((group) => isObject(group) && 'weights' in group && 'paths' in group)
  );
}
