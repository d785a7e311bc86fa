// The built-in environments by name.
import { unknownName } from '../error.ts';
import { createCounting } from './counting.ts';
import { createDoorKey } from './door-key.ts';
import type { Environment } from './environment.ts';
import { createExogenous } from './exogenous.ts';
import { createLine } from './line.ts';
import { createRooms } from './rooms.ts';

const creators: Readonly<Record<string, (options?: unknown) => Environment>> = {
  counting: createCounting,
  exogenous: createExogenous,
  line: createLine,
  rooms: createRooms,
  'door-key': createDoorKey,
};

/** The names that `createEnvironment` takes. */
export const environmentNames: readonly string[] = Object.keys(creators);

/** Creates a built-in environment; `options` as its schema says, unknown keys refused. */
export function createEnvironment(name: string, options: unknown = {}): Environment {
  if (!Object.hasOwn(creators, name))
    throw unknownName('environment', 'the name of an environment', name, environmentNames);
  return creators[name](options);
}

export type { Appearance, Environment, Nuisance, StateFactor } from './environment.ts';
