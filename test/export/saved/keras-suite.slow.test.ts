// The cases of Keras 3 written by real Keras, now: a newer Keras must mean the same, and the packed cases must be its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { findPython } from '../../python/python.ts';
import { differenceOf, readCases } from './keras-suite.ts';

/** Three times what it takes on two busy cores; a hang must not cost the whole of continuous integration. */
const LIMIT_MS = 600_000;

// Without TensorFlow, importing Keras needs another backend to be named.
process.env.KERAS_BACKEND ??= 'numpy';
const python = findPython('keras', 'jax', 'h5py', 'numpy');

describe.runIf(python !== undefined)('real Keras 3', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jepa-keras-suite-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('every model that it saves as .keras or .h5 computes what Keras computes', { timeout: LIMIT_MS }, async () => {
    const script = join(import.meta.dirname, '..', '..', 'python', 'keras_cases.py');
    execFileSync(python ?? '', ['-W', 'ignore', script, folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    const runtime = await openRuntime('cpu', { threads: 1 });
    const cases = await readCases(folder);
    const wrong: Record<string, string> = {};
    for (const each of cases)
      for (const optimize of [true, false]) {
        const difference = await differenceOf(runtime, each, optimize).catch((error: Error) => error.message);
        if (difference !== undefined) wrong[`${each.name} ${optimize ? '' : 'unoptimised'}`] = difference;
      }
    await runtime.dispose();
    expect(wrong).toEqual({});
    expect(cases.length).toBeGreaterThan(300);
  });
});
