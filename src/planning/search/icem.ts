// The improved cross-entropy method (Pinneri et al. 2020, arXiv 2008.06389): coloured noise, so that neighbouring actions
// agree; fewer words in later iterations; some of the elites stay, also for the next decision; the mean is tried at last.
// Discrete actions are a continuous relaxation: every step has a preference for each choice, and the largest is taken.
// Letters: H actions of a word, P numbers of a step (A of an action, or K preferences).
import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import type { Random } from '../../random.ts';
import { type ActionSpace, clip } from '../action-space.ts';
import { elitesOption, horizonOption, iterationsOption, samplesOption, smoothingOption } from '../option.ts';
import type { Decider, PlannerProvider } from '../planner.ts';
import { colouredNoise } from './coloured-noise.ts';
import { type ActionWords, largestIndices, rollOut } from './rollout.ts';

const icemOptions = z.strictObject({
  horizon: horizonOption(8),
  samples: samplesOption(128, 'words of the first iteration'),
  iterations: iterationsOption(4),
  elites: elitesOption(0.1),
  noise: z.number().min(0).max(8).default(1).describe('exponent of the noise: 0 is white, larger is slower'),
  decay: z.number().min(1).max(10).default(1.25).describe('words of an iteration / words of the next'),
  kept: z.number().min(0).max(1).default(0.3).describe('fraction of the elites that stay among the words'),
  smoothing: smoothingOption,
  spread: z
    .number()
    .gt(0)
    .max(10)
    .default(0.5)
    .describe('standard deviation at the start, in units of half the distance between the bounds'),
});
type IcemOptions = z.output<typeof icemOptions>;

export const icemProvider: PlannerProvider = {
  name: 'icem',
  description: 'improved cross-entropy method: coloured noise, elites that stay',
  create(given) {
    const options = parseOptions('planner icem', icemOptions, given);
    return { name: 'icem', options, startEpisode: () => icemDecider(options) };
  },
};

/** A word as numbers, and what it is worth. */
interface Candidate {
  /** [H, P] */
  readonly numbers: Float64Array;
  readonly value: number;
}

function icemDecider(options: IcemOptions): Decider {
  const { horizon, samples, iterations, decay, kept, smoothing } = options;
  let before: { readonly mean: Float64Array; readonly elites: readonly Candidate[] } | undefined;
  return async (problem) => {
    const { world, random, taken } = problem;
    const relaxation = relax(world.actions, options);
    const { width } = relaxation;
    const draw = colouredNoise(horizon, options.noise);
    const shift = (numbers: Float64Array) => shiftNumbers(numbers, taken * width, () => relaxation.drawLast(random));
    // As in the paper, the mean's last action is repeated where it has none.
    let mean = before ? shiftNumbers(before.mean, taken * width, (mean) => mean.slice(-width)) : relaxation.middle();
    let deviation = relaxation.spread();
    let stay = (before?.elites ?? []).map(({ numbers }) => shift(numbers));
    let elites: readonly Candidate[] = [];
    let predictions = 0;
    const eliteCount = Math.max(1, Math.round(options.elites * samples));
    for (let iteration = 0; iteration < iterations; iteration++) {
      const count = Math.max(2 * eliteCount, Math.round(samples / decay ** iteration));
      const drawn = Array.from({ length: count }, () => drawNumbers(mean, deviation, width, draw, random));
      const tried = [...drawn.map(relaxation.clip), ...stay, ...(iteration === iterations - 1 ? [mean] : [])];
      const { values, predictions: predicted } = await rollOut(problem, relaxation.wordsOf(tried));
      predictions += predicted;
      elites = largestIndices(values, eliteCount).map((index) => ({ numbers: tried[index], value: values[index] }));
      ({ mean, deviation } = refit(elites, { mean, deviation }, smoothing));
      stay = elites.slice(0, Math.ceil(kept * eliteCount)).map(({ numbers }) => numbers);
    }
    before = { mean, elites: elites.slice(0, Math.ceil(kept * eliteCount)) };
    const [best] = elites;
    return { actions: relaxation.wordsOf([best.numbers]).actions, value: best.value, predictions };
  };
}

interface Relaxation {
  /** P */
  readonly width: number;
  middle(): Float64Array;
  spread(): Float64Array;
  clip(numbers: Float64Array): Float64Array;
  /** The numbers of an action that nothing is known of. */
  drawLast(random: Random): Float64Array;
  /** Words [H, P] as actions. */
  wordsOf(words: readonly Float64Array[]): ActionWords;
}

function relax(space: ActionSpace, { horizon, spread }: IcemOptions): Relaxation {
  const { size } = space;
  const width = space.kind === 'discrete' ? space.count : size;
  const { low, high } = space.kind === 'discrete' ? preferenceBounds(width) : space;
  const full = (numberOf: (p: number) => number) =>
    Float64Array.from({ length: horizon * width }, (_, i) => numberOf(i % width));
  return {
    width,
    middle: () => full((p) => (low[p] + high[p]) / 2),
    spread: () => full((p) => (spread * (high[p] - low[p])) / 2),
    // Preferences have no bounds, and two that were clipped would be a draw.
    clip: (numbers) => (space.kind === 'discrete' ? numbers : numbers.map((x, i) => clip(space, i % width, x))),
    drawLast: (random) => Float64Array.from(low, (least, p) => least + (high[p] - least) * random.uniform()),
    wordsOf(words) {
      const actions = new Float32Array(horizon * words.length * size);
      for (let step = 0; step < horizon; step++)
        words.forEach((word, n) => {
          const numbers = word.subarray(step * width, (step + 1) * width);
          actions.set(
            space.kind === 'discrete' ? preferred(space.encoded, numbers) : numbers,
            (step * words.length + n) * size,
          );
        });
      return { count: words.length, length: horizon, actions };
    },
  };
}

/** Where preferences are drawn. */
function preferenceBounds(width: number): { readonly low: readonly number[]; readonly high: readonly number[] } {
  const everywhere = (bound: number) => Array.from({ length: width }, () => bound);
  return { low: everywhere(-1), high: everywhere(1) };
}

/** The encoded choice with the largest preference. */
function preferred(encoded: Float32Array, preferences: Float64Array): Float32Array {
  let best = 0;
  for (let choice = 1; choice < preferences.length; choice++)
    if (preferences[choice] > preferences[best]) best = choice;
  const size = encoded.length / preferences.length;
  return encoded.subarray(best * size, (best + 1) * size);
}

/** [H, P]: mean + deviation x noise, each of the P numbers with noise of its own along the word. */
function drawNumbers(
  mean: Float64Array,
  deviation: Float64Array,
  width: number,
  draw: (random: Random) => Float64Array,
  random: Random,
): Float64Array {
  const numbers = Float64Array.from(mean);
  for (let p = 0; p < width; p++)
    draw(random).forEach((noise, step) => {
      numbers[step * width + p] += deviation[step * width + p] * noise;
    });
  return numbers;
}

function refit(
  elites: readonly Candidate[],
  { mean, deviation }: { readonly mean: Float64Array; readonly deviation: Float64Array },
  smoothing: number,
) {
  const average = (of: (numbers: Float64Array, i: number) => number) =>
    mean.map((_, i) => elites.reduce((sum, { numbers }) => sum + of(numbers, i), 0) / elites.length);
  const eliteMean = average((numbers, i) => numbers[i]);
  const eliteVariance = average((numbers, i) => (numbers[i] - eliteMean[i]) ** 2);
  return {
    mean: mean.map((value, i) => smoothing * value + (1 - smoothing) * eliteMean[i]),
    deviation: deviation.map((value, i) => smoothing * value + (1 - smoothing) * Math.sqrt(eliteVariance[i])),
  };
}

/** Drops the first `count` numbers and appends as many, an action's at a time. */
function shiftNumbers(
  numbers: Float64Array,
  count: number,
  nextAction: (numbers: Float64Array) => Float64Array,
): Float64Array {
  const shifted = new Float64Array(numbers.length);
  shifted.set(numbers.subarray(Math.min(count, numbers.length)));
  for (let start = Math.max(0, numbers.length - count); start < numbers.length; ) {
    const action = nextAction(numbers);
    shifted.set(action, start);
    start += action.length;
  }
  return shifted;
}
