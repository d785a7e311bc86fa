// A graph that a training step could be part of, by the rows of the table.
import * as ort from 'onnxruntime-node';
import { buildOnnx, checkModel, encodeModel } from '../../../export/index.ts';
import { describeBuiltGraph } from '../../../export/tensorflow/built-graph.ts';
import { graphModel } from '../../../export/tensorflow/index.ts';
import type { Graph, GraphTensor } from '../../../src/tensorflow/graph.ts';

/** The graph by the rows of the table, its outputs `out0` and so on. */
export function writeRows(graph: Graph, outputs: readonly GraphTensor[]) {
  const named = Object.fromEntries(outputs.map(({ name }, i) => [`out${i}`, name]));
  const source = describeBuiltGraph(graph, named);
  const ends = {
    name: source.name,
    facts: { layout: 'nhwc' as const, hasVolumes: false },
    inputs: source.inputs.map(({ key, type, shape }) => ({ name: key, type, shape: shape ?? [] })),
    outputs: Object.keys(named),
  };
  const model = buildOnnx(graphModel(source, ends), { layout: 'model' });
  checkModel(model, 'gradient');
  return { model, source };
}

/** Every output of the graph in onnxruntime, by its row of the table. */
export async function runRows(
  graph: Graph,
  outputs: readonly GraphTensor[],
  feeds: Readonly<Record<string, Float32Array>>,
): Promise<Float32Array[]> {
  const { model, source } = writeRows(graph, outputs);
  const session = await ort.InferenceSession.create(encodeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const tensors = Object.fromEntries(
    source.inputs.map(({ key, shape }) => [key, new ort.Tensor('float32', feeds[key], [...(shape ?? [])])]),
  );
  const results = await session.run(tensors);
  await session.release();
  return outputs.map((_, i) => results[`out${i}`].data as Float32Array);
}
