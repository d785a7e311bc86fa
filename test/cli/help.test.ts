// The first page of help, as a terminal of 80 columns gets it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

function jepa(...args: string[]) {
  return spawnSync(process.execPath, [join(import.meta.dirname, '..', '..', 'bin', 'jepa.js'), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
}

describe('jepa --help', () => {
  const { stdout, status } = jepa('--help');
  const lines = stdout.split('\n');

  test('fits 80 columns, every command in one line', () => {
    expect(status).toBe(0);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const commands = lines.filter((line) => /^ {2}[a-z]+ {2,}\S/.test(line)).map((line) => line.trim().split(' ')[0]);
    expect(commands.slice(0, 4)).toEqual(['quickstart', 'train', 'export', 'evaluate']);
    expect(commands).toContain('completion');
    expect(commands).not.toContain('runner');
    expect(commands).not.toContain('help');
  });

  test('shows examples before the groups of commands, and no noise', () => {
    expect(lines.indexOf('Examples:')).toBeLessThan(lines.indexOf('A world model, from training to use:'));
    expect(stdout).not.toContain('[options]');
    expect(jepa('train', '--help').stdout).toMatch(/^Usage: jepa train \[environment\]\n/);
    expect(jepa('data', '--help').stdout).toMatch(/^Usage: jepa data <command>\n/);
  });

  test('the internal command still works, and -v prints the version', () => {
    expect(jepa('runner', '--help').status).toBe(0);
    expect(jepa('-v').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(jepa('-v').stdout).toBe(jepa('--version').stdout);
  });
});
