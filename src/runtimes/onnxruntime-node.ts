// onnxruntime-node: the CPU, CUDA and WebGPU (Dawn) providers of one native library.
// What keeps it from falling back: one provider in the list (onnxruntime drops names that it does not know, and throws for
// those that it knows but cannot load), and on a GPU the session option that refuses nodes left to the CPU.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InferenceSession } from 'onnxruntime-node';
import { FormatError, JepaError, UnavailableError } from '../error.ts';
import { findPackage, installedPackage, onnxruntimeNodePackage } from '../machine/optional-package.ts';
import { withoutTelemetry } from '../machine/telemetry.ts';
import { makeScratch, removeScratch } from '../storage/scratch.ts';
import { cudaEnvironment, readCuda } from './cuda/library.ts';
import { externalLocations } from './external-data.ts';
import { checkFeeds } from './feeds.ts';
import { checkModelPath, readModelFile, threadCount } from './model-file.ts';
import { createSession, firstLine, inputSpecs, openSession, runSession, toTensors } from './onnxruntime-session.ts';
import { openProcessRuntime } from './process-runtime.ts';
import type { Placement, Runtime, RuntimeOptions, RuntimeProvider } from './runtime.ts';

interface NodeProvider {
  /** The name on the command line and in onnxruntime's list. */
  readonly name: 'cpu' | 'cuda' | 'webgpu';
  readonly description: string;
  /** The name in onnxruntime's profiles and in its other languages. */
  readonly provider: string;
  readonly remedy: string;
}

const providers: readonly NodeProvider[] = [
  {
    name: 'cpu',
    description: 'onnxruntime-node on the CPU',
    provider: 'CPUExecutionProvider',
    remedy:
      'onnxruntime-node does not load here (no build for this platform or its libc, or an engine that is not Node): the runtime wasm needs no native library.',
  },
  {
    name: 'cuda',
    description: 'onnxruntime-node on an NVIDIA GPU',
    provider: 'CUDAExecutionProvider',
    remedy:
      'It needs Linux x64 with an NVIDIA driver, and what jepa setup --cuda brings: jepa doctor says which piece is missing.',
  },
  {
    name: 'webgpu',
    description: 'onnxruntime-node on any GPU through WebGPU',
    provider: 'WebGpuExecutionProvider',
    remedy:
      'It needs a GPU with a Vulkan driver and loader (on Linux: libvulkan1), Metal or Direct3D 12; without a GPU, name ' +
      "a software driver's file (SwiftShader's vk_swiftshader_icd.json) in VK_ICD_FILENAMES.",
  },
];

export const onnxruntimeNodeProviders: readonly RuntimeProvider[] = providers.map((each) => ({
  name: each.name,
  description: each.description,
  open: (options) => (each.name === 'cuda' ? openCudaProcess(options) : openNodeRuntime(each, options)),
}));

/** Observations of one run: 50 MB of 64 x 64 images, enough that the GPU and not its launches take the time. */
const CUDA_BATCH = 1024;

/** In a process of its own, since CUDA's settings are read when a process starts. */
function openCudaProcess(options: RuntimeOptions): Promise<Runtime> {
  const environment = cudaEnvironment(options);
  return openProcessRuntime(options, { name: 'cuda', environment, batchSize: CUDA_BATCH });
}

/** In this process, which was started with the environment that `cudaEnvironment` gives. */
export function openCudaHere(options: RuntimeOptions): Promise<Runtime> {
  const cuda = providers.find(({ name }) => name === 'cuda');
  if (cuda === undefined) throw new JepaError('cuda: expected a provider of this name');
  return openNodeRuntime(cuda, options);
}

/** What onnxruntime is asked for: one provider alone, and on a GPU no node for the CPU. */
export function sessionOptionsOf(provider: NodeProvider['name'], threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    ...(provider === 'cpu' ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
  };
}

async function openNodeRuntime(provider: NodeProvider, options: RuntimeOptions): Promise<Runtime> {
  const threads = threadCount(provider.name, options.threads);
  const onnxruntime = await importOnnxruntime(provider);
  const sessionOptions = sessionOptionsOf(provider.name, threads);
  await requireProvider(onnxruntime, provider, sessionOptions);
  return {
    format: 'onnx',
    describe: () => ({
      runtime: provider.name,
      version: `onnxruntime-node ${onnxruntime.env.versions.node}`,
      provider: provider.provider,
      threads,
      precision: provider.name === 'cuda' && options.reducedPrecision ? 'tf32' : 'float32',
    }),
    async load(model) {
      return openSession(onnxruntime, model, sessionOptions, whereOf(model));
    },
    async placementOf(model, feeds): Promise<Placement> {
      const where = whereOf(model);
      const folder = makeScratch('profile');
      try {
        const profiled = { ...sessionOptions, enableProfiling: true, profileFilePrefix: join(folder, 'profile') };
        const session = await createSession(onnxruntime, model, profiled, where);
        try {
          checkFeeds(where, inputSpecs(where, session), feeds);
          await runSession(session, toTensors(onnxruntime, feeds), where);
          session.endProfiling();
        } finally {
          await session.release();
        }
        return readProfile(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8'));
      } finally {
        removeScratch(folder);
      }
    },
    // The library and its thread pools belong to the sessions; nothing is left once these are disposed.
    dispose: async () => {},
  };
}

/** onnxruntime opens files itself, so that it finds their data beside them and holds them once. */
function whereOf(model: Uint8Array | string): string {
  if (typeof model === 'string') return checkModelPath(model);
  expectWhole(model);
  return readModelFile(model).where;
}

/**
 * Bytes have no folder, and onnxruntime would take the current one: a file of the name that the bytes give to their data could
 * be anybody's.
 */
function expectWhole(model: Uint8Array): void {
  const locations = externalLocations(model);
  if (locations.length === 0) return;
  throw new FormatError(`model: expected all weights in the bytes, got some in ${locations.join(', ')}`, {
    remedy: 'Give the path of the file instead of its bytes.',
  });
}

type OnnxruntimeNode = typeof import('onnxruntime-node');

async function importOnnxruntime(provider: NodeProvider): Promise<OnnxruntimeNode> {
  Object.assign(process.env, withoutTelemetry());
  try {
    const onnxruntime = await importPackage(provider);
    // Everything worth saying arrives as an error; the native log would go to stderr beside our one line.
    onnxruntime.env.logLevel = 'fatal';
    keepHalvesAsBits(onnxruntime);
    return onnxruntime;
  } catch (error) {
    const isMissing = findPackage(onnxruntimeNodePackage) === undefined;
    throw new UnavailableError(`${provider.name}: expected onnxruntime-node, got: ${firstLine(error)}`, {
      remedy: isMissing ? 'Run jepa setup, which fetches it.' : provider.remedy,
      cause: error,
    });
  }
}

/**
 * Where the engine has Float16Array (Node 24), onnxruntime-common turns every float16 tensor into one, and the native part
 * of 1.30 takes its length for 0 (microsoft/onnxruntime, pull request 32323). It looks for the class once, when the first
 * tensor is made: that one is made here, with the class out of sight, so that halves stay 16-bit patterns in a Uint16Array.
 */
function keepHalvesAsBits({ Tensor }: OnnxruntimeNode): void {
  const float16Array: unknown = Reflect.get(globalThis, 'Float16Array');
  if (float16Array === undefined) return;
  Reflect.set(globalThis, 'Float16Array', undefined);
  try {
    new Tensor('bool', [true]);
  } finally {
    Reflect.set(globalThis, 'Float16Array', float16Array);
  }
}

/** For CUDA the copy that `jepa setup --cuda` made; else the package beside us, or that `jepa setup` fetched after npm had dropped it. */
async function importPackage(provider: NodeProvider): Promise<OnnxruntimeNode> {
  const cuda = provider.name === 'cuda' ? readCuda()?.packageFolder : undefined;
  const cached =
    cuda ?? (installedPackage(onnxruntimeNodePackage) === undefined ? findPackage(onnxruntimeNodePackage) : undefined);
  const module: OnnxruntimeNode & { readonly default?: OnnxruntimeNode } =
    cached === undefined
      ? await import('onnxruntime-node')
      : await import(pathToFileURL(join(cached, onnxruntimeNodePackage.main)).href);
  // A CommonJS package: Node puts all of it under `default`, loaders of TypeScript may not.
  return module.default ?? module;
}

/** onnxruntime attaches the provider before it reads the model: so no model tells whether there is a provider. */
async function requireProvider(
  { InferenceSession }: OnnxruntimeNode,
  provider: NodeProvider,
  options: InferenceSession.SessionOptions,
): Promise<void> {
  const reason = await InferenceSession.create(new Uint8Array(0), options).then(() => '', firstLine);
  if (reason.startsWith('Model data pointer is null')) return;
  throw new UnavailableError(`${provider.name}: expected the provider ${provider.provider}, got: ${reason}`, {
    remedy: provider.remedy,
  });
}

/** Counts the kernels of one run by the provider that ran them. */
export function readProfile(text: string): Placement {
  const events: unknown = JSON.parse(text);
  if (!Array.isArray(events)) throw new JepaError('onnxruntime profile: expected a list of events, got none');
  const nodesByProvider: Record<string, number> = {};
  for (const event of events as readonly { name?: unknown; args?: { provider?: unknown } }[]) {
    const provider = event.args?.provider;
    if (typeof provider !== 'string' || !String(event.name).endsWith('_kernel_time')) continue;
    nodesByProvider[provider] = (nodesByProvider[provider] ?? 0) + 1;
  }
  return { nodesByProvider };
}
