// The package as somebody's dependency: packed, installed into an empty project in an empty home, with install scripts on
// and off, and used from there: command line, imports, types.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeExportFolder } from './web/site/site-fixture.ts';

const run = promisify(execFile);
const { version, exports } = JSON.parse(readFileSync('package.json', 'utf8'));

let work: string;
/** The tarball as it is published, and the one that `npm pack` gives in a clone where nobody has built. */
let built: string;
let unbuilt: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'jepa-onnx-package-'));
  rmSync('dist', { recursive: true, force: true });
  unbuilt = pack('unbuilt');
  execFileSync('npm', ['run', 'build'], { stdio: 'pipe' });
  built = pack('built');
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

function pack(name: string): string {
  const folder = join(work, name);
  mkdirSync(folder);
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' });
  const [{ filename }] = JSON.parse(output);
  return join(folder, filename);
}

interface Project {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  jepa(...programArguments: string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
}

async function install(name: string, tarball: string, areScriptsOn: boolean): Promise<Project> {
  const folder = join(work, name);
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  // Nothing that a cache of this user holds; the registry and its certificates are the user's all the same.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(?:npm_|XDG_|JEPA_|VITEST|NODE_OPTIONS|INIT_CWD)/.test(key)),
  );
  Object.assign(environment, { HOME: home, npm_config_userconfig: join(homedir(), '.npmrc') });
  await run('npm', ['install', `--ignore-scripts=${!areScriptsOn}`, tarball], { cwd: folder, env: environment });
  return {
    folder,
    environment,
    jepa: (...programArguments) => run('npx', ['jepa', ...programArguments], { cwd: folder, env: environment }),
  };
}

async function evaluate(project: Project, script: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: project.folder,
    env: project.environment,
  });
  return stdout.trim();
}

describe('the packed files', () => {
  test('are what publint and attw expect of a package of ES modules', async () => {
    await run('npx', ['publint', '--strict', built]);
    // node10 too, which knows no "exports": it must not find the sources. CommonJS imports them dynamically.
    await run('npx', ['attw', '--ignore-rules', 'cjs-resolves-to-esm', '--', built]);
  });

  test('hold every file that package.json names, the licence, and the sources of the source maps', async () => {
    const { stdout } = await run('tar', ['-tzf', built]);
    const names = stdout.trim().split('\n');
    expect(names).toContain('package/LICENSE');
    expect(names).toContain('package/bin/jepa.js');
    for (const target of Object.values<string | { types: string; default: string }>(exports))
      for (const path of typeof target === 'string' ? [target] : [target.types, target.default])
        expect(names).toContain(path.replace('./', 'package/'));
    // dist/site and dist/play are bundled pages, which have no source maps.
    for (const page of ['site', 'play']) expect(names).toContain(`package/dist/${page}/index.html`);
    const isCompiled = (name: string) => /^package\/dist\/(?!(?:site|play)\/).*\.js$/.test(name);
    for (const name of names.filter(isCompiled))
      expect(names).toContain(name.replace('package/dist/', 'package/').replace(/\.js$/, '.ts'));
    expect(names.filter((name) => /^package\/(?:test|bench|node_modules|runs|\.)/.test(name))).toEqual([]);
  });
});

describe.each([
  ['with install scripts on', 'scripts-on', true],
  ['with install scripts off', 'scripts-off', false],
])('installed %s', (_, name, areScriptsOn) => {
  let project: Project;

  beforeAll(async () => {
    project = await install(name, built, areScriptsOn);
  });

  test('runs from dist and prints its help', async () => {
    expect(existsSync(join(project.folder, 'node_modules', 'jepa-onnx', 'dist', 'cli', 'main.js'))).toBe(true);
    const { stdout, stderr } = await project.jepa('--help');
    expect(stdout).toContain('Usage: jepa');
    expect(stderr).toBe('');
    expect((await project.jepa('--version')).stdout.trim()).toBe(version);
  });

  test('says what the machine has, and that TensorFlow is not set up yet', async () => {
    const report = JSON.parse((await project.jepa('doctor', '--json')).stdout);
    expect(report).toMatchObject({ format: 1, version, machine: { node: { version: process.versions.node } } });
    expect(report.cache.folder.startsWith(join(project.folder, 'home'))).toBe(true);
    const wasm = report.runtimes.find(({ runtime }: { runtime: string }) => runtime === 'wasm');
    expect(wasm).toMatchObject({ isAvailable: true });
  });

  test('exports a model through its public import', async () => {
    const script = `
      import * as tf from '@tensorflow/tfjs';
      import { exportOnnx } from 'jepa-onnx/export';
      tf.enableProdMode();
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
      const bytes = exportOnnx(model);
      const { InferenceSession, Tensor, env } = await import('onnxruntime-web');
      env.wasm.numThreads = 1;
      const session = await InferenceSession.create(bytes);
      const input = { [session.inputNames[0]]: new Tensor('float32', [1, 2, 3], [1, 3]) };
      const output = await session.run(input);
      const expected = model.predict(tf.tensor2d([[1, 2, 3]])).dataSync();
      const got = output[session.outputNames[0]].data;
      console.log(Math.max(...got.map((value, i) => Math.abs(value - expected[i]))) < 1e-5);
      process.exit(0);`;
    expect(await evaluate(project, script)).toBe('true');
  });

  test('carries the page: jepa serve needs no esbuild, and jepa-onnx/web says what is missing', async () => {
    const exported = join(project.folder, 'export');
    writeExportFolder(exported);
    const child = spawn(process.execPath, ['node_modules/jepa-onnx/bin/jepa.js', 'serve', exported, '--port', '0'], {
      cwd: project.folder,
      env: { ...project.environment, ESBUILD_BINARY_PATH: '/nowhere' },
    });
    try {
      const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
      const page = await fetch(new URL('page.js', line.trim()));
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
      const script = `
        import { loadWorldModel } from 'jepa-onnx/web';
        const url = ${JSON.stringify(`${line.trim()}model/`)};
        await loadWorldModel(url).catch((error) => console.log(error.message));
        process.exit(0);`;
      expect(await evaluate(project, script)).toMatch(
        /^encoder\.onnx: expected an ONNX model that onnxruntime can load/,
      );
    } finally {
      child.kill('SIGINT');
    }
  });

  test('gives types: a right call compiles, a wrong one does not', async () => {
    const file = join(project.folder, 'use.ts');
    writeFileSync(
      file,
      `import { createEnvironment, type Environment } from 'jepa-onnx';
       import { exportOnnx } from 'jepa-onnx/export';
       import { buildWorldModel } from 'jepa-onnx/models';
       import { loadWorldModel, type WorldModel } from 'jepa-onnx/web';
       import type { LayersModel } from '@tensorflow/tfjs';
       declare const model: LayersModel;
       export const environment: Environment = createEnvironment('counting');
       // @ts-expect-error
       buildWorldModel(3);
       export const bytes: Uint8Array = exportOnnx(model, { opset: 17 });
       // @ts-expect-error
       exportOnnx(3);
       // @ts-expect-error
       exportOnnx(model, { opsett: 17 });
       export const world: Promise<WorldModel> = loadWorldModel('export/', { runtime: 'wasm' });
       // @ts-expect-error
       loadWorldModel('export/', { runtime: 'cuda' });`,
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck'];
    const compiled = run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...options, file], {
      cwd: project.folder,
    }).catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout)));
    await compiled;
  });

  test('sets itself up when a command trains, whatever npm dropped, and resolves one tfjs', async () => {
    const { stderr } = await project.jepa(...['train', 'counting', '--out', 'runs/a', '--set', 'optimization.steps=2']);
    expect(stderr).toContain('Setting native libraries up');
    await project.jepa('setup');
    await project.jepa(
      'doctor',
      '--require',
      'tensorflow',
      '--require',
      'cpu',
      '--require',
      'wasm',
      '--require',
      'tfjs',
    );
  });
});

describe('packed without a build', () => {
  test('the command line runs from its TypeScript sources', async () => {
    const project = await install('from-sources', unbuilt, false);
    expect(existsSync(join(project.folder, 'node_modules', 'jepa-onnx', 'dist'))).toBe(false);
    expect((await project.jepa('--help')).stdout).toContain('Usage: jepa');
    expect(JSON.parse((await project.jepa('doctor', '--json')).stdout)).toMatchObject({ format: 1, version });
  });
});
