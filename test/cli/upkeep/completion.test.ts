// The completion scripts in the shells themselves, those that are installed: bash everywhere, zsh and fish where they are.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jepa } from '../jepa.ts';
import { startJepa } from '../start-jepa.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Shell = 'bash' | 'zsh' | 'fish';

/** The words that the shell offers for the last of `words`. */
const offered: Readonly<Record<Shell, (script: string, words: readonly string[]) => string>> = {
  bash: (script, words) =>
    `source '${script}'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _jepa; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // The completion system's own builtins work in the line editor alone; here they print what they are given.
  zsh: (script, words) => `compdef() { : }; compadd() { shift; print -l -- "$@" }; _files() { print -l -- *(N) }
_describe() { local entry; for entry in "\${(@P)2}"; do print -- "\${entry%%:*}"; done }
source '${script}'; words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _jepa`,
  fish: (script, words) => `source '${script}'; complete -C '${words.join(' ')}' | cut -f1`,
};

describe.each(['bash', 'zsh', 'fish'] as const)('completion in %s', (shell) => {
  const script = join(folder, shell);
  const isInstalled = spawnSync(shell, ['-c', 'true']).status === 0;
  if (!isInstalled) process.stderr.write(`Completion is not tested in ${shell}, which is not installed.\n`);

  beforeAll(async () => {
    // One of them is printed by a process of its own, as it is in the user's profile.
    const printed = await (shell === 'bash' ? startJepa : jepa)(['completion', shell]);
    expect(printed.stderr).toBe('');
    writeFileSync(script, printed.stdout);
    writeFileSync(join(folder, 'model of mine.onnx'), '');
  }, 60_000);

  const complete = (...words: string[]): string[] => {
    const flags = shell === 'zsh' ? ['-f'] : shell === 'fish' ? ['--no-config'] : ['--norc'];
    const result = spawnSync(shell, [...flags, '-c', offered[shell](script, ['jepa', ...words])], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(result.stderr).toBe('');
    const last = words.at(-1) ?? '';
    // The builtins that stand in for zsh's own do not filter.
    return result.stdout.split('\n').filter((word) => word !== '' && word.startsWith(last));
  };

  test.runIf(isInstalled)('offers commands, and not the internal one', () => {
    expect(complete('e').sort()).toEqual(['encode', 'evaluate', 'export']);
    const all = complete('');
    expect(all).toEqual(expect.arrayContaining(['train', 'doctor', 'cache', 'completion']));
    expect(all).not.toContain('runner');
  });

  test.runIf(isInstalled)('offers the commands of a command', () => {
    expect(complete('data', '').sort()).toEqual(['convert', 'inspect', 'preview']);
    expect(complete('cache', 'c')).toEqual(['clear']);
  });

  test.runIf(isInstalled)('offers options, also behind an argument', () => {
    expect(complete('train', 'counting', '--pre')).toEqual(['--preset']);
    expect(complete('data', 'inspect', '--no-such')).toEqual([]);
  });

  test.runIf(isInstalled)('offers the values of an option, of an argument, and files', () => {
    expect(complete('export', '--layout', 'n').sort()).toEqual(['nchw', 'nhwc']);
    expect(complete('train', 'co')).toEqual(['counting']);
    expect(complete('completion', '').sort()).toEqual(['bash', 'fish', 'zsh']);
    expect(complete('inspect', 'mod').map((word) => word.replaceAll('\\', ''))).toEqual(['model of mine.onnx']);
    expect(complete('train', '--out', 'mod').map((word) => word.replaceAll('\\', ''))).toEqual(['model of mine.onnx']);
    expect(complete('train', '--seed', '')).toEqual([]);
  });
});
