// The arrows between the folders, cycles, imports that only one place may make, and how large files and folders may be.
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

/** Lines above which a file is too long to be read at once. */
const MAXIMAL_LINES = 300;

/** Files that are longer, and why each is one file all the same. */
const long: Readonly<Record<string, string>> = {
  'export/graph/builder.ts': 'one class: half of it are the operators that every converter writes',
  'export/model/saved.ts': 'the names of saved weights, one table a class of layers',
  'export/passes/editor.ts': 'one class: every change that a pass may make to a graph',
  'export/tensorflow/operations/elementwise.ts': 'one table, a row an operation',
  'export/training/state.ts': 'one rewriting: what it takes out of a graph it puts back as inputs and outputs',
  'pipeline/encoder/certification.ts': 'one proof, from its inputs to its record',
  'src/evaluation/baseline/gate.ts': 'one list of checks that share their level',
  'src/report/comparison-report.ts': 'one page, a function a section',
  'src/report/reproduction/report.ts': 'one page, a function a section',
  'src/report/sweep-report.ts': 'one page, a function a section',
  'src/storage/run-lock.ts': 'one protocol: each step is safe only by what the others do',
  'src/verification/bisect/bisect.ts': 'one search, node by node',
  'test/cli/command/convert.test.ts': 'one suite: convert writes the models that inspect shows',
  'test/data/readers/hostile.test.ts': 'one table of bad files and their messages',
  'test/data/recording-source.test.ts': 'one suite over the same small recordings',
  'test/evaluation/verdict-family.ts': 'one table of families of latents, which docs/measures.md prints',
  'test/export/conformance/convolution.ts': 'one table of cases, a family of layers',
  'test/export/conformance/recurrent.ts': 'one table of cases, a family of layers',
  'test/export/export.test.ts': 'one suite of the public function',
  'test/export/rounding/row.test.ts': 'one property, with a generator of inputs for every operator',
  'test/measures/bound/lipschitz.test.ts': 'one suite of one family of bounds, whose values are worked out by hand',
  'test/tensorflow/native/setup.slow.test.ts':
    'one set-up, played through with servers and compilers that fail in turn',
  'test/tensorflow/operations.test.ts': 'one table, a row an operation',
  'test/training/training-step.test.ts': 'one step against stock tfjs, which takes a reference as long as itself',
  'test/web/page.slow.test.ts': 'one page in one browser, which takes seconds to start',
  'web/play/view/panel.ts': 'one panel, whose parts show the same moment',
  'web/world-model.ts': 'the public object of jepa-onnx/web',
};

/** Files that a folder may hold before their concepts hide each other, folders within it not counted. */
const MAXIMAL_FILES = 25;

/** Folders that hold more, and why. */
const full: Readonly<Record<string, string>> = {
  docs: 'a page is found by its name, which help, error messages and files elsewhere give as docs/NAME.md; docs/README.md sorts them',
};

/** What npm, tests and builds leave in a clone. */
const unkept = ['node_modules', '.git', 'dist', 'runs', 'coverage', '.cache', 'reference', '.stryker-tmp'];

function filesByFolder(folder = ''): Map<string, number> {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter(({ name }) => !unkept.includes(name));
  return new Map([
    [folder, entries.filter((entry) => entry.isFile()).length],
    ...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => [...filesByFolder(join(folder, name))]),
  ]);
}

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

/** Packages and modules of Node that are loaded with any of `paths`, however far one follows their imports. */
function packagesReachedFrom(paths: readonly string[]): { readonly path: string; readonly specifier: string }[] {
  const reached = new Set(paths);
  const found: { readonly path: string; readonly specifier: string }[] = [];
  for (const path of reached)
    for (const { specifier, isTypeOnly, isLazy } of importsOf(path)) {
      if (isTypeOnly || isLazy) continue;
      const target = targetOf(path, specifier);
      if (target === undefined) found.push({ path, specifier });
      else if (target.endsWith('.ts')) reached.add(target);
    }
  return found;
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

  test('a file has at most 300 lines, or a reason', () => {
    const longer = [...files, ...sourceFiles('test'), ...sourceFiles('bench')].filter(
      (path) => readFileSync(join(root, path), 'utf8').split('\n').length - 1 > MAXIMAL_LINES,
    );
    expect(longer.sort()).toEqual(Object.keys(long));
  });

  test('a folder has at most 25 files, or a reason', () => {
    const fuller = [...filesByFolder()].flatMap(([folder, count]) => (count > MAXIMAL_FILES ? [folder] : []));
    expect(fuller.sort()).toEqual(Object.keys(full));
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
    const planning = files.filter((path) => path.startsWith('src/planning/'));
    expect(planning.length).toBeGreaterThan(10);
    const wrong = packagesReachedFrom(planning).filter(({ specifier }) => specifier.startsWith('node:'));
    expect(wrong).toEqual([]);
  });

  test('help and wrong calls load no package but commander: they answer at once', () => {
    // Commands are loaded by their names, and their work by them: neither is followed from main.ts.
    const definitions = files.filter((path) => /^cli\/(main\.ts|command\/|upkeep\/)/.test(path));
    expect(definitions.length).toBeGreaterThan(25);
    const wrong = packagesReachedFrom(definitions).filter(({ specifier }) => !/^(node:|commander$)/.test(specifier));
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
