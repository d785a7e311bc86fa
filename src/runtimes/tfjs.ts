// tfjs, the framework that a model was trained in: the reference that the other runtimes are compared with.
// Native TensorFlow where this machine is set up for it; else tfjs's own JavaScript, slow, and the description says so.
import type * as tf from '@tensorflow/tfjs';
import { FormatError, firstLineOf, JepaError, UsageError } from '../error.ts';
import { checkFeeds } from './feeds.ts';
import { isGraphModel, openGraphModel } from './graph-model.ts';
import { readLayersModel } from './layers-model.ts';
import { threadCount } from './model-file.ts';
import {
  type ElementType,
  isBigTensorData,
  type Runtime,
  type RuntimeDescription,
  type RuntimeOptions,
  type RuntimeProvider,
  type RuntimeSession,
  type RuntimeTensor,
  type TensorSpec,
} from './runtime.ts';

export const tfjsProvider: RuntimeProvider = {
  name: 'tfjs',
  description: 'TensorFlow.js, the reference: native TensorFlow where it is set up, else JavaScript',
  open: openTfjs,
};

async function openTfjs(options: RuntimeOptions): Promise<Runtime> {
  const { namespace, description } = await loadBackend(options);
  return {
    format: 'tfjs',
    describe: () => description,
    async load(model) {
      if (typeof model !== 'string')
        throw new UsageError('tfjs: expected the path of a model.json, got bytes', {
          remedy: 'A tfjs model is several files: name its model.json.',
        });
      return openModel(namespace, model);
    },
    dispose: async () => {},
  };
}

async function loadBackend(
  options: RuntimeOptions,
): Promise<{ namespace: typeof tf; description: RuntimeDescription }> {
  // Looked for, not set up: a download of hundreds of megabytes is for a command that trains.
  const { findNatives } = await import('../tensorflow/native/find.ts');
  if (findNatives().length > 0) {
    const { loadTensorFlow, loadedTensorFlow } = await import('../tensorflow/load.ts');
    // A process has one number of threads: what it has already, unless the caller insists.
    const threads = options.threads ?? loadedTensorFlow()?.threads;
    const namespace = await loadTensorFlow({ threads: threadCount('tfjs', threads), mayInstall: false });
    const loaded = loadedTensorFlow();
    if (loaded === undefined) throw new JepaError('tfjs: expected a loaded TensorFlow, got none');
    return {
      namespace,
      description: describeTfjs(namespace, `TensorFlow ${loaded.tensorflowVersion}`, loaded.threads),
    };
  }
  const namespace = await import('@tensorflow/tfjs');
  namespace.enableProdMode();
  await namespace.setBackend('cpu');
  return { namespace, description: describeTfjs(namespace, 'JavaScript (native TensorFlow is not set up)', 1) };
}

function describeTfjs({ version }: typeof tf, provider: string, threads: number): RuntimeDescription {
  return { runtime: 'tfjs', version: `@tensorflow/tfjs ${version.tfjs}`, provider, threads, precision: 'float32' };
}

async function openModel(namespace: typeof tf, path: string): Promise<RuntimeSession> {
  const { where, artifacts, json } = readLayersModel(path);
  if (isGraphModel(json)) return openGraphModel(namespace, { where, artifacts, json });
  const { loadLayersModel, tensor, tidy } = namespace;
  const model = await loadLayersModel({ load: async () => artifacts }).catch((error: unknown) => {
    const reason = firstLineOf(error);
    throw new FormatError(`${where}: expected a model that tfjs can load, got: ${reason}`, { cause: error });
  });
  const inputs = specsOf(namesOf(model.inputNames, model.inputs), model.inputs);
  const outputs = specsOf(namesOf(model.outputNames, model.outputs), model.outputs);
  return {
    inputs,
    outputs,
    async run(feeds) {
      checkFeeds(where, inputs, feeds);
      // An empty batch is no batch to tfjs's layers.
      const batch = inputs.length > 0 ? feeds[inputs[0].name].shape[0] : 0;
      if (batch === 0) return Object.fromEntries(outputs.map((output) => [output.name, emptyTensor(output)]));
      const results = tidy(() => {
        const tensors = inputs.map(({ name }) => toTensor(tensor, where, feeds[name]));
        const predicted = model.predictOnBatch(tensors.length === 1 ? tensors[0] : tensors);
        return Array.isArray(predicted) ? predicted : [predicted];
      });
      const run: Record<string, RuntimeTensor> = {};
      for (const [index, result] of results.entries()) {
        const data = await result.data();
        run[outputs[index].name] = { type: outputs[index].type, data, shape: result.shape };
        result.dispose();
      }
      return run;
    },
    async dispose() {
      model.dispose();
    },
  };
}

function toTensor(tensor: typeof tf.tensor, where: string, { type, data, shape }: RuntimeTensor): tf.Tensor {
  if ((type !== 'float32' && type !== 'int32') || isBigTensorData(data) || data instanceof Uint16Array)
    throw new UsageError(`${where}: expected float32 or int32, got ${type}`);
  return tensor(data, [...shape], type);
}

function emptyTensor({ type, shape }: TensorSpec): RuntimeTensor {
  const sides = shape.map((side) => (typeof side === 'number' ? side : 0));
  return { type, data: type === 'int32' ? new Int32Array(0) : new Float32Array(0), shape: sides };
}

/**
 * One name a tensor. TensorFlow.js names inputs and outputs by their layers, and not always: a Sequential that was loaded
 * has none, and a layer that is called for two outputs gives both its name.
 */
function namesOf(names: readonly string[], tensors: readonly tf.SymbolicTensor[]): string[] {
  const taken = new Set<string>();
  return tensors.map((tensor, index) => {
    const base = names[index] ?? tensor.name;
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  });
}

/** The first axis is the batch, `N` as in the exported files; other free axes are named by their tensor and place, since
 * those of two tensors need not be equal. */
function specsOf(names: readonly string[], tensors: readonly tf.SymbolicTensor[]): TensorSpec[] {
  return tensors.map(({ dtype, shape }, index) => ({
    name: names[index],
    type: elementTypeOf(dtype),
    shape: shape.map((side, axis) => side ?? (axis === 0 ? 'N' : `${names[index]}_axis${axis}`)),
  }));
}

function elementTypeOf(dtype: tf.DataType): ElementType {
  if (dtype === 'float32' || dtype === 'int32') return dtype;
  throw new FormatError(`tfjs: expected float32 or int32 tensors, got ${dtype}`);
}
