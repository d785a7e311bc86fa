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
  const fromSources = script.replaceAll(/from '(jepa-onnx[^']*)'/g, (_, specifier) => `from '${sourceOf(specifier)}'`);
  // A file, and no --eval: workers of WebAssembly inherit the arguments of their process.
  const folder = mkdtempSync(join(tmpdir(), 'jepa-example-'));
  const path = join(folder, 'example.mjs');
  writeFileSync(path, fromSources);
  try {
    const env = { ...process.env, ...environment };
    return (await run(process.execPath, ['--import', 'tsx', path], { cwd: root, env })).stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
