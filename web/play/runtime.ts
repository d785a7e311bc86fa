// onnxruntime-web in a training's worker: WebAssembly, or WebGPU where that is chosen, whose larger module is fetched only then.
import { openSession } from '../../src/runtimes/onnxruntime-session.ts';
import type { CarryingSession, Runtime } from '../../src/runtimes/runtime.ts';
import { chooseRuntime, surroundings } from '../runtime-choice.ts';
import { openDeviceSession } from './device-session.ts';
import type { Place } from './setting.ts';

/** Where onnxruntime-web's two files for a place lie, as whole addresses. */
export interface RuntimeAddresses {
  readonly mjs: string;
  readonly wasm: string;
}

/** @throws UnavailableError where there is no WebGPU; `load` throws it, or FormatError, where a model does not run there as a whole */
export async function openPlayRuntime(on: Place, files: RuntimeAddresses, threads: number): Promise<Runtime> {
  const isDevice = on === 'webgpu';
  if (isDevice) await chooseRuntime('webgpu', threads, surroundings());
  const onnxruntime = isDevice ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  const { env } = onnxruntime;
  env.logLevel = 'fatal';
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = { ...files };
  const options = {
    executionProviders: [on],
    logSeverityLevel: 4 as const,
    // Nodes that WebGPU cannot run would go to the CPU without a word.
    ...(isDevice ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
  };
  /** On WebGPU a run waits for the device, and the module allows no second one meanwhile: a picture beside a step. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Found>(work: () => Promise<Found>): Promise<Found> => {
    const own = last.then(work);
    last = own.catch(() => {});
    return own;
  };
  return {
    format: 'onnx',
    describe: () => ({
      runtime: on,
      version: `onnxruntime-web ${env.versions.web}`,
      provider: isDevice ? 'WebGpuExecutionProvider (WebGPU)' : 'CPUExecutionProvider (WebAssembly)',
      threads: env.wasm.numThreads ?? threads,
      precision: 'float32',
    }),
    async load(model) {
      const session = await openSession(onnxruntime, model, options, 'training step');
      return { ...session, run: (feeds) => inTurn(() => session.run(feeds)) };
    },
    ...(isDevice
      ? {
          async loadCarrying(model: Uint8Array, carried: Readonly<Record<string, string>>): Promise<CarryingSession> {
            const session = await openDeviceSession({ onnxruntime, options, carried }, model);
            return { ...session, run: (feeds) => inTurn(() => session.run(feeds)), read: () => inTurn(session.read) };
          },
        }
      : {}),
    dispose: async () => {},
  };
}
