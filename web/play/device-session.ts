// A training step on WebGPU whose state stays on the device: its outputs are buffers, which are the inputs of the next step. Only losses come
// back, and copies of the state where somebody asks for them.
import type { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';
import { JepaError } from '../../src/error.ts';
import { checkFeeds } from '../../src/runtimes/feeds.ts';
import {
  createSession,
  fromValues,
  inputSpecs,
  runSession,
  toTensors,
} from '../../src/runtimes/onnxruntime-session.ts';
import type { CarryingSession, RuntimeTensor } from '../../src/runtimes/runtime.ts';

/** WebGPU as far as a copy back needs it (https://www.w3.org/TR/webgpu/#buffers). */
interface DeviceBuffer {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  destroy(): void;
}
interface Device {
  createBuffer(about: { readonly size: number; readonly usage: number }): DeviceBuffer;
  createCommandEncoder(): {
    copyBufferToBuffer(from: unknown, fromOffset: number, to: DeviceBuffer, toOffset: number, size: number): void;
    finish(): unknown;
  };
  readonly queue: { submit(commands: readonly unknown[]): void };
}
/** GPUMapMode.READ, GPUBufferUsage.MAP_READ, GPUBufferUsage.COPY_DST. */
const READ = 1;
const MAP_READ = 1;
const COPY_DST = 8;

const where = 'training step';

export interface DeviceSessionOptions {
  readonly onnxruntime: typeof import('onnxruntime-web/webgpu');
  readonly options: InferenceSession.SessionOptions;
  /** Name of an input -> the output that is its next value. */
  readonly carried: Readonly<Record<string, string>>;
}

export async function openDeviceSession(
  { onnxruntime, options, carried }: DeviceSessionOptions,
  model: Uint8Array,
): Promise<CarryingSession> {
  const onDevice = Object.fromEntries(Object.values(carried).map((output) => [output, 'gpu-buffer' as const]));
  const session = await createSession(onnxruntime, model, { ...options, preferredOutputLocation: onDevice }, where);
  const inputs = inputSpecs(where, session).filter(({ name }) => !(name in carried));
  let state: Readonly<Record<string, Tensor>> = {};
  const replace = (next: Readonly<Record<string, Tensor>>) => {
    for (const tensor of Object.values(state)) tensor.dispose();
    state = next;
  };
  return {
    inputs,
    write: (given) => replace(toTensors(onnxruntime, given)),
    async run(feeds) {
      checkFeeds(where, inputs, feeds);
      const outputs = await runSession(session, { ...toTensors(onnxruntime, feeds), ...state }, where);
      replace(Object.fromEntries(Object.entries(carried).map(([input, output]) => [input, outputs[output]])));
      return fromValues(Object.fromEntries(Object.entries(outputs).filter(([name]) => !(name in onDevice))));
    },
    async read() {
      const device: unknown = await onnxruntime.env.webgpu.device;
      const found = Object.entries(state).map(async ([name, tensor]): Promise<[string, RuntimeTensor]> => {
        const data = tensor.location === 'gpu-buffer' ? await copyBack(device, tensor) : tensor.data;
        if (!(data instanceof Float32Array))
          throw new JepaError(`${where}: expected float32 in ${name}, got ${tensor.type}`);
        return [name, { type: 'float32', data, shape: tensor.dims }];
      });
      return Object.fromEntries(await Promise.all(found));
    },
    async dispose() {
      replace({});
      await session.release();
    },
  };
}

/** The numbers of a tensor, which stays where it is: its own `getData` would bring it back for good. */
async function copyBack(device: unknown, tensor: Tensor): Promise<Float32Array> {
  if (!isDevice(device)) throw new JepaError(`${where}: expected the device of WebGPU, got ${typeof device}`);
  const size = Float32Array.BYTES_PER_ELEMENT * tensor.size;
  const copy = device.createBuffer({ size, usage: COPY_DST + MAP_READ });
  try {
    const commands = device.createCommandEncoder();
    commands.copyBufferToBuffer(tensor.gpuBuffer, 0, copy, 0, size);
    device.queue.submit([commands.finish()]);
    await copy.mapAsync(READ);
    return new Float32Array(copy.getMappedRange().slice(0));
  } finally {
    copy.destroy();
  }
}

function isDevice(value: unknown): value is Device {
  return typeof value === 'object' && value !== null && 'createCommandEncoder' in value && 'queue' in value;
}
