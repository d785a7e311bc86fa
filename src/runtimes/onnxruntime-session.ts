// What onnxruntime-node and onnxruntime-web share: their sessions have one interface (onnxruntime-common) and the same
// quirks. Nothing here depends on Node, so that a page can use it too.
import type { InferenceSession, OnnxValue, Tensor, TensorConstructor } from 'onnxruntime-node';
import { FormatError, JepaError, UnavailableError } from '../error.ts';
import { checkFeeds } from './feeds.ts';
import type { ElementType, RuntimeSession, RuntimeTensor, TensorData, TensorSpec } from './runtime.ts';

/** The part of an onnxruntime package that a session needs. */
export interface Onnxruntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
    create(path: string, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

const elementTypes: readonly string[] = [
  'float32',
  'float16',
  'float64',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'bool',
] satisfies ElementType[];

/**
 * Opens `model` and wraps it in the contract.
 * @param model bytes, or the path of a file that the package opens itself, with the data files beside it
 * @param where the model's name in messages
 */
export async function openSession(
  onnxruntime: Onnxruntime,
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
  where: string,
): Promise<RuntimeSession> {
  const session = await createSession(onnxruntime, model, options, where);
  const inputs = inputSpecs(where, session);
  const outputs = session.outputMetadata.map((metadata) => specOf(where, metadata));
  return {
    inputs,
    outputs,
    async run(feeds) {
      checkFeeds(where, inputs, feeds);
      return fromValues(await runSession(session, toTensors(onnxruntime, feeds), where));
    },
    dispose: () => session.release(),
  };
}

/** @throws FormatError where onnxruntime cannot load the bytes, UnavailableError where a node would leave the provider. */
export async function createSession(
  onnxruntime: Onnxruntime,
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
  where: string,
): Promise<InferenceSession> {
  const isFile = typeof model === 'string';
  try {
    const { InferenceSession } = onnxruntime;
    return isFile ? await InferenceSession.create(model, options) : await InferenceSession.create(model, options);
  } catch (error) {
    const reason = firstLine(error);
    if (reason.includes('fallback to CPU EP has been explicitly disabled'))
      throw new UnavailableError(
        `${where}: expected every node to run on ${providerNames(options)}, got nodes that only the CPU can run`,
        {
          remedy: 'Run it with the runtime cpu; a mixture would be slower and would say nothing about this provider.',
          cause: error,
        },
      );
    throw new FormatError(`${where}: expected an ONNX model that onnxruntime can load, got: ${reason}`, {
      // Bytes are in no file yet that could be looked at.
      remedy: isFile ? 'Export it again, or look at it with `jepa inspect`.' : 'Export it again, or try another opset.',
      cause: error,
    });
  }
}

export async function runSession(
  session: InferenceSession,
  tensors: Record<string, Tensor>,
  where: string,
): Promise<InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(tensors);
  } catch (error) {
    throw new JepaError(`${where}: expected a run of onnxruntime, got: ${firstLine(error)}`, { cause: error });
  }
}

export function toTensors(
  { Tensor }: Onnxruntime,
  feeds: Readonly<Record<string, RuntimeTensor>>,
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, shape }]) => [name, new Tensor(type, data, shape)]),
  );
}

export function fromValues(values: InferenceSession.OnnxValueMapType): Record<string, RuntimeTensor> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fromValue(name, value)]));
}

function fromValue(name: string, value: OnnxValue): RuntimeTensor {
  const { type, data, dims } = value;
  if (!isElementType(type)) throw new JepaError(`output "${name}": expected ${elementTypes.join(', ')}, got ${type}`);
  // Where the engine has Float16Array, onnxruntime uses it; the contract is the bit patterns.
  if (type === 'float16' && ArrayBuffer.isView(data))
    return { type, data: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), shape: dims };
  if (isTensorData(data)) return { type, data, shape: dims };
  throw new JepaError(
    `output "${name}": expected ${type} in a typed array, got ${Object.prototype.toString.call(data)}`,
  );
}

function isTensorData(data: unknown): data is TensorData {
  return ArrayBuffer.isView(data) && !(data instanceof DataView);
}

export function inputSpecs(where: string, session: InferenceSession): TensorSpec[] {
  return session.inputMetadata.map((metadata) => specOf(where, metadata));
}

function specOf(where: string, metadata: InferenceSession.ValueMetadata): TensorSpec {
  const { name } = metadata;
  if (!metadata.isTensor) throw new FormatError(`${where}: expected "${name}" to be a tensor, got a sequence or map`);
  if (!isElementType(metadata.type))
    throw new FormatError(`${where}: expected "${name}" to be ${elementTypes.join(', ')}, got ${metadata.type}`);
  return { name, type: metadata.type, shape: metadata.shape };
}

function isElementType(type: string): type is ElementType {
  return elementTypes.includes(type);
}

function providerNames(options: InferenceSession.SessionOptions): string {
  return (options.executionProviders ?? []).map((each) => (typeof each === 'string' ? each : each.name)).join(', ');
}

/** The first line of an error that says something, without the source paths of onnxruntime's own build. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n').find((each) => each.trim() !== '') ?? 'no message';
  return line.replace(/^\/onnxruntime_src\/\S+:\d+ .*? was false\. /, '').trim();
}
