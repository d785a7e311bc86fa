// Files of Keras 3 mean what Keras 3 computes: every layer class and function that converts, in several configurations, against
// the outputs that Keras itself gave. The slow suite makes them afresh with real Keras.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kerasConverters } from '../../../export/layers/keras/index.ts';
import { openRuntime, type Runtime } from '../../../src/runtimes/index.ts';
import { differenceOf, readPackedCases } from './keras-suite.ts';

describe('files of Keras 3', () => {
  const cases = readPackedCases();
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime('cpu', { threads: 1 });
  });
  afterAll(() => runtime.dispose());

  test('every case computes what Keras computes', { timeout: 300_000 }, async () => {
    const wrong: Record<string, string> = {};
    for (const each of cases) {
      const difference = await differenceOf(runtime, each).catch((error: Error) => error.message);
      if (difference !== undefined) wrong[each.name] = difference;
    }
    expect(wrong).toEqual({});
    expect(cases.length).toBeGreaterThan(250);
  });

  test('every class that has a meaning of its own in Keras 3 is in a case', () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'python', 'keras_cases.py'), 'utf8');
    const seen = new Set(
      cases.flatMap(({ json }) =>
        [...JSON.stringify(json).matchAll(/"class_name":\s*"(\w+)"/g)].map(([, name]) => name),
      ),
    );
    const layers = Object.keys(kerasConverters).filter(
      (name) => !name.startsWith('ops.') && !name.startsWith('Random'),
    );
    const augmentations = ['AugMix', 'CutMix', 'MixUp', 'RandAugment'];
    const missing = layers.filter(
      (name) => !seen.has(name) && !augmentations.includes(name) && !text.includes(`L.${name}`),
    );
    // It does nothing, as SpatialDropout2D does.
    expect(missing).toEqual(['SpatialDropout3D']);
  });
});
