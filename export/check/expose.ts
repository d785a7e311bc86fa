// A copy of a model that also gives out what its nodes compute in between: where two runtimes differ, the first such value
// that differs names the node. (PyTorch's torch.onnx.verification does the like for its exporter.)
import type { Node, OnnxModel, Port } from '../graph/graph.ts';
import { decodeModel, encodeModel } from '../graph/serialize.ts';
import { dataTypes } from '../schema/onnx.ts';

/** A value that the copy gives out. */
export interface ExposedValue {
  readonly value: string;
  readonly node: string;
  readonly operator: string;
  /** The output that carries it: its own name, or another one where it is cast to float32 first. */
  readonly output: string;
}

export interface ExposedModel {
  readonly model: OnnxModel;
  /** In the order in which the graph computes them. */
  readonly values: readonly ExposedValue[];
}

/**
 * All floating-point outputs of the graph's own nodes as float32 outputs of the copy; the model's own outputs come first,
 * and all names stay. A runtime that fuses several nodes into one may fuse fewer of them in the copy.
 */
export function exposeValues(model: OnnxModel): ExposedModel {
  const { graph } = model;
  const present = new Set(graph.outputs.map((output) => output.name));
  const typeOf = (name: string) => graph.outputs.find((output) => output.name === name) ?? graph.types.get(name);
  const values: ExposedValue[] = [];
  const outputs: Port[] = [...graph.outputs];
  const casts: Node[] = [];
  const types = new Map(graph.types);
  for (const node of graph.nodes)
    for (const value of node.outputs) {
      const type = value === '' ? undefined : typeOf(value);
      if (type === undefined || (type.type !== 'float32' && type.type !== 'float16')) continue;
      const isCast = type.type === 'float16';
      const output = isCast ? `${value}/exposed` : value;
      values.push({ value, node: node.name, operator: node.operator, output });
      if (isCast) {
        casts.push({
          name: `${value}/exposed_Cast`,
          operator: 'Cast',
          domain: '',
          inputs: [value],
          outputs: [output],
          attributes: { to: { type: 'int', value: dataTypes.float32 } },
        });
        types.set(output, { type: 'float32', shape: type.shape });
      }
      if (!present.has(output)) outputs.push({ name: output, type: 'float32', shape: type.shape });
    }
  return { model: { ...model, graph: { ...graph, nodes: [...graph.nodes, ...casts], outputs, types } }, values };
}

/** The same on the bytes of a file. */
export function exposeFile(
  bytes: Uint8Array,
  where: string,
): { readonly bytes: Uint8Array; readonly values: readonly ExposedValue[] } {
  const { model, values } = exposeValues(decodeModel(bytes, where));
  return { bytes: encodeModel(model), values };
}
