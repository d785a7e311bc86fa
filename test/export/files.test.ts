// Models on disk: weights beside the model, and data files that must not be followed.
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkModel } from '../../export/check/structure.ts';
import { modelFiles, readExternal, readModel, writeModel } from '../../export/files.ts';
import { buildOnnx, describeModel, encodeModel, type OnnxModel } from '../../export/index.ts';
import { inspectOnnx } from '../../export/inspect.ts';
import { FormatError } from '../../src/error.ts';
import { expectClose, predict, randomInputs, randomizeWeights, type TestTensor, useCpu } from './harness.ts';

const { layers } = tf;
let folder: string;
let network: tf.LayersModel;
let model: OnnxModel;

beforeAll(async () => {
  await useCpu();
  const x = tf.input({ shape: [20], name: 'x' });
  const hidden = layers.dense({ units: 30, name: 'a' }).apply(x);
  const rnn = layers.lstm({ units: 20, name: 'b', activation: 'selu' });
  const sequence = layers.reshape({ targetShape: [5, 6] }).apply(hidden);
  network = tf.model({ inputs: x, outputs: rnn.apply(sequence) as tf.SymbolicTensor });
  randomizeWeights(network);
  model = buildOnnx(describeModel(network));
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = { largestSingleFile: 1000 };

describe('weights beside the model', () => {
  test('below the limit there is one file', () => {
    writeModel(join(folder, 'm.onnx'), model);
    expect(readdirSync(folder)).toEqual(['m.onnx']);
    expect(readFileSync(join(folder, 'm.onnx'))).toEqual(Buffer.from(encodeModel(model)));
  });

  test('above it there are two, which onnxruntime opens and which are read back the same', async () => {
    const path = join(folder, 'm.onnx');
    expect(modelFiles(path, model, small)).toEqual([path, `${path}.data`]);
    writeModel(path, model, small);
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    expect(inspectOnnx(readFileSync(path), 'm').externalFiles).toEqual(['m.onnx.data']);
    const read = readModel(path);
    checkModel(read, 'm');
    expect(encodeModel(read)).toEqual(encodeModel(model));
    const session = await ort.InferenceSession.create(path);
    const [input] = randomInputs(network, 2, 1);
    const result = await session.run({ x: new ort.Tensor('float32', input.data as Float32Array, [2, 20]) });
    const actual = result[session.outputNames[0]];
    const output: TestTensor = { type: 'float32', shape: actual.dims, data: actual.data as Float32Array };
    expectClose(output, predict(network, [input])[0], 'external data');
  });

  test('a model in two files takes the place of one in one file, and the other way round', () => {
    const path = join(folder, 'm.onnx');
    writeModel(path, model);
    writeModel(path, model, small);
    expect(encodeModel(readModel(path))).toEqual(encodeModel(model));
    writeModel(path, model);
    expect(encodeModel(readModel(path))).toEqual(encodeModel(model));
  });
});

describe('data files that are not followed', () => {
  const data = (location: string, offset = 0, length = 4) => ({ location, offset, length });
  beforeEach(() => {
    mkdirSync(join(folder, 'model', 'inside'), { recursive: true });
    writeFileSync(join(folder, 'secret'), 'secret');
    writeFileSync(join(folder, 'model', 'weights'), '12345678');
    writeFileSync(join(folder, 'model', 'inside', 'weights'), 'abcd');
    symlinkSync(join(folder, 'secret'), join(folder, 'model', 'link'));
    symlinkSync(folder, join(folder, 'model', 'up'));
    linkSync(join(folder, 'secret'), join(folder, 'model', 'hard'));
  });

  test('a plain file of the folder, and of a folder inside, is read', () => {
    const text = (location: string, offset: number) =>
      Buffer.from(readExternal(join(folder, 'model'), data(location, offset), 'w')).toString();
    expect(text('weights', 2)).toBe('3456');
    expect(text('inside/weights', 0)).toBe('abcd');
  });

  test.each([
    ['../secret', 'a path that leaves the folder'],
    ['inside/../../secret', 'a path that leaves the folder'],
    ['./weights', 'a path that leaves the folder'],
    ['inside//weights', 'a path that leaves the folder'],
    ['/etc/hostname', 'an absolute path'],
    ['C:\\secret', 'an absolute path'],
    ['..\\secret', 'an absolute path'],
    ['', 'no name'],
    ['weights\0', 'no name'],
    ['link', 'a symbolic link'],
    ['up/secret', 'a symbolic link'],
    ['hard', 'a hard link'],
    ['inside', 'not a file'],
    ['nowhere', 'no such file'],
  ])('"%s" is refused', (location, why) => {
    const read = () => readExternal(join(folder, 'model'), data(location), 'initializer "w"');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(
      `initializer "w": expected external data in a plain file of the model's folder, got "${location}" (${why})`,
    );
  });

  test('bytes past the end of the file are refused before anything is allocated', () => {
    const read = (offset: number, length: number) => () =>
      readExternal(join(folder, 'model'), data('weights', offset, length), 'w');
    expect(read(6, 4)).toThrow('w: expected bytes 6 to 10 of "weights", got a file of 8 bytes');
    expect(read(0, 2 ** 50)).toThrow(/got a file of 8 bytes/);
    expect(read(2 ** 52, 4)).toThrow(/got a file of 8 bytes/);
  });
});

describe('what a file says of its external data', () => {
  const path = () => join(folder, 'm.onnx');

  test.each<[string, string, RegExp]>([
    [
      'a negative offset',
      'offset',
      /expected the offset of external data to be a whole number of at least 0, got "-[\d]+"/,
    ],
    ['a length that the shape does not have', 'length', /expected \d+ bytes of external data, got a length of \d+/],
    ['an unknown key', 'location', /expected location, offset, length or checksum of external data, got "lacation"/],
  ])('%s is refused', (_, key, message) => {
    writeModel(path(), model, small);
    const bytes = readFileSync(path());
    const at = bytes.indexOf(`\x0a${String.fromCharCode(key.length)}${key}`, 0, 'latin1');
    expect(at).toBeGreaterThan(0);
    if (key === 'location') bytes.write('lacation', at + 2, 'latin1');
    else bytes[at + 2 + key.length + 2] = key === 'offset' ? 0x2d : bytes[at + 2 + key.length + 2] ^ 1;
    if (key === 'offset') {
      // The first offset is "0": one digit, so a minus sign alone.
      writeFileSync(path(), bytes);
      expect(() => readModel(path())).toThrow(
        /expected the offset of external data to be a whole number of at least 0, got "-"/,
      );
      return;
    }
    writeFileSync(path(), bytes);
    expect(() => readModel(path())).toThrow(message);
  });

  test('bytes without a folder cannot have any', async () => {
    writeModel(path(), model, small);
    const { decodeModel } = await import('../../export/index.ts');
    expect(() => decodeModel(readFileSync(path()), 'm')).toThrow(
      /expected the data in the file, got external data in "m\.onnx\.data"/,
    );
  });
});
