// p = the reward of an observation: what control needs. Whether it is sparse or dense is the environment's option.
import * as z from 'zod';
import { option, UsageError } from '../error.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { columnAuxiliary } from './column.ts';
import { coefficientOption, labelsOption, rewardLossOption } from './option.ts';

export const rewardConfiguration = z.strictObject({
  kind: z.literal('reward'),
  coefficient: coefficientOption,
  loss: rewardLossOption,
  labels: labelsOption,
});

/** Bins evenly over -10..10 of symlog(reward), as in the code of Yu et al. and in DreamerV3 (Hafner et al., arXiv 2301.04104). */
const TWO_HOT_BINS = 101;
const TWO_HOT_LIMIT = 10;

/** [bins]: 1 shared out between the two bins nearest to symlog(value), so that their mean is that. */
export function twoHot(value: number): number[] {
  const squashed = Math.sign(value) * Math.log1p(Math.abs(value));
  const last = TWO_HOT_BINS - 1;
  const place = Math.min(last, Math.max(0, ((squashed + TWO_HOT_LIMIT) / (2 * TWO_HOT_LIMIT)) * last));
  const low = Math.min(last - 1, Math.floor(place));
  return Array.from({ length: TWO_HOT_BINS }, (_, bin) =>
    bin === low ? low + 1 - place : bin === low + 1 ? place - low : 0,
  );
}

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
    const rewards = Array.from({ length: environment.stateCount }, (_, state) => environment.reward(state));
    if (options.loss === 'two-hot')
      return {
        ...shared,
        of: 'state',
        size: TWO_HOT_BINS,
        table: Float32Array.from(rewards.flatMap(twoHot)),
        labels: options.labels,
      };
    const table = Float32Array.from(rewards);
    return { ...shared, of: 'state', size: 1, table, labels: options.labels };
  }
  if (options.loss === 'two-hot')
    throw new UsageError('auxiliary reward: expected an environment for the loss "two-hot", got a recording', {
      remedy: 'Use the loss "squared".',
    });
  if (options.labels !== undefined)
    throw new UsageError('auxiliary reward: expected an environment for a share of labels, got a recording');
  if (!column)
    throw new UsageError('auxiliary reward: expected a column of rewards in the recording, got none', {
      remedy: `Say which one it is (${option('map', 'reward=NAME')}), or take another auxiliary.`,
    });
  const { loss, coefficient } = options;
  return { ...columnAuxiliary(rewardColumn, column, { loss, coefficient }), name: 'reward' };
}
