// A simulator in memory: a point on a line of numbers, whose first place and whose noise come from the seed.
import { randomFor } from '../../src/random.ts';
import type { Simulator } from '../../src/simulation/simulator.ts';

export function lineSimulator(length = 6): Simulator {
  let place = 0;
  let random = randomFor(0);
  const observe = () => [place, random.uniform()];
  return {
    observation: { kind: 'vector', size: 2 },
    action: { kind: 'discrete', names: ['left', 'right'] },
    reset(seed) {
      random = randomFor(seed, 'line');
      place = random.integer(length);
      return observe();
    },
    step(action) {
      place = Math.max(0, Math.min(length - 1, place + (action === 1 ? 1 : -1)));
      const isTerminal = place === length - 1;
      return { observation: observe(), reward: Number(isTerminal), isTerminal, auxiliary: { left: length - place } };
    },
    stateId: () => place,
  };
}
