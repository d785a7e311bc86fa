import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cacheRoot, withCacheLock } from '../../src/machine/cache-folder.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

describe('cacheRoot', () => {
  test('is our variable, made absolute, before anything else', () => {
    expect(cacheRoot({ JEPA_ONNX_CACHE: '/a/b', XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/a/b');
    expect(cacheRoot({ JEPA_ONNX_CACHE: 'a' }, 'linux')).toBe(resolve('a'));
  });

  test('is under XDG_CACHE_HOME where that is absolute, as its specification demands', () => {
    expect(cacheRoot({ XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/jepa-onnx');
    expect(cacheRoot({ XDG_CACHE_HOME: 'x' }, 'linux')).toBe(join(homedir(), '.cache', 'jepa-onnx'));
  });

  test("is the platform's own place otherwise", () => {
    expect(cacheRoot({}, 'darwin')).toBe(join(homedir(), 'Library', 'Caches', 'jepa-onnx'));
    expect(cacheRoot({ LOCALAPPDATA: '/local' }, 'win32')).toBe(join('/local', 'jepa-onnx', 'Cache'));
    expect(cacheRoot({}, 'linux')).toBe(join(homedir(), '.cache', 'jepa-onnx'));
  });
});

describe('withCacheLock', () => {
  test('lets one in at a time, and tells the other that it waits', async () => {
    const root = join(temporaryFolder(), 'new', 'cache');
    const order: string[] = [];
    const messages: string[] = [];
    let leave: () => void = () => {};
    const first = withCacheLock(root, {}, async () => {
      order.push('first in');
      await new Promise<void>((done) => {
        leave = done;
      });
      order.push('first out');
    });
    while (order.length === 0) await new Promise((done) => setTimeout(done, 5));
    const second = withCacheLock(
      root,
      {
        onSetup: ({ stage }) => {
          messages.push(stage);
          leave();
        },
      },
      async () => {
        order.push('second in');
      },
    );
    await Promise.all([first, second]);
    expect(order).toEqual(['first in', 'first out', 'second in']);
    expect(messages).toEqual(['wait']);
  });

  test('gives the lock back when the work fails', async () => {
    const root = temporaryFolder();
    const failure = withCacheLock(root, {}, () => Promise.reject(new Error('broken')));
    await expect(failure).rejects.toThrow('broken');
    expect(await withCacheLock(root, {}, async () => 'in')).toBe('in');
  });

  test('takes over at once from a process that was killed', async () => {
    const root = temporaryFolder();
    const moduleUrl = pathToFileURL(resolve('src/storage/run-lock.ts')).href;
    const script = `import { acquireRunLock } from ${JSON.stringify(moduleUrl)};
      acquireRunLock(process.argv[1]);
      process.kill(process.pid, 'SIGKILL');`;
    spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script, root]);
    expect(readdirSync(root)).toContain('run.lock');
    expect(await withCacheLock(root, { onSetup: () => expect.unreachable() }, async () => 'in')).toBe('in');
  });

  test('stops waiting when it is told to', async () => {
    const root = temporaryFolder();
    const controller = new AbortController();
    await withCacheLock(root, {}, async () => {
      const waiting = withCacheLock(
        root,
        { signal: controller.signal, onSetup: () => controller.abort(new Error('stop')) },
        async () => 'in',
      );
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    });
  });

  test('says which folder cannot be written, and which variable moves it', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(withCacheLock(join(file, 'cache'), {}, async () => {})).rejects.toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining(join(file, 'cache')),
      remedy: expect.stringContaining('JEPA_ONNX_CACHE'),
    });
  });
});
