// Every deployment example whose toolchain is on the machine: built, run on a small world model, and compared with onnxruntime-node
// through the project's own runtime.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../../export/index.ts';
import { randomFor } from '../../src/random.ts';
import { openRuntime, type RuntimeTensor } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { fixtureLatentSize, writeRunFixture } from '../evaluation/run-fixture.ts';

const examples = join(import.meta.dirname, '../../examples/deploy');
/** Folder of the example, program that its build leaves, and who must say that it ran. */
const programs: readonly (readonly [folder: string, program: string, provider: RegExp])[] = [
  ['node', 'run', /^CPUExecutionProvider$/],
  ['c', 'run', /^CPUExecutionProvider$/],
  ['go', 'run', /^CPUExecutionProvider$/],
  ['rust', 'run', /^CPUExecutionProvider$/],
  ['java', 'run', /^CPUExecutionProvider$/],
  ['python', 'run', /^CPUExecutionProvider$/],
  ['python', 'run-openvino', /^CPU$/],
  ['browser', 'run', /^wasm$/],
];
/** float32 sums in another order, on latents of order 1: measured 7e-6 (OpenVINO) on latents of order 25. */
const tolerance = 1e-5;
/** Not a multiple of the batch, so that the last batch is smaller. */
const count = 5;
const batchSize = 2;

let folder: string;
const expected: Record<string, Record<string, Float32Array>> = {};

const forms = ['float32', 'uint8', 'an image and a vector'] as const;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-deploy-'));
  for (const form of forms) {
    const run = join(folder, form);
    await writeRunFixture(run, { pixels: form === 'uint8' ? 'uint8' : 'float32' });
    if (form === 'an image and a vector') writeFileSync(join(run, 'export/encoder.onnx'), imageAndVectorEncoder());
    expected[form] = await writeInputs(run, form);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** uint8 [N, 3, 8, 8] and float32 [N, 5] to a latent. */
function imageAndVectorEncoder(): Uint8Array {
  const image = tf.input({ shape: [8, 8, 3] });
  const vector = tf.input({ shape: [5] });
  const flat = tf.layers.flatten().apply(image) as tf.SymbolicTensor;
  const joined = tf.layers.concatenate().apply([flat, vector]) as tf.SymbolicTensor;
  const initializer = tf.initializers.randomNormal({ stddev: 0.1, seed: 1 });
  const latent = tf.layers.dense({ units: fixtureLatentSize, kernelInitializer: initializer }).apply(joined);
  return exportOnnx(tf.model({ inputs: [image, vector], outputs: latent as tf.SymbolicTensor }), {
    layout: 'nchw',
    pixels: 'uint8',
    inputNames: ['image', 'vector'],
    outputNames: ['latent'],
  });
}

/** Writes observations.bin and actions.bin beside the export; gives what onnxruntime-node makes of them. */
async function writeInputs(run: string, form: string): Promise<Record<string, Float32Array>> {
  const random = randomFor('deployment', form);
  const actions = Float32Array.from({ length: 2 * count * 2 }, () => random.normal());
  writeFileSync(join(run, 'actions.bin'), actions);
  const runtime = await openRuntime('cpu', { threads: 1 });
  try {
    const encoder = await runtime.load(join(run, 'export/encoder.onnx'));
    const predictor = await runtime.load(join(run, 'export/predictor.onnx'));
    const only = (outputs: Readonly<Record<string, RuntimeTensor>>) => Object.values(outputs)[0];
    const observations = encoder.inputs.map(({ name, type, shape }): [string, RuntimeTensor] => {
      const sides = [count, ...shape.slice(1).map(Number)];
      const bytes = Uint8Array.from({ length: elementCount(sides) }, () => random.integer(256));
      return [
        name,
        type === 'uint8'
          ? { type, shape: sides, data: bytes }
          : { type: 'float32', shape: sides, data: Float32Array.from(bytes, (value) => value / 255) },
      ];
    });
    // All rows of the first input, then all rows of the second.
    writeFileSync(
      join(run, 'observations.bin'),
      Buffer.concat(observations.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
    );
    const latent = only(await encoder.run(Object.fromEntries(observations)));
    const predict = async (from: RuntimeTensor, ahead: number) => {
      const data = actions.subarray(ahead * count * 2, (ahead + 1) * count * 2);
      const [latentPort, actionPort] = predictor.inputs;
      return only(
        await predictor.run({
          [latentPort.name]: from,
          [actionPort.name]: { type: 'float32', shape: [count, 2], data },
        }),
      );
    };
    const first = await predict(latent, 0);
    const second = await predict(first, 1);
    await encoder.dispose();
    await predictor.dispose();
    return Object.fromEntries(
      Object.entries({ latent, predicted_1: first, predicted_2: second }).map(([name, { data }]) => [
        name,
        Float32Array.from(data, Number),
      ]),
    );
  } finally {
    await runtime.dispose();
  }
}

const built = new Map<string, string | undefined>();

/** The reason why an example cannot be built here (exit code 3), or undefined where it was built. */
function buildOnce(name: string): string | undefined {
  if (!built.has(name)) {
    const { status, stderr, stdout } = spawnSync(join(examples, name, 'build'), [join(folder, name)], {
      encoding: 'utf8',
    });
    if (status !== 0 && status !== 3) throw new Error(`${name}/build: exit code ${status}: ${stderr || stdout}`);
    built.set(name, status === 3 ? stderr.trim() : undefined);
  }
  return built.get(name);
}

function runProgram(name: string, program: string, rest: readonly string[], environment: Record<string, string> = {}) {
  return spawnSync(join(folder, name, program), rest, { encoding: 'utf8', env: { ...process.env, ...environment } });
}

const inputsOf = (run: string) =>
  ['export/encoder.onnx', 'export/predictor.onnx', 'observations.bin', 'actions.bin'].map((file) => join(run, file));

describe.each(programs)('%s/%s', (name, program, provider) => {
  test.for(forms)('gives the latents of onnxruntime-node for %s', (form, { skip }) => {
    const reason = buildOnce(name);
    if (reason !== undefined) skip(reason);
    const run = join(folder, form);
    const out = join(run, `${name}-${program}`);
    const { status, stderr } = runProgram(name, program, [...inputsOf(run), String(count), String(batchSize), out]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const [file, values] of Object.entries(expected[form])) {
      const content = Uint8Array.from(readFileSync(join(out, `${file}.bin`)));
      const found = new Float32Array(content.buffer);
      expect(found.length).toBe(values.length);
      const error = Math.max(...found.map((value, i) => Math.abs(value - values[i])));
      expect(error, `${file} of ${name}/${program}`).toBeLessThan(tolerance);
    }
    const description = JSON.parse(readFileSync(join(out, 'runtime.json'), 'utf8'));
    expect(description).toMatchObject({ precision: 'float32', threads: 1 });
    expect(description.provider).toMatch(provider);
    expect(description.version).toMatch(/^\S+ \d+\.\d+/);
    expect(description.encodeMs).toBeGreaterThan(0);
  });

  test('refuses a wrong number of rows and a wrong order of models in one line', ({ skip }) => {
    const reason = buildOnce(name);
    if (reason !== undefined) skip(reason);
    const [encoder, predictor, ...values] = inputsOf(join(folder, 'float32'));
    const wrongCount = runProgram(name, program, [encoder, predictor, ...values, '4', '2']);
    const bytes = 4 * 3 * 64 * 64 * Float32Array.BYTES_PER_ELEMENT;
    expect(wrongCount.stderr).toMatch(
      new RegExp(`^.*observations\\.bin: expected ${bytes} bytes .*, found 245760\\. .*\\n$`),
    );
    expect(wrongCount.status).toBe(1);
    const swapped = runProgram(name, program, [predictor, encoder, ...values, '5', '2']);
    expect(swapped.stderr).toMatch(/^.*: expected 2 inputs, found 1\. .*\n$/);
    expect(swapped.status).toBe(1);
  });

  test('prints the first latent and its two predictions', ({ skip }) => {
    const reason = buildOnce(name);
    if (reason !== undefined) skip(reason);
    const { stdout } = runProgram(name, program, [...inputsOf(join(folder, 'float32')), '5', '5'], {
      JEPA_THREADS: '2',
    });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(lines.map(([first]) => first)).toEqual(['latent', 'predicted_1', 'predicted_2']);
    for (const [key, ...numbers] of lines) {
      const values = expected.float32[key];
      expect(numbers).toHaveLength(values.length / count);
      // Four decimals are printed.
      for (const [i, text] of numbers.entries()) expect(Math.abs(Number(text) - values[i])).toBeLessThan(1e-4);
    }
  });
});

test('a build without its toolchain says so in one line and exits with 3', () => {
  const { status, stderr } = spawnSync('/bin/sh', [join(examples, 'go/build'), join(folder, 'no-go')], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: 'go: expected Go 1.24 or newer, found none. Install it from go.dev.\n',
  });
});
