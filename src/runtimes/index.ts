// The runtimes by name.
import { unknownName } from '../error.ts';
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

export const runtimeNames: readonly string[] = runtimeProviders.map((provider) => provider.name);

/**
 * @throws UsageError for a name that is none of `runtimeNames`.
 * @throws UnavailableError where this machine lacks it; the remedy says what to do.
 */
export async function openRuntime(name: string, options: RuntimeOptions = {}): Promise<Runtime> {
  const provider = runtimeProviders.find((each) => each.name === name);
  if (provider === undefined) throw unknownName('runtime', 'the name of a runtime', name, runtimeNames);
  return provider.open(options);
}

export type {
  ElementType,
  Placement,
  Runtime,
  RuntimeDescription,
  RuntimeOptions,
  RuntimeProvider,
  RuntimeSession,
  RuntimeTensor,
  TensorSpec,
} from './runtime.ts';
