// Runs scripts that import the package, and the examples of docs/library.md, from the sources that its entries are built from.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The code of the example under a heading. @throws Error where there is none */
export function exampleUnder(heading: string): string {
  const sections = readFileSync(join(root, 'docs', 'library.md'), 'utf8').split(/^## /m);
  const code = sections.find((section) => section.startsWith(`${heading}\n`))?.match(/```js\n(.*?)```/s)?.[1];
  if (code === undefined) throw new Error(`docs/library.md: expected an example under "${heading}", found none`);
  return code;
}

/** `./dist/src/index.js` is built from `src/index.ts`. */
export function sourceOf(specifier: string): string {
  const target: string = exports[specifier.replace('jepa-onnx', '.')].default;
  return pathToFileURL(join(root, target.replace('./dist/', '').replace(/\.js$/, '.ts'))).href;
}

/** What a script prints, in a process of its own. */
export async function evaluate(script: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const [printed] = await evaluateAll([script], environment);
  return printed;
}

/** Before what the next script prints. */
const MARK = '-- next script --';

/** What each script prints, or how it fails: one after the other, in one process of their own. */
export async function evaluateAll(
  scripts: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  // Files, and no --eval: workers of WebAssembly inherit the arguments of their process.
  const folder = mkdtempSync(join(tmpdir(), 'jepa-example-'));
  const paths = scripts.map((script, index) => {
    const path = join(folder, `example-${index}.mjs`);
    writeFileSync(
      path,
      script.replaceAll(/from '(jepa-onnx[^']*)'/g, (_, specifier) => `from '${sourceOf(specifier)}'`),
    );
    return path;
  });
  const all = join(folder, 'all.mjs');
  writeFileSync(
    all,
    paths
      .map((path) => `await import(${JSON.stringify(pathToFileURL(path).href)}).catch((error) => console.log(error));`)
      .join(`\nconsole.log('${MARK}');\n`),
  );
  try {
    const env = { ...process.env, ...environment };
    const { stdout } = await run(process.execPath, ['--import', 'tsx', all], { cwd: root, env });
    return stdout.split(MARK).map((text) => text.trim());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
