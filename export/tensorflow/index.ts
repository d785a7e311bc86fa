// Graph models to ONNX: what TensorFlow.js' converter made of a SavedModel, a TF-Hub module or a TFLite file.
import type * as tf from '@tensorflow/tfjs';
import { FormatError } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { ExportOptions } from '../options.ts';
import type { ModelEnds } from '../ports.ts';
import { TensorFlowConversion } from './conversion.ts';
import { readGraphModel } from './graph-model.ts';
import type { TensorFlowGraph } from './node.ts';

/** A graph that is ready to be exported: what `describeGraphModel` gives and `buildOnnx` takes. */
export interface GraphModel {
  readonly graph: TensorFlowGraph;
  readonly ends: ModelEnds;
  /** The model's outputs as values of `builder`. It comes with the model, so that a bundle for layers has no table of operations. */
  readonly convert: (
    builder: GraphBuilder,
    inputs: readonly Value[],
    warn: ((message: string) => void) | undefined,
  ) => Value[];
}

/** A graph, with ends that are already planned, ready to be exported. */
export function graphModel(graph: TensorFlowGraph, ends: ModelEnds): GraphModel {
  return {
    graph,
    ends,
    convert: (builder, inputs, warn = () => undefined) =>
      new TensorFlowConversion(graph, warn).convert(builder, inputs),
  };
}

/**
 * @param json the parsed model.json of a graph model
 * @param readShard the bytes of a weight file beside it, by its plain name
 * @param where what the file is, for error messages
 * @param shapes sizes of inputs whose rank the file does not say, by name
 * @throws FormatError where it is not a graph model, or its parts do not fit together
 */
export function describeGraphModel(
  json: unknown,
  readShard: (name: string) => Uint8Array,
  where: string,
  shapes: ExportOptions['inputShapes'] = {},
): GraphModel {
  const graph = readGraphModel(json, readShard, where);
  return graphModel(graph, endsOf(graph, where, shapes));
}

/**
 * The same from what TensorFlow.js' IO handlers load, in Node and in a browser: `await tf.io.http(url).load()`.
 * @throws FormatError where it is not a graph model, or its parts do not fit together
 */
export function describeGraphArtifacts(
  artifacts: tf.io.ModelArtifacts,
  where = 'graph model',
  shapes: ExportOptions['inputShapes'] = {},
): GraphModel {
  const { modelTopology, signature, userDefinedMetadata, weightSpecs = [], weightData } = artifacts;
  const parts = weightData === undefined ? [] : Array.isArray(weightData) ? weightData : [weightData];
  const shards = parts.map((part) => new Uint8Array(part));
  const paths = shards.map((_, i) => `shard${i}`);
  const weightsManifest = [{ paths, weights: weightSpecs }];
  const json = { format: 'graph-model', modelTopology, signature, userDefinedMetadata, weightsManifest };
  return describeGraphModel(json, (name) => shards[paths.indexOf(name)], where, shapes);
}

function endsOf(graph: TensorFlowGraph, where: string, shapes: ExportOptions['inputShapes'] = {}): ModelEnds {
  const nodes = [...graph.nodes.values()];
  const isFirst = nodes.some(({ attributes }) => {
    const format = attributes.data_format;
    return format !== undefined && 'text' in format && /^NC[D]?HW$/i.test(format.text);
  });
  const inputs = graph.inputs.map(({ key, type, shape }) => {
    const known = shape ?? shapes[key]?.map((size) => (typeof size === 'number' ? size : -1));
    if (known === undefined)
      throw new FormatError(`${where}: expected the rank of input "${key}", got an input of any rank`, {
        remedy: `Name its sizes by the option inputShapes (${key}: ['N', 224, 224, 3]); on the command line input-shape ${key}=N,224,224,3.`,
      });
    return { name: key, type, shape: known.map((size) => (size < 0 ? null : size)) };
  });
  return {
    name: graph.name,
    facts: { layout: isFirst ? 'nchw' : 'nhwc', hasVolumes: nodes.some(({ operation }) => operation.includes('3D')) },
    inputs,
    outputs: graph.outputs.map(({ key }) => key),
  };
}

export { isGraphModel } from './graph-model.ts';
