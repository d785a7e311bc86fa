// A graph model in tfjs: what tf.loadGraphModel makes of model.json, run by execute, or by executeAsync where the graph holds
// conditions, loops, or results whose size depends on the values.
import type * as tf from '@tensorflow/tfjs';
import { FormatError, firstLineOf, JepaError, UsageError } from '../error.ts';
import { checkFeeds } from './feeds.ts';
import {
  type ElementType,
  isBigTensorData,
  type RuntimeSession,
  type RuntimeTensor,
  type TensorSpec,
} from './runtime.ts';

interface GraphModelFile {
  readonly where: string;
  readonly artifacts: tf.io.ModelArtifacts;
  readonly json: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function isGraphModel({ format, modelTopology }: Fields): boolean {
  return format === 'graph-model' || (isFields(modelTopology) && Array.isArray(modelTopology.node));
}

/** One end of the graph: the name outside, and the tensor inside. */
interface End {
  readonly name: string;
  readonly tensor: string;
}

/**
 * Inputs and outputs in the order of the signature; without one, the placeholders, and the nodes that no other one reads.
 * @throws FormatError where tfjs refuses the model
 */
export async function openGraphModel(
  { loadGraphModel, tensor, dispose }: typeof tf,
  { where, artifacts, json }: GraphModelFile,
): Promise<RuntimeSession> {
  const metadata = isFields(json.userDefinedMetadata) ? json.userDefinedMetadata : {};
  const signature = isFields(json.signature) ? json.signature : metadata.signature;
  const whole = { ...artifacts, format: 'graph-model', ...(isFields(signature) ? { signature } : {}) };
  const model = await loadGraphModel({ load: async () => whole }).catch((error: unknown) => {
    const reason = firstLineOf(error);
    throw new FormatError(`${where}: expected a graph model that tfjs can load, got: ${reason}`, { cause: error });
  });
  const ends = isFields(signature) ? signature : {};
  const known = new Map(model.inputs.map((input) => [input.name, input]));
  const nodes = new Set(nodeNames(json.modelTopology));
  const inputEnds = endsOf(ends.inputs, nodes) ?? model.inputs.map(({ name }) => ({ name, tensor: name }));
  const outputEnds = endsOf(ends.outputs, nodes) ?? model.outputs.map(({ name }) => ({ name, tensor: name }));
  const inputs = inputEnds.map(({ name, tensor: inner }): TensorSpec => {
    const input = known.get(nodeOf(inner));
    const shape = input?.shape?.map((side, axis) => (side < 0 ? (axis === 0 ? 'N' : `${name}_axis${axis}`) : side));
    return { name, type: elementTypeOf(input?.dtype), shape: shape ?? [] };
  });
  // The graph does not say what its outputs are: their types and shapes are those of the results.
  const outputs = outputEnds.map(({ name }): TensorSpec => ({ name, type: 'float32', shape: [] }));
  const isAnyRank = model.inputs.some(({ shape }) => shape === undefined);
  return {
    inputs,
    outputs,
    async run(feeds) {
      if (!isAnyRank) checkFeeds(where, inputs, feeds);
      const tensors = Object.fromEntries(
        inputEnds.map(({ name, tensor: inner }) => [nodeOf(inner), toTensor(tensor, where, feeds[name])]),
      );
      try {
        const results = await execute(
          model,
          tensors,
          outputEnds.map((end) => end.tensor),
        );
        try {
          return Object.fromEntries(
            await Promise.all(results.map(async (each, i) => [outputEnds[i].name, await read(each)] as const)),
          );
        } finally {
          dispose(results);
        }
      } catch (error) {
        const reason = firstLineOf(error);
        throw new JepaError(`${where}: expected a graph that tfjs can run on these inputs, got: ${reason}`, {
          cause: error,
        });
      } finally {
        dispose(Object.values(tensors));
      }
    },
    async dispose() {
      model.dispose();
    },
  };
}

/** tfjs warns of every call of executeAsync that execute could have answered, and execute refuses what it cannot. */
async function execute(model: tf.GraphModel, feeds: tf.NamedTensorMap, outputs: string[]): Promise<tf.Tensor[]> {
  let result: tf.Tensor | tf.Tensor[];
  try {
    result = model.execute(feeds, outputs);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('executeAsync')) throw error;
    result = await model.executeAsync(feeds, outputs);
  }
  return Array.isArray(result) ? result : [result];
}

function nodeNames(topology: unknown): string[] {
  const list = isFields(topology) && Array.isArray(topology.node) ? topology.node : [];
  return list.flatMap((node: unknown) => (isFields(node) ? [String(node.name)] : []));
}

const nodeOf = (tensor: string): string => tensor.split(':')[0];

function endsOf(signature: unknown, nodes: ReadonlySet<string>): End[] | undefined {
  if (!isFields(signature) || Object.keys(signature).length === 0) return undefined;
  return Object.entries(signature).flatMap(([key, info]) => {
    const tensor = isFields(info) && typeof info.name === 'string' ? info.name : key;
    return nodes.has(nodeOf(tensor)) ? [{ name: key.replace(/:0$/, ''), tensor }] : [];
  });
}

function elementTypeOf(dtype: string | undefined): ElementType {
  return dtype === 'int32' || dtype === 'bool' ? dtype : 'float32';
}

function toTensor(tensor: typeof tf.tensor, where: string, { type, data, shape }: RuntimeTensor): tf.Tensor {
  if (
    (type !== 'float32' && type !== 'int32' && type !== 'bool') ||
    isBigTensorData(data) ||
    data instanceof Uint16Array
  )
    throw new UsageError(`${where}: expected float32, int32 or bool, got ${type}`);
  return tensor(data, [...shape], type === 'int32' || type === 'bool' ? type : 'float32');
}

async function read(result: tf.Tensor): Promise<RuntimeTensor> {
  const data = await result.data();
  if (result.dtype === 'int32' || result.dtype === 'bool') return { type: result.dtype, data, shape: result.shape };
  return { type: 'float32', data, shape: result.shape };
}
