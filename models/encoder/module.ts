// An encoder out of a user's own module, and the form in which a run keeps it: its module is run when a run is begun, and never
// again. Letters: B batch, H W C image, N numbers of a vector, D latent.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { FormatError, JepaError, option, UsageError } from '../../src/error.ts';
import { importUserModule } from '../../src/machine/user-module.ts';
import { readLayersModel } from '../../src/runtimes/layers-model.ts';
import { writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import { writeLayersModel } from '../../src/storage/layers-model.ts';
import { trainableLayerNames } from '../../src/tensorflow/layers.ts';
import type { EncoderConfigurationOf, EncoderShape } from './encoder.ts';
import { type ObservationInputs, observationInputs } from './observation.ts';

/** What a module's `createEncoder` is given to build its model with. */
export interface EncoderContext extends ObservationInputs {
  /** The TensorFlow.js to build with: layers of another copy of it are refused. */
  readonly tf: typeof tf;
  /** D */
  readonly latentSize: number;
  /** For the initializers: the same seed gives the same weights. */
  readonly seed: number;
  /** `model.encoder.options` of the configuration. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * What the module exports as `createEncoder`. It gives `tf.model({ inputs, outputs })` with the context's `inputs` and one
 * output [B, D]; or any model whose inputs have their shapes; or a `tf.sequential`, which is put behind `observation`.
 */
export type EncoderCreator = (context: EncoderContext) => tf.LayersModel | Promise<tf.LayersModel>;

const STARTING_POINT = 'docs/training.md, "An encoder of your own", has one to start from.';

/**
 * Runs the module and checks what it builds. Whoever calls this disposes the model.
 * @throws UsageError for the first thing that is not as the contract says
 */
export async function createModuleEncoder(
  { path, options }: EncoderConfigurationOf<'module'>,
  shape: EncoderShape,
  seed: number,
): Promise<tf.LayersModel> {
  const where = `encoder module ${path}`;
  const { createEncoder, default: byDefault } = await importUserModule(path, {
    where,
    remedy: STARTING_POINT,
    permission: { kind: 'module', name: path },
  });
  const create = createEncoder ?? byDefault;
  if (typeof create !== 'function')
    throw new UsageError(`${where}: expected an exported function createEncoder, got ${typeof create}`, {
      remedy: STARTING_POINT,
    });
  const given = observationInputs(shape);
  const context: EncoderContext = { ...given, tf, latentSize: shape.latentSize, seed, options };
  let made: unknown;
  try {
    made = await (create as EncoderCreator)(context);
  } catch (cause) {
    throw new JepaError(`${where}: expected a model, got: ${String(cause).split('\n')[0]}`, {
      remedy: `Run the command with ${option('debug')} for the place in the module.`,
      cause,
    });
  }
  return checkEncoder(where, behindObservation(where, made, given), { ...shape, inputs: given.inputs });
}

/** A sequential model is called on the normalised observation, layer by layer, so that its layers keep their names. */
function behindObservation(where: string, made: unknown, { inputs, observation }: ObservationInputs): tf.LayersModel {
  if (!(made instanceof tf.LayersModel))
    throw new UsageError(`${where}: expected createEncoder to give a tf.LayersModel, got ${describeMade(made)}`, {
      remedy: 'Build it with the tf of its argument: createEncoder({ tf, inputs, observation, latentSize }).',
    });
  if (!(made instanceof tf.Sequential)) return made;
  if (inputs.length > 1)
    throw new UsageError(
      `${where}: expected a model of the inputs image and vector, got a tf.sequential, which has one`,
      { remedy: 'Give tf.model({ inputs, outputs }).' },
    );
  let x = observation;
  for (const layer of made.layers) {
    if (layer.getClassName() === 'InputLayer') continue;
    try {
      const y = layer.apply(x);
      if (y instanceof tf.SymbolicTensor) x = y;
    } catch (cause) {
      throw new UsageError(
        `${where}: layer ${layer.name}: expected to take [${x.shape}], got: ${String(cause).split('\n')[0]}`,
        { cause },
      );
    }
  }
  return tf.model({ inputs: [...inputs], outputs: x, name: 'encoder' });
}

function checkEncoder(
  where: string,
  model: tf.LayersModel,
  { inputs, latentSize }: Pick<EncoderShape, 'latentSize'> & Pick<ObservationInputs, 'inputs'>,
): tf.LayersModel {
  const describe = (tensors: readonly tf.SymbolicTensor[]) =>
    tensors.map(({ shape }) => `[${shape.map((size) => size ?? 'B').join(', ')}]`).join(' and ');
  const expected = [describe(inputs), `[B, ${latentSize}]`];
  const found = [describe(model.inputs), describe(model.outputs)];
  for (const [i, what] of ['inputs', 'one output'].entries())
    if (found[i] !== expected[i])
      throw new UsageError(`${where}: expected ${what} ${expected[i]}, got ${found[i] || 'none'}`, {
        remedy: i === 0 ? 'Give tf.model({ inputs, outputs }) with the inputs of its argument.' : undefined,
      });
  const known = trainableLayerNames();
  for (const layer of allLayers(model))
    if (!known.includes(layer.getClassName()))
      throw new UsageError(
        `${where}: layer ${layer.name}: expected one of ${known.join(', ')}, got ${layer.getClassName()}`,
        { remedy: 'Build the model from these layers: they train in the graph, and export.' },
      );
  return model;
}

function allLayers(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.flatMap((layer) => {
    if (layer instanceof tf.LayersModel) return allLayers(layer);
    return layer.getClassName() === 'InputLayer' ? [] : [layer];
  });
}

function describeMade(made: unknown): string {
  if (typeof made !== 'object' || made === null) return made === undefined ? 'nothing' : `a ${typeof made}`;
  return 'inputs' in made && 'outputs' in made ? 'a model of another copy of TensorFlow.js' : 'an object that is none';
}

/** Keeps the encoder as it begins, so that nothing of the run needs the module again. */
export async function keepEncoder(folder: string, encoder: tf.LayersModel): Promise<void> {
  await writeFolderAtomic(folder, (partial) => writeLayersModel(partial, encoder));
}

/** @throws FormatError where `folder` keeps none, or another one than the run's shapes say */
export async function readKeptEncoder(folder: string, shape: EncoderShape): Promise<tf.LayersModel> {
  const path = join(folder, 'model.json');
  if (!existsSync(path))
    throw new FormatError(`${path}: expected the encoder that the run began with, got nothing there`, {
      remedy: "An encoder out of a module is kept in the run's folder alone: name that folder.",
    });
  const { artifacts } = readLayersModel(path);
  const model = await tf.loadLayersModel({ load: async () => artifacts });
  return checkEncoder(path, model, { latentSize: shape.latentSize, inputs: observationInputs(shape).inputs });
}
