// What a person writes after --input and --fix: names of inputs have slashes, colons, dots and equals signs.
import { expect, test } from 'vitest';
import { parseFix, parseInput } from '../../../cli/parse/encoder.ts';

test('an input takes columns, once for each', () => {
  const first = parseInput('serve/image.in:0=frames');
  expect(parseInput('a=b=position+speed', first)).toEqual([
    { name: 'serve/image.in:0', columns: ['frames'] },
    { name: 'a=b', columns: ['position', 'speed'] },
  ]);
  expect(() => parseInput('serve/image.in:0=other', first)).toThrow(
    '--input: expected each input once, got "serve/image.in:0" twice',
  );
});

test('an input is fixed at one number or several', () => {
  expect(parseFix('mask=1', parseFix('scale=0.5,-2e3'))).toEqual([
    { name: 'scale', values: [0.5, -2000] },
    { name: 'mask', values: [1] },
  ]);
});

test.each([
  [() => parseInput('frames'), '--input: expected NAME=VALUE, got "frames"'],
  [() => parseInput('=frames'), '--input: expected NAME=VALUE, got "=frames"'],
  [() => parseInput('image=a++b'), '--input: expected NAME=COLUMN, got "image=a++b"'],
  [() => parseFix('mask='), '--fix: expected NAME=VALUE, got "mask="'],
  [() => parseFix('mask=one'), '--fix: expected NAME=NUMBER, or numbers with commas, got "mask=one"'],
])('what is none is refused: %#', (parse, message) => {
  expect(parse).toThrow(message);
});
