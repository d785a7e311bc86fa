// What `--help` says of the options that planners share.
import { expect, test } from 'vitest';
import {
  elitesOption,
  horizonOption,
  iterationsOption,
  levelsOption,
  samplesOption,
  smoothingOption,
} from '../../src/planning/option.ts';

test.each([
  ['horizon', horizonOption(8), 'actions of a word'],
  ['samples', samplesOption(128), 'words of an iteration'],
  ['samples of a search', samplesOption(128, 'latents that are gone on from'), 'latents that are gone on from'],
  ['iterations', iterationsOption(4), 'times that the distribution is refitted'],
  ['elites', elitesOption(0.1), 'fraction of the words that the distribution is refitted to'],
  ['levels', levelsOption, 'values of each number of a continuous action, evenly spaced'],
  ['smoothing', smoothingOption, 'share of the distribution before that stays: no action is ruled out for good'],
])('%s', (_, option, description) => {
  expect(option.description).toBe(description);
});
