// p = the discounted value of the reward, V(s) = r(s) + discount * sum_a policy(a) V(f(s, a)): a reward that is felt from
// afar. Needs the whole finite MDP.
import * as z from 'zod';
import type { Environment } from '../environments/environment.ts';
import { UsageError, unknownName } from '../error.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { coefficientOption } from './option.ts';

/** Bound on the error of a value, as a part of the largest |reward| / (1 - discount). */
const RELATIVE_PRECISION = 1e-9;

export const valueConfiguration = z.strictObject({
  kind: z.literal('value'),
  discount: z.number().min(0).lt(1).default(0.9).describe('weight of the next value'),
  policy: z
    .union([z.literal('uniform'), z.literal('greedy'), z.record(z.string(), z.number().min(0))])
    .default('uniform')
    .describe('uniform, greedy (the best action in every state), or a probability for each action by its name'),
  standardize: z.boolean().default(true).describe('shift and scale to mean 0 and variance 1 over the states'),
  coefficient: coefficientOption,
});

type ValueOptions = z.output<typeof valueConfiguration>;

export function createValue(options: ValueOptions, context: AuxiliaryContext): Auxiliary {
  const { environment } = context;
  if (!environment)
    throw new UsageError('auxiliary value: expected an environment, got a recording', {
      remedy: 'Compute the value beforehand and name its column with the auxiliary "column".',
    });
  const values = valueOfStates(environment, options);
  if (options.standardize) standardize(values);
  return {
    name: 'value',
    of: 'state',
    size: 1,
    loss: 'squared',
    coefficient: options.coefficient,
    table: Float32Array.from(values),
  };
}

/** [S]: V of every state, to RELATIVE_PRECISION. */
export function valueOfStates(
  environment: Environment,
  options: Pick<ValueOptions, 'discount' | 'policy'>,
): Float64Array {
  const { stateCount, actionNames } = environment;
  const { discount } = options;
  const policy = options.policy === 'greedy' ? undefined : actionProbabilities(environment, options.policy);
  const rewards = Float64Array.from({ length: stateCount }, (_, state) => environment.reward(state));
  const next = Array.from({ length: stateCount }, (_, state) =>
    actionNames.map((_, action) => environment.next(state, action)),
  );
  const values = rewards.slice();
  const scale = rewards.reduce((largest, reward) => Math.max(largest, Math.abs(reward)), 0) / (1 - discount);
  // A sweep contracts by the discount, so that a change of c leaves an error of at most c discount / (1 - discount).
  const stopAt = discount === 0 ? 0 : (RELATIVE_PRECISION * scale * (1 - discount)) / discount;
  for (let change = Number.POSITIVE_INFINITY; change > stopAt; ) {
    change = 0;
    for (let state = 0; state < stateCount; state++) {
      const following = next[state].map((target) => values[target]);
      const expected = policy
        ? following.reduce((sum, value, action) => sum + policy[action] * value, 0)
        : Math.max(...following);
      const value = rewards[state] + discount * expected;
      change = Math.max(change, Math.abs(value - values[state]));
      values[state] = value;
    }
  }
  return values;
}

function actionProbabilities(environment: Environment, policy: 'uniform' | Readonly<Record<string, number>>): number[] {
  const { actionNames } = environment;
  if (policy === 'uniform') return actionNames.map(() => 1 / actionNames.length);
  const unknown = Object.keys(policy).find((name) => !actionNames.includes(name));
  if (unknown !== undefined) throw unknownName('auxiliary value: policy', 'an action', unknown, actionNames);
  const probabilities = actionNames.map((name) => policy[name] ?? 0);
  const sum = probabilities.reduce((total, probability) => total + probability, 0);
  if (Math.abs(sum - 1) > 1e-9)
    throw new UsageError(`auxiliary value: policy: expected probabilities that sum to 1, got ${sum}`);
  return probabilities;
}

/** In place; values that are all equal become 0. */
function standardize(values: Float64Array): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  values.forEach((value, state) => {
    values[state] = deviation > 0 ? (value - mean) / deviation : 0;
  });
}
