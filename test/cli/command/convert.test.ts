// `jepa convert` and `jepa inspect` as commands: what they print, write and exit with.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeModel, decodeTensor } from '../../../export/index.ts';
import { writeLayersModel } from '../../../src/storage/layers-model.ts';
import { randomizeWeights, useCpu } from '../../export/harness.ts';
import { jepaWith } from '../jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-convert-cli-'));
const source = join(root, 'saved', 'model.json');
const { layers } = tf;

beforeAll(async () => {
  await useCpu();
  const x = tf.input({ shape: [8, 8, 3], name: 'image' });
  let y = layers.conv2d({ filters: 4, kernelSize: 3, name: 'conv', useBias: false }).apply(x);
  y = layers.reLU({ name: 'relu' }).apply(layers.batchNormalization({ name: 'norm' }).apply(y));
  y = layers.dense({ units: 5, name: 'out' }).apply(layers.flatten({ name: 'flat' }).apply(y));
  const model = tf.model({ inputs: x, outputs: y as tf.SymbolicTensor, name: 'small' });
  randomizeWeights(model);
  mkdirSync(join(root, 'saved'));
  await writeLayersModel(join(root, 'saved'), model);
});
afterAll(() => rmSync(root, { recursive: true }));

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(root, 'out-'));
});

const jepa = jepaWith([]);

describe('jepa convert', () => {
  test('writes a checked model, its report and its test data, and says what they are', async () => {
    const target = join(out, 'model.onnx');
    const { code, stdout, stderr } = await jepa('convert', source, target);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/model\.onnx: opset 17, 4 nodes, 8\d\d parameters, [\d.]+ kB, fp32\n/);
    expect(stdout).toContain('operators: Conv 1, Gemm 1, Relu 1, Reshape 1\n');
    expect(stdout).toMatch(
      /^out at batch 1: largest error [\d.]+e-\d+ of a scale of [\d.]+ \([\d.e+-]+\), same top-1$/m,
    );
    expect(stdout).toMatch(/^out at batch 3: /m);
    expect(stdout).toMatch(
      /^checked with onnxruntime-node [\d.]+ \(CPUExecutionProvider\) against @tensorflow\/tfjs 4\.22\.0 /m,
    );
    expect(readdirSync(out).sort()).toEqual(['model.onnx', 'model.report.json', 'model.test_data_set_0']);
    expect(readdirSync(join(out, 'model.test_data_set_0')).sort()).toEqual(['input_0.pb', 'output_0.pb']);
    const input = decodeTensor(readFileSync(join(out, 'model.test_data_set_0', 'input_0.pb')), 'input');
    expect(input).toMatchObject({ name: 'image', type: 'float32', shape: [1, 3, 8, 8] });
    expect(JSON.parse(readFileSync(join(out, 'model.report.json'), 'utf8'))).toMatchObject({
      format: 1,
      parity: { agrees: true },
    });
  });

  test('--json prints the report alone, and options reach the file', async () => {
    const target = join(out, 'model.onnx');
    const flags = [
      '--layout',
      'nhwc',
      '--pixels',
      'uint8',
      '--opset',
      '20',
      '--fixed',
      'N=2',
      '--input-names',
      'observation',
      '--no-test-data',
    ];
    const { code, stdout } = await jepa('convert', source, target, '--json', ...flags);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: {
        opset: 20,
        inputs: [{ name: 'observation', type: 'uint8', shape: [2, 8, 8, 3] }],
        outputs: [{ shape: [2, 5] }],
      },
      parity: { agrees: true, outputs: [{ batch: 2 }] },
    });
    expect(readdirSync(out)).toEqual(['model.onnx']);
  });

  test('--precision fp16 keeps inputs float32 on request', async () => {
    const target = join(out, 'half.onnx');
    expect(
      (await jepa('convert', source, target, '--precision', 'fp16', '--keep-float32-ports', '--no-test-data')).code,
    ).toBe(0);
    const { graph } = decodeModel(readFileSync(target), 'half');
    expect(graph.inputs[0].type).toBe('float32');
    expect([...graph.constants.values()].filter(({ type }) => type === 'float16').length).toBeGreaterThan(3);
  });

  test('two models go into one folder, each with its own test data', async () => {
    expect((await jepa('convert', source, join(out, 'one.onnx'))).code).toBe(0);
    expect((await jepa('convert', source, join(out, 'two.onnx'))).stderr).toBe('');
    expect(readdirSync(out)).toContain('one.test_data_set_0');
    expect(readdirSync(out)).toContain('two.test_data_set_0');
  });

  test('a Sequential and a layer that is called for two outputs are checked and written', async () => {
    const sequential = tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [4], name: 'only' })] });
    const [a, b] = [tf.input({ shape: [4], name: 'a' }), tf.input({ shape: [4], name: 'b' })];
    const shared = layers.dense({ units: 2, name: 'shared' });
    const outputs = [shared.apply(a), shared.apply(b)] as tf.SymbolicTensor[];
    for (const [name, model] of Object.entries({ sequential, twice: tf.model({ inputs: [a, b], outputs }) })) {
      randomizeWeights(model);
      mkdirSync(join(out, name));
      await writeLayersModel(join(out, name), model);
      const { code, stdout } = await jepa(
        'convert',
        join(out, name, 'model.json'),
        join(out, `${name}.onnx`),
        '--json',
      );
      expect(code).toBe(0);
      const { parity } = JSON.parse(stdout);
      expect(parity.reference).toMatch(/^@tensorflow\/tfjs 4\.22/);
      expect(parity.outputs.every(({ relativeError }: { relativeError: number }) => relativeError < 1e-5)).toBe(true);
    }
  });

  test('a model that TensorFlow.js loads and cannot run is compared with its own graph, and a line says why', async () => {
    const causal = layers.conv1d({ filters: 2, kernelSize: 3, padding: 'causal', inputShape: [6, 3], name: 'causal' });
    mkdirSync(join(out, 'saved'));
    await writeLayersModel(join(out, 'saved'), tf.sequential({ layers: [causal] }));
    const { code, stdout, stderr } = await jepa(
      'convert',
      join(out, 'saved', 'model.json'),
      join(out, 'model.onnx'),
      '--json',
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: not compared with TensorFlow\.js, which cannot run this model \(.*CAUSAL.*\); compared with its own graph before optimisation\n$/,
    );
    expect(JSON.parse(stdout).parity).toMatchObject({ agrees: true, reference: 'its own graph before optimisation' });
  });

  test('weights of 16 bits are refused by what they are', async () => {
    const file = join(import.meta.dirname, '..', '..', 'fixtures', 'keras', 'half.h5');
    const { code, stderr } = await jepa('convert', file, join(out, 'model.onnx'));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /half\.h5 model_weights\/d\/kernel: expected numbers of 32 or 64 bits, got float16\. Build the model under keras\.config/,
    );
  });

  test('weights under the name that a browser gives them, and JSON behind a byte-order mark, are read', async () => {
    mkdirSync(join(out, 'saved'));
    const json = JSON.parse(readFileSync(source, 'utf8'));
    const [path] = json.weightsManifest[0].paths;
    writeFileSync(join(out, 'saved', path), readFileSync(join(root, 'saved', path)));
    json.weightsManifest[0].paths = [`./${path}`];
    writeFileSync(join(out, 'saved', 'model.json'), `\uFEFF${JSON.stringify(json)}`);
    const { code, stderr } = await jepa('convert', join(out, 'saved', 'model.json'), join(out, 'model.onnx'));
    expect([code, stderr]).toEqual([0, '']);
  });

  test.each([
    [
      'saved_model.pb',
      'x',
      'got a TensorFlow SavedModel. Load it with Keras and save it as a file of Keras: model.save("model.keras").',
    ],
    ['model.tflite', 'x', 'got a TensorFlow Lite model. Load it'],
    ['weights.pth', 'x', 'got weights of PyTorch. Export them with torch.onnx.export.'],
    [
      'model.json',
      'version https://git-lfs.github.com/spec/v1\noid sha256:1\n',
      'got a Git LFS pointer. Fetch the file itself: git lfs pull.',
    ],
    [
      'model.txt',
      'hello',
      'got text that is none. Name the model.json that model.save or the converter has written, or a .keras file.',
    ],
    ['model.h5', 'PK broken', 'expected a zip archive, got one with a fault'],
  ])('%s is refused with the next step', async (name, content, message) => {
    writeFileSync(join(out, name), content);
    const { code, stderr } = await jepa('convert', join(out, name), join(out, 'model.onnx'));
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(readdirSync(out)).toEqual([name]);
  });

  test.each(['mixed.keras', 'mixed.h5'])(
    '%s of Keras 3 is converted, and the report says what it was compared with',
    async (name) => {
      const target = join(out, 'model.onnx');
      const file = join(import.meta.dirname, '..', '..', 'fixtures', 'keras', name);
      const { code, stdout, stderr } = await jepa('convert', file, target, '--json');
      expect(code).toBe(0);
      expect(stderr).toMatch(/^note: a file of Keras 3, .* not with Keras\n$/);
      expect(JSON.parse(stdout).parity).toMatchObject({ agrees: true, reference: 'its own graph before optimisation' });
      // What Keras 3.15 gives for a row of 0.5, -1, 2, 0.
      const { openRuntime } = await import('../../../src/runtimes/index.ts');
      const runtime = await openRuntime('cpu', { threads: 1 });
      const session = await runtime.load(target);
      const x = { type: 'float32' as const, shape: [1, 4], data: Float32Array.from([0.5, -1, 2, 0]) };
      const result = Object.values(await session.run({ [session.inputs[0].name]: x }))[0];
      const { expected } = JSON.parse(
        readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'keras', 'mixed.json'), 'utf8'),
      );
      for (const [i, value] of expected.entries()) expect(Number(result.data[i])).toBeCloseTo(value, 5);
      await session.dispose();
    },
  );

  test('--converters runs the module that the command line names, and nothing else converts the layer', async () => {
    const json = JSON.parse(readFileSync(source, 'utf8'));
    const text = JSON.stringify(json).replace('"class_name":"ReLU"', '"class_name":"Doubled"');
    mkdirSync(join(out, 'saved'));
    for (const name of readdirSync(join(root, 'saved')).filter((each) => each !== 'model.json'))
      writeFileSync(join(out, 'saved', name), readFileSync(join(root, 'saved', name)));
    writeFileSync(join(out, 'saved', 'model.json'), text);
    const target = join(out, 'model.onnx');
    const refused = await jepa('convert', join(out, 'saved', 'model.json'), target);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('got Doubled. Convert it by a module of your own: --converters my-layers.js');
    const module = join(out, 'layers.mjs');
    writeFileSync(
      module,
      'export const converters = { Doubled: { convert: ({ graph, input }) => graph.node("Add", [input, input]) } };',
    );
    const { code, stderr } = await jepa('convert', join(out, 'saved', 'model.json'), target, '--converters', module);
    expect(code).toBe(0);
    expect(stderr).toContain('TensorFlow.js, which cannot run this model');
    expect(decodeModel(readFileSync(target), 'm').graph.nodes.length).toBeGreaterThan(2);
    const empty = join(out, 'empty.mjs');
    writeFileSync(empty, 'export const nothing = 1;');
    const wrong = await jepa('convert', join(out, 'saved', 'model.json'), target, '--converters', empty, '--force');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('expected a module that exports "converters" or "activations", got nothing');
  });

  test('what is there already stays, unless it is to be replaced', async () => {
    const target = join(out, 'model.onnx');
    writeFileSync(target, 'mine');
    const refused = await jepa('convert', source, target);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      'model.onnx not to be there, found it. Choose another name, or --force to replace it.',
    );
    expect(readFileSync(target, 'utf8')).toBe('mine');
    expect(readdirSync(out)).toEqual(['model.onnx']);
    expect((await jepa('convert', source, target, '--force', '--no-test-data')).code).toBe(0);
    expect(readFileSync(target).length).toBeGreaterThan(1000);
  });

  test('a model whose weights do not fit is refused before anything is written', async () => {
    const folder = join(out, 'keras');
    mkdirSync(folder);
    const json = JSON.parse(readFileSync(source, 'utf8'));
    const conv = json.modelTopology.config.layers.find((layer: { name: string }) => layer.name === 'conv');
    conv.config.padding = 'causal';
    conv.config.kernel_size = [3, 3];
    writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
    writeFileSync(join(folder, 'weights.bin'), readFileSync(join(root, 'saved', 'weights.bin')));
    // Causal padding keeps the size, so the next layer's weights no longer fit: the conversion itself finds it.
    const { code, stderr } = await jepa('convert', join(folder, 'model.json'), join(out, 'k.onnx'));
    expect(code).toBe(1);
    expect(stderr).toContain('expected equal sizes of the inner axis');
    expect(existsSync(join(out, 'k.onnx'))).toBe(false);
  });

  test.each<[string[], number, RegExp]>([
    [['--opset', '16'], 2, /exportOnnx: expected opset to be 17 to 23, got 16/],
    [['--opset', 'new'], 2, /--opset: expected a whole number of at least 1, got "new"/],
    [['--layout', 'nwhc'], 2, /--layout: expected one of \(nchw, nhwc, model\), got "nwhc"\./],
    [['--precision', 'int8'], 2, /--precision int8: expected --calibration, got none/],
    [['--precision', 'fp8'], 2, /got "fp8"\./],
    [['--calibration', 'x.npz'], 2, /--calibration: expected --precision int8 beside it, got fp32/],
    [['--fixed', 'N=0'], 2, /--fixed: expected axis=size, got "N=0"/],
    [['--fixed', 'time=3'], 2, /axisSizes: expected a dynamic axis \(N\), got "time"/],
    [['--dynamic', 'time'], 2, /--dynamic: expected dynamic axes among N, got "time"/],
    [['--runtime', 'cuda'], 2, /--runtime: expected one of \(cpu, wasm\), got "cuda"/],
    [['--input-names', 'a,b'], 2, /inputNames: expected 1 names, got 2/],
  ])('%j ends with one line and code %i', async (flags, exitCode, message) => {
    const { code, stdout, stderr } = await jepa('convert', source, join(out, 'm.onnx'), ...flags);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(exitCode);
    expect(readdirSync(out)).toEqual([]);
  });

  test('a path where nothing is ends with one line and code 2, as for every command', async () => {
    const { code, stderr } = await jepa('convert', join(out, 'model.json'), join(out, 'm.onnx'));
    expect(stderr).toMatch(/expected a model\.json or a \.keras file, found none at .*\. Check the path\.\n$/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    expect(readdirSync(out)).toEqual([]);
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      'a file that is no JSON',
      (folder) => writeFileSync(join(folder, 'model.json'), 'hello'),
      /expected the JSON of a tfjs model, got text that is none/,
    ],
    [
      'a model without its weights',
      (folder) => writeFileSync(join(folder, 'model.json'), readFileSync(source)),
      /expected its weights in weights\.bin, found no such file/,
    ],
    [
      'weights that are cut off',
      (folder) => {
        writeFileSync(join(folder, 'model.json'), readFileSync(source));
        writeFileSync(join(folder, 'weights.bin'), readFileSync(join(root, 'saved', 'weights.bin')).subarray(0, 99));
      },
      /expected \d+ bytes of weights in weights\.bin, got 99\. A weight file is truncated/,
    ],
  ])('%s ends with one line and code 1, and nothing is written', async (_, prepare, message) => {
    const folder = join(out, 'in');
    mkdirSync(folder);
    prepare(folder);
    const { code, stderr } = await jepa('convert', join(folder, 'model.json'), join(out, 'm.onnx'));
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
    expect(readdirSync(out)).toEqual(['in']);
  });
});

describe('jepa inspect', () => {
  test('shows inputs, outputs, operators, parameters, nodes and JSON', async () => {
    const target = join(out, 'model.onnx');
    await jepa('convert', source, target, '--no-check');
    const { code, stdout } = await jepa('inspect', target, '--graph');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name {6}small$/m);
    expect(stdout).toMatch(/^opset {5}ai\.onnx 17 \(IR 8\)$/m);
    expect(stdout).toMatch(/^input {5}image float32\[N, 3, 8, 8\] {2}\[N, 3, 8, 8\] float32, NCHW$/m);
    expect(stdout).toMatch(/^output {4}out float32\[N, 5\]/m);
    expect(stdout).toMatch(/^nodes {5}4: Conv 1, Gemm 1, Relu 1, Reshape 1$/m);
    expect(stdout).toContain('  Conv(image, conv/kernel, conv/bias) -> conv/Conv  conv/Conv\n');
    const json = JSON.parse((await jepa('inspect', target, '--json')).stdout);
    expect(stdout).toMatch(/^precision float32$/m);
    expect(json).toMatchObject({ format: 1, irVersion: 8, operators: { Conv: 1 }, nodes: 4, externalFiles: [] });
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /expected a model, got an empty file/],
    ['text', new TextEncoder().encode('not a model at all'), /bad\.onnx: expected/],
    ['half a model', Uint8Array.of(0x08, 8, 0x3a, 90, 1, 2), /goes past its message's end/],
  ])('a file of %s ends with one line and code 1', async (_, bytes, message) => {
    writeFileSync(join(out, 'bad.onnx'), bytes);
    const { code, stdout, stderr } = await jepa('inspect', join(out, 'bad.onnx'));
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });
});
