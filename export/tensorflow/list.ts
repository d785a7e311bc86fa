// Lists of tensors (TensorList, TensorArray) as one tensor whose first axis counts the elements: ONNX's loops carry tensors.
import { JepaError } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { describeShape, type ValueType } from '../graph/type.ts';
import { UnsupportedLayerError } from '../layers/converter.ts';
import type { TensorFlowType } from './node.ts';

/**
 * A list that nothing has been put into yet. What its elements are like often only shows where the first one is written:
 * inside a loop, which must know it before it starts, and therefore converts its body once to find out.
 */
export interface PendingList {
  readonly where: string;
  /** How many elements it has, [1] int64. */
  readonly count: Value;
  readonly type: TensorFlowType;
  element: ValueType | undefined;
}

/** The list as a tensor of zeros. */
export function emptyList(graph: GraphBuilder, { where, count, type, element }: PendingList): Value {
  if (element === undefined || !element.shape.every((size) => typeof size === 'number'))
    throw new UnsupportedLayerError(
      `${where}: expected elements of a known shape, got ${element ? describeShape(element.shape) : 'none'}`,
      { remedy: 'Give the dynamic axes a size.' },
    );
  const zero = graph.cast(graph.scalar(0, 'zero'), type);
  const shape = graph.concat([count, graph.integers(element.shape.map(Number), 'element_shape')], 0);
  return graph.node('Expand', [zero, element.shape.length === 0 ? count : shape]);
}

/** Notes what is put into a list; a list holds elements of one shape. */
export function learnElement(list: PendingList, item: ValueType): void {
  const { type, shape } = item;
  if (list.element && list.element.shape.length !== shape.length)
    throw new JepaError(
      `${list.where}: expected elements of one rank, got ${describeShape(list.element.shape)} and ${describeShape(shape)}`,
    );
  list.element = { type, shape };
}
