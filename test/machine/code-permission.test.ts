// Code that a folder names: refused unless the user named it, allowed all, or wrote the folder here as it still is.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CodeRefusedError,
  forbidAllCode,
  permitAllCode,
  permitCode,
  recognizeCode,
  rememberCode,
  requireCodePermission,
} from '../../src/machine/code-permission.ts';

let root = '';
let formerHome: string | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'jepa-code-'));
  formerHome = process.env.XDG_CONFIG_HOME;
  process.env.XDG_CONFIG_HOME = join(root, 'settings');
  mkdirSync(join(root, 'run'));
  writeFileSync(join(root, 'p.mjs'), 'export default () => 1;');
  forbidAllCode();
});
afterEach(() => {
  process.env.XDG_CONFIG_HOME = formerHome;
  rmSync(root, { recursive: true, force: true });
  forbidAllCode();
});

const moduleAt = (path: string) => ({ kind: 'module', name: path }) as const;
const isAllowed = (...[code]: Parameters<typeof requireCodePermission>): boolean => {
  try {
    requireCodePermission(code);
    return true;
  } catch (error) {
    if (error instanceof CodeRefusedError) return false;
    throw error;
  }
};

/** What a later command of the same user finds. */
const isKnown = (folder: string, code: Parameters<typeof requireCodePermission>[0]): boolean => {
  forbidAllCode();
  recognizeCode(folder, [code]);
  return isAllowed(code);
};

describe('code that a folder names', () => {
  test('is refused with its whole name and the folder, and escapes in the name do not reach the terminal', () => {
    const code = moduleAt('theirs/\u001b[2Jx.mjs');
    recognizeCode('theirs', [code]);
    expect(() => requireCodePermission(code)).toThrow(
      'module theirs/\\u001b[2Jx.mjs: expected your permission to run it, which theirs names, got none',
    );
  });

  test('runs where the user named it, however its path is written; another does not', () => {
    permitCode(moduleAt(join(root, 'p.mjs')));
    expect(isAllowed(moduleAt(relative(process.cwd(), join(root, 'p.mjs'))))).toBe(true);
    expect(isAllowed(moduleAt(join(root, 'q.mjs')))).toBe(false);
    expect(isAllowed({ kind: 'program', name: join(root, 'p.mjs') })).toBe(false);
  });

  test('runs where the user allows all, and each is told once', () => {
    const told: string[] = [];
    permitAllCode((line) => told.push(line));
    const code = { kind: 'program', name: `/opt/${root}/ffmpeg` } as const;
    recognizeCode('theirs', [code]);
    requireCodePermission(code);
    requireCodePermission(code);
    expect(told).toEqual([`runs the program /opt/${root}/ffmpeg, which theirs names`]);
  });

  test('of a folder that a command of the user wrote is known to the next command', () => {
    const code = moduleAt(join(root, 'p.mjs'));
    const folder = join(root, 'run');
    expect(isKnown(folder, code)).toBe(false);
    permitCode(code);
    expect(rememberCode(folder, [code])).toBeUndefined();
    expect(isKnown(folder, code)).toBe(true);
  });

  test('that nobody permitted is not made known by writing the folder', () => {
    const code = moduleAt(join(root, 'p.mjs'));
    rememberCode(join(root, 'run'), [code]);
    expect(isKnown(join(root, 'run'), code)).toBe(false);
  });

  test('of a copied, moved or edited folder, or code that was changed, is not known', () => {
    const code = moduleAt(join(root, 'p.mjs'));
    const folder = join(root, 'run');
    permitCode(code);
    rememberCode(folder, [code]);
    cpSync(folder, join(root, 'copy'), { recursive: true });
    expect(isKnown(join(root, 'copy'), code)).toBe(false);
    writeFileSync(join(root, 'other.mjs'), '');
    expect(isKnown(folder, moduleAt(join(root, 'other.mjs')))).toBe(false);
    renameSync(folder, join(root, 'moved'));
    expect(isKnown(join(root, 'moved'), code)).toBe(false);
    renameSync(join(root, 'moved'), folder);
    expect(isKnown(folder, code)).toBe(true);
    writeFileSync(join(root, 'p.mjs'), 'export default () => process.exit(9);');
    expect(isKnown(folder, code)).toBe(false);
  });

  test('is known with the options that it was given, and no others', () => {
    const gym = (options: object) => ({ kind: 'simulator', name: 'gym:their_package:Env-v0', options }) as const;
    permitCode(gym({ size: 3 }));
    rememberCode(join(root, 'run'), [gym({ size: 3 })]);
    expect(isKnown(join(root, 'run'), gym({ size: 3 }))).toBe(true);
    expect(isKnown(join(root, 'run'), gym({ size: 4 }))).toBe(false);
  });

  test('cannot be made known without the key: neither by a registry of another key nor by one that others can read', () => {
    const code = moduleAt(join(root, 'p.mjs'));
    const folder = join(root, 'run');
    permitCode(code);
    rememberCode(folder, [code]);
    const registry = join(root, 'settings', 'jepa-onnx', 'code');
    const key = join(registry, 'key');
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(registry).mode & 0o777).toBe(0o700);
    // What a forger would bring: the statements of their own machine.
    const forged = join(root, 'forged', 'jepa-onnx', 'code');
    cpSync(registry, forged, { recursive: true });
    writeFileSync(join(forged, 'key'), Buffer.alloc(32, 7));
    chmodSync(join(forged, 'key'), 0o600);
    process.env.XDG_CONFIG_HOME = join(root, 'forged');
    expect(isKnown(folder, code)).toBe(false);
    process.env.XDG_CONFIG_HOME = join(root, 'settings');
    chmodSync(key, 0o644);
    expect(isKnown(folder, code)).toBe(false);
    // A new key is made by the next command that writes, and the old statements are worth nothing.
    permitCode(code);
    rememberCode(join(root, 'settings'), [code]);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(isKnown(folder, code)).toBe(false);
    expect(readdirSync(registry).filter((name) => name.startsWith('key'))).toEqual(['key']);
  });

  test('is written down where it can be, and the reason is told where it cannot', () => {
    process.env.XDG_CONFIG_HOME = join(root, 'p.mjs');
    const code = moduleAt(join(root, 'p.mjs'));
    permitCode(code);
    expect(rememberCode(join(root, 'run'), [code])).toMatch(
      /expected a folder of your own to write to, got E(NOTDIR|EXIST)/,
    );
  });
});
