// onnxruntime-web in Node: the WebAssembly build that a page runs too, one thread or several.
import { JepaError, option, UnavailableError, UsageError } from '../error.ts';
import { readExternalFiles, readModelFile, threadCount } from './model-file.ts';
import { firstLine, openSession } from './onnxruntime-session.ts';
import type { Runtime, RuntimeOptions, RuntimeProvider } from './runtime.ts';

export const onnxruntimeWebProvider: RuntimeProvider = {
  name: 'wasm',
  description: 'onnxruntime-web (WebAssembly) in this process',
  open: openWebRuntime,
};

/** The module is started once a process, with a fixed number of threads. */
let startedThreads: number | undefined;

async function openWebRuntime(options: RuntimeOptions): Promise<Runtime> {
  const threads = threadCount('wasm', options.threads);
  if (startedThreads !== undefined && startedThreads !== threads)
    throw new UsageError(
      `wasm: expected the ${startedThreads} threads that this process started with, got ${threads}`,
      {
        remedy: 'Use one number of threads in one process.',
      },
    );
  const onnxruntime = await import('onnxruntime-web').catch((error: unknown) => {
    throw new UnavailableError(`wasm: expected onnxruntime-web, got: ${firstLine(error)}`, {
      remedy: 'Install it: npm install onnxruntime-web.',
      cause: error,
    });
  });
  const { env } = onnxruntime;
  env.logLevel = 'fatal';
  env.wasm.numThreads = threads;
  startedThreads = threads;
  return {
    format: 'onnx',
    describe: () => ({
      runtime: 'wasm',
      version: `onnxruntime-web ${env.versions.web}`,
      provider: 'CPUExecutionProvider (WebAssembly)',
      // onnxruntime-web writes 1 here where the engine has no shared memory.
      threads: env.wasm.numThreads ?? threads,
      precision: 'float32',
    }),
    async load(model) {
      const { bytes, where } = readModelFile(model);
      const externalData = typeof model === 'string' ? readExternalFiles(model, bytes, where) : [];
      const session = await openSession(
        onnxruntime,
        bytes,
        { executionProviders: ['wasm'], logSeverityLevel: 4, ...(externalData.length > 0 ? { externalData } : {}) },
        where,
      );
      if (env.wasm.numThreads !== threads)
        throw new JepaError(`wasm: expected ${threads} threads, got ${env.wasm.numThreads}`, {
          remedy: `This JavaScript engine has no shared WebAssembly memory: use ${option('threads', '1')}.`,
        });
      return session;
    },
    // The WebAssembly instance lives as long as the process; its idle workers do not keep the process alive.
    dispose: async () => {},
  };
}
