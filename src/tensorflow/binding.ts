// The N-API binding under tfjs-node, typed: any TensorFlow operation by name, and SavedModels (graph mode).
// Tensors here are integer ids of TensorFlow's own handles; whoever gets an id deletes it with `deleteTensor`.
// Facts read from binding/tfjs_backend.cc of tfjs-node 4.22.
import type * as tf from '@tensorflow/tfjs';
import { JepaError } from '../error.ts';

/** A TensorFlow handle as the binding returns it; `dtype` is a TF_DataType (`binding.TF_FLOAT` and so on). */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute of an operation; `type` is one of `binding.TF_ATTR_*`. Integer lists are cut to 32 bits each. */
export interface OperationAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[] | readonly boolean[];
}

export interface TensorFlowBinding {
  /**
   * A handle on `values`. Typed arrays whose memory happens to be aligned as TensorFlow wants it (64 bytes) are shared, all
   * others copied, so an array must not be written to while its tensor lives. int64 takes an Int32Array of twice the length; string takes an array of Uint8Array.
   */
  createTensor(
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array | readonly Uint8Array[],
  ): number;
  deleteTensor(id: number): void;
  /** A copy of the values. uint8, float16 and double cannot be read: cast them first. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[];
  /** Runs one operation eagerly. `outputCount` is an upper bound only where the operation itself has fewer outputs. */
  executeOp(
    operation: string,
    attributes: readonly OperationAttribute[],
    inputIds: readonly number[],
    outputCount: number,
  ): TensorMetadata[];
  /** Loads the SavedModel in `folder` (tags separated by commas) and returns its id. */
  loadSavedModel(folder: string, tags: string): number;
  /** Feeds and fetches by `operation:index` names, separated by commas, in the order of the ids and of the result. */
  runSavedModel(
    modelId: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
  deleteSavedModel(modelId: number): void;
  getNumOfSavedModels(): number;
  /** How many handles live in the binding, those of tfjs tensors included. */
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;

  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;

  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;

  /** The version of the native library: `2.21.0`. */
  readonly TF_Version: string;
}

/** What the tfjs backend called `tensorflow` offers besides the kernels: its binding, and tensors around raw handles. */
export interface TensorFlowBackend extends tf.KernelBackend {
  readonly binding: TensorFlowBinding;
  /** Runs one operation on tfjs tensors; the result is an ordinary tensor, under `tf.tidy` like any other. */
  executeSingleOutput(
    operation: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly tf.TensorInfo[],
  ): tf.Tensor;
  executeMultipleOutputs(
    operation: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly tf.TensorInfo[],
    outputCount: number,
  ): tf.Tensor[];
}

let active: TensorFlowBackend | undefined;

/** Called once by `loadTensorFlow`. */
export function setTensorFlowBackend(backend: TensorFlowBackend): void {
  active = backend;
}

/** The backend of this process. Throws where `loadTensorFlow` has not finished. */
export function tensorflowBackend(): TensorFlowBackend {
  if (active === undefined)
    throw new JepaError('tensorflowBackend: expected TensorFlow to be loaded, got a process without it', {
      remedy: 'Await loadTensorFlow() first.',
    });
  return active;
}

/** The raw binding of this process. Throws where `loadTensorFlow` has not finished. */
export function tensorflowBinding(): TensorFlowBinding {
  return tensorflowBackend().binding;
}
