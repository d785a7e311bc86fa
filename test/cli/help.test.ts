// The first page of help, as a terminal of 80 columns gets it.
import { describe, expect, test } from 'vitest';
import { jepa } from './jepa.ts';
import { startJepa } from './start-jepa.ts';

describe('jepa --help', async () => {
  const { stdout, code } = await startJepa(['--help']);
  const lines = stdout.split('\n');

  test('fits 80 columns, every command in one line', () => {
    expect(code).toBe(0);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const commands = lines.filter((line) => /^ {2}[a-z]+ {2,}\S/.test(line)).map((line) => line.trim().split(' ')[0]);
    expect(commands.slice(0, 4)).toEqual(['quickstart', 'train', 'export', 'evaluate']);
    expect(commands).toContain('completion');
    expect(commands).not.toContain('runner');
    expect(commands).not.toContain('help');
  });

  test('shows examples before the groups of commands, and no noise', async () => {
    expect(lines.indexOf('Examples:')).toBeLessThan(lines.indexOf('A world model, from training to use:'));
    expect(stdout).not.toContain('[options]');
    expect((await jepa(['train', '--help'])).stdout).toMatch(/^Usage: jepa train \[environment\]\n/);
    expect((await jepa(['data', '--help'])).stdout).toMatch(/^Usage: jepa data <command>\n/);
  });

  test('the internal command still works, and -v prints the version', async () => {
    expect((await jepa(['runner', '--help'])).code).toBe(0);
    expect((await jepa(['-v'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await jepa(['-v'])).stdout).toBe((await jepa(['--version'])).stdout);
  });
});
