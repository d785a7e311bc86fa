// The programs of a model card, run as they are printed: for an encoder that takes an image and numbers beside it.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../../../export/index.ts';
import { usageSection } from '../../../src/report/model-card/usage.ts';
import type { ExportDescription } from '../../../src/storage/export-description.ts';
import { findPython } from '../../python/python.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const python = findPython('onnxruntime', 'numpy');

function description(hasVector: boolean): ExportDescription {
  return {
    encoder: {
      file: 'encoder.onnx',
      input: {
        name: hasVector ? 'image' : 'observation',
        layout: 'nchw',
        type: 'float32',
        height: 8,
        width: 8,
        channels: 3,
      },
      ...(hasVector ? { vector: { name: 'vector', size: 2 } } : {}),
      output: { name: 'latent', size: 4 },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 3,
      output: { name: 'next_latent' },
    },
  } as ExportDescription;
}

/** Latents of zeros are the bias: 0.5 four times; the predictor's, 0.25. */
function writeModels(folder: string, hasVector: boolean): void {
  const bias = (value: number) => tf.initializers.constant({ value });
  const image = tf.input({ shape: [8, 8, 3], name: 'image' });
  const vector = tf.input({ shape: [2], name: 'vector' });
  const features = tf.layers.flatten().apply(image) as tf.SymbolicTensor;
  const joined = hasVector ? (tf.layers.concatenate().apply([features, vector]) as tf.SymbolicTensor) : features;
  const latent = tf.layers.dense({ units: 4, biasInitializer: bias(0.5) }).apply(joined) as tf.SymbolicTensor;
  const encoder = tf.model({ inputs: hasVector ? [image, vector] : image, outputs: latent });
  const inputNames = hasVector ? ['image', 'vector'] : ['observation'];
  writeFileSync(
    join(folder, 'encoder.onnx'),
    exportOnnx(encoder, { layout: 'nchw', inputNames, outputNames: ['latent'] }),
  );
  const from = tf.input({ shape: [4] });
  const action = tf.input({ shape: [3] });
  const both = tf.layers.concatenate().apply([from, action]) as tf.SymbolicTensor;
  const zeros = { kernelInitializer: tf.initializers.zeros(), biasInitializer: bias(0.25) };
  const next = tf.layers.dense({ units: 4, ...zeros }).apply(both) as tf.SymbolicTensor;
  const predictor = tf.model({ inputs: [from, action], outputs: next });
  const names = { inputNames: ['latent', 'action'], outputNames: ['next_latent'] };
  writeFileSync(join(folder, 'predictor.onnx'), exportOnnx(predictor, names));
}

function programs(hasVector: boolean) {
  const text = usageSection(description(hasVector));
  const [node, page] = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, program]) => program);
  const [, pythonProgram] = /```python\n(.*?)```/s.exec(text) ?? [];
  return { text, node, page, pythonProgram };
}

beforeAll(() => tf.setBackend('cpu'));

describe.each([
  ['an image', false],
  ['an image and numbers', true],
])('the model card of an encoder that takes %s', (_, hasVector) => {
  const { text, node, page, pythonProgram } = programs(hasVector);

  test.each([
    ['Node', node, 'onnxruntime-node'],
    ['a page', page, './onnxruntime-web/ort.bundle.min.mjs'],
  ])('has a program for %s that runs as it is', (_name, program, runtime) => {
    const folder = temporaryFolder();
    writeModels(folder, hasVector);
    // The page's program runs in Node, on the package that the page would load; both are resolved from here.
    const script = program.replace(`'${runtime}'`, `'${import.meta.resolve('onnxruntime-node')}'`);
    expect(script).not.toBe(program);
    const options = { cwd: folder, encoding: 'utf8' as const };
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], options);
    expect([...output.matchAll(/-?[\d.]+(?=[,\s])/g)].map(([number]) => Number(number)).filter((n) => n < 1)).toEqual([
      ...[0.5, 0.5, 0.5, 0.5],
      ...[0.25, 0.25, 0.25, 0.25],
    ]);
  });

  test.skipIf(python === undefined)('has a program for Python that runs as it is', () => {
    const folder = temporaryFolder();
    writeModels(folder, hasVector);
    const output = execFileSync(python ?? '', ['-c', pythonProgram], { cwd: folder, encoding: 'utf8' });
    expect(output.trim()).toBe('[[0.5 0.5 0.5 0.5]] [[0.25 0.25 0.25 0.25]]');
  });

  test('says what numbers it takes', () => {
    const scale = 'numbers as they were recorded (the graph itself brings them to one scale)';
    expect(text.includes(scale)).toBe(hasVector);
  });
});
