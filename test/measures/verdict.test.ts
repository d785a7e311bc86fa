import { describe, expect, test } from 'vitest';
import {
  answerOf,
  decideVerdict,
  type VerdictEvidence,
  verdicts,
  verdictThresholds,
} from '../../src/measures/verdict.ts';

/** Of an encoder whose classes are told apart, each one cluster, with an untrained one beside it. */
const joint: VerdictEvidence = {
  separation: 0.98,
  separationInterval: [0.95, 1],
  clusterRatio: 4,
  clusterInterval: [3.6, 4.3],
  smallestRecall: 0.97,
  meanDistance: 7,
  typicalDistance: 6.8,
  latentStd: 0.5,
  size: 64,
  rootMeanSquareNorm: 5,
  roundingLength: 3e-7,
  untrainedMeanDistance: 3.6,
};
const merged = {
  separation: 0.5,
  separationInterval: [0.4, 0.6] as const,
  clusterRatio: 0.1,
  clusterInterval: [0, 0.3] as const,
};

describe('verdict', () => {
  test.each<[string, Partial<VerdictEvidence>, string]>([
    ['classes that are told apart are distinct', {}, 'distinct'],
    [
      'a class need not be one cluster: the theorem asks for no more than different latents',
      { clusterRatio: 0, clusterInterval: [0, 0.1] },
      'distinct',
    ],
    ['one merged pair of classes is enough for coarse', merged, 'coarse'],
    ['dynamics only has lost order and room', { ...merged, meanDistance: 0.05, typicalDistance: 0.05 }, 'collapsed'],
    [
      'the same without a known untrained encoder, by the unit scale',
      { ...merged, meanDistance: 0.05, typicalDistance: 0.05, untrainedMeanDistance: undefined },
      'collapsed',
    ],
    ['one observation far away is no room', { ...merged, meanDistance: 3, typicalDistance: 0.05 }, 'collapsed'],
    ['an offset of the latents takes no room', { ...merged, rootMeanSquareNorm: 1e5, roundingLength: 0.05 }, 'coarse'],
    [
      'scale alone is no collapse: distinct latents times 1/1000 are distinct',
      { meanDistance: 7e-3, typicalDistance: 7e-3 },
      'distinct',
    ],
    [
      'what differs by less than two steps of rounding is one point, whatever it seems to say',
      { meanDistance: 5e-7, typicalDistance: 5e-7 },
      'collapsed',
    ],
    [
      'one point is collapsed',
      { meanDistance: 0, typicalDistance: 0, rootMeanSquareNorm: 0, roundingLength: 0 },
      'collapsed',
    ],
  ])('%s', (_name, change, verdict) => {
    expect(decideVerdict({ ...joint, ...change }).verdict).toBe(verdict);
  });

  test('each question is undecided where its interval has the threshold inside, and the word is that of the numbers', () => {
    const near = decideVerdict({
      ...joint,
      separation: 0.92,
      separationInterval: [0.88, 0.95],
      clusterInterval: [1.9, 4],
    });
    expect(near).toMatchObject({ verdict: 'distinct', separable: 'undecided', clustered: 'undecided' });
    expect(decideVerdict(joint)).toMatchObject({ separable: 'yes', clustered: 'yes' });
    expect(decideVerdict({ ...joint, ...merged })).toMatchObject({ separable: 'no', clustered: 'no' });
  });

  test('says which numbers met which thresholds', () => {
    const { reasons } = decideVerdict({ ...joint, separation: 0.9, clusterRatio: 1.999 });
    expect(reasons).toEqual([
      { measure: 'separation', value: 0.9, threshold: verdictThresholds.separation, isMet: true, interval: [0.95, 1] },
      {
        measure: 'clusterRatio',
        value: 1.999,
        threshold: verdictThresholds.clusterRatio,
        isMet: false,
        interval: [3.6, 4.3],
      },
      { measure: 'relativeSpread', value: 6.8 / 3.6, threshold: verdictThresholds.relativeSpread, isMet: true },
    ]);
  });

  test('latents that differ by rounding are told apart by nothing, and the reason says so', () => {
    const near = { meanDistance: 5e-7, typicalDistance: 4e-7 };
    const { separable, clustered, reasons } = decideVerdict({ ...joint, ...near });
    expect({ separable, clustered }).toEqual({ separable: 'no', clustered: 'no' });
    expect(reasons).toHaveLength(4);
    expect(reasons[3]).toEqual({ measure: 'leastSteps', value: 4e-7 / 3e-7, threshold: 2, isMet: false });
    // On the mean as well: a few that are apart are no rounding.
    expect(decideVerdict({ ...joint, typicalDistance: 4e-7 })).toMatchObject({ verdict: 'distinct', separable: 'yes' });
    expect(decideVerdict({ ...joint, typicalDistance: 4e-7 }).reasons).toHaveLength(3);
    expect(decideVerdict({ ...joint, typicalDistance: 4e-7, meanDistance: 2 * 3e-7 }).verdict).toBe('distinct');
    expect(decideVerdict({ ...joint, typicalDistance: 6e-7, meanDistance: 1e-7 }).verdict).toBe('distinct');
    expect(decideVerdict({ ...joint, typicalDistance: 0, roundingLength: 0 }).verdict).toBe('distinct');
    expect(decideVerdict({ ...joint, meanDistance: 0, roundingLength: 0 }).verdict).toBe('distinct');
  });

  test('room is against the scale that is known best', () => {
    const { untrainedMeanDistance: _, ...unknown } = joint;
    expect(decideVerdict(unknown).reasons[2]).toEqual({
      measure: 'latentStd',
      value: 6.8 / Math.sqrt(128),
      threshold: 0.05,
      isMet: true,
    });
    expect(decideVerdict({ ...unknown, hasUnitScale: false }).reasons[2]).toEqual({
      measure: 'roundingSteps',
      value: 6.8 / 3e-7,
      threshold: 100,
      isMet: true,
    });
  });

  test('an interval that ends at the threshold is a yes from above, and no no from below', () => {
    expect(answerOf([0.9, 1], 0.9)).toBe('yes');
    expect(answerOf([0.8, 0.9], 0.9)).toBe('undecided');
    expect(answerOf([0.8, 0.89], 0.9)).toBe('no');
    expect(verdicts).toEqual(['collapsed', 'coarse', 'distinct']);
  });
});
