// Programs in other languages: built once for their sources, absent with the reason otherwise.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { cacheVariable } from '../../src/machine/cache-folder.ts';
import { deployRunner, sourceHash } from '../../src/verification/deploy-runner.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-deploy-'));
const before = process.env[cacheVariable];
const language = { folder: 'tongue', executable: 'run' };
let deployFolder = '';

beforeEach(() => {
  const folder = mkdtempSync(join(root, 'case-'));
  process.env[cacheVariable] = join(folder, 'cache');
  deployFolder = join(folder, 'deploy');
  mkdirSync(join(deployFolder, 'tongue'), { recursive: true });
});
afterAll(() => {
  if (before === undefined) delete process.env[cacheVariable];
  else process.env[cacheVariable] = before;
  rmSync(root, { recursive: true });
});

function writeBuild(script: string): void {
  writeFileSync(join(deployFolder, 'tongue', 'build'), script);
}
const good = 'cp "$(dirname "$0")/build" "$1/run"; echo built >>"$1/../../count"\n';

describe('deployRunner', () => {
  test('builds where it is asked to, once for the same sources', async () => {
    writeBuild(good);
    await expect(deployRunner('tongue', language, { deployFolder, builds: false })).rejects.toMatchObject({
      message: 'the program is not built',
      remedy: 'Build it: jepa verify ... --runtimes tongue --build',
    });
    const first = await deployRunner('tongue', language, { deployFolder, builds: true });
    expect(existsSync(first.program)).toBe(true);
    expect(await deployRunner('tongue', language, { deployFolder, builds: false })).toEqual(first);
    writeBuild(`${good}# another comment\n`);
    await expect(deployRunner('tongue', language, { deployFolder, builds: false })).rejects.toThrow('is not built');
    const second = await deployRunner('tongue', language, { deployFolder, builds: true });
    expect(second.program).not.toBe(first.program);
  });

  test('a missing toolchain and a failed build are absences with what the build said, and leave nothing behind', async () => {
    writeBuild('echo "tongue: expected a compiler, found none" >&2; exit 3\n');
    await expect(deployRunner('tongue', language, { deployFolder, builds: true })).rejects.toThrow(
      'tongue: expected a compiler, found none',
    );
    writeBuild('touch "$1/run"; echo "error: line 7" >&2; exit 1\n');
    await expect(deployRunner('tongue', language, { deployFolder, builds: true })).rejects.toThrow('error: line 7');
    const built = readdirSync(join(String(process.env[cacheVariable]), 'runners')).filter((name) =>
      name.startsWith('tongue'),
    );
    expect(built).toEqual([]);
  });

  test('an installation without the sources says so', async () => {
    await expect(deployRunner('tongue', language, { deployFolder, builds: true })).rejects.toMatchObject({
      name: 'UnavailableError',
      remedy: 'Use a clone of the repository: the package does not carry them.',
    });
  });

  test('a script that the programs share counts as a source of each', () => {
    writeBuild(good);
    const alone = sourceHash(join(deployFolder, 'tongue'));
    writeFileSync(join(deployFolder, 'shared-script'), 'one');
    const shared = sourceHash(join(deployFolder, 'tongue'));
    writeFileSync(join(deployFolder, 'shared-script'), 'two');
    expect(new Set([alone, shared, sourceHash(join(deployFolder, 'tongue'))]).size).toBe(3);
  });
});
