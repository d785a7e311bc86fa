// `jepa serve` as a command: one line with the address, an end on Ctrl-C, and what it refuses.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeExportFolder } from '../../web/site/site-fixture.ts';
import { openWebServer } from '../../web/web-server.ts';
import { jepaWith } from '../jepa.ts';
import { bin } from '../start-jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-serve-cli-'));
const exported = join(root, 'export');
beforeAll(() => {
  writeExportFolder(exported);
  mkdirSync(join(root, 'run'));
  writeFileSync(join(root, 'run', 'config.json'), '{}');
});
afterAll(() => rmSync(root, { recursive: true }));

const jepa = jepaWith(['serve']);

describe('jepa serve', () => {
  test('prints one address, answers there, and ends with 0 on Ctrl-C', async () => {
    const child = spawn(process.execPath, [bin, 'serve', exported, '--port', '0']);
    try {
      const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
      expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
      expect(await (await fetch(line.trim())).text()).toContain('<svg id="plot"');
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('--build refuses an export whose encoder is no ONNX file, and publishes nothing', async () => {
    const folder = join(root, 'site');
    const { code, stdout, stderr } = await jepa(exported, '--build', folder);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('encoder.onnx: expected');
    expect(existsSync(folder)).toBe(false);
  });
  test('a port that is taken is one line and exit code 1', async () => {
    const other = await openWebServer((_, response) => response.end());
    const { port } = new URL(other.url);
    const { code, stderr } = await jepa(exported, '--port', port);
    await other.close();
    expect(stderr).toBe(
      `jepa: port ${port}: expected a free port, got one that another program listens on. Choose another with --port, or any free one with --port 0.\n`,
    );
    expect(code).toBe(1);
  });

  const run = join(root, 'run');
  test.each<[string, string[], RegExp]>([
    ['no folder', [join(root, 'nothing')], /expected an export with its export\.json, found none/],
    [
      'a run without an export',
      [run],
      /expected a run that was exported, found no export in it\. Export it: jepa export /,
    ],
    ['another host', [exported, '--host', '0.0.0.0'], /--host: expected an address of this machine alone .*--build/],
    ['no port', [exported, '--port', '70000'], /--port: expected a number up to 65535, got 70000/],
  ])('%s is refused in one line with exit code 2', async (_, argv, message) => {
    const { code, stdout, stderr } = await jepa(...argv);
    expect(stderr).toMatch(message);
    expect([code, stdout, stderr.trim().split('\n').length]).toEqual([2, '', 1]);
  });
});
