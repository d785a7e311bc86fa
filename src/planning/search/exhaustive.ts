// All K^H action words, each prefix predicted once.
import * as z from 'zod';
import { UsageError } from '../../error.ts';
import { parseOptions } from '../../options.ts';
import { choicesOf, type DiscreteActions } from '../action-space.ts';
import { addScores, startReturns } from '../objective.ts';
import { horizonOption, levelsOption } from '../option.ts';
import type { Plan, PlannerProvider, PlanningProblem } from '../planner.ts';
import { largestIndex } from './rollout.ts';

/** Their latents of 256 numbers are 64 MiB. */
export const MAXIMAL_WORDS = 65_536;

const exhaustiveOptions = z.strictObject({ horizon: horizonOption(6), levels: levelsOption });

export const exhaustiveProvider: PlannerProvider = {
  name: 'exhaustive',
  description: `all action words, at most ${MAXIMAL_WORDS}`,
  create(given) {
    const options = parseOptions('planner exhaustive', exhaustiveOptions, given);
    return { name: 'exhaustive', options, startEpisode: () => (problem) => planExhaustively(problem, options) };
  },
};

async function planExhaustively(
  problem: PlanningProblem,
  { horizon, levels }: z.output<typeof exhaustiveOptions>,
): Promise<Plan> {
  const { world, objective, latent, random } = problem;
  const choices = choicesOf(world.actions, levels);
  checkWordCount(choices.count, horizon);
  let latents = latent;
  let returns = startReturns(1, objective.fold);
  let predictions = 0;
  for (let step = 0; step < horizon; step++) {
    const parents = choices.count ** step;
    const { latents: repeated, actions } = branch(latents, parents, choices);
    latents = await world.predict(repeated, actions);
    predictions += parents * choices.count;
    returns = {
      values: repeatEach(returns.values, choices.count),
      survival: repeatEach(returns.survival, choices.count),
    };
    addScores(returns, await objective.score(latents, latent), step, objective);
  }
  const best = largestIndex(returns.values, random);
  return { actions: wordOf(best, horizon, choices), value: returns.values[best], predictions };
}

/** @throws UsageError where there are more words than `MAXIMAL_WORDS` */
function checkWordCount(choiceCount: number, horizon: number): void {
  const count = choiceCount ** horizon;
  if (count <= MAXIMAL_WORDS) return;
  const longest = Math.max(1, Math.floor(Math.log(MAXIMAL_WORDS) / Math.log(choiceCount) + 1e-9));
  throw new UsageError(
    `planner exhaustive: expected at most ${MAXIMAL_WORDS} action words, got ${choiceCount}^${horizon} = ${count}`,
    { remedy: `Choose a horizon of at most ${longest}, or another planner: cem, icem, best-first.` },
  );
}

/** [n, D] -> [n K, D] and [n K, A]: every latent with every choice. */
export function branch(
  latents: Float32Array,
  count: number,
  choices: DiscreteActions,
): { readonly latents: Float32Array; readonly actions: Float32Array } {
  const size = latents.length / count;
  const repeated = new Float32Array(latents.length * choices.count);
  const actions = new Float32Array(count * choices.encoded.length);
  for (let n = 0; n < count; n++) {
    actions.set(choices.encoded, n * choices.encoded.length);
    const row = latents.subarray(n * size, (n + 1) * size);
    for (let choice = 0; choice < choices.count; choice++) repeated.set(row, (n * choices.count + choice) * size);
  }
  return { latents: repeated, actions };
}

function repeatEach(values: Float64Array, times: number): Float64Array {
  return Float64Array.from({ length: values.length * times }, (_, i) => values[Math.floor(i / times)]);
}

/** The word of an index: its digits to the base K are the choices, the first the most significant. */
function wordOf(index: number, horizon: number, { count, size, encoded }: DiscreteActions): Float32Array {
  const word = new Float32Array(horizon * size);
  for (let step = horizon - 1, rest = index; step >= 0; step--, rest = Math.floor(rest / count)) {
    const choice = rest % count;
    word.set(encoded.subarray(choice * size, (choice + 1) * size), step * size);
  }
  return word;
}
