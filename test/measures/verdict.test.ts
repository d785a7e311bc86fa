import { describe, expect, test } from 'vitest';
import { decideVerdict, type VerdictEvidence, verdictThresholds } from '../../src/measures/verdict.ts';

/** As a jointly trained encoder of the counting environment measured, with an untrained one beside it. */
const joint: VerdictEvidence = {
  smallestRecall: 0.97,
  centroidGapRatio: 2.1,
  meanDistance: 7,
  latentStd: 0.5,
  rootMeanSquareNorm: 5,
  untrainedMeanDistance: 3.6,
};

describe('verdict', () => {
  test.each<[string, Partial<VerdictEvidence>, string]>([
    ['classes that stand apart are distinct', {}, 'distinct'],
    [
      'reward only, with room between all classes, is distinct too: no more is claimed than was measured',
      { centroidGapRatio: 1.3, meanDistance: 32, latentStd: 2.8 },
      'distinct',
    ],
    [
      'dynamics only has lost order and room',
      { smallestRecall: 0.1, centroidGapRatio: 0.06, meanDistance: 0.05, latentStd: 0.004, rootMeanSquareNorm: 0.1 },
      'collapsed',
    ],
    [
      'dynamics only without a known untrained encoder, by the unit scale',
      {
        smallestRecall: 0.1,
        centroidGapRatio: 0.06,
        meanDistance: 0.05,
        latentStd: 0.004,
        rootMeanSquareNorm: 0.1,
        untrainedMeanDistance: undefined,
      },
      'collapsed',
    ],
    [
      'a random projection keeps room and is organised by something else',
      { smallestRecall: 0.1, centroidGapRatio: 0.07, meanDistance: 0.9, latentStd: 0.09 },
      'coarse',
    ],
    [
      'an untrained encoder is coarse',
      { smallestRecall: 0.1, centroidGapRatio: 0.06, meanDistance: 3.6, latentStd: 0.37 },
      'coarse',
    ],
    ['one merged class is enough for coarse', { smallestRecall: 0.5 }, 'coarse'],
    ['overlapping balls are coarse, however good the decisions', { centroidGapRatio: 0.99 }, 'coarse'],
    [
      'a small scale alone is no collapse: distinct latents times 1e-4 stay distinct',
      { meanDistance: 7e-4, latentStd: 5e-5, rootMeanSquareNorm: 5e-4 },
      'distinct',
    ],
    [
      'differences below the rounding of the latents own length are no differences',
      { meanDistance: 1e-6, rootMeanSquareNorm: 5, latentStd: 1e-7 },
      'collapsed',
    ],
    [
      'a point is collapsed',
      { meanDistance: 0, latentStd: 0, rootMeanSquareNorm: 0, centroidGapRatio: 0 },
      'collapsed',
    ],
  ])('%s', (_, change, verdict) => {
    expect(decideVerdict({ ...joint, ...change }).verdict).toBe(verdict);
  });

  test('the reasons hold every number with its threshold, met at equality', () => {
    const { reasons } = decideVerdict({ ...joint, smallestRecall: 0.75, centroidGapRatio: 0.999 });
    expect(reasons).toEqual([
      { measure: 'smallestRecall', value: 0.75, threshold: verdictThresholds.smallestRecall, isMet: true },
      { measure: 'centroidGapRatio', value: 0.999, threshold: verdictThresholds.centroidGapRatio, isMet: false },
      { measure: 'relativeSpread', value: 7 / 3.6, threshold: verdictThresholds.relativeSpread, isMet: true },
      { measure: 'roundingSpread', value: 7 / 5, threshold: verdictThresholds.roundingSpread, isMet: true },
    ]);
  });
});
