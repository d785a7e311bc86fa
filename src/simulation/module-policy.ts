// A policy out of a user's module.
import { JepaError, option, UsageError } from '../error.ts';
import { importUserModule } from '../machine/user-module.ts';
import { checkAction, type PolicyOpener } from './policy.ts';
import type { Action, ActionSpace, ObservationSpace } from './simulator.ts';

export interface PolicyContext {
  readonly observation: ObservationSpace;
  readonly action: ActionSpace;
  /** From 0 on. */
  readonly episode: number;
  /** Of the episode: draw with nothing else, and the same seed records the same. In 0..2^31-1. */
  readonly seed: number;
}

/** What a module exports as `createPolicy`: called once an episode, gives what is called once a step. */
export type PolicyCreator = (context: PolicyContext) => ActingFunction | Promise<ActingFunction>;

/** [H, W, C] bytes, [D] numbers, or both one after the other -> an index, or A numbers. */
export type ActingFunction = (observation: Uint8Array | Float32Array) => Action | Promise<Action>;

/** @throws UsageError where the module has no `createPolicy`, or gives an action that is none */
export function modulePolicy(path: string): PolicyOpener {
  return async ({ observation, action }) => {
    const where = `policy ${path}`;
    const { createPolicy } = await importUserModule(path, { where, permission: 'given' });
    if (typeof createPolicy !== 'function')
      throw new UsageError(`${where}: expected an exported function createPolicy, got ${typeof createPolicy}`, {
        remedy: 'docs/simulation.md, "Policies", has one to start from.',
      });
    const attempt = async <T>(at: string, call: () => T | Promise<T>): Promise<T> => {
      try {
        return await call();
      } catch (cause) {
        throw new JepaError(`${at}: expected a result, got: ${String(cause).split('\n')[0]}`, {
          remedy: `Run the command with ${option('debug')} for the place in the module.`,
          cause,
        });
      }
    };
    return {
      name: path,
      async startEpisode(episode, seed) {
        const context = { observation, action, episode, seed };
        const acting = await attempt(`${where}: createPolicy`, () => (createPolicy as PolicyCreator)(context));
        if (typeof acting !== 'function')
          throw new UsageError(`${where}: expected createPolicy to give a function, got ${typeof acting}`);
        let step = 0;
        return async ({ observation: seen }) => {
          const at = `${where}: episode ${episode} step ${step++}`;
          return checkAction(at, action, await attempt(at, () => acting(seen)));
        };
      },
    };
  };
}
