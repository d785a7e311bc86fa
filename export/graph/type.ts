// What is known of a value in an ONNX graph: element type and shape.

import type { ElementType } from '../../src/runtimes/runtime.ts';

/** What a runtime holds, and two that ONNX files may have beside. */
export type TensorType = ElementType | 'string' | 'bfloat16';

/** A size, or an expression over named dynamic axes: 'N', 'time', 'ceil(height / 2)'. '?' is a size that nobody knows. */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

export interface ValueType {
  readonly type: TensorType;
  readonly shape: Shape;
  /** The elements of a small integer tensor where they are known: what makes shapes computed in the graph inferable. */
  readonly content?: readonly Dimension[];
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function describeType(value: ValueType): string {
  return `${value.type}${describeShape(value.shape)}`;
}

export const isFloat = (type: TensorType): boolean =>
  type === 'float32' || type === 'float16' || type === 'float64' || type === 'bfloat16';
