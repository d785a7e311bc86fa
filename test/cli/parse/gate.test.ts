// --format, as people write it.
import { expect, test } from 'vitest';
import { isOnStdout, parseFormats } from '../../../cli/parse/gate.ts';

test('formats go to stdout, or into the files that are named', () => {
  expect(parseFormats('github,junit=out/results.xml, sarif=a=b.sarif')).toEqual([
    { kind: 'github' },
    { kind: 'junit', file: 'out/results.xml' },
    { kind: 'sarif', file: 'a=b.sarif' },
  ]);
  expect(isOnStdout(parseFormats('junit=a.xml'))).toBe(false);
  expect(isOnStdout(parseFormats('junit'))).toBe(true);
  expect(isOnStdout(undefined)).toBe(false);
});

test.each([
  ['junt', /--format: expected a format \(junit, github, sarif\), got "junt"/],
  ['junit=', /--format junit: expected a file after "=", got nothing/],
  ['junit,sarif', /--format: expected one format on stdout, got "junit,sarif"/],
])('%s is refused', (text, message) => {
  expect(() => parseFormats(text)).toThrow(message);
});
