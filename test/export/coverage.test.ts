// Coverage against TensorFlow.js's own registry, and the table in the documentation.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { coverageDocument, modelClasses } from '../../export/coverage.ts';
import { activations } from '../../export/layers/activation.ts';
import { converters } from '../../export/layers/index.ts';
import { exportedOperations, notExported, operationsDocument } from '../../export/tensorflow/coverage.ts';

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

  test('every operation that TensorFlow.js runs in a graph model is exported, or listed as one that is not', () => {
    const converter = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-converter/package.json'));
    const folder = join(converter, 'dist/operations/op_list');
    const known = readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) =>
        [...readFileSync(join(folder, file), 'utf8').matchAll(/'tfOpName': '([^']+)'/g)].map(([, name]) => name),
      );
    expect(known.length).toBeGreaterThan(200);
    const listed = Object.values(notExported).flatMap((text) => text.replace(/^[^:]*: /, '').split(', '));
    const exported = exportedOperations();
    expect(known.filter((name) => !exported.includes(name) && !listed.includes(name))).toEqual([]);
    expect(listed.filter((name) => exported.includes(name) || !known.includes(name))).toEqual([]);
  });

  test('the table of operations in the documentation is up to date (npm run docs:coverage)', async () => {
    await expect(operationsDocument()).toMatchFileSnapshot(
      join(import.meta.dirname, '../../docs/export-operations.md'),
    );
  });
});
