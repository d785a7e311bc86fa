// Graph models written by hand, as TensorFlow.js' converter writes them: for tests of the operation table.
import * as tf from '@tensorflow/tfjs';
import { vi } from 'vitest';
import {
  buildOnnx,
  checkModel,
  describeGraphArtifacts,
  type ExportOptions,
  encodeModel,
} from '../../../export/index.ts';
import { expectClose, openSession, runSession, type TestTensor } from '../harness.ts';

type Plain =
  | number
  | boolean
  | string
  | readonly number[]
  | readonly string[]
  | { readonly type: string }
  | { readonly shape: readonly number[] }
  | { readonly func: string };

export interface JsonNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, unknown>>;
}

const base64 = (text: string): string => btoa(text);

/** An attribute as GraphDef's JSON has it. A number is an integer where it is whole; `float` marks the others. */
function attribute(value: Plain | { readonly float: number }): unknown {
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return { s: base64(value) };
  if (Array.isArray(value))
    return typeof value[0] === 'string'
      ? { list: { s: value.map((text) => base64(String(text))) } }
      : { list: { i: value.map(String) } };
  if ('float' in value) return { f: value.float };
  if ('type' in value) return { type: value.type };
  if ('func' in value) return { func: { name: value.func } };
  if ('shape' in value) return { shape: { dim: value.shape.map((size) => ({ size: String(size) })) } };
  return {};
}

export function node(
  op: string,
  name: string,
  input: readonly string[] = [],
  attributes: Readonly<Record<string, Plain | { readonly float: number }>> = {},
): JsonNode {
  const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)]));
  return { name, op, input, attr };
}

const typeNames = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL', uint8: 'DT_UINT8' } as const;

export interface GraphParts {
  /** Fed at run time; -1 is a dynamic size. */
  readonly inputs?: Readonly<Record<string, { readonly type: TestTensor['type']; readonly shape: readonly number[] }>>;
  readonly constants?: Readonly<Record<string, TestTensor>>;
  readonly nodes: readonly JsonNode[];
  readonly outputs: readonly string[];
  readonly functions?: readonly unknown[];
}

export const floats = (shape: readonly number[], data: readonly number[]): TestTensor => ({
  type: 'float32',
  shape,
  data: Float32Array.from(data),
});

export const ints = (data: readonly number[], shape: readonly number[] = [data.length]): TestTensor => ({
  type: 'int32',
  shape,
  data: Int32Array.from(data),
});

export function artifactsOf({
  inputs = {},
  constants = {},
  nodes,
  outputs,
  functions,
}: GraphParts): tf.io.ModelArtifacts {
  const placeholders = Object.entries(inputs).map(([name, { type, shape }]) =>
    node('Placeholder', name, [], { dtype: { type: typeNames[type] }, shape: { shape } }),
  );
  const weights = Object.entries(constants);
  const constNodes = weights.map(([name, { type }]) => node('Const', name, [], { dtype: { type: typeNames[type] } }));
  const bytes = weights.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const weightData = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of bytes) {
    weightData.set(part, offset);
    offset += part.length;
  }
  const signature = {
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, { type, shape }]) => [
        name,
        {
          name: `${name}:0`,
          dtype: typeNames[type],
          tensorShape: { dim: shape.map((size) => ({ size: String(size) })) },
        },
      ]),
    ),
    outputs: Object.fromEntries(outputs.map((tensor) => [tensor, { name: tensor }])),
  };
  return {
    format: 'graph-model',
    modelTopology: {
      node: [...placeholders, ...constNodes, ...nodes],
      versions: { producer: 1 },
      ...(functions ? { library: { function: functions } } : {}),
    },
    signature: signature as unknown as tf.io.ModelArtifacts['signature'],
    weightSpecs: weights.map(([name, { shape, type }]) => ({
      name,
      shape: [...shape],
      dtype: type === 'uint8' ? ('int32' as const) : type,
    })),
    weightData: weightData.buffer,
  };
}

/** What stock TensorFlow.js gives. */
export async function runStock(
  artifacts: tf.io.ModelArtifacts,
  feeds: Readonly<Record<string, TestTensor>>,
  outputs: readonly string[],
): Promise<TestTensor[]> {
  const model = await tf.loadGraphModel({ load: async () => artifacts });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, shape }]) => [
      name,
      tf.tensor(data, [...shape], type === 'uint8' ? 'int32' : type),
    ]),
  );
  // executeAsync says of every graph without control flow that execute would do.
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  try {
    const result = await model.executeAsync(tensors, [...outputs]);
    const results = Array.isArray(result) ? result : [result];
    const read = await Promise.all(
      results.map(
        async (tensor): Promise<TestTensor> => ({
          type: tensor.dtype === 'int32' ? 'int32' : tensor.dtype === 'bool' ? 'bool' : 'float32',
          shape: tensor.shape,
          data: Float32Array.from(await tensor.data()),
        }),
      ),
    );
    tf.dispose([...Object.values(tensors), ...results]);
    return read;
  } finally {
    warn.mockRestore();
    model.dispose();
  }
}

/** The file computes what stock TensorFlow.js computes, as it is written and without any pass, with types and shapes. */
export async function expectSameAsStock(
  parts: GraphParts,
  feeds: Readonly<Record<string, TestTensor>>,
  options: ExportOptions = {},
): Promise<void> {
  const artifacts = artifactsOf(parts);
  const expected = await runStock(artifacts, feeds, parts.outputs);
  for (const optimize of [true, false]) {
    const model = buildOnnx(describeGraphArtifacts(artifacts), { layout: 'model', optimize, ...options });
    checkModel(model, 'test');
    const session = await openSession(encodeModel(model));
    const actual = await runSession(session, Object.values(feeds));
    await session.release();
    for (const [i, name] of parts.outputs.entries()) {
      expectClose(actual[i], expected[i], `${name}, ${optimize ? 'optimised' : 'as converted'}`);
      if (actual[i].type !== expected[i].type)
        throw new Error(`${name}: expected ${expected[i].type}, got ${actual[i].type}`);
    }
  }
}
