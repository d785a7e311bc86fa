// p = the reward of an observation: what control needs. Whether it is sparse or dense is the environment's option.
import * as z from 'zod';
import { option, UsageError } from '../error.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { columnAuxiliary } from './column.ts';
import { coefficientOption, labelsOption, lossOption } from './option.ts';

export const rewardConfiguration = z.strictObject({
  kind: z.literal('reward'),
  coefficient: coefficientOption,
  loss: lossOption,
  labels: labelsOption,
});

/** The environment's reward by state, or the recording's column of rewards. */
export function createReward(options: z.output<typeof rewardConfiguration>, context: AuxiliaryContext): Auxiliary {
  const { environment, columns, rewardColumn = 'reward' } = context;
  const column = columns?.get(rewardColumn);
  const isBinary = environment ? environment.hasBinaryReward : column?.isBinary === true;
  if (options.loss === 'cross-entropy' && !isBinary)
    throw new UsageError('auxiliary reward: expected a reward of 0 or 1 for the loss "cross-entropy", got others', {
      remedy: 'Use the loss "squared".',
    });
  const shared = {
    name: 'reward',
    loss: options.loss ?? (isBinary ? ('cross-entropy' as const) : ('squared' as const)),
    coefficient: options.coefficient,
  };
  if (environment) {
    const table = Float32Array.from({ length: environment.stateCount }, (_, state) => environment.reward(state));
    return { ...shared, of: 'state', size: 1, table, labels: options.labels };
  }
  if (options.labels !== undefined)
    throw new UsageError('auxiliary reward: expected an environment for a share of labels, got a recording');
  if (!column)
    throw new UsageError('auxiliary reward: expected a column of rewards in the recording, got none', {
      remedy: `Say which one it is (${option('map', 'reward=NAME')}), or take another auxiliary.`,
    });
  return { ...columnAuxiliary(rewardColumn, column, options), name: 'reward' };
}
