// The plane of the picture agrees with the report's projection, and takes latents that are not in it.
import { test } from 'vitest';
import { createLatents } from '../../../src/measures/latents.ts';
import { measureSpectrum, projectOnAxes } from '../../../src/measures/spectrum/spectrum.ts';
import { randomFor } from '../../../src/random.ts';
import { createPlane } from '../../../web/page/plane.ts';
import { expectClose } from '../../matcher/close.ts';

const random = randomFor(5, 'latents');
const latents = createLatents(
  Float32Array.from({ length: 40 * 5 }, (_, i) => (1 + (i % 5)) * random.normal() + 3),
  5,
);
const spectrum = measureSpectrum(latents);
const plane = createPlane(latents, spectrum);

test('held-out latents go where the report puts them', () => {
  expectClose(plane.project(latents.values), projectOnAxes(latents, spectrum, 2), { absolute: 1e-12 });
});

test('one latent alone goes where it goes among all', () => {
  const [x, y] = plane.project(latents.values.subarray(15, 20));
  const all = plane.project(latents.values);
  expectClose([x, y], [all[6], all[7]], { absolute: 1e-12 });
});

test('latents of one number lie on a line', () => {
  const line = createLatents(Float32Array.of(1, 2, 4), 1);
  const projected = createPlane(line, measureSpectrum(line)).project(line.values);
  expectClose(projected, [-4 / 3, 0, -1 / 3, 0, 5 / 3, 0], { absolute: 1e-6 });
});
