// Tests of falling shares: exact tails against enumeration and published values, and how often they are wrong where nothing changed.
import { describe, expect, test } from 'vitest';
import {
  holmAdjusted,
  hypergeometricTail,
  type Outcomes,
  pairedShareChange,
  signFlipTail,
  twoSampleShareChange,
  worthOf,
} from '../../../src/measures/change/share-test.ts';
import { shareInterval } from '../../../src/measures/interval.ts';
import { type Random, randomFor } from '../../../src/random.ts';

/** By trying all signs. */
function enumerated(differences: readonly number[]): number {
  const observed = differences.reduce((sum, each) => sum + each, 0);
  let count = 0;
  for (let signs = 0; signs < 2 ** differences.length; signs++) {
    const sum = differences.reduce(
      (total, each, k) => total + ((signs >> k) & 1 ? Math.abs(each) : -Math.abs(each)),
      0,
    );
    if (sum <= observed) count++;
  }
  return count / 2 ** differences.length;
}

describe('the exact sign test', () => {
  test.each([[[-1, -1, -1, 1]], [[-3, 2, -1, -5, 4]], [[-2, -2, -2]], [[1, 1, 1]], [[]]])(
    'of %j is what trying all signs gives',
    (differences) => {
      expect(signFlipTail(differences)).toBeCloseTo(enumerated(differences), 12);
    },
  );

  test('of single observations is McNemar’s: 1 won and 9 lost is 11/1024', () => {
    const before = { isRight: [...Array(9).fill(true), false, ...Array(90).fill(true)] };
    const now = { isRight: [...Array(9).fill(false), true, ...Array(90).fill(true)] };
    expect(pairedShareChange(before, now)).toMatchObject({ before: 0.99, now: 0.91, lost: 9, won: 1, p: 11 / 1024 });
  });

  test('of episodes counts each once, however long it is', () => {
    const isRight = Array(40).fill(true);
    const now = isRight.map((_, n) => n >= 10);
    const episodes = isRight.map((_, n) => Math.floor(n / 10));
    expect(pairedShareChange({ isRight }, { isRight: now }).p).toBe(2 ** -10);
    // One of four episodes is lost: that is one coin.
    expect(pairedShareChange({ isRight, episodes }, { isRight: now, episodes }).p).toBe(0.5);
  });

  test('goes below any chance that matters without running out of digits', () => {
    const p = signFlipTail(Array(3000).fill(-1));
    expect(p).toBeLessThan(1e-300);
    expect(p).toBeGreaterThanOrEqual(0);
  });
});

describe('two samples', () => {
  test('Fisher’s tea: three of four and one of four, p = 17/70', () => {
    expect(hypergeometricTail(1, { drawn: 4, right: 4, all: 8 })).toBeCloseTo(17 / 70, 12);
    const [before, now] = [
      [1, 1, 1, 0],
      [0, 1, 0, 0],
    ].map((each) => ({ isRight: each.map(Boolean) }));
    expect(twoSampleShareChange(before, now)).toMatchObject({ before: 0.75, now: 0.25, lost: null, won: null });
    expect(twoSampleShareChange(before, now).p).toBeCloseTo(17 / 70, 12);
  });
});

describe('intervals and samples in episodes', () => {
  const half = Array.from({ length: 40 }, (_, n) => n % 20 < 10);
  const episodes = half.map((_, n) => Math.floor(n / 10));

  test('are exact, of as many observations as the episodes are worth', () => {
    const [before, now] = [
      { isRight: half, episodes },
      { isRight: half.map((right, n) => right && n < 20), episodes },
    ];
    // Each of the four episodes is right or wrong altogether: three, since their mean is theirs too.
    expect([worthOf(before), worthOf({ isRight: half })]).toEqual([expect.closeTo(3, 9), 40]);
    const { beforeInterval, nowInterval, p } = twoSampleShareChange(before, now);
    expect(beforeInterval[0]).toBeCloseTo(shareInterval(1.5, 3)[0], 9);
    expect(nowInterval[1]).toBeCloseTo(shareInterval(0.75, 3)[1], 9);
    // Two of three and one of three: (C(3,0) C(3,3) + C(3,1) C(3,2)) / C(6,3).
    expect(p).toBeCloseTo(10 / 20, 9);
    expect(pairedShareChange(before, now)).toMatchObject({ before: 0.5, now: 0.25, lost: 10, won: 0, p: 0.5 });
  });

  test('where all have to be right, or nothing more can be', () => {
    expect(hypergeometricTail(4, { drawn: 4, right: 4, all: 8 })).toBeCloseTo(1, 12);
    // Of ten, eight right: four drawn have two right at least.
    expect(hypergeometricTail(1, { drawn: 4, right: 8, all: 10 })).toBe(0);
    expect(hypergeometricTail(2, { drawn: 4, right: 8, all: 10 })).toBeCloseTo(28 / 210, 12);
  });
});

test('Holm’s correction of 0.01, 0.04, 0.03, 0.005 is 0.03, 0.06, 0.06, 0.02', () => {
  const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
  for (const [index, expected] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[index]).toBeCloseTo(expected, 12);
});

describe('false alarms over all of twelve classes', () => {
  const CLASSES = 12;
  const TRIALS = 600;
  const LEVEL = 0.05;
  // Three standard errors of a share of 600 trials above the level.
  const most = LEVEL + 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / TRIALS);
  const draw = (random: Random, share: number) => ({
    isRight: Array.from({ length: 30 }, () => random.uniform() < share),
  });
  /** Frames of an episode are right or wrong together. */
  const inEpisodes = (random: Random, share: number): Outcomes => {
    const isRight = Array.from({ length: 8 }, () => random.uniform() < share).flatMap((right) => Array(5).fill(right));
    return { isRight, episodes: isRight.map((_, n) => Math.floor(n / 5)) };
  };

  test.each([
    ['paired', pairedShareChange, draw],
    ['two samples', twoSampleShareChange, draw],
    ['paired, by episode', pairedShareChange, inEpisodes],
    ['two samples, by episode', twoSampleShareChange, inEpisodes],
  ])('%s: at most one gate in twenty', (name, change, family) => {
    let alarms = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      const random = randomFor('false alarms', name, trial);
      const p = Array.from({ length: CLASSES }, () => change(family(random, 0.8), family(random, 0.8)).p);
      if (Math.min(...holmAdjusted(p)) <= LEVEL) alarms++;
    }
    expect(alarms / TRIALS).toBeLessThanOrEqual(most);
  });

  test('and one class of twelve that falls from 0.95 to 0.5 is found more than four times in five', () => {
    let found = 0;
    for (let trial = 0; trial < 200; trial++) {
      const random = randomFor('power', trial);
      const p = Array.from(
        { length: CLASSES },
        (_, c) => pairedShareChange(draw(random, 0.95), draw(random, c === 0 ? 0.5 : 0.95)).p,
      );
      if (holmAdjusted(p)[0] <= LEVEL) found++;
    }
    expect(found / 200).toBeGreaterThan(0.8);
  });
});
