// A simulator in memory: a point on a line of numbers, whose first place and whose noise come from the seed.
import { randomFor } from '../../src/random.ts';
import type { Simulator } from '../../src/simulation/simulator.ts';

interface Kept {
  readonly place: number;
  readonly step: number;
  readonly seed: number;
}

export function lineSimulator(length = 6): Simulator {
  let place = 0;
  let step = 0;
  let seed = 0;
  const observe = () => [place, randomFor(seed, 'line', step).uniform()];
  return {
    observation: { kind: 'vector', size: 2 },
    action: { kind: 'discrete', names: ['left', 'right'] },
    reset(given) {
      seed = given;
      step = 0;
      place = randomFor(seed, 'line').integer(length);
      return observe();
    },
    step(action) {
      step++;
      place = Math.max(0, Math.min(length - 1, place + (action === 1 ? 1 : -1)));
      const isTerminal = place === length - 1;
      return { observation: observe(), reward: Number(isTerminal), isTerminal, auxiliary: { left: length - place } };
    },
    stateId: () => place,
    save: (): Kept => ({ place, step, seed }),
    restore(kept: Kept) {
      ({ place, step, seed } = kept);
    },
  };
}
