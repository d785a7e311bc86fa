// Options that all auxiliaries share.
import * as z from 'zod';

export const coefficientOption = z.number().positive().default(1).describe("weight of this auxiliary's loss in c_aux");

export const lossOption = z
  .enum(['squared', 'cross-entropy'])
  .optional()
  .describe('squared error of values, or cross-entropy of logits; default: cross-entropy where all values are 0 or 1');

export const rewardLossOption = z
  .enum(['squared', 'cross-entropy', 'two-hot'])
  .optional()
  .describe(
    'squared error of values, cross-entropy of logits, or cross-entropy of a softmax over 101 bins of symlog(reward); default: cross-entropy where all values are 0 or 1',
  );

export const labelsOption = z
  .number()
  .gt(0)
  .max(1)
  .optional()
  .describe('share of the observations whose value is known while training, each by chance; default: all');
