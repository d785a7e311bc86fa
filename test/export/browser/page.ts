// Runs in a real page: makes models with TensorFlow.js, exports them, runs the files in onnxruntime-web, compares.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web/wasm';
import { checkOnnx, exportOnnx, exportOnnxAsync } from '../../../export/index.ts';

export interface PageResult {
  readonly backend: string;
  readonly isCrossOriginIsolated: boolean;
  readonly models: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly nodes: number;
    readonly error: number;
    readonly sameBytes: boolean;
  }[];
}

const { layers } = tf;

function encoder(): tf.LayersModel {
  const x = tf.input({ shape: [16, 16, 3], name: 'observation' });
  let y = layers.conv2d({ filters: 8, kernelSize: 4, strides: 2, padding: 'same', useBias: false }).apply(x);
  y = layers.reLU().apply(layers.batchNormalization().apply(y));
  y = layers.dense({ units: 16, activation: 'mish' as 'relu' }).apply(layers.flatten().apply(y));
  return tf.model({
    inputs: x,
    outputs: layers.dense({ units: 4 }).apply(layers.layerNormalization().apply(y)) as tf.SymbolicTensor,
  });
}

function text(): tf.LayersModel {
  const x = tf.input({ shape: [7], name: 'tokens', dtype: 'int32' });
  const embedded = layers.embedding({ inputDim: 9, outputDim: 6, maskZero: true }).apply(x);
  const both = layers.bidirectional({ layer: layers.lstm({ units: 5 }) as tf.RNN, mergeMode: 'concat' });
  return tf.model({ inputs: x, outputs: both.apply(embedded) as tf.SymbolicTensor });
}

async function compare(name: string, model: tf.LayersModel): Promise<PageResult['models'][number]> {
  const bytes = exportOnnx(model, { layout: 'model' });
  const later = await exportOnnxAsync(model, { layout: 'model' });
  const { graph } = checkOnnx(bytes, name);
  const [input] = model.inputs;
  const shape = [2, ...input.shape.slice(1).map(Number)];
  const isInteger = input.dtype === 'int32';
  const x = isInteger ? tf.randomUniformInt(shape, 0, 9, 7) : tf.randomUniform(shape, 0, 1, 'float32', 7);
  const expected = await (model.predict(x) as tf.Tensor).data();
  const session = await ort.InferenceSession.create(bytes);
  const data = await x.data();
  const feed = isInteger
    ? new ort.Tensor('int32', Int32Array.from(data), shape)
    : new ort.Tensor('float32', Float32Array.from(data), shape);
  const result = await session.run({ [session.inputNames[0]]: feed });
  const actual = result[session.outputNames[0]].data as Float32Array;
  const error = actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0);
  const sameBytes = bytes.length === later.length && bytes.every((byte, i) => byte === later[i]);
  return { name, bytes: bytes.length, nodes: graph.nodes.length, error, sameBytes };
}

async function run(): Promise<PageResult> {
  await tf.setBackend('cpu');
  ort.env.wasm.wasmPaths = '/ort/';
  return {
    backend: tf.getBackend(),
    isCrossOriginIsolated: crossOriginIsolated,
    models: [await compare('encoder', encoder()), await compare('text', text())],
  };
}

declare global {
  interface Window {
    exportResult: Promise<PageResult>;
  }
}
window.exportResult = run();
