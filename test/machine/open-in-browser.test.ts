// Opening a page: which program is asked, and what is said where it cannot.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openerCommand, openInBrowser } from '../../src/machine/open-in-browser.ts';

describe('opening a page', () => {
  test.each([
    [{}, 'linux', 'xdg-open', ['p.html']],
    [{}, 'darwin', 'open', ['p.html']],
    [{}, 'win32', 'rundll32', ['url.dll,FileProtocolHandler', 'p.html']],
    [{ BROWSER: 'firefox:chromium' }, 'linux', 'firefox', ['p.html']],
  ])('with %o on %s asks %s', (environment, platform, program, args) => {
    expect(openerCommand('p.html', environment, platform)).toEqual({ program, arguments: args });
  });

  test('hands over the path as one word, whatever is in it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jepa-open-'));
    try {
      const program = join(folder, 'browser');
      writeFileSync(program, `#!/bin/sh\nprintf '%s' "$1" > '${join(folder, 'seen')}'\n`);
      chmodSync(program, 0o755);
      expect(await openInBrowser('a b & $(c).html', { program, arguments: ['a b & $(c).html'] })).toBeUndefined();
      expect(existsSync(join(folder, 'seen'))).toBe(true);
      expect(readFileSync(join(folder, 'seen'), 'utf8')).toBe('a b & $(c).html');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('says why it was not opened', async () => {
    expect(await openInBrowser('p', { program: '/no/such/program', arguments: ['p'] })).toBe(
      '/no/such/program could not be started',
    );
    expect(await openInBrowser('p', { program: 'false', arguments: ['p'] })).toBe('false ended with code 1');
  });
});
