// Words drawn evenly, the best one taken.
import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import type { Random } from '../../random.ts';
import type { ActionSpace } from '../action-space.ts';
import { horizonOption, samplesOption } from '../option.ts';
import type { PlannerProvider } from '../planner.ts';
import { type ActionWords, largestIndex, rollOut, wordAt } from './rollout.ts';

const randomShootingOptions = z.strictObject({ horizon: horizonOption(8), samples: samplesOption(512, 'words drawn') });

export const randomShootingProvider: PlannerProvider = {
  name: 'random-shooting',
  description: 'words drawn evenly',
  create(given) {
    const options = parseOptions('planner random-shooting', randomShootingOptions, given);
    const { horizon, samples } = options;
    return {
      name: 'random-shooting',
      options,
      startEpisode: () => async (problem) => {
        const words = drawWords(problem.world.actions, samples, horizon, problem.random);
        const { values, predictions } = await rollOut(problem, words);
        const best = largestIndex(values, problem.random);
        return { actions: wordAt(words, best), value: values[best], predictions };
      },
    };
  },
};

/** `count` words of `length` actions, each action drawn evenly. */
export function drawWords(space: ActionSpace, count: number, length: number, random: Random): ActionWords {
  const { size } = space;
  const actions = new Float32Array(length * count * size);
  for (let n = 0; n < length * count; n++) {
    if (space.kind === 'discrete') {
      const choice = random.integer(space.count);
      actions.set(space.encoded.subarray(choice * size, (choice + 1) * size), n * size);
    } else
      for (let a = 0; a < size; a++)
        actions[n * size + a] = space.low[a] + (space.high[a] - space.low[a]) * random.uniform();
  }
  return { count, length, actions };
}
