// The models that Keras 3 wrote with its own inputs and outputs (test/python/keras_cases.py), and the comparison with what the
// exported file computes. They are kept packed, as one file, for the tests that run without Python:
//     npx tsx test/export/saved/keras-suite.ts FOLDER
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { buildOnnx, checkModel, describeSaved, encodeModel } from '../../../export/index.ts';
import { readKerasFile } from '../../../export/keras-file.ts';
import type { Runtime, RuntimeTensor } from '../../../src/runtimes/index.ts';

export const packedCases = join(import.meta.dirname, '..', '..', 'fixtures', 'keras', 'cases.json.gz');

/**
 * float32 on both sides: rounding, as a part of the largest output (or of 1). Keras' numpy backend subtracts squares for a variance:
 * its LayerNormalization is 2.7e-5 from the formula in float64, where the file is 8e-7 from it.
 */
export const tolerance = 4e-5;

interface StoredTensor {
  readonly type: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Little-endian, base64. */
  readonly data: string;
}

export interface KerasCase {
  /** `conv2d-1.keras` */
  readonly name: string;
  readonly json: unknown;
  readonly files: Readonly<Record<string, string>>;
  readonly inputs: readonly StoredTensor[];
  readonly outputs: readonly StoredTensor[];
}

/** Every .keras and .h5 of a folder that keras_cases.py has written. */
export async function readCases(folder: string): Promise<KerasCase[]> {
  const names = readdirSync(folder).filter((name) => /\.(keras|h5)$/.test(name));
  const cases: KerasCase[] = [];
  for (const name of names.sort()) {
    const { json, files } = await readKerasFile(join(folder, name), name);
    const numbers = JSON.parse(readFileSync(join(folder, name.replace(/\.[^.]+$/, '.json')), 'utf8'));
    const stored = [...files].map(([file, bytes]) => [file, Buffer.from(bytes).toString('base64')]);
    cases.push({ name, json, files: Object.fromEntries(stored), ...numbers });
  }
  return cases;
}

export function readPackedCases(): KerasCase[] {
  return JSON.parse(gunzipSync(readFileSync(packedCases)).toString('utf8'));
}

function tensorOf({ type, shape, data }: StoredTensor): RuntimeTensor {
  const { buffer } = new Uint8Array(Buffer.from(data, 'base64'));
  return { type, shape, data: type === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer) };
}

/** Undefined where the file computes what Keras does, else what is wrong. */
export async function differenceOf(runtime: Runtime, given: KerasCase, optimize = true): Promise<string | undefined> {
  const saved = describeSaved(
    given.json,
    (name) => new Uint8Array(Buffer.from(given.files[name], 'base64')),
    given.name,
    {
      isNamedByPath: true,
    },
  );
  const model = buildOnnx(saved.description, { layout: 'model', optimize });
  checkModel(model, given.name);
  if (saved.unusedWeights().length > 0) return `weights that nobody reads: ${saved.unusedWeights().join(', ')}`;
  const session = await runtime.load(encodeModel(model));
  try {
    const feeds = Object.fromEntries(session.inputs.map(({ name }, i) => [name, tensorOf(given.inputs[i])]));
    const results = await session.run(feeds);
    if (session.outputs.length !== given.outputs.length) return `${session.outputs.length} outputs`;
    for (const [i, { name }] of session.outputs.entries()) {
      const wrong = worst(results[name], tensorOf(given.outputs[i]));
      if (wrong !== undefined) return `output ${i}: ${wrong}`;
    }
    return undefined;
  } finally {
    await session.dispose();
  }
}

function worst(actual: RuntimeTensor, expected: RuntimeTensor): string | undefined {
  if (actual.shape.join() !== expected.shape.join()) return `shape [${actual.shape}], Keras gives [${expected.shape}]`;
  const values = Array.from(expected.data, Number);
  const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  for (const [i, want] of values.entries()) {
    const got = Number(actual.data[i]);
    if (!(Math.abs(got - want) <= tolerance * scale)) return `${got} at element ${i}, Keras gives ${want}`;
  }
  return undefined;
}

const [script, folder] = process.argv.slice(1);
if (script?.endsWith('keras-suite.ts') && folder !== undefined && existsSync(folder)) {
  const all = await readCases(folder);
  const bytes = (each: KerasCase): number => JSON.stringify([each.files, each.inputs, each.outputs]).length;
  // What is kept in the repository stays small: a case of each kind, none of them large.
  const cases = all.filter((each) => bytes(each) < (/-0\.keras$/.test(each.name) ? 90_000 : 4_000));
  writeFileSync(packedCases, gzipSync(JSON.stringify(cases), { level: 9 }));
  process.stdout.write(`${cases.length} cases\n`);
}
