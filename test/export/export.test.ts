// exportOnnx: names, layouts, types, documentation, and what it refuses.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { cleanName } from '../../export/graph/builder.ts';
import { irVersionOf, newestOpset, oldestOpset } from '../../export/graph/graph.ts';
import {
  decodeModel,
  type ExportOptions,
  exportOnnx,
  exportOnnxAsync,
  type LayerConverter,
  UnsupportedLayerError,
} from '../../export/index.ts';
import { UsageError } from '../../src/error.ts';
import {
  expectClose,
  expectParity,
  openSession,
  predict,
  randomizeWeights,
  runSession,
  type TestTensor,
  useCpu,
} from './harness.ts';

const { layers } = tf;
type Tensor = tf.SymbolicTensor;

function encoder(): tf.LayersModel {
  const x = tf.input({ shape: [8, 8, 3], name: 'image' });
  let y = layers
    .conv2d({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', useBias: false, name: 'conv1' })
    .apply(x);
  y = layers.batchNormalization({ name: 'norm1' }).apply(y);
  y = layers.reLU({ name: 'relu1' }).apply(y);
  y = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'conv2' }).apply(y);
  y = layers.flatten({ name: 'flat' }).apply(y);
  y = layers.dense({ units: 8, useBias: false, name: 'hidden' }).apply(y);
  y = layers.batchNormalization({ name: 'norm2' }).apply(y);
  y = layers.activation({ activation: 'mish' as 'relu', name: 'mish' }).apply(y);
  const model = tf.model({
    inputs: x,
    outputs: layers.dense({ units: 5, name: 'latent' }).apply(y) as Tensor,
    name: 'encoder',
  });
  randomizeWeights(model);
  return model;
}

const graphOf = (model: tf.LayersModel, options?: ExportOptions) => decodeModel(exportOnnx(model, options), 'm').graph;

describe('an exported encoder', () => {
  beforeAll(useCpu);

  test('is as lean as one written by hand: no transpose, no normalisation, readable names', () => {
    const graph = graphOf(encoder(), { opset: 18, scope: 'encoder', inputNames: ['observation'] });
    expect(graph.nodes.map((node) => node.name)).toEqual([
      'encoder/conv1/Conv',
      'encoder/relu1/Relu',
      'encoder/conv2/Conv',
      'encoder/flat/Reshape',
      'encoder/hidden/Gemm',
      'encoder/mish/Mish',
      'encoder/latent/Gemm',
    ]);
    expect([...graph.constants.keys()]).toEqual([
      'encoder/conv1/kernel',
      'encoder/conv1/bias',
      'encoder/conv2/kernel',
      'encoder/conv2/bias',
      'encoder/flat/shape',
      'encoder/hidden/kernel',
      'encoder/hidden/bias',
      'encoder/latent/kernel',
      'encoder/latent/bias',
    ]);
  });

  test('has the shape of every value in between', () => {
    const graph = graphOf(encoder());
    const shapes = graph.nodes.map((node) => graph.types.get(node.outputs[0])?.shape.join('x'));
    expect(shapes).toEqual(['Nx4x4x4', 'Nx4x4x4', 'Nx4x4x4', 'Nx64', 'Nx8', 'Nx8', 'Nx8', 'Nx8', 'Nx5']);
  });

  test('has explicit pads on every convolution', () => {
    for (const node of graphOf(encoder()).nodes.filter((each) => each.operator === 'Conv')) {
      expect(node.attributes.auto_pad).toBeUndefined();
      expect(node.attributes.pads).toEqual({ type: 'ints', value: [1, 1, 1, 1] });
    }
  });

  test('has the same bytes for the same weights, and others for others', async () => {
    const model = encoder();
    const bytes = exportOnnx(model);
    expect(exportOnnx(model)).toEqual(bytes);
    expect(await exportOnnxAsync(model)).toEqual(bytes);
    expect(exportOnnx(encoder())).toEqual(bytes);
    randomizeWeights(model, 1);
    expect(exportOnnx(model)).not.toEqual(bytes);
  });

  test.each([
    ['nchw', 'float32', [2, 3, 8, 8]],
    ['nhwc', 'float32', [2, 8, 8, 3]],
    ['nchw', 'uint8', [2, 3, 8, 8]],
    ['nhwc', 'uint8', [2, 8, 8, 3]],
  ] as const)('takes images as %s of %s', async (layout, pixels, shape) => {
    const model = encoder();
    const image = Uint8Array.from({ length: 2 * 192 }, (_, i) => (i * 37) % 256);
    // The model takes [N, H, W, C] of 0..1.
    const values = Float32Array.from(image, (value) => value / 255);
    const [expected] = predict(model, [{ type: 'float32', shape: [2, 8, 8, 3], data: values }]);
    const place = (n: number, h: number, w: number, c: number) =>
      layout === 'nchw' ? ((n * 3 + c) * 8 + h) * 8 + w : ((n * 8 + h) * 8 + w) * 3 + c;
    const data = pixels === 'uint8' ? new Uint8Array(image.length) : new Float32Array(image.length);
    let from = 0;
    for (let n = 0; n < 2; n++)
      for (let h = 0; h < 8; h++)
        for (let w = 0; w < 8; w++)
          for (let c = 0; c < 3; c++) data[place(n, h, w, c)] = pixels === 'uint8' ? image[from++] : values[from++];
    const bytes = exportOnnx(model, { layout, pixels });
    const [input] = decodeModel(bytes, 'm').graph.inputs;
    expect(input).toMatchObject({ name: 'image', type: pixels, shape: ['N', ...shape.slice(1)] });
    const session = await openSession(bytes);
    const [actual] = await runSession(session, [{ type: pixels, shape, data } as TestTensor]);
    expectClose(actual, expected, `${layout} ${pixels}`);
  });

  test('costs one cast for uint8 pixels: the scale is in the weights', () => {
    expect(
      graphOf(encoder(), { pixels: 'uint8' })
        .nodes.map((node) => node.operator)
        .slice(0, 2),
    ).toEqual(['Cast', 'Conv']);
  });

  test('carries names, documentation, metadata and producer', () => {
    const options: ExportOptions = {
      inputNames: ['observation'],
      outputNames: ['z'],
      batchAxis: 'batch',
      name: 'encoder of a run',
      doc: 'An encoder.',
      portDocs: { z: 'The latent.' },
      metadata: { seed: '7', 'a key': 'ü' },
      producer: { name: 'somebody', version: '1.2' },
    };
    const model = decodeModel(exportOnnx(encoder(), options), 'm');
    expect(model.graph.inputs).toMatchObject([
      { name: 'observation', shape: ['batch', 3, 8, 8], doc: '[batch, 3, 8, 8] float32, NCHW' },
    ]);
    expect(model.graph.outputs).toMatchObject([{ name: 'z', shape: ['batch', 5], doc: 'The latent.' }]);
    expect(model).toMatchObject({ metadata: options.metadata, producer: options.producer, doc: 'An encoder.' });
    expect(model.graph.name).toBe('encoder of a run');
  });

  test.each(Array.from({ length: newestOpset - oldestOpset + 1 }, (_, i) => oldestOpset + i))(
    'agrees with TensorFlow.js at opset %i',
    async (opset) => {
      const bytes = await expectParity(encoder(), `opset ${opset}`, { opset, layout: 'model' });
      expect(decodeModel(bytes, 'm')).toMatchObject({ opset, irVersion: irVersionOf(opset) });
    },
  );
});

describe('options that are wrong', () => {
  beforeAll(useCpu);
  test.each<[ExportOptions, string]>([
    [{ opset: 16 }, 'exportOnnx: expected opset to be 17 to 23, got 16'],
    [{ opset: 24 }, 'exportOnnx: expected opset to be 17 to 23, got 24'],
    [{ layout: 'chw' as 'nchw' }, 'exportOnnx: expected a layout (nchw, nhwc, model), got "chw"'],
    [{ pixels: 'int8' as 'uint8' }, 'exportOnnx: expected a pixel type (float32, uint8), got "int8"'],
    [{ opsett: 17 } as ExportOptions, 'got "opsett"'],
    [{ inputNames: ['a', 'b'] }, 'inputNames: expected 1 names, got 2'],
    [{ outputNames: [] }, 'outputNames: expected 1 names, got 0'],
    [{ outputNames: ['image'] }, 'outputNames: expected a name that no input has, got "image"'],
    [{ inputShapes: { picture: [1, 8, 8, 3] } }, 'inputShapes: expected names among image, got "picture"'],
    [{ inputShapes: { image: [1, 8, 8] } }, 'inputShapes.image: expected 4 sizes, got 3'],
    [{ inputShapes: { image: [1, 9, 8, 3] } }, 'inputShapes.image: expected size 8 on axis 1, as in the model, got 9'],
    [{ axisSizes: { time: 3 } }, 'axisSizes: expected a dynamic axis (N), got "time"'],
    [{ axisSizes: { N: 0 } }, 'axisSizes: expected N to be a size, got 0'],
  ])('%j', (options, message) => {
    expect(() => exportOnnx(encoder(), options)).toThrow(UsageError);
    expect(() => exportOnnx(encoder(), options)).toThrow(message);
  });
});

describe('dynamic axes', () => {
  beforeAll(useCpu);

  test('are named after what they are, and fixed by name', () => {
    const x = tf.input({ shape: [null, null, 2], name: 'x' });
    const model = tf.model({ inputs: x, outputs: layers.conv2d({ filters: 2, kernelSize: 3 }).apply(x) as Tensor });
    expect(graphOf(model).inputs[0].shape).toEqual(['N', 2, 'height', 'width']);
    expect(graphOf(model).outputs[0].shape).toEqual(['N', 2, 'height - 2', 'width - 2']);
    expect(graphOf(model, { axisSizes: { N: 1, height: 9 } }).inputs[0].shape).toEqual([1, 2, 9, 'width']);
  });

  test('of several inputs have names of their own', () => {
    const [a, b] = [tf.input({ shape: [null, 2], name: 'a' }), tf.input({ shape: [null, 2], name: 'b' })];
    const outputs = [a, b].map((each) => layers.globalMaxPooling1d().apply(each) as Tensor);
    expect(graphOf(tf.model({ inputs: [a, b], outputs })).inputs.map((input) => input.shape)).toEqual([
      ['N', 'a_time', 2],
      ['N', 'b_time', 2],
    ]);
  });

  test('a batch that the model fixes stays fixed, unless it is freed', async () => {
    const x = tf.input({ batchShape: [4, 3], name: 'x' });
    const model = tf.model({ inputs: x, outputs: layers.dense({ units: 2 }).apply(x) as Tensor });
    expect(graphOf(model).inputs[0].shape).toEqual([4, 3]);
    expect(graphOf(model, { dynamicBatch: true }).inputs[0].shape).toEqual(['N', 3]);
  });
});

describe('names of inputs and outputs', () => {
  beforeAll(useCpu);

  test('an output that is an input, or the same value twice, gets a node of its own', async () => {
    const x = tf.input({ shape: [3], name: 'x' });
    const y = layers.dense({ units: 2, name: 'y' }).apply(x) as Tensor;
    const bytes = exportOnnx(
      tf.model({ inputs: x, outputs: [layers.dropout({ rate: 0.5, name: 'same' }).apply(x) as Tensor, y, y] }),
    );
    const { graph } = decodeModel(bytes, 'm');
    expect(graph.outputs.map((output) => output.name)).toEqual(['same', 'y', 'y_output']);
    expect(graph.nodes.filter((node) => node.operator === 'Identity')).toHaveLength(2);
    const session = await openSession(bytes);
    const [first, second, third] = await runSession(session, [
      { type: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 3) },
    ]);
    expect([...first.data]).toEqual([1, 2, 3]);
    expect(third).toEqual(second);
  });

  test('names with spaces and control characters become names that viewers can show', () => {
    expect(cleanName('my layer\n"1"\\')).toBe('my_layer_1_');
    expect(cleanName('block_1/conv.2-a:0 é')).toBe('block_1/conv.2-a:0_é');
  });
});

/** y = scale * x + 1. */
class ScaleShift extends layers.Layer {
  static className = 'ScaleShift';
  readonly #scale: number;
  constructor(config: { scale: number; name?: string }) {
    super(config as never);
    this.#scale = config.scale;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.add(tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, this.#scale), 1);
  }
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), scale: this.#scale };
  }
}

describe('layers of the user', () => {
  beforeAll(useCpu);

  const model = (): tf.LayersModel => {
    const x = tf.input({ shape: [3], name: 'x' });
    return tf.model({
      inputs: x,
      outputs: layers.dense({ units: 2 }).apply(new ScaleShift({ scale: 3, name: 'mine' }).apply(x)) as Tensor,
    });
  };

  test('without a converter are refused by name, with what to do', () => {
    const refused = () => exportOnnx(model());
    expect(refused).toThrow(UnsupportedLayerError);
    expect(refused).toThrow('layer "mine": expected a layer class that has a converter, got ScaleShift');
    try {
      refused();
    } catch (error) {
      expect((error as UnsupportedLayerError).remedy).toBe(
        'Register a converter for it: exportOnnx(model, { converters: { ScaleShift: ... } }).',
      );
    }
  });

  test('are exported by a registered converter, and folded like built-in ones', async () => {
    const converter: LayerConverter = {
      masking: 'pass',
      convert: ({ graph, input, config }) => {
        const scaled = graph.node('Mul', [input, graph.scalar(config.number('scale'))]);
        return graph.node('Add', [scaled, graph.scalar(1)]);
      },
      documentation: { operators: 'Mul, Add' },
    };
    const bytes = await expectParity(model(), 'custom layer', { converters: { ScaleShift: converter } });
    expect(decodeModel(bytes, 'm').graph.nodes.map((node) => node.operator)).toEqual(['Gemm']);
  });

  test('may use operators of another domain, whose version is imported', () => {
    const converter: LayerConverter = {
      masking: 'drop',
      convert: ({ graph, input }) =>
        graph.foreign(
          { name: 'com.example', version: 3 },
          'ScaleShift',
          [input],
          { scale: { type: 'float', value: 3 } },
          [input],
        ),
      documentation: { operators: 'com.example.ScaleShift' },
    };
    const decoded = decodeModel(exportOnnx(model(), { converters: { ScaleShift: converter } }), 'm');
    expect(decoded.domains).toEqual({ 'com.example': 3 });
    expect(decoded.graph.nodes[0]).toMatchObject({
      name: 'mine/ScaleShift',
      operator: 'ScaleShift',
      domain: 'com.example',
    });
  });

  test('activations of the user likewise', async () => {
    const x = tf.input({ shape: [3], name: 'x' });
    const layer = layers.dense({ units: 2 });
    const square = { apply: (y: tf.Tensor) => tf.square(y), getClassName: () => 'square', getConfig: () => ({}) };
    Object.assign(layer, { activation: square });
    const custom = tf.model({ inputs: x, outputs: layer.apply(x) as Tensor });
    expect(() => exportOnnx(custom)).toThrow(/got "square"/);
    await expectParity(custom, 'custom activation', {
      activations: { square: (graph, y) => graph.node('Mul', [y, y]) },
    });
  });

  test('recurrent cells of the user run in a Scan', async () => {
    class LeakyCell extends layers.Layer {
      static className = 'LeakyCell';
      readonly stateSize = 3;
      override build(): void {
        this.built = true;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        const [x, h] = inputs as tf.Tensor[];
        const next = tf.add(tf.mul(h, 0.5), x);
        return [tf.tanh(next), next] as unknown as tf.Tensor;
      }
    }
    const x = tf.input({ shape: [4, 3], name: 'x' });
    const rnn = layers.rnn({ cell: new LeakyCell({}) as never, returnSequences: true });
    const converter: LayerConverter = {
      masking: 'drop',
      convert: (layer) => layer.input,
      cell: () => ({
        stateSizes: [3],
        project: (_, sequence) => sequence,
        step: (graph, step, [h]) => {
          const next = graph.node('Add', [graph.node('Mul', [h, graph.scalar(0.5)]), step]);
          return { output: graph.node('Tanh', [next]), states: [next] };
        },
      }),
      documentation: { operators: 'Scan' },
    };
    await expectParity(tf.model({ inputs: x, outputs: rnn.apply(x) as Tensor }), 'custom cell', {
      converters: { LeakyCell: converter },
    });
    const last = layers.rnn({ cell: new LeakyCell({}) as never });
    await expectParity(tf.model({ inputs: x, outputs: last.apply(x) as Tensor }), 'custom cell, last', {
      converters: { LeakyCell: converter },
    });
  });
});

describe('warnings', () => {
  beforeAll(useCpu);

  test('say where TensorFlow.js and Keras disagree, once a layer', () => {
    const x = tf.input({ shape: [6, 6, 2], name: 'x' });
    const layer = layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, name: 'deep' });
    const warnings: string[] = [];
    exportOnnx(tf.model({ inputs: x, outputs: layer.apply(x) as Tensor }), {
      warn: (message) => warnings.push(message),
    });
    expect(warnings).toEqual([
      'DepthwiseConv2D "deep": dilationRate is ignored, as TensorFlow.js ignores it (Keras does not)',
    ]);
  });

  test('a model that was disposed is refused', () => {
    const model = encoder();
    model.dispose();
    expect(() => exportOnnx(model)).toThrow(
      'weight "conv1/kernel": expected a model that is alive, got one that was disposed',
    );
  });

  test('a layer that is random at inference is refused', () => {
    const [RandomWidth] = tf.serialization.SerializationMap.getMap().classNameMap.RandomWidth;
    const x = tf.input({ shape: [6, 6, 2], name: 'x' });
    const layer = new RandomWidth({ factor: 0.5, name: 'wide' }) as tf.layers.Layer;
    const model = tf.model({ inputs: x, outputs: layer.apply(x) as Tensor });
    expect(() => exportOnnx(model)).toThrow(
      'RandomWidth "wide": expected something that ONNX can express, got a width that is random at inference',
    );
  });
});
