// Writes a graph as the bytes of a TensorFlow SavedModel, the one form in which tfjs-node's binding accepts a graph.
// Message and field numbers: tensorflow/core/protobuf/{saved_model,meta_graph}.proto and
// tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto (TensorFlow, Apache-2.0).
import protobuf from 'protobufjs/minimal.js';
import type { Graph, GraphAttribute, GraphNode, GraphType } from './graph.ts';

const DATA_TYPES: Readonly<Record<GraphType | 'resource', number>> = {
  float32: 1,
  int32: 3,
  uint8: 4,
  bool: 10,
  resource: 20,
};

/** The tag under which the one meta graph is stored. */
export const SAVED_MODEL_TAG = 'serve';

/** GraphDef producer version of TensorFlow 2.9, the oldest library that the binding is used with. */
const GRAPH_VERSION = 1087;

type Writer = protobuf.Writer;
const WIRE_LENGTH = 2;
const field = (number: number, wire = WIRE_LENGTH) => (number << 3) | wire;

export function encodeSavedModel(graph: Graph): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(field(1, 0)).int64(1);
  writer.uint32(field(2)).fork();
  writer.uint32(field(1)).fork().uint32(field(4)).string(SAVED_MODEL_TAG).ldelim();
  writer.uint32(field(2)).fork();
  for (const node of graph.nodes) writeNode(writer, node);
  writer.uint32(field(4)).fork().uint32(field(1, 0)).int32(GRAPH_VERSION).ldelim();
  writer.ldelim();
  writer.ldelim();
  return writer.finish();
}

function writeNode(writer: Writer, node: GraphNode): void {
  writer.uint32(field(1)).fork();
  writer.uint32(field(1)).string(node.name).uint32(field(2)).string(node.operation);
  for (const input of node.inputs) writer.uint32(field(3)).string(input);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.uint32(field(5)).fork().uint32(field(1)).string(name);
    writer.uint32(field(2)).fork();
    writeAttribute(writer, attribute);
    writer.ldelim().ldelim();
  }
  writer.ldelim();
}

function writeAttribute(writer: Writer, attribute: GraphAttribute): void {
  if ('type' in attribute) writer.uint32(field(6, 0)).int32(DATA_TYPES[attribute.type]);
  else if ('shape' in attribute) writeShape(writer.uint32(field(7)).fork(), attribute.shape).ldelim();
  else if ('int' in attribute) writer.uint32(field(3, 0)).int64(attribute.int);
  else if ('float' in attribute) writer.uint32(field(4, 5)).float(attribute.float);
  else if ('bool' in attribute) writer.uint32(field(5, 0)).bool(attribute.bool);
  else if ('string' in attribute) writer.uint32(field(2)).string(attribute.string);
  else if ('ints' in attribute) {
    writer.uint32(field(1)).fork().uint32(field(3)).fork();
    for (const value of attribute.ints) writer.int64(value);
    writer.ldelim().ldelim();
  } else {
    const { type, shape, data } = attribute.tensor;
    writer.uint32(field(8)).fork().uint32(field(1, 0)).int32(DATA_TYPES[type]);
    writeShape(writer.uint32(field(2)).fork(), shape).ldelim();
    writer
      .uint32(field(4))
      .bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      .ldelim();
  }
}

function writeShape(writer: Writer, shape: readonly number[]): Writer {
  for (const side of shape) writer.uint32(field(2)).fork().uint32(field(1, 0)).int64(side).ldelim();
  return writer;
}
