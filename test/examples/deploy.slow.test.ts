// Every deployment example whose toolchain is on the machine: built, run on a small world model, and compared with onnxruntime-node
// through the project's own runtime.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomFor } from '../../src/random.ts';
import { openRuntime, type RuntimeTensor } from '../../src/runtimes/index.ts';
import { writeRunFixture } from '../evaluation/run-fixture.ts';

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

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jepa-deploy-'));
  for (const pixels of ['float32', 'uint8'] as const) {
    const run = join(folder, pixels);
    await writeRunFixture(run, { pixels });
    expected[pixels] = await writeInputs(run, pixels);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes observations.bin and actions.bin beside the export; gives what onnxruntime-node makes of them. */
async function writeInputs(run: string, pixels: 'float32' | 'uint8'): Promise<Record<string, Float32Array>> {
  const random = randomFor('deployment', pixels);
  const shape = [count, 3, 64, 64];
  const bytes = Uint8Array.from({ length: count * 3 * 64 * 64 }, () => random.integer(256));
  const observations: RuntimeTensor =
    pixels === 'uint8'
      ? { type: 'uint8', shape, data: bytes }
      : { type: 'float32', shape, data: Float32Array.from(bytes, (value) => value / 255) };
  const actions = Float32Array.from({ length: 2 * count * 2 }, () => random.normal());
  writeFileSync(join(run, 'observations.bin'), observations.data);
  writeFileSync(join(run, 'actions.bin'), actions);
  const runtime = await openRuntime('cpu', { threads: 1 });
  try {
    const encoder = await runtime.load(join(run, 'export/encoder.onnx'));
    const predictor = await runtime.load(join(run, 'export/predictor.onnx'));
    const only = (outputs: Readonly<Record<string, RuntimeTensor>>) => Object.values(outputs)[0];
    const latent = only(await encoder.run({ [encoder.inputs[0].name]: observations }));
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
  test.for(['float32', 'uint8'] as const)('gives the latents of onnxruntime-node for %s pixels', (pixels, { skip }) => {
    const reason = buildOnce(name);
    if (reason !== undefined) skip(reason);
    const run = join(folder, pixels);
    const out = join(run, `${name}-${program}`);
    const { status, stderr } = runProgram(name, program, [...inputsOf(run), String(count), String(batchSize), out]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const [file, values] of Object.entries(expected[pixels])) {
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
    expect(swapped.stderr).toMatch(/^.*: expected 1 inputs, found 2\. .*\n$/);
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
