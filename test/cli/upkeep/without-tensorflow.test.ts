import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { isNativeInPackage, jepaWithoutTensorFlow } from './without-tensorflow.ts';

describe.skipIf(isNativeInPackage)('without native TensorFlow', () => {
  test('train says in two lines what was tried and what to do, and leaves no folder', { timeout: 60_000 }, async () => {
    const home = temporaryFolder();
    const ended = await jepaWithoutTensorFlow(home, 'train', 'counting', '--out', join(home, 'run'));
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    const [tried, todo] = ended.stderr.trimEnd().split('\n').slice(-2);
    expect(tried).toMatch(
      /^jepa: native TensorFlow: .*\(1\) tfjs-node's own installer: .*\(2\) TensorFlow's wheel: no C\+\+/,
    );
    expect(todo).toMatch(/^What needs no training still works .*Install/);
    expect(existsSync(join(home, 'run'))).toBe(false);
  });
});
