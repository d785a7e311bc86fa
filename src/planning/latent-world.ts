// A learned world model as a world to plan in, behind whatever runs its networks.
import { createLatents, type Latents } from '../measures/latents.ts';
import type { ActionSpace } from './action-space.ts';
import type { PlanningWorld } from './planner.ts';

/** The networks of a world model; `WorldSession` is one. */
export interface LatentNetworks {
  /** [N, D], [N, A] -> [N, D] */
  predict(latents: Latents, actions: Float32Array): Promise<Float32Array>;
  /** [N, D] -> [N, M] */
  auxiliary?(latents: Latents): Promise<Float32Array>;
}

export function latentWorld(networks: LatentNetworks, actions: ActionSpace): PlanningWorld {
  return {
    actions,
    predict(latents, encoded) {
      const count = encoded.length / actions.size;
      return networks.predict(createLatents(latents, latents.length / count), encoded);
    },
  };
}
