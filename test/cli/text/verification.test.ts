// The table of `jepa verify`: what is no failure does not look like one.
import { expect, test } from 'vitest';
import { renderVerification } from '../../../cli/text/verification.ts';
import { verificationFixture } from '../../verification/record-fixture.ts';

const OPTIONAL = 'cpu:int8: optional, so no failure; name it in --runtimes or --require to make it one';

test('an optional variant that is not certain is no NO, and a line says so', () => {
  const lines = renderVerification(verificationFixture).split('\n');
  expect(lines.find((line) => line.startsWith('cpu:int8 '))).toMatch(/^cpu:int8 +not certain +distinct/);
  expect(lines).toContain(OPTIONAL);
});

test('one that was asked for by name is a failure', () => {
  expect(renderVerification({ ...verificationFixture, holds: false })).not.toContain(OPTIONAL);
});
