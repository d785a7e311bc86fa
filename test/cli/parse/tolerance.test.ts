// What a person writes after --tolerance, --fail-on and --shape.
import { describe, expect, test } from 'vitest';
import { parseFailRules, parseShapes, parseTolerance } from '../../../cli/parse/tolerance.ts';

test('a number alone is relative; others have names', () => {
  expect(parseTolerance('0.01')).toEqual({ relative: 0.01 });
  expect(parseTolerance('absolute=1e-4,cosine=0.99,sqnr=-3')).toEqual({ absolute: 1e-4, cosine: 0.99, sqnr: -3 });
  expect(parseFailRules('verdict, elsewhere')).toEqual(['verdict', 'elsewhere']);
});

test('axes and inputs have sizes; names may hold an equals sign', () => {
  expect(parseShapes('N=4,a=b=2,image=1x3x8x8')).toEqual(
    new Map([
      ['N', [4]],
      ['a=b', [2]],
      ['image', [1, 3, 8, 8]],
    ]),
  );
});

describe('refused', () => {
  test.each([
    ['foo=1', '--tolerance: expected the name of a tolerance (relative, absolute, cosine, sqnr, psnr), got "foo"'],
    ['-1', '--tolerance: expected relative as a number of at least 0, got "-1"'],
    ['cosine=2', '--tolerance: expected cosine as a number from -1 to 1, got "2"'],
    ['sqnr=', '--tolerance: expected sqnr as a number of dB, got ""'],
    ['0.1,relative=0.2', '--tolerance: expected relative once'],
  ])('%s', (text, message) => {
    expect(() => parseTolerance(text)).toThrow(message);
  });

  test.each(['N', 'N=0', 'N=2x', '=3', 'N=1.5'])('--shape %s', (text) => {
    expect(() => parseShapes(text)).toThrow('--shape: expected NAME=SIZE or INPUT=AxBxC');
  });

  test('--fail-on certificat', () => {
    expect(() => parseFailRules('certificat')).toThrow('--fail-on: expected what is a failure');
  });
});
