// docs/library.md: every example runs as it is printed, from the sources that the package's entries are built from.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const examples = [...readFileSync(join(root, 'docs', 'library.md'), 'utf8').matchAll(/```js\n(.*?)```/gs)];

/** `./dist/src/index.js` is built from `src/index.ts`. */
function sourceOf(specifier: string): string {
  const target: string = exports[specifier.replace('jepa-onnx', '.')].default;
  return pathToFileURL(join(root, target.replace('./dist/', '').replace(/\.js$/, '.ts'))).href;
}

async function evaluate(script: string): Promise<string> {
  const fromSources = script.replaceAll(/from '(jepa-onnx[^']*)'/g, (_, specifier) => `from '${sourceOf(specifier)}'`);
  const options = ['--import', 'tsx', '--input-type=module', '--eval', fromSources];
  return (await run(process.execPath, options, { cwd: root })).stdout.trim();
}

describe('the library', { timeout: 120_000 }, () => {
  test.each([
    ['the first', 0, /^\S.*\ndistinct 1\n5$/],
    ['the second', 1, /64 64 3$/],
    ['the third', 2, /20 steps, ,64$/],
  ])('runs %s documented example', async (_, index, output) => {
    const folder = mkdtempSync(join(tmpdir(), 'jepa-library-'));
    process.env.RUN_FOLDER = join(folder, 'run');
    expect(await evaluate(examples[index][1])).toMatch(output);
    rmSync(folder, { recursive: true });
  });

  test('loads no native library when it is imported', async () => {
    const script = `import 'node:module'; await import('${sourceOf('jepa-onnx')}');
      console.log(process.report.getReport().sharedObjects.filter((path) => /tensorflow|onnxruntime|tfjs/.test(path)).length);`;
    expect(await evaluate(script)).toBe('0');
  });
});
