import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { folderByteLength, outputLine, runCommand } from '../../src/machine/command.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const node = process.execPath;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed child that nobody has waited for is a zombie: it answers to signal 0, but it runs no more.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe('runCommand', () => {
  test('returns what the program wrote and its exit code', async () => {
    const result = await runCommand(node, ['-e', 'console.log("out"); console.error("err"); process.exit(3)']);
    expect(result).toEqual({ outcome: 'exited', exitCode: 3, endedBy: undefined, stdout: 'out\n', stderr: 'err\n' });
  });

  test('tells a missing program, and a file that is no program, from one that failed', async () => {
    expect((await runCommand('no-such-program-here', [])).outcome).toBe('missing');
    const file = join(temporaryFolder(), 'no-program');
    writeFileSync(file, 'text');
    expect((await runCommand(file, [])).outcome).toBe('missing');
  });

  test('names the signal that ended the program', async () => {
    const result = await runCommand(node, ['-e', 'process.kill(process.pid, "SIGILL")']);
    expect(result).toMatchObject({ outcome: 'killed', endedBy: 'SIGILL' });
  });

  test('keeps the end of a long output', async () => {
    const result = await runCommand(node, ['-e', 'process.stdout.write("x".repeat(200000) + "end")']);
    expect(result.stdout.length).toBe(65536);
    expect(result.stdout.endsWith('xend')).toBe(true);
  });

  test('stops a program that takes too long', async () => {
    const result = await runCommand(node, ['-e', 'setInterval(() => {}, 1000)'], { limitMs: 100 });
    expect(result.outcome).toBe('late');
  });

  test.skipIf(process.platform !== 'linux')(
    'stops a program that takes more memory than it may, also where a child of its takes it',
    async () => {
      const hog = 'const b = Buffer.alloc(250e6, 1); setInterval(() => b.length, 1000)';
      const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hog)}], { detached: true, stdio: 'ignore' }); setInterval(() => {}, 1000)`;
      const memoryLimitByteLength = 200e6;
      expect((await runCommand(node, ['-e', hog], { memoryLimitByteLength, limitMs: 20_000 })).outcome).toBe('large');
      expect((await runCommand(node, ['-e', parent], { memoryLimitByteLength, limitMs: 20_000 })).outcome).toBe(
        'large',
      );
      const idle = ['-e', 'setTimeout(() => {}, 600)'];
      expect((await runCommand(node, idle, { memoryLimitByteLength })).outcome).toBe('exited');
    },
  );

  test('stops a silent program, but not one whose activity moves', async () => {
    const sleeper = ['-e', 'setTimeout(() => {}, 1000)'];
    expect((await runCommand(node, sleeper, { idleLimitMs: 400, activity: () => 0 })).outcome).toBe('idle');
    let count = 0;
    expect((await runCommand(node, sleeper, { idleLimitMs: 400, activity: () => count++ })).outcome).toBe('exited');
  });

  test.skipIf(process.platform !== 'linux')(
    'stops what the program started in turn, too (read from /proc)',
    async () => {
      const file = join(temporaryFolder(), 'pid');
      const grandchild = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));`;
      const controller = new AbortController();
      const running = runCommand(node, ['-e', grandchild], {
        signal: controller.signal,
        activity: () => {
          if (folderByteLength(join(file, '..')) > 0) controller.abort(new Error('enough'));
          return 0;
        },
      });
      await expect(running).rejects.toThrow('enough');
      const pid = Number(readFileSync(file, 'utf8'));
      for (let i = 0; i < 50 && isAlive(pid); i++) await sleep(20);
      expect(isAlive(pid)).toBe(false);
    },
  );
});

describe('folderByteLength', () => {
  test('sums the files of all levels, and is 0 for a folder that is not there', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'x'), 'abc');
    writeFileSync(join(folder, 'a', 'b', 'y'), 'defg');
    expect(folderByteLength(folder)).toBe(7);
    expect(folderByteLength(join(folder, 'none'))).toBe(0);
  });
});

describe('outputLine', () => {
  const result = {
    outcome: 'exited',
    exitCode: 1,
    endedBy: undefined,
    stdout: 'one\n',
    stderr: 'a\nb error: c\n\nd\n',
  } as const;

  test('is the first line that matches, else the last one', () => {
    expect(outputLine(result, /error/)).toBe('b error: c');
    expect(outputLine(result, /nothing/)).toBe('one');
    expect(outputLine({ ...result, stdout: '', stderr: '' })).toBe('no output');
  });
});
