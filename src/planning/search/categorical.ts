// Action words whose actions are drawn independently, each step by its own probabilities: the distribution of the
// cross-entropy method for discrete problems (Rubinstein 1999).
import type { DiscreteActions } from '../action-space.ts';
import type { WordDistribution } from './word-distribution.ts';

/** Probability that stays with an even draw after a shift: a plan that has settled could not change otherwise. */
const RENEWED = 0.5;

/** @param probabilities [H, K]; default: even */
export function createCategorical(
  actions: DiscreteActions,
  horizon: number,
  probabilities: Float64Array = new Float64Array(horizon * actions.count).fill(1 / actions.count),
): WordDistribution {
  const { count: choiceCount, size, encoded } = actions;
  const encodedOf = (choice: number) => encoded.subarray(choice * size, (choice + 1) * size);
  return {
    sample(count, random) {
      const chosen = new Float32Array(horizon * count);
      const words = new Float32Array(horizon * count * size);
      for (let step = 0; step < horizon; step++)
        for (let n = 0; n < count; n++) {
          let rest = random.uniform();
          let choice = 0;
          while (choice < choiceCount - 1 && rest >= probabilities[step * choiceCount + choice])
            rest -= probabilities[step * choiceCount + choice++];
          chosen[step * count + n] = choice;
          words.set(encodedOf(choice), (step * count + n) * size);
        }
      return { words: { count, length: horizon, actions: words }, parameters: chosen };
    },
    refit({ parameters }, weights, { retained }) {
      const refitted = probabilities.map((probability) => retained * probability);
      const count = weights.length;
      for (let step = 0; step < horizon; step++)
        for (let n = 0; n < count; n++)
          refitted[step * choiceCount + parameters[step * count + n]] += (1 - retained) * weights[n];
      return createCategorical(actions, horizon, refitted);
    },
    mode() {
      const word = new Float32Array(horizon * size);
      for (let step = 0; step < horizon; step++) {
        const row = probabilities.subarray(step * choiceCount, (step + 1) * choiceCount);
        word.set(encodedOf(row.indexOf(Math.max(...row))), step * size);
      }
      return word;
    },
    shifted(taken) {
      const next = new Float64Array(probabilities.length).fill(1 / choiceCount);
      const kept = probabilities.subarray(Math.min(taken, horizon) * choiceCount);
      kept.forEach((probability, i) => {
        next[i] = RENEWED / choiceCount + (1 - RENEWED) * probability;
      });
      return createCategorical(actions, horizon, next);
    },
  };
}
