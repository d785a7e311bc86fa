// The contract of everything that can run an exported model: load, run, describe, dispose.
// One file an implementation; a backend that is not there throws UnavailableError with the remedy, and never falls back.

export type ElementType = 'float32' | 'uint8' | 'int32' | 'int64' | 'float16' | 'bool';

export interface RuntimeTensor {
  readonly type: ElementType;
  /** float16 as its 16-bit patterns. */
  readonly data: Float32Array | Uint8Array | Int32Array | BigInt64Array | Uint16Array;
  readonly shape: readonly number[];
}

export interface RuntimeOptions {
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
  readonly provider: string;
  readonly threads: number;
  readonly precision: 'float32' | 'tf32' | 'float16' | 'int8';
}

export interface TensorSpec {
  readonly name: string;
  readonly type: ElementType;
  /** A number, or the name of a dynamic axis. */
  readonly shape: readonly (number | string)[];
}

export interface RuntimeSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Feeds by input name; unknown and missing names are refused. */
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Record<string, RuntimeTensor>>;
  dispose(): Promise<void>;
}

export interface Runtime {
  describe(): RuntimeDescription;
  /** Opens a model from its bytes. */
  load(model: Uint8Array): Promise<RuntimeSession>;
  dispose(): Promise<void>;
}

/** One implementation: how to open it on this machine. */
export interface RuntimeProvider {
  readonly name: string;
  /** Throws UnavailableError where this machine cannot run it. */
  open(options: RuntimeOptions): Promise<Runtime>;
}
