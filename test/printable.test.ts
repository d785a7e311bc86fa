import { expect, test } from 'vitest';
import { printable } from '../src/printable.ts';

test('control and format characters are escaped, all else stays', () => {
  expect(printable('a\u001b[31mb\u009bc\u202ed\te')).toBe('a\\u001b[31mb\\u009bc\\u202ed\\u0009e');
  expect(printable('Grüße 猫 😀')).toBe('Grüße 猫 😀');
});

test('lines stay where they are wanted, and only there', () => {
  expect(printable('a\nb\rc', { keepLines: true })).toBe('a\nb\\u000dc');
  expect(printable('a\nb')).toBe('a\\u000ab');
});

test('what is escaped in JSON means the same', () => {
  const text = 'x\u009b\u202e\u{e0041}';
  expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
});
