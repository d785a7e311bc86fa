// Coverage against TensorFlow.js's own registry, and the table in the documentation.
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { coverageDocument, modelClasses } from '../../export/coverage.ts';
import { activations } from '../../export/layers/activation.ts';
import { converters } from '../../export/layers/index.ts';

/** Everything that TensorFlow.js can save, by what it is: layers and cells have a build, activations an apply alone. */
function registered(kind: 'layer' | 'activation'): string[] {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  return Object.entries(classNameMap)
    .filter(([, [serializable]]) => {
      const isLayer = serializable.prototype instanceof tf.layers.Layer;
      const isActivation =
        !isLayer && typeof serializable.prototype.apply === 'function' && /^[a-z]/.test(serializable.className);
      return kind === 'layer' ? isLayer : isActivation;
    })
    .map(([name]) => name)
    .sort();
}

describe('coverage', () => {
  test('every layer, cell and model that TensorFlow.js can save has a converter', () => {
    const known = [...Object.keys(converters), ...modelClasses].sort();
    expect(known).toEqual(registered('layer'));
    expect(known).toHaveLength(69);
  });

  test('every activation that TensorFlow.js can save has a converter', () => {
    expect([...activations.keys()].sort()).toEqual(registered('activation'));
    expect(activations.size).toBe(16);
  });

  test('a layer that always refuses says why', () => {
    for (const [name, { documentation }] of Object.entries(converters))
      expect(documentation.operators !== 'none' || (documentation.refused ?? documentation.notes), name).toBeTruthy();
  });

  test('the table in the documentation is up to date (npm run docs:coverage)', async () => {
    await expect(coverageDocument()).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/export-coverage.md'));
  });
});
