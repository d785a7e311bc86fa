// The set-up as a user meets it: the real wheel, the real compiler, kill -9, Ctrl-C, a full disk, a bucket that hangs, and
// tfjs-node's own installer against a mirror on this machine. Every run is a process of its own with a cache of its own.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tfjsNodePackage } from '../../../src/machine/optional-package.ts';
import { downloadWheel, findPip } from '../../../src/machine/pip.ts';
import { unpackEntries } from '../../../src/storage/unpack.ts';
import { compileBinding, findCompiler } from '../../../src/tensorflow/native/compiler.ts';
import { headerFolders, wheelFor } from '../../../src/tensorflow/native/recipe.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const run = promisify(execFile);
const cli = resolve('bin/jepa.js');
const tfjsNode = resolve('node_modules', tfjsNodePackage.name);
const wheel = wheelFor();
/** Nobody listens there. */
const deadBucket = { TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/' };

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let wheelFile: string;
let cache: string;

function start(
  programArguments: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli, ...programArguments], {
    env: { ...process.env, ...deadBucket, JEPA_ONNX_CACHE: cache, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
  return { child, ended };
}

function setUp(programArguments: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(['setup', '--force', '--wheel', wheelFile, '--json', ...programArguments], environment).ended;
}

/** What is in the cache, but for the lock of a process that was killed. */
function cached(): string[] {
  return existsSync(cache) ? readdirSync(cache).filter((name) => name !== 'run.lock') : [];
}

/** A folder of programs that come before those of the path. */
function fakePrograms(scripts: Readonly<Record<string, string>>): string {
  const bin = temporaryFolder();
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return `${bin}:${process.env.PATH}`;
}

function listing(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
}

/** Trains one step of a tiny model in a process of its own, and prints the loss and TensorFlow's version. */
async function trainOnce(
  environment: NodeJS.ProcessEnv = {},
): Promise<{ loss: number; version: string; stderr: string }> {
  const script = `
    import { loadTensorFlow, loadedTensorFlow } from '${resolve('src/tensorflow/load.ts')}';
    const tf = await loadTensorFlow({ threads: 1 });
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: 'zeros' })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const { history } = await model.fit(tf.ones([8, 2]), tf.fill([8, 1], 3), { verbose: 0 });
    console.log(JSON.stringify({ loss: history.loss[0], version: loadedTensorFlow().tensorflowVersion }));`;
  const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    env: { ...process.env, JEPA_ONNX_CACHE: cache, ...environment },
  });
  return { ...JSON.parse(stdout), stderr };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-wheel-'));
  if (wheel === undefined) return;
  wheelFile = await downloadWheel(wheel, { pip: await findPip(), folder });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  cache = join(temporaryFolder(), 'cache');
});

// Without a wheel for the platform there is nothing to set up from.
describe.skipIf(wheel === undefined)('jepa setup', () => {
  test('makes TensorFlow native in an empty cache, leaves node_modules alone, and costs nothing the second time', async () => {
    const before = listing(tfjsNode);
    const first = await setUp();
    expect(first.stderr).toContain('unpacking');
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ source: 'wheel', tensorflowVersion: wheel?.version });
    expect(listing(tfjsNode)).toEqual(before);

    const [name] = cached();
    expect(cached()).toHaveLength(1);
    const libraries = wheel?.libraries.map((entry) => basename(entry)) ?? [];
    expect(listing(join(cache, name))).toEqual(
      [...libraries, 'native.json', 'silencer.node', 'tfjs_binding.node'].sort(),
    );

    const second = await start(['setup', '--json']).ended;
    expect(second).toMatchObject({ code: 0, stderr: '' });

    // (0 - 3)^2, and not a word of TensorFlow's on stderr although oneDNN announces itself.
    expect(await trainOnce({ TF_ENABLE_ONEDNN_OPTS: '1' })).toEqual({ loss: 9, version: wheel?.version, stderr: '' });
  });

  test('the process that sets it up hears nothing of the library either', async () => {
    const { loss, stderr } = await trainOnce({ TF_ENABLE_ONEDNN_OPTS: '1' });
    expect(loss).toBe(9);
    expect(stderr).not.toMatch(/oneDNN|absl/);
  });

  test('says what the compiler said, and leaves nothing', async () => {
    const PATH = fakePrograms({
      'c++':
        'if [ "$1" = --version ]; then echo "c++ 1.0"; exit 0; fi; echo "x.cc:1: error: no such thing" >&2; exit 1',
    });
    const ended = await setUp([], { PATH });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('c++ failed: x.cc:1: error: no such thing');
    expect(cached()).toEqual([]);
  });

  test('takes no binding that does not load', async () => {
    // Compiles nothing, but writes what it was asked to write.
    const PATH = fakePrograms({
      'c++':
        'if [ "$1" = --version ]; then echo "c++ 1.0"; exit 0; fi; while [ "$1" != -o ]; do shift; done; echo junk > "$2"',
    });
    const ended = await setUp([], { PATH });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/the library does not load: .*tfjs_binding\.node/);
    expect(cached()).toEqual([]);
  });

  test('killed at any moment, it leaves no library that looks whole, and the next one works and cleans up', async () => {
    for (let round = 0; round < 6; round++) {
      const { child, ended } = start(['setup', '--force', '--wheel', wheelFile, '--json']);
      await sleep(randomInt(500, 14_000));
      child.kill('SIGKILL');
      await ended;
      const whole = cached().filter((name) => name.startsWith('tensorflow-'));
      for (const name of whole) expect(existsSync(join(cache, name, 'native.json'))).toBe(true);
    }
    const ended = await setUp();
    expect(ended.stderr).not.toContain('waiting');
    expect(ended.code).toBe(0);
    expect(readdirSync(cache)).toEqual(cached());
    expect(cached()).toHaveLength(1);
    expect((await trainOnce()).loss).toBe(9);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ended by %s, it cleans up at once', async (name) => {
    const { child, ended } = start(['setup', '--force', '--wheel', wheelFile, '--json']);
    while (cached().length === 0) await sleep(50);
    await sleep(2000);
    child.kill(name);
    expect(await ended).toMatchObject({ code: name === 'SIGINT' ? 130 : 143, stdout: '' });
    expect(readdirSync(cache)).toEqual([]);
  });

  test('two at once: one works, the other waits for it', async () => {
    // Not --force: the second is to find what the first has made.
    const both = [1, 2].map(() => start(['setup', '--wheel', wheelFile, '--json']).ended);
    const ended = await Promise.all(both);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(ended.filter(({ stderr }) => stderr.includes('unpacking'))).toHaveLength(1);
    expect(ended.filter(({ stderr }) => stderr.includes('waiting for another process'))).toHaveLength(1);
    expect(ended[0]?.stdout.replace(/\d+\}/, '')).toBe(ended[1]?.stdout.replace(/\d+\}/, ''));
  });

  test('a bucket that answers nothing delays it by 20 seconds, not for ever', async () => {
    const server = createServer(() => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const PATH = fakePrograms({ 'c++': 'exit 1', 'g++': 'exit 1', 'clang++': 'exit 1' });
    const started = performance.now();
    const ended = await start(['setup', '--force'], {
      PATH,
      CXX: '',
      TFJS_NODE_CDN_STORAGE: `http://127.0.0.1:${port}/`,
    }).ended;
    server.close();
    expect(ended.stderr).toContain("tfjs-node's own installer: its download does not move");
    expect(ended.stderr).toContain("TensorFlow's wheel: no C++ compiler");
    // 20 s, and what starting Node and copying the package take on a busy machine.
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(cached()).toEqual([]);
  });

  test("takes what tfjs-node's own installer brings, where its bucket answers", async () => {
    const mirror = await startMirror();
    try {
      const before = listing(tfjsNode);
      const ended = await start(['setup', '--force', '--json'], mirror.environment).ended;
      expect(ended.code, ended.stderr).toBe(0);
      expect(JSON.parse(ended.stdout)).toMatchObject({ source: 'installer', tensorflowVersion: wheel?.version });
      expect(listing(tfjsNode)).toEqual(before);
      expect((await trainOnce()).loss).toBe(9);
    } finally {
      mirror.close();
    }
  });
});

// Needs a file system of a chosen size, which only root may make.
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(wheel === undefined || !mayMount)('jepa setup on a full disk', () => {
  function mountDisk(megabytes: number): string {
    const disk = temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', disk]);
    cache = join(disk, 'cache');
    return disk;
  }

  test('that is too small from the start: says how much it needs, before it does anything', async () => {
    const disk = mountDisk(100);
    try {
      const ended = await setUp();
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/is too full: expected \d+ MB free, got 10\d MB/);
      expect(ended.stderr).toContain('JEPA_ONNX_CACHE');
      expect(cached()).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('that fills up on the way: says so in one line, and leaves nothing', async () => {
    const disk = mountDisk(1000);
    try {
      const { ended } = start(['setup', '--force', '--wheel', wheelFile, '--json']);
      while (cached().length === 0) await sleep(20);
      writeFileSync(join(disk, 'other'), Buffer.alloc(400e6));
      const { code, stderr } = await ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/ENOSPC|No space left/);
      expect(stderr).not.toContain('    at ');
      expect(cached()).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

/**
 * What the storage bucket serves: libtensorflow as a tar file, and a prebuilt binding. The library is the wheel's, under
 * the names of the tar file; the binding is compiled from the package's sources with the rpath that its build uses.
 */
async function startMirror(): Promise<{ readonly environment: NodeJS.ProcessEnv; readonly close: () => void }> {
  if (wheel === undefined) throw new Error('no wheel');
  const work = temporaryFolder();
  const lib = join(work, 'libtensorflow', 'lib');
  mkdirSync(lib, { recursive: true });
  await unpackEntries(wheelFile, work, {
    place: (entry) => (headerFolders.some((prefix) => entry.startsWith(prefix)) ? entry : undefined),
  });
  await unpackEntries(wheelFile, lib, {
    place: (entry) => (wheel.libraries.includes(entry) ? basename(entry) : undefined),
  });
  const suffix = process.platform === 'darwin' ? '.2.dylib' : '.so.2';
  for (const name of ['libtensorflow', 'libtensorflow_framework']) {
    const target = name === 'libtensorflow' ? `libtensorflow_cc${suffix}` : `${name}${suffix}`;
    if (name === 'libtensorflow') symlinkSync(target, join(lib, `${name}${suffix}`));
    symlinkSync(target, join(lib, `${name}${suffix.replace('.2', '')}`));
  }
  const archive = join(work, 'libtensorflow.tar.gz');
  // Not compressed, whatever its name says: node-tar takes both.
  execFileSync('tar', ['-cf', archive, '-C', join(work, 'libtensorflow'), 'lib']);

  const compiler = await findCompiler();
  const objects = await compileBinding({
    compiler,
    tfjsNode,
    headers: join(work, 'tensorflow', 'include'),
    scratch: work,
  });
  const addon = join(work, 'addon', 'napi-v8');
  mkdirSync(addon, { recursive: true });
  const rpath = process.platform === 'darwin' ? '@loader_path/../../deps/lib' : '$ORIGIN/../../deps/lib';
  execFileSync(compiler, [
    ...(process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']),
    ...objects,
    ...wheel.libraries.map((entry) => join(lib, basename(entry))),
    `-Wl,-rpath,${rpath}`,
    '-o',
    join(addon, 'tfjs_binding.node'),
  ]);
  const addonArchive = join(work, 'addon.tar.gz');
  execFileSync('tar', ['-czf', addonArchive, '-C', join(work, 'addon'), 'napi-v8']);

  const server = createHttpServer((request, response) => {
    const file = request.url?.startsWith('/libtensorflow-') ? archive : addonArchive;
    response.writeHead(200, { 'content-length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    environment: {
      TFJS_NODE_CDN_STORAGE: origin,
      TFJS_NODE_BASE_URI: `${origin}libtensorflow-`,
      npm_config_tfjs_binding_binary_host_mirror: origin,
    },
    close: () => server.close(),
  };
}
