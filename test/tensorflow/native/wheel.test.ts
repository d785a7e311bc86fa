// Which of two versions of the C library is newer.
import { expect, test } from 'vitest';
import { compareVersions } from '../../../src/tensorflow/native/wheel.ts';

test.each([
  ['2.17', '2.28', -1],
  ['2.28', '2.28', 0],
  ['2.9', '2.28', -1],
  ['2.36', '2.28', 1],
  ['3.0', '2.28', 1],
])('glibc %s beside %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});
