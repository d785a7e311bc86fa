// An environment of finitely many states as an arena: an episode begins in a given state, and is drawn anew at every look.
import type { Environment } from '../environments/environment.ts';
import { randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';
import { actionSpaceOf } from './action-space.ts';
import type { Arena, Success } from './arena.ts';
import type { Task } from './task.ts';
import { actionOf } from './true-world.ts';

/** @param starts [E]: the state that each episode begins in */
export function finiteArena(environment: Environment, starts: Int32Array, seed: number): Arena {
  const { observationShape } = environment;
  return {
    actions: actionSpaceOf(environment),
    async startEpisode(episode) {
      const drawing = randomFor(seed, 'planning observations', episode);
      const appearance = environment.drawAppearance(drawing);
      const observation = new Uint8Array(elementCount(observationShape));
      let state = starts[episode];
      return {
        start: state,
        observe() {
          environment.render(state, appearance, drawing, observation);
          return observation;
        },
        locate: async () => Float32Array.of(state),
        async take(action) {
          state = environment.next(state, actionOf(environment, action));
          return { reward: environment.reward(state), state, isTerminal: false, isTruncated: false };
        },
      };
    },
  };
}

/** A success is a state that the task says is one. */
export function taskSuccess({ isSuccess }: Task): Success {
  return ({ state }) => state !== undefined && isSuccess[state];
}
