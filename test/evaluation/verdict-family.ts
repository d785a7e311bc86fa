// Synthetic latents whose truth is known, on which the thresholds of the verdict were settled. The table of docs/measures.md is made
// from them (node --import tsx test/evaluation/verdict-family.ts), and a test fails where a family gets worse.
import { type Distinctness, measureDistinctness } from '../../src/measures/distinctness.ts';
import { createLatents, type LabelledLatents, labelLatents } from '../../src/measures/latents.ts';
import { type Verdict, verdicts } from '../../src/measures/verdict.ts';
import { type Random, randomFor } from '../../src/random.ts';

type Truth = 'yes' | 'no' | 'open';

export interface Family {
  readonly name: string;
  readonly separable: Truth;
  readonly clustered: Truth;
  /** Data sets that are drawn. */
  readonly trials: number;
  /** An observation of a class. */
  readonly draw: (random: Random, label: number, index: number) => number[];
  /** Observations of each class. */
  readonly counts: readonly number[];
  readonly untrained?: number;
  /** The word, where it is known. */
  readonly verdict?: string;
}

const noise = (random: Random, size: number) => Array.from({ length: size }, () => random.normal());
/** Gaussians whose centres are `apart` standard deviations from each other along the first axis. */
const gaussians =
  (size: number, apart: number) =>
  (random: Random, label: number): number[] => {
    const row = noise(random, size);
    row[0] += apart * label;
    return row;
  };
const unit = (row: readonly number[], radius: number) => row.map((value) => (radius * value) / Math.hypot(...row));
/** To the nearest float16: 11 significant bits. */
const half = (value: number) => {
  const step = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10);
  return Math.round(value / step) * step;
};
const three = [120, 120, 120];

export const families: readonly Family[] = [
  ...[1, 8, 64, 256].map((size) => ({
    name: `Gaussians 6 deviations apart, D = ${size}`,
    separable: 'yes' as const,
    clustered: 'yes' as const,
    trials: size > 64 ? 4 : 10,
    draw: gaussians(size, 6),
    counts: three,
    verdict: 'distinct',
  })),
  {
    name: 'Gaussians 8 deviations apart, D = 1,024',
    separable: 'yes',
    clustered: 'yes',
    trials: 2,
    draw: gaussians(1024, 8),
    counts: three,
  },
  ...[1, 64].map((size) => ({
    name: `Gaussians 1.7 deviations apart, D = ${size}`,
    separable: 'no' as const,
    clustered: 'no' as const,
    trials: 10,
    draw: gaussians(size, 1.7),
    counts: three,
    verdict: 'coarse',
  })),
  ...[1, 64, 1024].map((size) => ({
    name: `the same Gaussian for all, D = ${size.toLocaleString('en')}`,
    separable: 'no' as const,
    clustered: 'no' as const,
    trials: size > 64 ? 2 : 10,
    draw: gaussians(size, 0),
    counts: three,
    verdict: 'coarse',
  })),
  {
    name: '60 classes in 8 dimensions',
    separable: 'yes',
    clustered: 'yes',
    trials: 2,
    draw: manyClasses(60),
    counts: Array(60).fill(90),
  },
  {
    name: '60 classes, two of them the same',
    separable: 'no',
    clustered: 'no',
    trials: 2,
    draw: manyClasses(59),
    counts: Array(60).fill(90),
  },
  {
    name: '1,000 classes of 3',
    separable: 'yes',
    clustered: 'yes',
    trials: 1,
    draw: manyClasses(1000),
    counts: Array(1000).fill(3),
  },
  {
    name: '1,000 classes of 3, two of them the same',
    separable: 'no',
    clustered: 'no',
    trials: 1,
    draw: manyClasses(999),
    counts: Array(1000).fill(3),
  },
  {
    name: '2,000 and 20 of a class',
    separable: 'yes',
    clustered: 'yes',
    trials: 2,
    draw: gaussians(8, 6),
    counts: [2000, 20],
  },
  {
    name: '2,000 and 20 of the same',
    separable: 'no',
    clustered: 'no',
    trials: 2,
    draw: gaussians(8, 0),
    counts: [2000, 20],
  },
  {
    name: '10 deviations apart, 1,000 times as noisy along 3 other axes',
    separable: 'yes',
    clustered: 'open',
    trials: 10,
    draw: (random, label) => [10 * label + random.normal(), ...noise(random, 3).map((value) => 1000 * value)],
    counts: three,
    verdict: 'distinct',
  },
  {
    name: 'tails of a t with 3 degrees, 20 scales apart',
    separable: 'yes',
    clustered: 'yes',
    trials: 10,
    draw: (random, label) => {
      const scale = Math.sqrt(3 / noise(random, 3).reduce((sum, value) => sum + value * value, 0));
      return noise(random, 4).map((value, k) => scale * value + (k === 0 ? 20 * label : 0));
    },
    counts: three,
  },
  {
    name: 'a quarter of a class has exactly the latent of another',
    separable: 'no',
    clustered: 'open',
    trials: 4,
    draw: (_random, label, index) => [label === 0 && index % 4 === 0 ? 1 : label],
    counts: three,
    verdict: 'coarse',
  },
  {
    name: 'each class one latent',
    separable: 'yes',
    clustered: 'yes',
    trials: 4,
    draw: (_random, label) => [label, 0],
    counts: three,
    verdict: 'distinct',
  },
  {
    name: 'nested shells',
    separable: 'yes',
    clustered: 'no',
    trials: 10,
    draw: (random, label) => unit(noise(random, 3), 1 + 4 * label),
    counts: three,
    verdict: 'distinct',
  },
  {
    name: 'XOR of four blobs',
    separable: 'yes',
    clustered: 'no',
    trials: 10,
    draw: (random, label, index) => {
      const side = index % 2 ? 1 : -1;
      return [side + 0.05 * random.normal(), (label === 0 ? side : -side) + 0.05 * random.normal()];
    },
    counts: [150, 150],
    verdict: 'distinct',
  },
  {
    name: 'a count on one axis beside 32 noisy ones',
    separable: 'yes',
    clustered: 'open',
    trials: 10,
    draw: (random, label) => [label + 0.02 * random.normal(), ...noise(random, 32)],
    counts: Array(9).fill(60),
    verdict: 'distinct',
  },
  {
    name: 'one of 120 at a distance of 50',
    separable: 'yes',
    clustered: 'yes',
    trials: 10,
    draw: (random, label, index) => (index === 7 ? [0, 50] : [label + 0.1 * random.normal(), 0.1 * random.normal()]),
    counts: three,
    verdict: 'distinct',
  },
  ...[1e5, 1e6].map((offset) => ({
    name: `clusters 50 deviations apart, ${offset.toLocaleString('en')} from 0`,
    separable: 'yes' as const,
    clustered: 'yes' as const,
    trials: 4,
    draw: (random: Random, label: number) =>
      noise(random, 16).map((value, k) => offset + 0.02 * value + (k === 0 ? label : 0)),
    counts: three,
    verdict: 'distinct',
  })),
  {
    name: 'noise, 100 deviations from 0',
    separable: 'no',
    clustered: 'no',
    trials: 4,
    draw: (random) => noise(random, 16).map((value) => 100 + value),
    counts: three,
    verdict: 'coarse',
  },
  {
    name: 'denormal numbers',
    separable: 'yes',
    clustered: 'yes',
    trials: 4,
    draw: (random, label) => [1e-42 * label + 5e-44 * random.normal(), 0],
    counts: three,
    verdict: 'distinct',
  },
  {
    name: '6 deviations apart in float16',
    separable: 'yes',
    clustered: 'yes',
    trials: 10,
    draw: (random, label) => gaussians(16, 6)(random, label).map(half),
    counts: three,
    verdict: 'distinct',
  },
  {
    name: 'the same in float16, 1,000 from 0',
    separable: 'no',
    clustered: 'no',
    trials: 4,
    draw: (random) => noise(random, 16).map((value) => half(1000 + value)),
    counts: three,
    verdict: 'coarse',
  },
  {
    name: 'collapsed to a thousandth, one of 120 far away',
    separable: 'no',
    clustered: 'no',
    trials: 10,
    draw: (random, _label, index) =>
      noise(random, 8).map((value, k) => 1e-3 * value + (index === 3 && k === 0 ? 30 : 0)),
    counts: three,
    untrained: 1,
    verdict: 'collapsed',
  },
];

/** Centres on a grid of 4 by 4 by ..., 8 deviations apart; the last class sits on the one before where there are too few. */
function manyClasses(centres: number) {
  return (random: Random, label: number): number[] => {
    const at = Math.min(label, centres - 1);
    return noise(random, 8).map((value, k) => value + 8 * (Math.floor(at / 4 ** k) % 4));
  };
}

export interface Tally {
  /** A true answer was denied, a false one was given; and how often nothing was decided. */
  readonly separable: { readonly wrong: number; readonly undecided: number };
  readonly clustered: { readonly wrong: number; readonly undecided: number };
  readonly wrongWord: number;
  /** Words that are worse than the truth, and better, by the rule of one ratio and by the rule of now. */
  readonly words: Readonly<Record<'before' | 'now', { readonly alarms: number; readonly misses: number }>>;
}

export function judgeFamily(family: Family): Tally {
  const tally = {
    separable: { wrong: 0, undecided: 0 },
    clustered: { wrong: 0, undecided: 0 },
    wrongWord: 0,
    words: { before: { alarms: 0, misses: 0 }, now: { alarms: 0, misses: 0 } },
  };
  for (let trial = 0; trial < family.trials; trial++) {
    const measured = measureDistinctness({
      latents: drawFamily(family, trial, 'judged'),
      centroidLatents: drawFamily(family, trial, 'others'),
      hasUnitScale: false,
      untrainedMeanDistance: family.untrained,
    });
    const { decision } = measured;
    for (const [rule, word] of [['before', wordOfOneRatio(measured)] as const, ['now', decision.verdict] as const]) {
      if (isWorse(word, family)) tally.words[rule].alarms++;
      if (isBetter(word, family)) tally.words[rule].misses++;
    }
    for (const question of ['separable', 'clustered'] as const) {
      const answer = decision[question];
      if (answer === 'undecided') tally[question].undecided++;
      else if (family[question] !== 'open' && answer !== family[question]) tally[question].wrong++;
    }
    if (family.verdict !== undefined && decision.verdict !== family.verdict) tally.wrongWord++;
  }
  return tally;
}

const ranks: readonly string[] = verdicts;
const rankOf = (word: string) => ranks.indexOf(word);

/** Where the classes are not told apart and no word is known, both coarse and collapsed are true. */
function isWorse(word: Verdict, { verdict, separable }: Family): boolean {
  const truth = verdict ?? (separable === 'yes' ? 'distinct' : 'collapsed');
  return rankOf(word) < rankOf(truth);
}

function isBetter(word: Verdict, { verdict, separable }: Family): boolean {
  const truth = verdict ?? (separable === 'no' ? 'coarse' : 'distinct');
  return rankOf(word) > rankOf(truth);
}

/**
 * The rule that the two questions replaced: distinct where every class has a recall of 3/4 by its nearest centroid and the distance of
 * any two centroids is at least twice the larger mean radius; collapsed where the mean distance is a twentieth of the untrained
 * encoder's, or of the latents' own length where there is none, or 100 float32 steps of it.
 */
function wordOfOneRatio({ centroids, evidence }: Distinctness): Verdict {
  const { meanDistance, rootMeanSquareNorm, untrainedMeanDistance, smallestRecall } = evidence;
  const ownSpread = rootMeanSquareNorm > 0 ? meanDistance / rootMeanSquareNorm : 0;
  if (ownSpread < 100 * 2 ** -24) return 'collapsed';
  if (smallestRecall >= 0.75 && centroids.centroidGapRatio >= 1) return 'distinct';
  const spread = untrainedMeanDistance === undefined ? ownSpread : meanDistance / untrainedMeanDistance;
  return spread >= 0.05 ? 'coarse' : 'collapsed';
}

function drawFamily({ name, counts, draw }: Family, trial: number, side: string): LabelledLatents {
  const random = randomFor('verdict family', name, trial, side);
  const labels = counts.flatMap((count, label) => Array<number>(count).fill(label));
  const seen = counts.map(() => 0);
  const rows = labels.map((label) => draw(random, label, seen[label]++));
  const values = Float32Array.from(rows.flat());
  return labelLatents(createLatents(values, rows[0].length), Int32Array.from(labels), counts.length);
}

/** A row of the table. */
export function familyRow(family: Family, tally: Tally): string {
  const cell = (truth: Truth, { wrong, undecided }: Tally['separable']) =>
    `${truth === 'open' ? 'either' : truth} | ${truth === 'open' ? '-' : wrong} | ${undecided}`;
  return `| ${family.name} | ${family.trials} | ${cell(family.separable, tally.separable)} | ${cell(family.clustered, tally.clustered)} | ${family.verdict === undefined ? '-' : tally.wrongWord} |`;
}

/** A row of the table of words by both rules. */
export function wordRow({ name, trials, separable, verdict }: Family, { words }: Tally): string {
  const truth = verdict ?? (separable === 'yes' ? 'distinct' : 'not distinct');
  const { before, now } = words;
  return `| ${name} | ${trials} | ${truth} | ${before.alarms} | ${before.misses} | ${now.alarms} | ${now.misses} |`;
}

if (process.argv[1]?.endsWith('verdict-family.ts')) {
  const tallies = families.map((family) => ({ family, tally: judgeFamily(family) }));
  for (const { family, tally } of tallies) process.stdout.write(`${familyRow(family, tally)}\n`);
  for (const { family, tally } of tallies) process.stdout.write(`${wordRow(family, tally)}\n`);
}
