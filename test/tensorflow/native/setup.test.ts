// What the set-up says when something is missing: programs that are not there, or scripts in their place that fail as the
// real ones do. None of our own code is replaced.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeError, UnavailableError } from '../../../src/error.ts';
import { cacheVariable } from '../../../src/machine/cache-folder.ts';
import { manifestName, readNative } from '../../../src/tensorflow/native/cache.ts';
import { wheelFolder, wheelFor } from '../../../src/tensorflow/native/recipe.ts';
import { ensureNativeTensorFlow, type SetupOptions } from '../../../src/tensorflow/native/setup.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const environment = { ...process.env };
let cache: string;
let bin: string;

/** An executable of this name on the path, the only one of that name. */
function program(name: string, script: string): void {
  const path = join(bin, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const workingCompiler = 'echo "c++ (Debian) 12.2.0"';

/** A pip whose `--version` answers and whose `download` does what `script` says. */
function pip(script: string): void {
  program('pip3', `if [ "$1" = --version ]; then echo "pip 24.0 from nowhere (python 3.12)"; exit 0; fi\n${script}`);
}

async function failure(options: SetupOptions): Promise<UnavailableError> {
  try {
    await ensureNativeTensorFlow({ force: true, ...options });
  } catch (error) {
    if (error instanceof UnavailableError) return error;
    throw error;
  }
  throw new Error('the set-up was expected to fail, and worked');
}

beforeEach(() => {
  cache = join(temporaryFolder(), 'cache');
  bin = temporaryFolder();
  process.env[cacheVariable] = cache;
  process.env.PATH = bin;
  delete process.env.CXX;
});

afterEach(() => {
  process.env = { ...environment };
});

// These tests speak of a platform that has a wheel, and use /bin/sh.
describe.skipIf(process.platform === 'win32' || wheelFor() === undefined)('the set-up from a wheel', () => {
  test('names everything that is missing at once, before it downloads anything', async () => {
    const error = await failure({ way: 'wheel' });
    expect(error.message).toContain('no C++ compiler (tried c++, g++, clang++)');
    expect(error.message).toContain('no pip (tried python3 -m pip, python -m pip, pip3, pip)');
    expect(error.remedy).toMatch(/Install a C\+\+ compiler.*Install Python 3 with pip\.|xcode-select.*Install Python/);
    expect(readdirSync(cache)).toEqual([]);
  });

  test.each([
    [
      'an index out of reach',
      `echo "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(<HTTPSConnection>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/" >&2
       echo "ERROR: Could not find a version that satisfies the requirement (from versions: none)" >&2; exit 1`,
      /pip cannot reach its package index \(.*Temporary failure in name resolution/,
      /Give pip access to a package index, or download .* run jepa setup --wheel FILE\./,
    ],
    [
      'an index without the wheel',
      'echo "ERROR: No matching distribution found" >&2; exit 1',
      /pip's index has no tensorflow/,
      /--wheel FILE/,
    ],
    [
      'a full disk',
      'echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2; exit 1',
      /the disk filled up during the download/,
      /JEPA_ONNX_CACHE/,
    ],
    [
      'another file under the same name',
      'echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE." >&2; exit 1',
      /pip refused a file whose SHA-256 is not [0-9a-f]{64}/,
      /Check the package index/,
    ],
    ['an unknown trouble', 'echo "ERROR: something new" >&2; exit 2', /pip failed: ERROR: something new/, /docs/],
    ['a kill', 'kill -9 $$', /pip failed: SIGKILL/, /docs/],
    ['success without a file', 'exit 0', /brought no wheel/, /docs/],
  ])('tells %s from other failures of pip', async (_, script, message, remedy) => {
    program('c++', workingCompiler);
    pip(script);
    const error = await failure({ way: 'wheel' });
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
    expect(readdirSync(cache)).toEqual([]);
  });

  test('does not trust pip: a wheel of another hash is refused', async () => {
    program('c++', workingCompiler);
    // The argument after --dest.
    pip('while [ "$1" != --dest ]; do shift; done; echo junk > "$2/tensorflow.whl"');
    const error = await failure({ way: 'wheel' });
    expect(error.message).toMatch(/expected a file with SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/);
    expect(readdirSync(cache)).toEqual([]);
  });

  test("asks pip for one file: this platform's, by its hash, whatever Python runs it", async () => {
    const log = join(bin, 'arguments');
    program('c++', workingCompiler);
    pip(
      `echo "$@" > ${log}; while [ "$1" != --requirement ]; do shift; done; read line < "$2"; echo "$line" >> ${log}; exit 1`,
    );
    await failure({ way: 'wheel' });
    const [asked, requirement] = readFileSync(log, 'utf8').split('\n');
    const wheel = wheelFor();
    expect(requirement).toBe(`${wheel?.project}==${wheel?.version} --hash=sha256:${wheel?.sha256}`);
    for (const part of ['--require-hashes', '--no-deps', '--only-binary=:all:', `--platform ${wheel?.platformTag}`])
      expect(asked).toContain(part);
    expect(asked).toContain('--python-version 3.11');
  });

  test('refuses a --wheel file that is another one, or none', async () => {
    program('c++', workingCompiler);
    const file = join(bin, 'some.whl');
    writeFileSync(file, 'PK\x03\x04junk');
    expect((await failure({ wheelFile: file })).message).toMatch(/some\.whl: expected a file with SHA-256/);
    writeFileSync(file, 'junk');
    await expect(ensureNativeTensorFlow({ force: true, wheelFile: file })).rejects.toThrow(
      /expected a wheel \(a ZIP archive/,
    );
    await expect(ensureNativeTensorFlow({ force: true, wheelFile: join(bin, 'none.whl') })).rejects.toMatchObject({
      name: 'UsageError',
      message: `set-up: expected a wheel file, got ${join(bin, 'none.whl')}`,
    });
  });

  test('says in two lines what was tried, why each failed, what still works and what to do', async () => {
    // The address of nobody: the connection is refused at once.
    process.env.TFJS_NODE_CDN_STORAGE = 'http://127.0.0.1:9/';
    const lines = describeError(await failure({})).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^native TensorFlow: expected one way to work on \w+-\w+, got none: /);
    expect(lines[0]).toMatch(/\(1\) tfjs-node's own installer: it failed: .*ECONNREFUSED/);
    expect(lines[0]).toMatch(/\(2\) TensorFlow's wheel: no C\+\+ compiler/);
    expect(lines[1]).toMatch(/^What needs no training still works .*Install/);
    expect(readdirSync(cache)).toEqual([]);
  });
});

describe('readNative', () => {
  const files = { 'tfjs_binding.node': 'binding', 'library.so': 'library' };

  function writeNative(manifest: object): string {
    const folder = temporaryFolder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, manifestName), JSON.stringify(manifest));
    return folder;
  }

  const manifest = {
    format: 1,
    source: 'wheel',
    tensorflowVersion: '2.21.0',
    binding: 'tfjs_binding.node',
    files: { 'tfjs_binding.node': 7, 'library.so': 7 },
  };

  test('gives a whole library', () => {
    const folder = writeNative(manifest);
    expect(readNative(folder)).toEqual({
      source: 'wheel',
      folder,
      binding: join(folder, 'tfjs_binding.node'),
      silencer: undefined,
      tensorflowVersion: '2.21.0',
    });
  });

  test.each([
    ['without a manifest', undefined],
    ['of another format', { ...manifest, format: 2 }],
    ['with a file that is shorter than it was', { ...manifest, files: { ...manifest.files, 'library.so': 8 } }],
    ['with a file missing', { ...manifest, files: { ...manifest.files, 'other.so': 1 } }],
  ])('takes a folder %s for no library', (_, written) => {
    const folder = written === undefined ? temporaryFolder() : writeNative(written);
    expect(readNative(folder)).toBeUndefined();
  });

  test('takes a library whose folder is only begun for no library', () => {
    const root = temporaryFolder();
    const wheel = wheelFor('linux', 'x64');
    if (wheel === undefined) throw new Error('no wheel for linux-x64');
    const folder = wheelFolder(wheel, root);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'tfjs_binding.node'), 'binding');
    expect(readNative(folder)).toBeUndefined();
  });
});

describe('wheelFor', () => {
  test('knows the platforms with a wheel that serves, and no others', () => {
    const known = ['linux-x64', 'linux-arm64', 'darwin-arm64'];
    for (const platform of ['linux', 'darwin', 'win32'])
      for (const arch of ['x64', 'arm64', 'ia32'])
        expect(wheelFor(platform, arch) !== undefined, `${platform}-${arch}`).toBe(
          known.includes(`${platform}-${arch}`),
        );
  });

  test('pins a hash for each, and no two share one', () => {
    const wheels = [wheelFor('linux', 'x64'), wheelFor('linux', 'arm64'), wheelFor('darwin', 'arm64')];
    for (const wheel of wheels) expect(wheel?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(wheels.map((wheel) => wheel?.sha256)).size).toBe(wheels.length);
  });
});
