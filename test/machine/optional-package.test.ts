import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  cachedFolder,
  findPackage,
  installedPackage,
  onnxruntimeNodePackage,
  tfjsNodePackage,
} from '../../src/machine/optional-package.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

describe('optional packages', () => {
  test('are asked for in the version that package.json pins, where they are optional', () => {
    const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    for (const { name, version } of [tfjsNodePackage, onnxruntimeNodePackage])
      expect(optionalDependencies[name], name).toBe(version);
  });

  test('no package that is not optional has an install script that downloads', () => {
    // esbuild, core-js, protobufjs: scripts that need no network. A new name here needs a look at what its script does.
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
    const withScripts = Object.entries<{ hasInstallScript?: boolean; optional?: boolean; dev?: boolean }>(packages)
      .filter(([, entry]) => entry.hasInstallScript && !entry.optional && !entry.dev)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    expect(new Set(withScripts)).toEqual(new Set(['core-js', 'esbuild', 'protobufjs']));
  });

  const absent = { name: 'absent-package', version: '1.2.3', main: 'index.js' };

  function writePackage(root: string, version: string, main = 'index.js'): string {
    const folder = join(cachedFolder(absent, root), 'node_modules', absent.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: absent.name, version }));
    writeFileSync(join(folder, main), '');
    return folder;
  }

  test('are found in the cache where they are not installed', () => {
    const root = temporaryFolder();
    expect(findPackage(absent, root)).toBeUndefined();
    const folder = writePackage(root, '1.2.3');
    expect(findPackage(absent, root)).toBe(folder);
    expect(installedPackage(absent)).toBeUndefined();
  });

  test('of another version, or without their main file, count as missing', () => {
    const other = temporaryFolder();
    writePackage(other, '1.2.4');
    expect(findPackage(absent, other)).toBeUndefined();
    const torn = temporaryFolder();
    writePackage(torn, '1.2.3', 'other.js');
    expect(findPackage(absent, torn)).toBeUndefined();
  });
});
