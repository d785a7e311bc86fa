// A model description to the graph of an ONNX file: its ends planned, its layers or operations converted, the passes run.
import { Conversion } from './convert.ts';
import { GraphBuilder } from './graph/builder.ts';
import { type Graph, irVersionOf, type OnnxModel, type Value } from './graph/graph.ts';
import type { ModelDescription } from './model/description.ts';
import { type ExportOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { decompose } from './passes/decompose.ts';
import { optimize } from './passes/index.ts';
import { addInputs, addOutputs, checkAxisSizes, outputNames, renameOutputs } from './ports.ts';
import type { GraphModel } from './tensorflow/index.ts';

/** Lean, and without what the runtime lacks: the passes look for whole operators, so these are taken apart last. */
function finishGraph(graph: Graph, { opset, avoid, optimize: isOptimized }: ResolvedOptions): Graph {
  const lean = isOptimized ? optimize(graph, opset) : graph;
  return avoid.length > 0 ? decompose(lean, opset, avoid) : lean;
}

/** The graph of a model description, before it becomes bytes: for further passes (precision), checks and tests. */
export function buildOnnx(description: ModelDescription | GraphModel, options: ExportOptions = {}): OnnxModel {
  const resolved = resolveOptions(options);
  const { opset } = resolved;
  const builder = new GraphBuilder(opset);
  checkAxisSizes(description, resolved);
  const inputs = addInputs(builder, description, resolved);
  const names = outputNames(description, builder.inputNames, resolved);
  for (const name of names) builder.reserve(name);
  const convert = (): Value[] =>
    'ends' in description
      ? description.convert(builder, inputs, options.warn)
      : new Conversion(builder, options).convert(description, inputs);
  const results = resolved.scope ? builder.within(resolved.scope, convert) : convert();
  const outputs = addOutputs(builder, description, results, names, resolved);
  const graph = builder.build(
    resolved.name ?? ('ends' in description ? description.ends.name : description.name),
    outputs,
  );
  return {
    graph: renameOutputs(finishGraph(graph, resolved), names),
    opset,
    domains: builder.domains,
    irVersion: irVersionOf(opset),
    producer: resolved.producer,
    ...(resolved.doc ? { doc: resolved.doc } : {}),
    metadata: resolved.metadata,
  };
}
