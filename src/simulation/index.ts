// Simulators by the name that a user gives: a module's path, `gym:` and an environment of Python's Gymnasium, or a built-in
// environment.
import { createEnvironment, environmentNames } from '../environments/index.ts';
import { option, UsageError } from '../error.ts';
import { packageVersion } from '../machine/package.ts';
import { isModulePath, MODULE_EXTENSIONS } from '../machine/user-module.ts';
import { simulatorOf } from './environment-simulator.ts';
import { openModule, poolOf } from './module.ts';
import type { SimulatorOptions } from './option.ts';
import type { SimulatorPool } from './pool.ts';

const GYMNASIUM_PREFIX = 'gym:';

export type { SimulatorOptions } from './option.ts';

/** Whether a name is that of an environment of Python's Gymnasium. */
export function isGymnasiumName(name: string): boolean {
  return name.startsWith(GYMNASIUM_PREFIX);
}

/** Whether a name is that of a user's simulator, and not that of a built-in environment. */
export function isSimulatorName(name: string): boolean {
  return isGymnasiumName(name) || isModulePath(name);
}

/** Whoever calls this disposes the pool. @throws UsageError, UnavailableError, or FormatError in one line */
export async function openSimulator(name: string, options: SimulatorOptions = {}): Promise<SimulatorPool> {
  if (isGymnasiumName(name)) {
    const { openGymnasium } = await import('./gymnasium.ts');
    return openGymnasium(name.slice(GYMNASIUM_PREFIX.length), options);
  }
  const isBuiltIn = environmentNames.includes(name);
  if (!isBuiltIn && !isModulePath(name))
    throw new UsageError(
      `simulator: expected a module (${MODULE_EXTENSIONS.join(', ')}), gym:ENVIRONMENT or ${environmentNames.join(', ')}, got "${name}"`,
      { remedy: 'For example: ./my-env.ts or gym:CartPole-v1.' },
    );
  if (options.render || options.python !== undefined || options.lanes !== undefined)
    throw new UsageError(
      `simulator ${name}: expected ${option('render')}, ${option('python')} and ${option('lanes')} with gym:ENVIRONMENT alone`,
    );
  if (!isBuiltIn) return openModule(name, options.simulatorOptions);
  const environment = createEnvironment(name, options.simulatorOptions);
  // Its images may change from version to version.
  return { ...poolOf(simulatorOf(environment), name), provenance: { 'jepa-onnx': packageVersion() } };
}
