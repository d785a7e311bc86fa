// Noise whose power falls with the frequency as 1 / f^exponent (Timmer and König 1995): 0 is white, larger is slower.
import type { Random } from '../../random.ts';

/** Draws `length` numbers, each of mean 0 and variance 1. */
export function colouredNoise(length: number, exponent: number): (random: Random) => Float64Array {
  const highest = Math.floor(length / 2);
  // The constant part has the power of the lowest frequency, where the law itself would be infinite.
  // It and the highest of an even length are one bin of the spectrum, every other frequency is two, f and -f: half the power.
  const amplitudes = Array.from({ length: highest + 1 }, (_, f) => {
    const isSingle = (2 * f) % length === 0;
    return Math.max(1, f) ** (-exponent / 2) * (isSingle ? Math.SQRT1_2 : 1);
  });
  const scale = 1 / Math.sqrt(amplitudes.reduce((sum, amplitude) => sum + amplitude ** 2, 0));
  const angle = (2 * Math.PI) / length;
  const cosines = Float64Array.from({ length }, (_, i) => Math.cos(angle * i));
  const sines = Float64Array.from({ length }, (_, i) => Math.sin(angle * i));
  return (random) => {
    const noise = new Float64Array(length);
    amplitudes.forEach((amplitude, f) => {
      const real = scale * amplitude * random.normal();
      // A constant has no sine, and neither has the highest frequency of an even length.
      const imaginary = (2 * f) % length === 0 ? 0 : scale * amplitude * random.normal();
      for (let t = 0; t < length; t++)
        noise[t] += real * cosines[(f * t) % length] + imaginary * sines[(f * t) % length];
    });
    return noise;
  };
}
