// The options that several planners share, each with its meaning and bounds.
import * as z from 'zod';

const MAXIMAL_HORIZON = 256;
const MAXIMAL_SAMPLES = 65_536;

export const horizonOption = (value: number) =>
  z.int().min(1).max(MAXIMAL_HORIZON).default(value).describe('actions of a word');

export const samplesOption = (value: number, what = 'words of an iteration') =>
  z.int().min(1).max(MAXIMAL_SAMPLES).default(value).describe(what);

export const iterationsOption = (value: number) =>
  z.int().min(1).max(100).default(value).describe('times that the distribution is refitted');

export const elitesOption = (value: number) =>
  z.number().gt(0).max(1).default(value).describe('fraction of the words that the distribution is refitted to');

export const levelsOption = z
  .int()
  .min(2)
  .max(33)
  .default(5)
  .describe('values of each number of a continuous action, evenly spaced');

export const smoothingOption = z
  .number()
  .min(0)
  .lt(1)
  .default(0.1)
  .describe('share of the distribution before that stays: no action is ruled out for good');
