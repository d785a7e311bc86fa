// The arrows between the folders, cycles, and imports that only one place may make.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What each top folder may import from. `src` knows nothing of ONNX bytes, the command line or the page. */
const allowed: Record<string, readonly string[]> = {
  src: ['src'],
  models: ['src', 'models'],
  export: ['src', 'export'],
  pipeline: ['src', 'models', 'export', 'pipeline'],
  web: ['src', 'models', 'export', 'pipeline', 'web'],
  cli: ['src', 'models', 'export', 'pipeline', 'web', 'cli'],
};

/** The rooms of `src`, from top to bottom: a file imports from its own or from a lower one, types included. */
const rooms = [
  ...['report', 'verification', 'evaluation', 'run', 'training', 'bisimulation', 'runtimes', 'auxiliary', 'simulation'],
  ...['tensorflow', 'data', 'planning', 'machine', 'environments', 'storage', 'measures'],
];

/** Position from the top; the files of `src` itself (errors, options, randomness, shapes) lie below all rooms. */
function depthOf(path: string): number {
  const [, room, ...rest] = path.split('/');
  return rest.length === 0 ? rooms.length : rooms.indexOf(room);
}

/** Packages that only these files (or folders) may import, so that each has one place to change. */
const confined: Record<string, readonly string[]> = {
  commander: ['cli/'],
  protobufjs: ['export/schema/', 'src/storage/', 'src/tensorflow/'],
  '@tensorflow/tfjs-node': ['src/tensorflow/'],
  'onnxruntime-node': ['src/runtimes/'],
  'onnxruntime-web': ['src/runtimes/', 'web/'],
  esbuild: ['web/site/'],
  'playwright-core': ['src/verification/'],
  vega: ['src/report/'],
  'vega-lite': ['src/report/'],
  'umap-js': ['src/measures/'],
  h5wasm: ['src/data/'],
  hyparquet: ['src/data/'],
  'hyparquet-compressors': ['src/data/'],
  'hyparquet-writer': ['src/data/'],
  sharp: ['src/data/'],
  tsx: ['src/machine/', 'web/site/'],
};

function sourceFiles(folder: string): string[] {
  const absolute = join(root, folder);
  // A folder whose first file is still to come is not in a clone.
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory()) return sourceFiles(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
  readonly isLazy: boolean;
}

function importsOf(path: string): Import[] {
  const text = readFileSync(join(root, path), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm))
    found.push({ specifier: match[2], isTypeOnly: match[1] !== undefined, isLazy: false });
  for (const match of text.matchAll(/import\(\s*['"]([^'"]+)['"]/g))
    found.push({ specifier: match[1], isTypeOnly: false, isLazy: true });
  return found;
}

// A folder of the plan may have no file yet.
const files = Object.keys(allowed)
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap(sourceFiles);

function targetOf(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined;
}

describe('architecture', () => {
  test('there are sources to check', () => {
    expect(files.length).toBeGreaterThan(5);
  });

  test('folders import only from the folders that they may know', () => {
    const wrong: string[] = [];
    for (const path of files) {
      const folder = path.split('/')[0];
      for (const { specifier } of importsOf(path)) {
        const target = targetOf(path, specifier);
        if (target === undefined) continue;
        const to = target.split('/')[0];
        if (!allowed[folder].includes(to) && target !== 'package.json') wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('a room of src imports from itself or from a lower one, types included', () => {
    const wrong: string[] = [];
    for (const path of files.filter((each) => each.startsWith('src/') && each !== 'src/index.ts')) {
      expect([path, depthOf(path) >= 0]).toEqual([path, true]);
      for (const { specifier } of importsOf(path)) {
        const target = targetOf(path, specifier);
        if (target?.startsWith('src/') && depthOf(target) < depthOf(path)) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('tests of the library do not know the command line', () => {
    const wrong = sourceFiles('test')
      .filter((path) => !path.startsWith('test/cli/'))
      .filter((path) => importsOf(path).some(({ specifier }) => targetOf(path, specifier)?.startsWith('cli/')));
    expect(wrong).toEqual([]);
  });

  test('commands write to their terminal: only main.ts and interruption.ts touch the process that they run in', () => {
    const wrong = files
      .filter((path) => path.startsWith('cli/') && !['cli/main.ts', 'cli/interruption.ts'].includes(path))
      .flatMap((path) =>
        readFileSync(join(root, path), 'utf8')
          .split('\n')
          .filter((line) => /process\.(stdout|stderr|stdin|argv|exit|exitCode|on|once|chdir)\b|\bconsole\./.test(line))
          .map((line) => `${path}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });

  test('relative imports name existing files with their extension', () => {
    const wrong: string[] = [];
    for (const path of files)
      for (const { specifier } of importsOf(path)) {
        const target = targetOf(path, specifier);
        if (target !== undefined && !statSync(join(root, target), { throwIfNoEntry: false })?.isFile())
          wrong.push(`${path} imports ${specifier}`);
      }
    expect(wrong).toEqual([]);
  });

  test('a path to a folder above stands in imports only: elsewhere it is a slip of a rewrite', () => {
    const wrong = files.flatMap((path) =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .filter((line) => /'(\.\.\/)+[a-z/-]*'/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(wrong).toEqual([]);
  });

  test('confined packages are imported in their own place only', () => {
    const wrong: string[] = [];
    for (const path of files)
      for (const { specifier, isTypeOnly } of importsOf(path))
        for (const [name, places] of Object.entries(confined))
          if (!isTypeOnly && (specifier === name || specifier.startsWith(`${name}/`)))
            if (!places.some((place) => path.startsWith(place))) wrong.push(`${path} imports ${specifier}`);
    expect(wrong).toEqual([]);
  });

  test('what runs in a page imports nothing of Node, however far one follows it', () => {
    // The page plans too.
    const reached = new Set<string>(files.filter((path) => path.startsWith('src/planning/')));
    expect(reached.size).toBeGreaterThan(10);
    const wrong: string[] = [];
    for (const path of reached)
      for (const { specifier, isTypeOnly, isLazy } of importsOf(path)) {
        if (isTypeOnly || isLazy) continue;
        if (specifier.startsWith('node:')) wrong.push(`${path} imports ${specifier}`);
        const target = targetOf(path, specifier);
        if (target?.endsWith('.ts')) reached.add(target);
      }
    expect(wrong).toEqual([]);
  });

  test('no circle of imports between files, types included', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      state.set(path, 'open');
      for (const { specifier } of importsOf(path)) {
        const target = targetOf(path, specifier);
        if (target?.endsWith('.ts')) visit(target, [...trail, path]);
      }
      state.set(path, 'done');
    };
    for (const path of files) visit(path, []);
    expect(cycles).toEqual([]);
  });
});
