// A built-in environment as a simulator, so that it can be recorded for other programs and other encoders.
import { type Appearance, type Environment, startingStates } from '../environments/environment.ts';
import { type Random, randomFor } from '../random.ts';
import type { ActionSpace, Simulator } from './simulator.ts';

/** All that decides what comes next: images and slips are functions of the seed and the number of the step. */
interface Situation {
  readonly seed: number;
  readonly step: number;
  readonly state: number;
  readonly appearance: Appearance;
}

/**
 * Episodes begin in a state drawn among those where none ends, and keep their appearance; the classes of an evaluation are
 * exact, since a state is known. Observations are [H, W, C] bytes.
 */
export function simulatorOf(environment: Environment): Simulator {
  const [height, width, channels] = environment.observationShape;
  const starts = startingStates(environment);
  let now: Situation | undefined;
  const current = (): Situation => {
    if (now === undefined) throw new Error('expected reset before anything else');
    return now;
  };
  const draw = (purpose: string, { seed, step }: Pick<Situation, 'seed' | 'step'>): Random =>
    randomFor(seed, purpose, step);
  const observe = (situation: Situation): Uint8Array => {
    const pixels = new Uint8Array(height * width * channels);
    environment.render(situation.state, situation.appearance, draw('image', situation), pixels);
    return pixels;
  };
  return {
    observation: { kind: 'image', shape: environment.observationShape },
    action: actionSpaceOf(environment),
    reset(seed) {
      const random = draw('start', { seed, step: 0 });
      const state = starts[random.integer(starts.length)];
      now = { seed, step: 0, state, appearance: environment.drawAppearance(random) };
      return observe(now);
    },
    step(action) {
      const { seed, step, state, appearance } = current();
      const index = typeof action === 'number' ? action : environment.continuous?.actionOf(Float32Array.from(action));
      if (index === undefined) throw new Error(`expected the number of an action, got ${action}`);
      const next = environment.drawNext?.(state, index, draw('slip', { seed, step })) ?? environment.next(state, index);
      now = { seed, step: step + 1, state: next, appearance };
      return {
        observation: observe(now),
        reward: environment.reward(next),
        isTerminal: environment.isTerminal?.(next) ?? false,
      };
    },
    stateId: () => current().state,
    save: () => current(),
    restore(saved) {
      now = saved as Situation;
    },
  };
}

function actionSpaceOf({ continuous, actionNames, actionSize }: Environment): ActionSpace {
  if (continuous === undefined) return { kind: 'discrete', names: actionNames };
  const { low, high } = continuous;
  return { kind: 'continuous', low: Array(actionSize).fill(low), high: Array(actionSize).fill(high) };
}
