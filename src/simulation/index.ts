// Simulators by the name that a user gives: a module's path, or `gym:` and an environment of Python's Gymnasium.
import { option, UsageError } from '../error.ts';
import { isModulePath, MODULE_EXTENSIONS } from '../machine/user-module.ts';
import { openModule } from './module.ts';
import type { SimulatorOptions } from './option.ts';
import type { SimulatorPool } from './pool.ts';

const GYMNASIUM_PREFIX = 'gym:';

export type { SimulatorOptions } from './option.ts';

/** Whether a name is that of an environment of Python's Gymnasium. */
export function isGymnasiumName(name: string): boolean {
  return name.startsWith(GYMNASIUM_PREFIX);
}

/** Whether a name is that of a simulator, and not that of an environment of ours. */
export function isSimulatorName(name: string): boolean {
  return isGymnasiumName(name) || isModulePath(name);
}

/** Whoever calls this disposes the pool. @throws UsageError, UnavailableError, or FormatError in one line */
export async function openSimulator(name: string, options: SimulatorOptions = {}): Promise<SimulatorPool> {
  if (isGymnasiumName(name)) {
    const { openGymnasium } = await import('./gymnasium.ts');
    return openGymnasium(name.slice(GYMNASIUM_PREFIX.length), options);
  }
  if (!isSimulatorName(name))
    throw new UsageError(
      `simulator: expected a module (${MODULE_EXTENSIONS.join(', ')}) or gym:ENVIRONMENT, got "${name}"`,
      { remedy: 'For example: ./my-env.ts or gym:CartPole-v1.' },
    );
  if (options.render || options.python !== undefined || options.lanes !== undefined)
    throw new UsageError(
      `simulator ${name}: expected ${option('render')}, ${option('python')} and ${option('lanes')} with gym:ENVIRONMENT alone`,
    );
  return openModule(name, options.simulatorOptions);
}
