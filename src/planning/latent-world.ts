// A learned world model as a world to plan in, behind whatever runs its networks.
import type { Environment } from '../environments/environment.ts';
import { createLatents, type Latents } from '../evaluation/latents.ts';
import { actionSpaceOf } from './action-space.ts';
import type { PlanningWorld } from './planner.ts';

/** The networks of a world model; `WorldSession` is one. */
export interface LatentNetworks {
  /** [N, D], [N, A] -> [N, D] */
  predict(latents: Latents, actions: Float32Array): Promise<Float32Array>;
  /** [N, D] -> [N, M] */
  auxiliary?(latents: Latents): Promise<Float32Array>;
}

export function latentWorld(networks: LatentNetworks, environment: Environment): PlanningWorld {
  const actions = actionSpaceOf(environment);
  return {
    actions,
    predict(latents, encoded) {
      const count = encoded.length / actions.size;
      return networks.predict(createLatents(latents, latents.length / count), encoded);
    },
  };
}
