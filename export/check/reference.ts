// TensorFlow.js as the reference of an exported file: the model's own predictions on the file's inputs, in the file's layout.
import type * as tf from '@tensorflow/tfjs';
import { JepaError } from '../../src/error.ts';
import { isBigTensorData, type RuntimeSession, type RuntimeTensor } from '../../src/runtimes/runtime.ts';
import { floats, transposed } from '../graph/constant.ts';
import type { ModelDescription } from '../model/description.ts';
import { type ExportOptions, resolveOptions } from '../options.ts';
import { type AnyModel, fileOrder, imageFacts, inverse, type PortPlan, planInputs } from '../ports.ts';
import { sampleInputs } from './sample.ts';

export type TensorFlow = typeof tf;
/** Runs the model that a file is compared with: inputs to outputs, both in the file's order and layout. */
export type Reference = (inputs: readonly RuntimeTensor[]) => Promise<RuntimeTensor[]>;

/**
 * Predictions of a model that is loaded, on inputs in the layout of the file.
 *
 * @param tensorflow the module that the model was made with: tensors are made through it
 * @param options those that the file was exported with: they say how its inputs and outputs are laid out
 */
export function tfjsReference(
  tensorflow: TensorFlow,
  model: tf.LayersModel,
  description: ModelDescription,
  options: ExportOptions,
): Reference {
  const resolved = resolveOptions(options);
  const plans = planInputs(description, resolved);
  const facts = imageFacts(description);
  return async (inputs) => {
    const tensors = inputs.map((input, i) => toModel(tensorflow, input, plans[i]));
    const result = model.predict(tensors.length === 1 ? tensors[0] : tensors, { batchSize: Number.MAX_SAFE_INTEGER });
    const outputs = Array.isArray(result) ? result : [result];
    try {
      return await Promise.all(
        outputs.map(async (output) => {
          const order = fileOrder(output.shape.length, facts, resolved);
          const { data, shape } = laidOut(await output.data(), output.shape, order);
          return {
            type: output.dtype === 'int32' ? 'int32' : output.dtype === 'bool' ? 'bool' : 'float32',
            data,
            shape,
          };
        }),
      );
    } finally {
      tensorflow.dispose([...tensors, ...outputs]);
    }
  };
}

/**
 * The same through a session of the model itself (the tfjs runtime on its model.json), whose inputs and outputs are in the
 * model's order and layout.
 */
export function sessionReference(session: RuntimeSession, description: AnyModel, options: ExportOptions): Reference {
  const resolved = resolveOptions(options);
  const plans = planInputs(description, resolved);
  const facts = imageFacts(description);
  return async (inputs) => {
    const feeds = Object.fromEntries(
      session.inputs.map(({ name, type }, i) => {
        const { data, shape } = modelInput(inputs[i], plans[i]);
        const typed =
          type === 'int32' ? Int32Array.from(data) : type === 'bool' ? Uint8Array.from(data) : Float32Array.from(data);
        return [name, { type, data: typed, shape }];
      }),
    );
    const results = await session.run(feeds);
    return session.outputs.map(({ name }) => {
      const { type, data, shape } = results[name];
      if (isBigTensorData(data) || data instanceof Uint16Array) return results[name];
      return { type, ...laidOut(data, shape, fileOrder(shape.length, facts, resolved)) };
    });
  };
}

/**
 * Which sizes of the batch the model itself runs at: a graph that was frozen at a batch of 1 refuses others, though its
 * signature leaves them open. The first must run.
 * @throws what the reference throws at the first
 */
export async function runnableBatches(
  reference: Reference,
  description: AnyModel,
  options: ExportOptions,
  batches: readonly number[] = [1, 3],
): Promise<number[]> {
  const runnable: number[] = [];
  for (const batch of batches) {
    try {
      await reference(sampleInputs(description, options, { seed: 0, batch, dynamicSize: probeSize }));
      runnable.push(batch);
    } catch (error) {
      if (runnable.length === 0) throw error;
    }
  }
  return runnable;
}

/** Size of dynamic axes while batches are tried. */
const probeSize = 32;

/** The model's own input: in its layout and scale. */
function modelInput(input: RuntimeTensor, plan: PortPlan): ReturnType<typeof laidOut> {
  const values = input.data;
  if (isBigTensorData(values) || input.type === 'float16')
    throw new JepaError(`reference: expected an input that TensorFlow.js has a type for, got ${input.type}`);
  const isInteger = input.type === 'int32' && plan.scale === 1;
  const scaled = isInteger ? values : Float32Array.from(values, (value) => value * plan.scale);
  return laidOut(scaled, input.shape, plan.order && inverse(plan.order));
}

function toModel(tensorflow: TensorFlow, input: RuntimeTensor, plan: PortPlan): tf.Tensor {
  const { data, shape } = modelInput(input, plan);
  const isInteger = plan.type === 'int32' || plan.type === 'bool';
  if (isInteger) return tensorflow.tensor(Int32Array.from(data), [...shape], 'int32');
  return tensorflow.tensor(Float32Array.from(data), [...shape], 'float32');
}

function laidOut(
  data: ArrayLike<number>,
  shape: readonly number[],
  order: readonly number[] | undefined,
): { readonly data: Float32Array | Int32Array | Uint8Array; readonly shape: readonly number[] } {
  const own =
    data instanceof Int32Array || data instanceof Uint8Array || data instanceof Float32Array
      ? data
      : Float32Array.from(data);
  if (order === undefined) return { data: own, shape };
  const moved = transposed(floats(shape, own), order);
  return { data: moved.data instanceof Float32Array ? moved.data : own, shape: moved.shape };
}
