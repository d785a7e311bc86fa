// The contract of everything that can run a saved model: load, run, describe, dispose.
// One file an implementation; a backend that is not there throws UnavailableError with the remedy, and never falls back.

/** Element types of tensors, as ONNX means them. */
export type ElementType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'bool';

/** What holds the elements: float16 as its 16-bit patterns, bool as 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Whether the elements are bigints, which are no numbers to the compiler. */
export function isBigTensorData(data: TensorData): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** A dense tensor: row-major data with its type and shape. */
export interface RuntimeTensor {
  readonly type: ElementType;
  readonly data: TensorData;
  readonly shape: readonly number[];
}

/** Threads and precision of a runtime. */
export interface RuntimeOptions {
  /** Threads of one operation. Default: every core. */
  readonly threads?: number;
  /** Allow TF32, half precision and the like. Off unless the caller asks. */
  readonly reducedPrecision?: boolean;
}

/** What actually runs, read back from the runtime where it can be read. */
export interface RuntimeDescription {
  /** The name on the command line: cpu, wasm, cuda, webgpu, tfjs. */
  readonly runtime: string;
  /** The package and its version: `onnxruntime-node 1.30.0`. */
  readonly version: string;
  /** Who computes: `CPUExecutionProvider`, `TensorFlow 2.21.0`. */
  readonly provider: string;
  readonly threads: number;
  readonly precision: 'float32' | 'tf32' | 'float16' | 'int8';
}

/** Name, type and shape of an input or output; a size that is open is a name. */
export interface TensorSpec {
  readonly name: string;
  readonly type: ElementType;
  /** A number, or the name of a dynamic axis; axes of one name have one size in a run. */
  readonly shape: readonly (number | string)[];
}

/** A model that is loaded on a runtime. Whoever loaded it disposes it. */
export interface RuntimeSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /**
   * Feeds by input name, all outputs by output name.
   * @throws UsageError for a missing or unknown name, a wrong type, a wrong shape, data that do not fill the shape.
   */
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Record<string, RuntimeTensor>>;
  /** Rows of one run that keep the device busy. Default: what suits a CPU. */
  readonly batchSize?: number;
  /** Milliseconds of all runs so far, without what brings feeds to another process. Absent: what the caller sees. */
  elapsedMs?(): number;
  /** Gives back what it holds; nothing of it is called afterwards. */
  dispose(): Promise<void>;
}

/**
 * A loaded model that carries a state from run to run: some of its outputs are its next inputs, and stay where it computes. Whoever loaded it
 * disposes it.
 */
export interface CarryingSession {
  /** Without those of the state. */
  readonly inputs: readonly TensorSpec[];
  /** Sets the state, by input name. */
  write(state: Readonly<Record<string, RuntimeTensor>>): void;
  /** A run as of any session, with the other feeds and the other outputs; the state becomes the next one. */
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Record<string, RuntimeTensor>>;
  /** The state by input name, to be read only. Changes nothing. */
  read(): Promise<Readonly<Record<string, RuntimeTensor>>>;
  /** Gives back the model and the state; nothing of it is called afterwards. */
  dispose(): Promise<void>;
}

/** Which provider ran how many nodes in one real run, as the runtime's own profile says. */
export interface Placement {
  readonly nodesByProvider: Readonly<Record<string, number>>;
}

/** An opened runtime: it loads models and says what it is. Whoever opened it disposes it. */
export interface Runtime {
  /** Which of a model's two saved forms it reads: `encoder.onnx`, or `encoder/model.json` with the weights beside it. */
  readonly format: 'onnx' | 'tfjs';
  /** What runs: name, version, provider, precision, threads. */
  describe(): RuntimeDescription;
  /**
   * Opens a model by the path of its file; an ONNX model also from its bytes.
   * @throws FormatError where the file is not such a model, JepaError where it cannot be read.
   * @throws UnavailableError where some node of it cannot run on this runtime's own provider.
   */
  load(model: Uint8Array | string): Promise<RuntimeSession>;
  /**
   * Opens a model that carries a state. Absent where a run leaves its outputs in the host's memory anyway (`carryingSession` does it there).
   * @param carried name of an input -> the output that is its next value
   */
  loadCarrying?(model: Uint8Array, carried: Readonly<Record<string, string>>): Promise<CarryingSession>;
  /** Runs the model once under the runtime's profiler. Absent where the runtime has none. */
  placementOf?(model: Uint8Array | string, feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Placement>;
  /** Gives back the runtime; its sessions are disposed before. */
  dispose(): Promise<void>;
}

/** One implementation: how to open it on this machine. */
export interface RuntimeProvider {
  readonly name: string;
  /** One line for `--help` and `jepa doctor`. */
  readonly description: string;
  /** @throws UnavailableError where this machine cannot run it; the message has the cause, the remedy what to install. */
  open(options: RuntimeOptions): Promise<Runtime>;
}
