// The Python that tests compare with. Set JEPA_TEST_PYTHON to one in which test/python/requirements.txt is installed, and
// JEPA_REQUIRE_PYTHON=1 (continuous integration does) to make its absence a failure instead of a skipped test.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Path of a Python that can import all of `modules`, or undefined (an error where JEPA_REQUIRE_PYTHON is set). */
export function findPython(...modules: readonly string[]): string | undefined {
  const python = process.env.JEPA_TEST_PYTHON || 'python3';
  try {
    execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'pipe' });
    return python;
  } catch (error) {
    if (process.env.JEPA_REQUIRE_PYTHON === '1')
      throw new Error(`${python} cannot import ${modules.join(', ')}: pip install -r test/python/requirements.txt`, {
        cause: error,
      });
    return undefined;
  }
}

/** Runs test/python/`script` and parses the JSON that it prints. */
export function runPython(python: string, script: string, ...parameters: readonly string[]): unknown {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const output = execFileSync(python, [path, ...parameters], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return JSON.parse(output);
}
