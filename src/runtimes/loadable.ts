// Which runtime works on this machine, of those that would do: each is opened once, in a stated order, and the reason is kept
// of each that cannot be. A package that is installed need not load: on another libc, on another engine.
import { describeError, JepaError } from '../error.ts';
import { openRuntime } from './index.ts';
import type { RuntimeOptions } from './runtime.ts';

const faults = new Map<string, Promise<string | undefined>>();

/** Why the runtime cannot be opened here, in one line; undefined where it can. Tried once a process. */
export function runtimeFault(name: string, options: RuntimeOptions = {}): Promise<string | undefined> {
  const known = faults.get(name);
  if (known !== undefined) return known;
  const fault = openRuntime(name, options).then(
    async (runtime) => {
      await runtime.dispose();
      return undefined;
    },
    (error: unknown) => {
      // Also a loader's own error says why.
      const text = error instanceof JepaError ? error.message : describeError(error);
      return text.split('\n')[0];
    },
  );
  faults.set(name, fault);
  return fault;
}

/**
 * The first of `names` that can be opened; where none can, the last, whose own error will say why.
 * @param onFault told of each that was passed over
 */
export async function firstLoadable(
  names: readonly [string, ...string[]],
  onFault: (fault: string) => void = () => {},
  options: RuntimeOptions = {},
): Promise<string> {
  for (const name of names.slice(0, -1)) {
    const fault = await runtimeFault(name, options);
    if (fault === undefined) return name;
    onFault(fault);
  }
  return names[names.length - 1];
}
