import { expect, test } from 'vitest';
import { colouredNoise } from '../../../src/planning/search/coloured-noise.ts';
import { randomFor } from '../../../src/random.ts';

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
