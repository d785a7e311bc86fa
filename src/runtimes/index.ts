// The runtimes by name.
import { UsageError, unknownName } from '../error.ts';
import { onnxruntimeNodeProviders } from './onnxruntime-node.ts';
import { onnxruntimeWebProvider } from './onnxruntime-web.ts';
import type { Runtime, RuntimeOptions, RuntimeProvider } from './runtime.ts';
import { tfjsProvider } from './tfjs.ts';

/** All of them, whether this machine has them or not; nothing native is loaded before `open`. */
export const runtimeProviders: readonly RuntimeProvider[] = [
  ...onnxruntimeNodeProviders,
  onnxruntimeWebProvider,
  tfjsProvider,
];

/** The names that `openRuntime` takes. */
export const runtimeNames: readonly string[] = runtimeProviders.map((provider) => provider.name);

/** A GPU's name is not a near miss of the CPU's. */
const GPU_NAMES: readonly string[] = ['gpu', 'cuda:0', 'nvidia', 'rocm', 'metal', 'mps', 'vulkan', 'directml', 'dml'];

/** A usage error for a name that is none of `known`. */
export function unknownRuntime(
  where: string,
  name: string,
  known: readonly string[],
  what = 'the name of a runtime',
): UsageError {
  if (!GPU_NAMES.includes(name.toLowerCase())) return unknownName(where, what, name, known);
  return new UsageError(`${where}: expected ${what} (${known.join(', ')}), got "${name}"`, {
    remedy: "A GPU's are cuda and webgpu; jepa doctor says which of them this machine can open.",
  });
}

/**
 * @throws UsageError for a name that is none of `runtimeNames`.
 * @throws UnavailableError where this machine lacks it; the remedy says what to do.
 */
export async function openRuntime(name: string, options: RuntimeOptions = {}): Promise<Runtime> {
  const provider = runtimeProviders.find((each) => each.name === name);
  if (provider === undefined) throw unknownRuntime('runtime', name, runtimeNames);
  return provider.open(options);
}

export type {
  CarryingSession,
  ElementType,
  Placement,
  Runtime,
  RuntimeDescription,
  RuntimeOptions,
  RuntimeProvider,
  RuntimeSession,
  RuntimeTensor,
  TensorData,
  TensorSpec,
} from './runtime.ts';
