// The page's address as settings.
import { expect, test } from 'vitest';
import { readSettings } from '../../../web/page/settings.ts';

test('an empty address leaves the choice to the page, and empty fields of the form as well', () => {
  expect(readSettings('')).toEqual({ runtime: 'auto', threads: undefined, observations: 1024 });
  expect(readSettings('?runtime=&threads=&observations=')).toEqual(readSettings(''));
});

test('what is asked for is taken', () => {
  expect(readSettings('?runtime=webgpu&threads=2&observations=256')).toEqual({
    runtime: 'webgpu',
    threads: 2,
    observations: 256,
  });
});

test.each([
  ['?runtime=wasn', '?runtime: expected a runtime (auto, webgpu, wasm), got "wasn"'],
  ['?threads=0', '?threads: expected a whole number of at least 1, got "0"'],
  ['?observations=many', '?observations: expected a whole number of at least 2, got "many"'],
])('%s is refused', (query, message) => {
  expect(() => readSettings(query)).toThrow(message);
});
