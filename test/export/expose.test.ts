// A copy of a model that gives out what its nodes compute, against values worked out by hand.
import { describe, expect, test } from 'vitest';
import { checkOnnx, decodeModel, encodeModel, exposeFile, toFloat16 } from '../../export/index.ts';
import { openRuntime, type RuntimeTensor } from '../../src/runtimes/index.ts';
import { affineModel, pixelModel } from '../runtimes/onnx-fixture.ts';

async function run(bytes: Uint8Array, feeds: Record<string, RuntimeTensor>): Promise<Record<string, number[]>> {
  const runtime = await openRuntime('cpu', { threads: 1 });
  const session = await runtime.load(bytes);
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Array.from<number | bigint, number>(data, Number)]),
    );
  } finally {
    await session.dispose();
    await runtime.dispose();
  }
}

describe('exposeFile', () => {
  test('gives out the values of all nodes in their order, the own outputs first', async () => {
    const { bytes, values } = exposeFile(affineModelWithTypes(), 'affine');
    expect(values.map(({ value, operator }) => [value, operator])).toEqual([
      ['joined', 'Concat'],
      ['next_latent', 'Gemm'],
    ]);
    const results = await run(bytes, {
      latent: { type: 'float32', data: Float32Array.of(1, 2), shape: [1, 2] },
      action: { type: 'float32', data: Float32Array.of(3), shape: [1, 1] },
    });
    expect(Object.keys(results)).toEqual(['next_latent', 'joined']);
    // (1, 2, 3) times [[1, 2], [3, 4], [5, 6]], plus (0.5, -0.5).
    expect(results).toEqual({ joined: [1, 2, 3], next_latent: [22.5, 27.5] });
  });

  test('half precision is given out as float32 under another name', async () => {
    const half = encodeModel(toFloat16(decodeModel(affineModelWithTypes(), 'affine'), { keepPorts: true }));
    const { bytes, values } = exposeFile(half, 'half');
    const joined = values.find(({ value }) => value === 'joined');
    expect(joined).toMatchObject({ operator: 'Concat', output: 'joined/exposed' });
    checkOnnx(bytes, 'exposed');
    const results = await run(bytes, {
      latent: { type: 'float32', data: Float32Array.of(1, 2), shape: [1, 2] },
      action: { type: 'float32', data: Float32Array.of(3), shape: [1, 1] },
    });
    expect(results['joined/exposed']).toEqual([1, 2, 3]);
  });

  test('what is no floating-point number is left alone', () => {
    const { values } = exposeFile(pixelModel(), 'pixels');
    expect(values.every(({ output }) => output !== 'observation')).toBe(true);
  });
});

/** The fixture says no types of inner values: they are inferred, as the exporter's own files have them. */
function affineModelWithTypes(): Uint8Array {
  const model = decodeModel(affineModel(), 'affine');
  const types = new Map([...model.graph.types, ['joined', { type: 'float32' as const, shape: ['N', 3] }]]);
  return encodeModel({ ...model, graph: { ...model.graph, types } });
}
