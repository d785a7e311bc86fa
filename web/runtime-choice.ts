// Which of onnxruntime-web's two ways a page uses, WebGPU or WebAssembly, with how many threads, and why.
import { UnavailableError, UsageError } from '../src/error.ts';

/** `auto`: WebGPU where a real graphics adapter is there, else WebAssembly. */
export type RuntimeRequest = 'auto' | 'webgpu' | 'wasm';

export const runtimeRequests: readonly RuntimeRequest[] = ['auto', 'webgpu', 'wasm'];

/** More only wait for each other on networks of this size. */
const MAXIMAL_THREADS = 4;

export interface RuntimeChoice {
  readonly runtime: 'webgpu' | 'wasm';
  /** The graphics adapter as the browser names it; absent for WebAssembly. */
  readonly adapter?: string;
  readonly threads: number;
  /** One sentence. */
  readonly reason: string;
  /** What the page lacks, and how it could have it: sentences. */
  readonly notes: readonly string[];
}

/** WebGPU as far as it is asked here (https://www.w3.org/TR/webgpu/#gpu-interface). */
interface GraphicsAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
  };
}

/** What the page, the worker or Node offers. */
export interface Surroundings {
  readonly gpu?: { requestAdapter(): Promise<GraphicsAdapter | null> } | undefined;
  /** Browsers give shared memory, which threads need, to isolated pages only; Node always has it. */
  readonly isIsolated: boolean;
  readonly cores: number;
  readonly isSecure: boolean;
  /** What runs the script, in a sentence. Default: this browser. */
  readonly engine?: string;
}

export function surroundings(): Surroundings {
  const { navigator } = globalThis;
  const gpu: unknown = navigator === undefined ? undefined : Reflect.get(navigator, 'gpu');
  return {
    gpu: isGpu(gpu) ? gpu : undefined,
    isIsolated: globalThis.crossOriginIsolated ?? typeof SharedArrayBuffer === 'function',
    cores: navigator?.hardwareConcurrency ?? 1,
    isSecure: globalThis.isSecureContext ?? true,
    engine: engineName(),
  };
}

/** Node 20 has a navigator without WebGPU, and Node 18 none at all: neither is a browser. */
function engineName(): string {
  const { process } = globalThis;
  const node = process?.versions?.node;
  return node === undefined ? 'this browser' : `Node.js ${node}`;
}

function isGpu(value: unknown): value is NonNullable<Surroundings['gpu']> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'requestAdapter') === 'function';
}

/**
 * @throws UsageError for an unknown request or a number of threads that is none.
 * @throws UnavailableError where WebGPU was asked for and is not there.
 */
export async function chooseRuntime(
  request: RuntimeRequest,
  threads: number | undefined,
  offered: Surroundings,
): Promise<RuntimeChoice> {
  if (!runtimeRequests.includes(request))
    throw new UsageError(`runtime: expected ${runtimeRequests.join(', ')}, got "${request}"`);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw new UsageError(`threads: expected a positive whole number, got ${threads}`);
  if (request === 'wasm') return wasmChoice('WebAssembly was asked for.', threads, offered);
  const graphics = await findGraphics(offered);
  if (request === 'webgpu') {
    if (graphics.adapter === undefined)
      throw new UnavailableError(`WebGPU: expected a graphics adapter, got none: ${graphics.reason}`, {
        remedy: graphics.remedy,
      });
    return webgpuChoice('WebGPU was asked for.', graphics.adapter);
  }
  if (graphics.adapter === undefined) return wasmChoice(`WebAssembly, because ${graphics.reason}.`, threads, offered);
  if (graphics.isSoftware)
    return wasmChoice(
      `WebAssembly, because the only WebGPU adapter here (${graphics.adapter}) computes in software, which is slower.`,
      threads,
      offered,
    );
  return webgpuChoice(
    `WebGPU, because ${offered.engine ?? 'this browser'} offers a graphics adapter (${graphics.adapter}).`,
    graphics.adapter,
  );
}

function webgpuChoice(reason: string, adapter: string): RuntimeChoice {
  return { runtime: 'webgpu', adapter, threads: 1, reason, notes: [] };
}

/** WebAssembly with as many threads as asked for, or the cores; one where the page may not share memory. */
export function wasmChoice(
  reason: string,
  threads: number | undefined,
  { isIsolated, cores }: Surroundings,
): RuntimeChoice {
  const wanted = threads ?? Math.min(MAXIMAL_THREADS, Math.max(1, cores));
  if (isIsolated || wanted === 1) return { runtime: 'wasm', threads: wanted, reason, notes: [] };
  return {
    runtime: 'wasm',
    threads: 1,
    reason,
    notes: [
      'One thread, because this page is not cross-origin isolated: for several, serve it with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    ],
  };
}

type Graphics =
  | { readonly adapter: string; readonly isSoftware: boolean }
  | { readonly adapter: undefined; readonly reason: string; readonly remedy: string };

async function findGraphics({ gpu, isSecure, engine = 'this browser' }: Surroundings): Promise<Graphics> {
  const remedy = 'Use WebAssembly, or a browser and a machine that have WebGPU.';
  if (gpu === undefined)
    return isSecure
      ? { adapter: undefined, reason: `${engine} has no WebGPU`, remedy }
      : {
          adapter: undefined,
          reason: 'browsers give WebGPU only to secure pages, and this one is not',
          remedy: 'Serve the page over https or from localhost, or use WebAssembly.',
        };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return { adapter: undefined, reason: `${engine} finds no graphics adapter for WebGPU`, remedy };
  const { vendor, architecture, description } = adapter.info ?? {};
  const names = [vendor, architecture].filter((part) => part !== undefined && part !== '');
  return {
    adapter: names.length > 0 ? names.join(' ') : description || 'unnamed',
    // The flag has moved from the adapter to its info; Chromium's software adapter is told by its name as well.
    isSoftware:
      (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false) || architecture === 'swiftshader',
  };
}
