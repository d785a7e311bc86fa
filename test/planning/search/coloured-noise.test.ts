import { expect, test } from 'vitest';
import { colouredNoise } from '../../../src/planning/search/coloured-noise.ts';
import { type Random, randomFor } from '../../../src/random.ts';

const DRAWS = 4000;
/** Five standard errors of a variance of DRAWS normal numbers. */
const TOLERANCE = 5 * Math.sqrt(2 / DRAWS);

/** [H] variances, and the covariance of neighbours. */
function momentsOf(length: number, exponent: number) {
  const draw = colouredNoise(length, exponent);
  const random = randomFor('test', length, exponent);
  const variances = new Array<number>(length).fill(0);
  let neighbours = 0;
  for (let n = 0; n < DRAWS; n++) {
    const noise = draw(random);
    noise.forEach((x, t) => {
      variances[t] += (x * x) / DRAWS;
      if (t > 0) neighbours += (x * noise[t - 1]) / (DRAWS * (length - 1));
    });
  }
  return { variances, neighbours };
}

test.each([1, 2, 5, 8])('every one of %i numbers has variance 1, whatever the colour', (length) => {
  for (const exponent of [0, 1, 3])
    for (const variance of momentsOf(length, exponent).variances)
      expect(Math.abs(variance - 1)).toBeLessThan(TOLERANCE);
});

test('neighbours agree the more, the larger the exponent', () => {
  const [white, pink, red] = [0, 1, 3].map((exponent) => momentsOf(8, exponent).neighbours);
  expect(white).toBeLessThan(0.3);
  expect(pink).toBeGreaterThan(white + 0.1);
  expect(red).toBeGreaterThan(pink + 0.1);
});

test.each([
  [8, 0, 1 / 8],
  [8, 1, 0.203],
  [20, 0, 1 / 20],
])(
  '%i numbers of exponent %d have the spectrum that is asked for: the power of their mean is %d',
  (length, exponent, power) => {
    const draw = colouredNoise(length, exponent);
    const random = randomFor('spectrum', length, exponent);
    const draws = 20_000;
    const covariance = new Array<number>(length).fill(0);
    let ofMean = 0;
    for (let n = 0; n < draws; n++) {
      const noise = draw(random);
      const mean = noise.reduce((sum, x) => sum + x, 0) / length;
      ofMean += (mean * mean) / draws;
      for (let lag = 0; lag < length; lag++) covariance[lag] += (noise[0] * noise[lag]) / draws;
    }
    // Five standard errors of a mean of squares.
    expect(Math.abs(ofMean - power)).toBeLessThan(5 * power * Math.sqrt(2 / draws) + 5e-4);
    // White: no lag correlates, the even ones as little as the odd.
    if (exponent === 0)
      for (const value of covariance.slice(1)) expect(Math.abs(value)).toBeLessThan(5 / Math.sqrt(draws));
  },
);

/** Normal numbers that are given. */
function given(...values: readonly number[]): Random {
  let drawn = 0;
  return { ...randomFor('given'), normal: () => values[drawn++] };
}

const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 12));

test('four numbers are a constant, one wave by its cosine and its sine, and the alternating one, by their amplitudes', () => {
  const [mean, cosine, sine, alternating] = [0.5, -2, 3, 0.25];
  for (const exponent of [0, 1, 2]) {
    // Half of the power for the two that have no sine; the alternating one has the frequency 2.
    const powers = [1 / 2, 1, 1 / 2 / 2 ** exponent];
    const [a, b, c] = powers.map((power) => Math.sqrt(power / powers.reduce((sum, each) => sum + each)));
    expect([...colouredNoise(4, exponent)(given(mean, cosine, sine, alternating))]).toEqual(
      near([
        a * mean + b * cosine + c * alternating,
        a * mean + b * sine - c * alternating,
        a * mean - b * cosine + c * alternating,
        a * mean - b * sine - c * alternating,
      ]),
    );
  }
});

test('of five numbers the highest frequency has a sine as well', () => {
  const [mean, ...waves] = [0.5, -2, 3, 0.25, 1.5];
  const powers = [1 / 2, 1, 1 / 4];
  const [a, b, c] = powers.map((power) => Math.sqrt(power / 1.75));
  const wave = (f: number, t: number) => (2 * Math.PI * f * t) / 5;
  const expected = [0, 1, 2, 3, 4].map(
    (t) =>
      a * mean +
      b * (waves[0] * Math.cos(wave(1, t)) + waves[1] * Math.sin(wave(1, t))) +
      c * (waves[2] * Math.cos(wave(2, t)) + waves[3] * Math.sin(wave(2, t))),
  );
  expect([...colouredNoise(5, 2)(given(mean, ...waves))]).toEqual(near(expected));
});

test('one number alone is the draw itself, whatever the colour', () => {
  expect([...colouredNoise(1, 3)(given(0.75))]).toEqual([0.75]);
});
